/** What the document of an API promises, read from its JSON alone: its operations, with every reference followed. */
import type { OpenApiDocument, Operation, Parameter, Response } from '../../src/contracts/openapi/document-types.ts';
import type { JsonSchema } from '../../src/contracts/openapi/json-schema.ts';
import { ownParameters } from '../../src/contracts/openapi/shown-example.ts';

export type PromisedBody = { schema: JsonSchema; example: unknown };

export type PromisedOperation = {
  operationId: string;
  method: string;
  /** With `{name}` parameters. */
  path: string;
  parameters: readonly Parameter[];
  body: PromisedBody | null;
  responses: Readonly<Record<string, Response>>;
  isSecured: boolean;
  scope: string;
};

export type Promised = {
  operations: readonly PromisedOperation[];
  /** Codes that a reply can carry at all. */
  codes: ReadonlySet<string>;
  /** The schema behind a reference. */
  follow(schema: JsonSchema): JsonSchema;
};

export function promisedBy(document: OpenApiDocument): Promised {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => promisedOperation(method.toUpperCase(), path, operation)),
  );
  return {
    operations,
    codes: new Set(Object.keys(document['x-jetmon-error-codes'])),
    follow(schema) {
      if (schema.$ref === undefined) return schema;
      const found = document.components.schemas[schema.$ref.replace('#/components/schemas/', '')];
      if (found === undefined) throw new Error(`${schema.$ref} leads nowhere`);
      return found;
    },
  };
}

function promisedOperation(method: string, path: string, operation: Operation): PromisedOperation {
  const media = operation.requestBody?.content['application/json'];
  return {
    operationId: operation.operationId,
    method,
    path,
    parameters: ownParameters(operation),
    body: media === undefined ? null : { schema: media.schema, example: media.example },
    responses: operation.responses,
    isSecured: operation.security.length > 0,
    scope: operation['x-jetmon-required-scope'],
  };
}
