/** What the document shows is what it promises: each example fits the schema that stands beside it. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { CONTRACTS } from './all.ts';
import { querySchemaOf } from './contract.ts';
import type { Media, OpenApiDocument } from './openapi/document-types.ts';
import { ownParameters } from './openapi/shown-example.ts';

const ajv = new Ajv2020({ strict: false, validateSchema: false });
ajv.addFormat('int64', true);
ajv.addFormat('uri', (text: string) => URL.canParse(text));
ajv.addFormat('date', /^\d{4}-\d\d-\d\d$/);
ajv.addFormat('date-time', (text: string) => !Number.isNaN(Date.parse(text)));

/** As it is committed, with the replies that the examples were answered. */
const document = JSON.parse(
  readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'),
) as OpenApiDocument;
ajv.addSchema(document, 'api');

function problemsOf(schema: object, example: unknown): string | null {
  const pointing = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/'));
  return ajv.validate(pointing, example) ? null : `${JSON.stringify(example)} ${ajv.errorsText()}`;
}

const told = Object.values(document.paths).flatMap((methods) => Object.values(methods));

describe.each(told.map((operation) => [operation.operationId, operation] as const))(
  'the example of %s',
  (_, operation) => {
    it('has parameters that fit', () => {
      for (const { name, schema, example } of ownParameters(operation)) {
        if (example !== undefined) expect(problemsOf(schema, example), name).toBeNull();
      }
    });

    it('has a body and replies that fit', () => {
      const bodies: Media[] = Object.values(operation.requestBody?.content ?? {});
      const replies = Object.values(operation.responses).flatMap(({ content = {} }) => Object.values(content));
      for (const { schema, example } of [...bodies, ...replies]) {
        if (example !== undefined) expect(problemsOf(schema, example)).toBeNull();
      }
    });
  },
);

describe.each(CONTRACTS.map((contract) => [contract.operationId, contract] as const))(
  'the contract %s',
  (_, contract) => {
    it('takes its own example', () => {
      const { query, body } = contract.example ?? {};
      if (query !== undefined) {
        expect(querySchemaOf(contract)?.safeParse(query).error).toBeUndefined();
        const sent = Object.fromEntries(Object.entries(query).map(([name, value]) => [name, String(value)]));
        expect(querySchemaOf(contract)?.safeParse(sent).error).toBeUndefined();
      }
      if (body !== undefined) expect(contract.body?.safeParse(body).error).toBeUndefined();
    });
  },
);
