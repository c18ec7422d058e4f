import { describe, expect, it } from 'vitest';
import { CONTRACTS } from '../../src/contracts/all.ts';
import { openApiDocument } from '../../src/contracts/openapi/document.ts';
import type { DrawnRequest } from './draw-request.ts';
import { type Caller, createJudge } from './judge-reply.ts';
import { promisedBy } from './promised.ts';

const document = openApiDocument(CONTRACTS, {});
const judge = createJudge(document);
const reader: Caller = {
  name: 'read',
  headers: {},
  may: ({ scope }) => scope === 'read',
  mustNotSee: ['canary-1'],
  own: null,
};
const refusal = (code: string) => ({ error: { code, message: 'x', request_id: '0'.repeat(32) } });
const ME = {
  consumer_name: 'x',
  scope: 'read',
  scopes: ['sites:read'],
  is_gateway: false,
  tenant_id: null,
  rate_limit_per_minute: 60,
  expires_at: null,
};

function kinds(operationId: string, status: number, body: unknown, change: Partial<DrawnRequest> = {}): string[] {
  const operation = promisedBy(document).operations.find((each) => each.operationId === operationId);
  if (operation === undefined) throw new Error(`no ${operationId}`);
  const request = {
    operation,
    url: '',
    isPlainPath: true,
    credential: 'own',
    caller: 0,
    headers: {},
    body: null,
  } as const;
  const headers = { 'content-type': 'application/json; charset=utf-8', 'x-request-id': '0'.repeat(32) };
  const reply = { status, headers, text: JSON.stringify(body) };
  return judge({ ...request, ...change }, reader, reply).map(({ kind }) => kind);
}

describe('the judge of replies', () => {
  it('has nothing to say of what is promised', () => {
    expect(kinds('getMe', 200, ME)).toEqual([]);
    expect(kinds('getSite', 404, refusal('site_not_found'))).toEqual([]);
    expect(kinds('createSite', 403, refusal('insufficient_scope'))).toEqual([]);
    expect(kinds('getMe', 401, refusal('missing_token'), { credential: 'none' })).toEqual([]);
  });

  it('finds what is missing, of another kind, or not told of', () => {
    const { expires_at: _, ...short } = ME;
    expect(kinds('getMe', 200, short)).toEqual(['schema_break']);
    expect(kinds('getMe', 200, { ...ME, scope: 'god' })).toEqual(['schema_break']);
    expect(kinds('getMe', 200, { ...ME, hash: 'x' })).toEqual(['schema_break']);
    expect(kinds('getMe', 200, { ...ME, expires_at: 'tomorrow' })).toEqual(['schema_break']);
    expect(kinds('getMe', 418, refusal('internal'))).toEqual(['schema_break']);
  });

  it('finds failures, and codes that an operation does not name', () => {
    expect(kinds('getMe', 500, refusal('internal'))).toEqual(['server_error']);
    expect(kinds('getSite', 404, refusal('event_not_found'))).toEqual(['schema_break']);
    expect(kinds('getSite', 404, refusal('nonsense'))).toEqual(['schema_break']);
  });

  it('finds who was let in or kept out wrongly', () => {
    expect(kinds('getMe', 200, ME, { credential: 'none' })).toEqual(['auth_break']);
    expect(kinds('getMe', 403, refusal('insufficient_scope'))).toEqual(['auth_break']);
    expect(kinds('deleteSite', 404, refusal('site_not_found'))).toEqual(['auth_break']);
  });

  it('finds what a caller must not see', () => {
    expect(kinds('getMe', 200, { ...ME, consumer_name: 'canary-1' })).toEqual(['canary']);
  });
});
