import { describe, expect, it } from 'vitest';
import { temporaryDatabase } from '../../test/kit/store.ts';
import { SCOPE_WORDS } from '../domain/grants.ts';
import type { ApiKeyId } from '../domain/ids.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { createApiKeys, keyStatus, type NewKey } from './api-keys.ts';
import { hashToken, newToken } from './api-token.ts';

async function keysAt(nowMs: number) {
  const db = await temporaryDatabase();
  const time: { nowMs: number; databaseNowMs?: number } = { nowMs };
  const clock: Clock = { ...systemClock, nowMs: () => time.nowMs };
  const databaseNowMs = () => time.databaseNowMs ?? time.nowMs;
  return { db, time, keys: createApiKeys({ db, clock, random: systemRandom, databaseNowMs }) };
}

describe('a token', () => {
  it('is jm_ and 52 characters of base32', () => {
    expect(newToken({ bytes: (length) => new Uint8Array(length) })).toBe(`jm_${'A'.repeat(52)}`);
    expect(newToken({ bytes: (length) => new Uint8Array(length).fill(255) })).toBe(`jm_${'7'.repeat(51)}Q`);
    // RFC 4648 section 10, "foobar", followed by zeros.
    const foobar = Uint8Array.from(Buffer.concat([Buffer.from('foobar'), Buffer.alloc(26)]));
    expect(newToken({ bytes: () => foobar })).toMatch(/^jm_MZXW6YTBO[A-Z2-7]{43}$/);
    expect(newToken(systemRandom)).not.toBe(newToken(systemRandom));
  });

  it('is stored as the SHA-256 of all of it, and never as itself', async () => {
    const { db, keys } = await keysAt(1_000);
    const { token } = await keys.create({ consumerName: 'ci', scope: 'read' });
    const rows = await db.kysely.selectFrom('jetmon_api_keys').selectAll().execute();
    expect(rows.map((row) => row.key_hash)).toEqual([hashToken(token)]);
    expect(hashToken('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(rows.map((row) => Object.values(row).join()).join()).not.toContain(token);
  });
});

describe('a key', () => {
  it('is found by the hash of its token, with the defaults of its scope', async () => {
    const { keys } = await keysAt(1_000);
    for (const [scope, rateLimitPerMinute] of [
      ['read', 60],
      ['write', 30],
      ['admin', 60],
    ] as const) {
      const { token, key } = await keys.create({ consumerName: 'ci', scope });
      expect(key).toMatchObject({
        consumerName: 'ci',
        scopes: [scope],
        isGateway: false,
        tenantId: null,
        rateLimitPerMinute,
        expiresAtMs: null,
        revokedAtMs: null,
        lastUsedAtMs: null,
        createdAtMs: 1_000,
        createdBy: 'cli',
      });
      expect(await keys.findByHash(hashToken(token))).toEqual(key);
    }
    expect(await keys.findByHash(hashToken('jm_other'))).toBeNull();
  });

  it('takes a limit and a lifetime of its own', async () => {
    const { keys } = await keysAt(1_000);
    const { key } = await keys.create({ consumerName: 'ci', scope: 'read', rateLimitPerMinute: 5, ttlMs: 500 });
    expect(key).toMatchObject({ rateLimitPerMinute: 5, expiresAtMs: 1_500 });
    const unlimited = await keys.create({ consumerName: 'ci', scope: 'read', rateLimitPerMinute: -1, ttlMs: 0 });
    expect(unlimited.key).toMatchObject({ rateLimitPerMinute: 60, expiresAtMs: null });
    await expect(keys.create({ consumerName: '', scope: 'read' })).rejects.toThrow(RangeError);
  });

  it('is valid strictly before its cutoffs', () => {
    const status = (revokedAtMs: number | null, expiresAtMs: number | null) =>
      [999, 1_000, 1_001].map((nowMs) => keyStatus({ revokedAtMs, expiresAtMs }, nowMs));
    expect(status(null, null)).toEqual(['active', 'active', 'active']);
    expect(status(1_000, null)).toEqual(['active', 'revoked', 'revoked']);
    expect(status(null, 1_000)).toEqual(['active', 'expired', 'expired']);
    expect(status(1_000, 1_000)).toEqual(['active', 'revoked', 'revoked']);
  });

  it('that is revoked keeps its instant, and one that would be later is revoked now', async () => {
    const { db, time, keys } = await keysAt(1_000);
    const { key } = await keys.create({ consumerName: 'ci', scope: 'read' });
    expect(await keys.revoke(key.keyId)).toMatchObject({ revokedAtMs: 1_000 });
    time.nowMs = 2_000;
    expect(await keys.revoke(key.keyId)).toMatchObject({ revokedAtMs: 1_000 });
    const replaced = await keys.create({ consumerName: 'ci', scope: 'read' });
    await db.kysely
      .updateTable('jetmon_api_keys')
      .set({ revoked_at: 9_000 })
      .where('id', '=', replaced.key.keyId)
      .execute();
    expect(await keys.list()).toHaveLength(1);
    expect(await keys.revoke(replaced.key.keyId)).toMatchObject({ revokedAtMs: 2_000 });
    expect(await keys.list()).toHaveLength(0);
    expect((await keys.list({ includeRevoked: true })).map(({ keyId }) => keyId)).toEqual([1n, 2n]);
    expect(await keys.revoke(99n as ApiKeyId)).toBeNull();
  });

  it('is revoked by the clock of the database, however wrong that of the host is', async () => {
    const { db, time, keys } = await keysAt(1_000_000);
    time.databaseNowMs = 400_000;
    const [one, other] = [
      await keys.create({ consumerName: 'ci', scope: 'read' }),
      await keys.create({ consumerName: 'ci', scope: 'read' }),
    ];
    expect(await keys.revoke(one.key.keyId)).toMatchObject({ revokedAtMs: 400_000 });
    const rotated = await keys.rotate(other.key.keyId, { graceMs: 5_000 });
    expect(rotated).toMatchObject({ replaced: { revokedAtMs: 405_000 } });
    const real = createApiKeys({ db, clock: { ...systemClock, nowMs: () => 5 }, random: systemRandom });
    const third = await real.create({ consumerName: 'ci', scope: 'read' });
    expect((await real.revoke(third.key.keyId))?.revokedAtMs).toBeGreaterThan(1_600_000_000_000);
  });

  it('holds one coarse scope or several granular ones, and is a gateway or bound to a tenant or neither', async () => {
    const { keys } = await keysAt(1_000);
    const consumerName = 'ci';
    const granular = await keys.create({ consumerName, scope: ['sites:read', 'events:write'], tenantId: 'acme' });
    expect(granular.key).toMatchObject({
      ...{ scopes: ['sites:read', 'events:write'], tenantId: 'acme', isGateway: false, rateLimitPerMinute: 30 },
    });
    const gateway = await keys.create({ consumerName, scope: 'write', isGateway: true });
    expect(gateway.key).toMatchObject({ isGateway: true, tenantId: null });
    const all = await keys.create({ consumerName, scope: SCOPE_WORDS.filter((word) => word.includes(':')) });
    expect(all.key.scopes).toHaveLength(SCOPE_WORDS.length - 3);
    const cannotBe: Partial<NewKey>[] = [
      { scope: [] },
      { scope: ['read', 'sites:write'] },
      { isGateway: true, tenantId: 'acme' },
      { tenantId: 'no spaces' },
      { tenantId: '' },
    ];
    for (const wrong of cannotBe) {
      await expect(keys.create({ consumerName, scope: 'read', ...wrong })).rejects.toThrow(RangeError);
    }
  });

  it('is not found by a hash that differs in capitals alone', async () => {
    const { keys } = await keysAt(1_000);
    const { token } = await keys.create({ consumerName: 'ci', scope: 'read' });
    expect(await keys.findByHash(hashToken(token).toUpperCase())).toBeNull();
  });

  it('notes its use at most once a minute', async () => {
    const { time, keys } = await keysAt(1_000);
    const { token } = await keys.create({ consumerName: 'ci', scope: 'read' });
    const use = async (nowMs: number) => {
      time.nowMs = nowMs;
      const key = await keys.findByHash(hashToken(token));
      if (key !== null) await keys.touch(key);
      return (await keys.findByHash(hashToken(token)))?.lastUsedAtMs;
    };
    expect([await use(5_000), await use(64_999), await use(65_000)]).toEqual([5_000, 5_000, 65_000]);
  });
});

describe('a key that is rotated', () => {
  it('is like the one before, which is good until its grace is over', async () => {
    const { time, keys } = await keysAt(1_000);
    const scope = ['sites:read', 'events:read'] as const;
    const old = await keys.create({
      consumerName: 'ci',
      scope,
      rateLimitPerMinute: 7,
      ttlMs: 10_000,
      tenantId: 'acme',
    });
    time.nowMs = 4_000;
    const rotated = await keys.rotate(old.key.keyId, { graceMs: 500, createdBy: 'me' });
    if (rotated.kind !== 'rotated') throw new Error(rotated.kind);
    const { keyId, ...like } = old.key;
    expect(rotated.key).toEqual({ ...like, keyId: keyId + 1n, createdAtMs: 4_000, createdBy: 'me' });
    expect(rotated.key.expiresAtMs).toBe(11_000);
    expect(await keys.findByHash(hashToken(rotated.token))).toEqual(rotated.key);
    const found = await keys.findByHash(hashToken(old.token));
    expect(found).toEqual(rotated.replaced);
    if (found === null) throw new Error('the old key is gone');
    expect([keyStatus(found, 4_499), keyStatus(found, 4_500)]).toEqual(['active', 'revoked']);
  });

  it('leaves nothing of the one before without a grace', async () => {
    const { keys } = await keysAt(1_000);
    const { key } = await keys.create({ consumerName: 'ci', scope: 'read' });
    expect(await keys.rotate(key.keyId, { graceMs: 0 })).toMatchObject({ replaced: { revokedAtMs: 1_000 } });
  });

  it('can be revoked within its grace, from that moment on', async () => {
    const { time, keys } = await keysAt(1_000);
    const { key } = await keys.create({ consumerName: 'ci', scope: 'read' });
    await keys.rotate(key.keyId, { graceMs: 60_000 });
    time.nowMs = 2_000;
    expect(await keys.revoke(key.keyId)).toMatchObject({ revokedAtMs: 2_000 });
  });

  it('must be active, there, and not be replaced already', async () => {
    const { time, keys } = await keysAt(1_000);
    const rotate = (key: { keyId: ApiKeyId }) => keys.rotate(key.keyId, { graceMs: 1_000 });
    const { key: expiring } = await keys.create({ consumerName: 'ci', scope: 'read', ttlMs: 1_000 });
    const { key: revoked } = await keys.create({ consumerName: 'ci', scope: 'read' });
    const { key: replaced } = await keys.create({ consumerName: 'ci', scope: 'read' });
    await keys.revoke(revoked.keyId);
    const both = await Promise.all([rotate(replaced), rotate(replaced)]);
    expect(both.map(({ kind }) => kind).sort()).toEqual(['not_active', 'rotated']);
    expect(await rotate(replaced)).toEqual({ kind: 'not_active', status: 'replaced' });
    expect(await rotate(revoked)).toEqual({ kind: 'not_active', status: 'revoked' });
    time.nowMs = 2_000;
    expect(await rotate(expiring)).toEqual({ kind: 'not_active', status: 'expired' });
    expect(await rotate({ keyId: 99n as ApiKeyId })).toEqual({ kind: 'not_found' });
    expect(await keys.list({ includeRevoked: true })).toHaveLength(4);
  });
});
