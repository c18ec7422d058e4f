import { describe, expect, it } from 'vitest';
import { temporaryDatabase } from '../../test/kit/store.ts';
import type { ApiKeyId } from '../domain/ids.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { createApiKeys, keyStatus } from './api-keys.ts';
import { hashToken, newToken } from './api-token.ts';

async function keysAt(nowMs: number) {
  const db = await temporaryDatabase();
  const time = { nowMs };
  const clock: Clock = { ...systemClock, nowMs: () => time.nowMs };
  return { db, time, keys: createApiKeys({ db, clock, random: systemRandom }) };
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
        scope,
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
