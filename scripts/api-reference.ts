/** The reference of the API as Markdown, from the document of the API alone. */
import type { OpenApiDocument, Operation, Parameter, Response } from '../src/contracts/openapi/document-types.ts';
import type { JsonSchema } from '../src/contracts/openapi/json-schema.ts';
import { curlOf, ownParameters } from '../src/contracts/openapi/shown-example.ts';

/** Lines of the page below its title. */
export function apiReference(document: OpenApiDocument): string[] {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  const rows = operations.map(({ method, path, operation: { operationId, summary, ...more } }) => {
    return `| [\`${method} ${path}\`](#${operationId.toLowerCase()}) | ${more['x-jetmon-required-scope']} | ${summary} |`;
  });
  return [
    'From [openapi.json](openapi.json), which a server answers at `/api/v1/openapi.json` and shows, with the reply to each',
    'example, at `/api/docs`. How to sign in, page and follow: [api.md](api.md).',
    '',
    '| Operation | Scope | |',
    '|---|---|---|',
    ...rows,
    '',
    ...operations.flatMap(({ method, path, operation }) => operationSection(method, path, operation)),
    '## Headers of gateways',
    '',
    'Every operation that a tenant may call takes them from a key made with `--gateway`, and from no other.',
    '',
    '| Parameter | Type | |',
    '|---|---|---|',
    ...Object.values(document.components.parameters).map(parameterRow),
    '',
    '## Shapes',
    '',
    ...Object.entries(document.components.schemas).flatMap(([name, schema]) => shapeSection(name, schema)),
  ];
}

function operationSection(method: string, path: string, operation: Operation): string[] {
  const { operationId, summary, description, requestBody, responses } = operation;
  const body = requestBody?.content['application/json']?.schema;
  const rows = ownParameters(operation)
    .filter((parameter) => parameter.in !== 'path')
    .map(parameterRow);
  return [
    `## ${operationId}`,
    '',
    `\`${method} ${path}\` - ${summary}. Scope: ${operation['x-jetmon-required-scope']}.`,
    ...(description === undefined ? [] : ['', description]),
    '',
    ...(rows.length === 0 ? [] : ['| Parameter | Type | |', '|---|---|---|', ...rows, '']),
    ...(body === undefined ? [] : [`Body: ${typeOf(body)}${requestBody?.required === true ? '' : ', or none'}.`, '']),
    ...replyLines(responses),
    `Errors: ${codesOf(responses).join(', ')}.`,
    '',
    '```sh',
    curlOf(method, path, operation),
    '```',
    '',
  ];
}

function parameterRow({ name, in: place, schema, description = '' }: Parameter): string {
  return `| \`${name}\`${place === 'header' ? ' (header)' : ''} | ${typeOf(schema)} | ${notes({ ...schema, description })} |`;
}

function replyLines(responses: Record<string, Response>): string[] {
  const [status, response] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
  const messages = Object.entries(response?.['x-jetmon-messages'] ?? {});
  const [media] = Object.values(response?.content ?? {});
  const shape = media === undefined ? 'no body' : messages.length > 0 ? 'server-sent events' : typeOf(media.schema);
  return [
    `Reply: ${status}, ${shape}.`,
    '',
    ...messages.map(([name, schema]) => `- \`${name}\`: ${typeOf(schema)}`),
    ...(messages.length > 0 ? [''] : []),
  ];
}

function codesOf(responses: Record<string, Response>): string[] {
  return Object.values(responses)
    .flatMap((response) => response['x-jetmon-error-codes'] ?? [])
    .map((code) => `\`${code}\``);
}

function shapeSection(name: string, schema: JsonSchema): string[] {
  const rows = Object.entries(schema.properties ?? {}).map(([member, of]) => {
    const required = schema.required?.includes(member) === true ? 'yes' : '';
    return `| \`${member}\` | ${typeOf(of)} | ${required} | ${notes(of)} |`;
  });
  return [
    `### ${name}`,
    '',
    ...(schema.description === undefined ? [] : [schema.description, '']),
    ...(rows.length === 0
      ? [`${typeOf(schema)}.`, '']
      : ['| Member | Type | Always | |', '|---|---|---|---|', ...rows, '']),
  ];
}

function typeOf(schema: JsonSchema): string {
  const { $ref, type, anyOf, items, additionalProperties, properties } = schema;
  if ($ref !== undefined) {
    const name = $ref.slice($ref.lastIndexOf('/') + 1);
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (anyOf !== undefined) return anyOf.map(typeOf).join(' or ');
  if (type === 'array') return `list of ${typeOf(items ?? {})}`;
  if (typeof additionalProperties === 'object') return `map of ${typeOf(additionalProperties)}`;
  if (properties !== undefined) {
    return `{ ${Object.entries(properties)
      .map(([name, member]) => `\`${name}\`: ${typeOf(member)}`)
      .join(', ')} }`;
  }
  return [type ?? 'any'].flat().join(' or ');
}

function notes({ description = '', default: fallback }: JsonSchema): string {
  const text = fallback === undefined ? description : `${description} Default: \`${JSON.stringify(fallback)}\`.`;
  return text.trim().replaceAll('|', '\\|');
}
