import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { accessOf } from '../contracts/access.ts';
import { AppError } from '../domain/errors.ts';
import { EVERYTHING } from '../domain/grants.ts';
import type { ApiKey } from '../store/api-keys.ts';
import { createLimitRate } from './limit-rate.ts';
import type { Principal } from './principal.ts';

const plain = accessOf({ operationId: 'listThings', tag: 'Sites', scope: 'read' });
const rare = accessOf({ operationId: 'pokeThing', tag: 'Sites', scope: 'write', rateLimit: { perMinute: 2 } });
if (plain === null || rare === null) throw new Error('these contracts are not open');

function caller(keyId: bigint, tenantId: string | null = null): Principal {
  const key = { keyId, rateLimitPerMinute: 60, isGateway: false, tenantId } as ApiKey;
  return { kind: 'key', key, gateway: null, tenantId, grants: EVERYTHING };
}

function limits(tenantPerMinute = 0) {
  const clock = createFakeClock();
  const limitRate = createLimitRate(clock, () => tenantPerMinute);
  const call = (principal: Principal, access = plain) => {
    const headers: Record<string, unknown> = {};
    const reply = {
      header(name: string, value: unknown) {
        headers[name] = value;
      },
    };
    try {
      limitRate.admitted(principal, access as never, reply as never);
      return { headers, refused: null };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { headers, refused: error.message };
    }
  };
  return { clock, call };
}

describe('an operation with a low limit of its own', () => {
  it('is refused beyond it, while other operations of the same key are not', () => {
    const { clock, call } = limits();
    expect(call(caller(1n), rare).headers).toMatchObject({ 'x-ratelimit-limit': 2, 'x-ratelimit-remaining': 1 });
    call(caller(1n), rare);
    const { headers, refused } = call(caller(1n), rare);
    expect(refused).toBe('this key may make 2 requests a minute of this kind (pokeThing)');
    expect(headers['retry-after']).toBe(60);
    expect(call(caller(1n)).headers).toMatchObject({ 'x-ratelimit-limit': 60, 'x-ratelimit-remaining': 57 });
    expect(call(caller(2n), rare).refused).toBeNull();
    clock.advance(30_000);
    expect(call(caller(1n), rare).refused).toBeNull();
  });

  it('counts for a tenant, by whatever keys it comes', () => {
    const { call } = limits();
    call(caller(1n, 'acme'), rare);
    call(caller(2n, 'acme'), rare);
    expect(call(caller(3n, 'acme'), rare).refused).toContain('this tenant may make 2 requests a minute');
    expect(call(caller(3n, 'other'), rare).refused).toBeNull();
  });
});

describe('whoever holds the local key', () => {
  it('is not limited, and told of no limit', () => {
    const { call } = limits(1);
    for (let n = 0; n < 100; n += 1) expect(call({ kind: 'local' }, rare)).toEqual({ headers: {}, refused: null });
  });
});

describe('the limit of tenants', () => {
  it('does not let one that is refused use up the key of its gateway', () => {
    const { call } = limits(1);
    call(caller(1n, 'noisy'));
    for (let n = 0; n < 100; n += 1) expect(call(caller(1n, 'noisy')).refused).toContain('this tenant');
    expect(call(caller(1n, 'quiet')).refused).toBeNull();
  });
});
