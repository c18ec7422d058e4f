/** One contract as an operation of the document. */
import type { z } from 'zod';
import { MAX_ID } from '../../domain/ids.ts';
import type { Contract } from '../contract.ts';
import type { Components } from './components.ts';
import type { Operation, Parameter } from './document-types.ts';
import { headerParameters } from './headers.ts';
import type { JsonSchema } from './json-schema.ts';
import { capital } from './responses.ts';

/** The path as OpenAPI writes it. */
export function pathOf({ path }: Contract): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

export function operationOf(contract: Contract, responses: Operation['responses'], components: Components): Operation {
  const { operationId, summary, description, tag, scope, isIdempotent } = contract;
  return {
    operationId,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    parameters: [...pathParameters(contract), ...queryParameters(contract, components), ...headerParameters(contract)],
    ...requestBody(contract, components),
    responses,
    security: scope === 'none' ? [] : [{ bearerAuth: [] }],
    'x-jetmon-required-scope': scope,
    ...(isIdempotent === true ? { 'x-jetmon-idempotency-key': 'optional' as const } : {}),
  };
}

function pathParameters({ path, example }: Contract): Parameter[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'integer', format: 'int64', minimum: 1, maximum: MAX_ID },
    example: example?.params?.[name] ?? 1,
  }));
}

function queryParameters({ query, example }: Contract, components: Components): Parameter[] {
  if (query === undefined) return [];
  const given = (example?.query ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(query.shape as Record<string, z.ZodType>).map(([name, member]) => {
    const { description, ...schema } = components.schemaFor(member, 'input');
    return {
      name,
      in: 'query',
      required: !member.safeParse(undefined).success,
      ...(description === undefined ? {} : { description }),
      schema,
      ...(name in given ? { example: given[name] } : {}),
    };
  });
}

function requestBody(contract: Contract, components: Components): Pick<Operation, 'requestBody'> {
  const { body, isBodyOptional, operationId, example } = contract;
  if (body === undefined) return {};
  const schema = bodySchema(body, contract, components, `${capital(operationId)}Body`);
  const shown = example?.body === undefined ? {} : { example: example.body };
  return { requestBody: { required: isBodyOptional !== true, content: { 'application/json': { schema, ...shown } } } };
}

function bodySchema(body: z.ZodObject, { method }: Contract, components: Components, name: string): JsonSchema {
  const schema = components.schemaFor(body, 'input', name);
  // What a change leaves out stays as it is, whatever holds for what is made anew.
  if (method === 'PATCH') components.withoutDefaults(schema);
  return schema;
}
