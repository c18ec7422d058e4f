import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { createApiKeys } from '../store/api-keys.ts';
import { createAuthenticateKey } from './authenticate-key.ts';

const DAY_MS = 86_400_000;

describe('a key', () => {
  it.each([-DAY_MS, DAY_MS])('ends by the clock of the database on a server whose own is %d ms off', async (offMs) => {
    const { db } = await temporaryStore();
    const apiKeys = createApiKeys({ db, clock: systemClock, random: systemRandom });
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + offMs };
    const authenticate = createAuthenticateKey({ apiKeys, clock, log: { warn: () => {} } });
    const { token, key } = await apiKeys.create({ consumerName: 'a', scope: 'read', ttlMs: DAY_MS / 2 });
    expect((await authenticate(token)).keyId).toBe(key.keyId);
    await apiKeys.revoke(key.keyId);
    await expect(authenticate(token, { anew: true })).rejects.toMatchObject({ code: 'token_revoked' });
    const brief = await apiKeys.create({ consumerName: 'b', scope: 'read', ttlMs: 1 });
    await expect
      .poll(() => authenticate(brief.token, { anew: true }).then(String, ({ code }) => code))
      .toBe('token_expired');
  });
});
