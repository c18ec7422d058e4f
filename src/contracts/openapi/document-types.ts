/** What of OpenAPI 3.1 the document of the API uses. */
import type { JsonSchema } from './json-schema.ts';

export type Parameter = {
  name: string;
  in: 'path' | 'query' | 'header';
  required: boolean;
  description?: string;
  schema: JsonSchema;
  example?: unknown;
};

/** To what the document has under a name. */
export type Reference = { $ref: string };

export type Media = { schema: JsonSchema; example?: unknown };

export type Response = {
  description: string;
  headers?: Record<string, Reference>;
  content?: Record<string, Media>;
  /** Codes that `error.code` may have in this reply. */
  'x-jetmon-error-codes'?: readonly string[];
  /** Of a stream: what the `data` of a message is, by its `event`. */
  'x-jetmon-messages'?: Record<string, JsonSchema>;
};

export type Operation = {
  operationId: string;
  summary: string;
  description?: string;
  tags: readonly string[];
  /** Headers of many operations are referred to. */
  parameters: (Parameter | Reference)[];
  requestBody?: { required: boolean; content: Record<string, Media> };
  responses: Record<string, Response>;
  security: readonly Record<string, readonly string[]>[];
  'x-jetmon-required-scope': string;
  'x-jetmon-idempotency-key'?: 'optional';
};

export type OpenApiDocument = {
  openapi: '3.1.0';
  jsonSchemaDialect: string;
  info: { title: string; version: string; description: string; license: { name: string; identifier: string } };
  servers: readonly { url: string }[];
  security: readonly Record<string, readonly string[]>[];
  tags: readonly { name: string; description: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, JsonSchema>;
    parameters: Readonly<Record<string, Parameter>>;
    headers: Record<string, { description: string; schema: JsonSchema }>;
    securitySchemes: Record<string, Record<string, string>>;
  };
  /** Every code of the catalogue that a reply can carry, with the status it comes with. */
  'x-jetmon-error-codes': Record<string, number>;
};
