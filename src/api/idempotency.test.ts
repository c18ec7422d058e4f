import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { temporaryDatabase } from '../../test/kit/store.ts';
import { defineContract } from '../contracts/contract.ts';
import { EVERY_SITE, type SiteScope } from '../domain/site-scope.ts';
import { createIdempotencyStore, type IdempotencyStore } from '../store/idempotency.ts';
import { type AdmittedCall, createIdempotency } from './idempotency.ts';

const DEED = defineContract({
  operationId: 'doIt',
  method: 'POST',
  path: '/api/v1/deeds',
  summary: 'Do it',
  tag: 'Utility',
  scope: 'write',
  isIdempotent: true,
  status: 201,
  reply: z.object({ id: z.int() }),
  errors: [],
});

let requests = 0;

function callFrom(scope: SiteScope): AdmittedCall & { headers: Record<string, unknown> } {
  requests += 1;
  const headers: Record<string, unknown> = {};
  const request = {
    id: `request-${requests}`,
    url: '/api/v1/deeds',
    headers: { 'idempotency-key': 'k' },
    raw: { rawHeaders: [] },
  };
  const reply = { header: (name: string, value: unknown) => void Object.assign(headers, { [name]: value }) };
  return {
    contract: DEED,
    request: request as never,
    reply: reply as never,
    principal: { kind: 'local' },
    scope,
    ids: {},
    headers,
  };
}

describe('the same key in the hands of two tenants', () => {
  it('stands for two requests, which know nothing of each other', async () => {
    const store = createIdempotencyStore(await temporaryDatabase());
    const { once } = createIdempotency({ store, log: { warn: vi.fn() } });
    const scopes: SiteScope[] = [
      { kind: 'tenant', tenantId: 'acme' },
      { kind: 'tenant', tenantId: 'globex' },
      { kind: 'tenant', tenantId: 'local' },
      EVERY_SITE,
    ];
    for (const [n, scope] of scopes.entries()) {
      expect(await once(callFrom(scope), async () => ({ id: n }))).toEqual({ status: 201, body: { id: n } });
    }
    for (const [n, scope] of scopes.entries()) {
      const call = callFrom(scope);
      expect(await once(call, () => expect.unreachable())).toEqual({ status: 201, body: { id: n } });
      expect(call.headers).toEqual({ 'idempotency-replayed': 'true' });
    }
  });
});

describe('a database that fails after the deed', () => {
  it('does not turn its answer into a failure, and is said in the log', async () => {
    const log = { warn: vi.fn() };
    const store: IdempotencyStore = {
      ...createIdempotencyStore(await temporaryDatabase()),
      keep: () => Promise.reject(new Error('gone')),
    };
    const { once } = createIdempotency({ store, log });
    expect(await once(callFrom(EVERY_SITE), async () => ({ id: 1 }))).toEqual({ status: 201, body: { id: 1 } });
    expect(log.warn).toHaveBeenCalledOnce();
    const again = once(callFrom(EVERY_SITE), () => expect.unreachable());
    await expect(again).rejects.toMatchObject({ code: 'idempotency_in_progress' });
  });

  it('leaves the failure of the deed as it is', async () => {
    const store: IdempotencyStore = {
      ...createIdempotencyStore(await temporaryDatabase()),
      release: () => Promise.reject(new Error('gone')),
    };
    const { once } = createIdempotency({ store, log: { warn: vi.fn() } });
    const failing = once(callFrom(EVERY_SITE), () => Promise.reject(new Error('a bug')));
    await expect(failing).rejects.toThrow('a bug');
  });
});
