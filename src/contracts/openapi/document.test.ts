import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readFiles } from '../../../test/structure/source-files.ts';
import { accessOf } from '../access.ts';
import { CONTRACTS } from '../all.ts';
import { type Contract, defineContract } from '../contract.ts';
import { codesOf } from '../operation-codes.ts';
import { Id, pageOf, queryInteger, StateLabel } from '../values.ts';
import { documentText, openApiDocument } from './document.ts';

const document = openApiDocument(CONTRACTS, {});
const text = documentText(document);

function operations() {
  return Object.values(document.paths).flatMap((methods) => Object.values(methods));
}

function operationNamed(operationId: string) {
  const found = operations().find((each) => each.operationId === operationId);
  if (found === undefined) throw new Error(`there is no ${operationId}`);
  return found;
}

function parametersOf(operationId: string) {
  return operationNamed(operationId).parameters;
}

describe('the document of the API', () => {
  it('tells of every contract, once', () => {
    const told = operations().map(({ operationId }) => operationId);
    expect(told.toSorted()).toEqual(CONTRACTS.map(({ operationId }) => operationId).toSorted());
    expect(new Set(told).size).toBe(told.length);
  });

  it('refers to nothing that is not there', () => {
    const parsed = JSON.parse(text) as Record<string, unknown>;
    const references = [...text.matchAll(/"\$ref": "#\/([^"]+)"/g)].map(([, path = '']) => path);
    const lost = references.filter((path) => {
      return (
        path.split('/').reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], parsed) === undefined
      );
    });
    expect(references.length).toBeGreaterThan(100);
    expect(lost).toEqual([]);
  });

  it('asks for a key everywhere but where a contract is open to everyone', () => {
    for (const contract of CONTRACTS) {
      const operation = operations().find(({ operationId }) => operationId === contract.operationId);
      expect(operation?.security).toEqual(contract.scope === 'none' ? [] : [{ bearerAuth: [] }]);
      expect(operation?.['x-jetmon-required-scope']).toBe(contract.scope);
    }
  });

  it('has a named refusal for each code of an operation, and one for all others', () => {
    for (const contract of CONTRACTS) {
      const responses = operations().find((each) => each.operationId === contract.operationId)?.responses ?? {};
      const codes = Object.values(responses).flatMap((response) => response['x-jetmon-error-codes'] ?? []);
      expect(codes.toSorted()).toEqual(codesOf(contract).toSorted());
      expect(responses['default']).toBeDefined();
    }
  });

  it('names the headers of gateways wherever a tenant may ask, and nowhere else', () => {
    const { parameters } = document.components;
    expect(Object.values(parameters).map(({ name }) => name)).toEqual([
      'X-Jetmon-Tenant-ID',
      'X-Jetmon-Public-Scopes',
      'X-Jetmon-Gateway-Request-ID',
      'X-Jetmon-Actor-ID',
      'X-Jetmon-Plan',
    ]);
    for (const contract of CONTRACTS) {
      const access = accessOf(contract);
      const isTenants = access !== null && access.audience !== 'operator';
      const taken = parametersOf(contract.operationId).filter((each) => '$ref' in each);
      expect(taken.length, contract.operationId).toBe(isTenants ? 5 : 0);
    }
  });

  it('says where a stream goes on, and with which refusals comes a time to wait', () => {
    expect(parametersOf('stream')).toContainEqual(
      expect.objectContaining({ name: 'Last-Event-ID', in: 'header', required: false }),
    );
    const waits = (operationId: string) => {
      const { responses } = operationNamed(operationId);
      return Object.keys(responses).filter((status) => responses[status]?.headers?.['Retry-After'] !== undefined);
    };
    expect(waits('createSite')).toEqual(['409', '429']);
    expect(waits('triggerSiteCheck')).toEqual(['409', '429', '503']);
    expect(waits('updateSite')).toEqual(['429']);
  });

  it('is the same text every time, with 64-bit numbers whole', () => {
    expect(documentText(openApiDocument(CONTRACTS, {}))).toBe(text);
    expect(text).toContain('"maximum": 9223372036854775807');
    expect(text).toContain('"openapi": "3.1.0"');
  });
});

describe('an operation', () => {
  const Row = z
    .object({ id: Id, note: z.string().max(9).nullable(), state: StateLabel.nullable() })
    .meta({ id: 'Row' });
  const contract = defineContract({
    operationId: 'changeRow',
    method: 'PATCH',
    path: '/api/v1/rows/:row_id',
    summary: 'Change a row',
    tag: 'Utility',
    scope: 'write',
    isIdempotent: true,
    query: z.strictObject({ limit: queryInteger(z.int().min(1)).default(5).meta({ description: 'How many.' }) }),
    body: z.strictObject({ note: z.string().meta({ default: 'x' }) }).partial(),
    status: 200,
    reply: pageOf(Row),
    errors: ['site_exists'],
    example: { params: { row_id: 7 }, body: { note: 'y' } },
  });
  const made = openApiDocument([contract], { changeRow: { status: 200, body: { data: [] } } });
  const operation = made.paths['/api/v1/rows/{row_id}']?.['patch'];

  it('has ids of 64 bits in its path, and its query with bounds and defaults', () => {
    expect(operation?.parameters).toMatchObject([
      {
        name: 'row_id',
        in: 'path',
        required: true,
        schema: { type: 'integer', format: 'int64', minimum: 1 },
        example: 7,
      },
      { name: 'limit', in: 'query', required: false, description: 'How many.', schema: { minimum: 1, default: 5 } },
      { name: 'Idempotency-Key', in: 'header', required: false },
    ]);
  });

  it('names shapes once, with null among their types', () => {
    const { schemas } = made.components;
    expect(operation?.responses['200']?.content?.['application/json']).toEqual({
      schema: { $ref: '#/components/schemas/RowList' },
      example: { data: [] },
    });
    expect(schemas['RowList']?.properties?.['data']?.items).toEqual({ $ref: '#/components/schemas/Row' });
    expect(schemas['Row']?.properties?.['id']).toMatchObject({ type: 'integer', format: 'int64', minimum: 1 });
    expect(schemas['Row']?.properties?.['note']).toEqual({ type: ['string', 'null'], maxLength: 9 });
    expect(schemas['Row']?.properties?.['state']?.anyOf).toEqual([
      { $ref: '#/components/schemas/State' },
      { type: 'null' },
    ]);
  });

  it('fills nothing in for what a change leaves out', () => {
    expect(made.components.schemas['ChangeRowBody']?.properties?.['note']).toEqual({ type: 'string' });
    expect(operation?.requestBody?.content['application/json']?.example).toEqual({ note: 'y' });
  });

  it('keeps the plain name for replies where a body of the same name looks different', () => {
    const Shared = z.strictObject({ size: z.int().default(3) }).meta({ id: 'Shared' });
    const both = { ...contract, body: z.strictObject({ of: Shared }), reply: z.object({ of: Shared }) };
    const { schemas } = openApiDocument([both as Contract], {}).components;
    expect(schemas['Shared']?.required).toEqual(['size']);
    expect(schemas['SharedInput']?.properties?.['size']?.default).toBe(3);
    expect(schemas['ChangeRowBody']?.properties?.['of']).toEqual({ $ref: '#/components/schemas/SharedInput' });
  });
});

describe('the list of contracts', () => {
  it('has every contract of every file', () => {
    const defined = readFiles(['src/contracts'])
      .filter(({ path }) => path.endsWith('.ts') && !path.endsWith('.test.ts') && path !== 'src/contracts/contract.ts')
      .filter(({ text }) => text.includes('defineContract('))
      .flatMap(({ text }) => [...text.matchAll(/\boperationId: '(\w+)'/g)])
      .map(([, operationId]) => operationId);
    expect(defined.toSorted()).toEqual(CONTRACTS.map(({ operationId }) => operationId).toSorted());
  });

  it('has an example that was carried out for each, with what it was answered', () => {
    const committed = JSON.parse(
      readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'),
    ) as typeof document;
    for (const contract of CONTRACTS) {
      expect(contract.example, `${contract.operationId} has no example`).toBeDefined();
      const path = contract.path.replace(/:(\w+)/g, '{$1}');
      const success = committed.paths[path]?.[contract.method.toLowerCase()]?.responses[contract.status];
      const [media] = Object.values(success?.content ?? {});
      if (contract.status !== 204) expect(media?.example, `${contract.operationId} has no reply`).toBeDefined();
    }
  });
});
