/** From a token to the key it belongs to, remembered for less than a second. */
import { AppError } from '../domain/errors.ts';
import { type ApiKey, keyStatus } from '../store/api-keys.ts';
import { hashToken } from '../store/api-token.ts';
import type { Log } from '../telemetry/log.ts';
import type { ServiceDeps } from './deps.ts';

const PREFIX = 'jm_';
/** A shorter text is no key of ours, and is not looked up. */
const MIN_LENGTH = PREFIX.length + 10;
const MAX_LENGTH = 200;
/** A key that another process revokes lets nobody in for longer than a second. */
const REMEMBERED_MS = 900;
const MAX_REMEMBERED = 1_000;

/**
 * Throws `invalid_token`, `token_revoked` or `token_expired`. Both cutoffs are half-open: a key is refused from that
 * instant on; revocation is looked at first (spec/04 sections 2 and 3). `anew`: whatever was found a moment ago.
 */
export type AuthenticateKey = (token: string, options?: { anew: boolean }) => Promise<ApiKey>;

/** A key, and what time the database had when it was read. */
type Found = { key: ApiKey; databaseMs: number; readMs: number };

type Deps = Pick<ServiceDeps, 'apiKeys' | 'clock'> & { log: Pick<Log, 'warn'> };

export function createAuthenticateKey({ apiKeys, clock, log }: Deps): AuthenticateKey {
  /** By hash, the oldest first. Requests that come together wait for one look-up. */
  const remembered = new Map<string, { found: Promise<Found | null>; untilMs: number }>();

  async function lookUp(hash: string): Promise<Found | null> {
    const key = await apiKeys.findByHash(hash);
    if (key === null) return null;
    // Whoever ended it had the time from the database, and clocks of servers differ.
    const found = { key, databaseMs: await apiKeys.nowMs(), readMs: clock.monotonicMs() };
    if (keyStatus(key, found.databaseMs) === 'active') {
      // Losing a note of use costs nothing; refusing the request for it would.
      await apiKeys
        .touch(key)
        .catch((error: unknown) => log.warn({ err: error }, 'the use of a key could not be noted'));
    }
    return found;
  }

  function find(hash: string, anew: boolean): Promise<Found | null> {
    const nowMs = clock.monotonicMs();
    const known = remembered.get(hash);
    if (!anew && known !== undefined && nowMs < known.untilMs) return known.found;
    const entry = { found: lookUp(hash), untilMs: nowMs + REMEMBERED_MS };
    remembered.delete(hash);
    const oldest = remembered.keys().next();
    if (remembered.size >= MAX_REMEMBERED && !oldest.done) remembered.delete(oldest.value);
    remembered.set(hash, entry);
    // Only keys are worth remembering: a key made a moment from now counts at once.
    const forget = (): void => {
      if (remembered.get(hash) === entry) remembered.delete(hash);
    };
    entry.found.then((found) => (found === null ? forget() : undefined), forget);
    return entry.found;
  }

  return async (token, { anew } = { anew: false }) => {
    const isPlausible = token.startsWith(PREFIX) && token.length >= MIN_LENGTH && token.length <= MAX_LENGTH;
    const found = isPlausible ? await find(hashToken(token), anew) : null;
    if (found === null) throw unknownKey();
    const { key, databaseMs, readMs } = found;
    switch (keyStatus(key, databaseMs + clock.monotonicMs() - readMs)) {
      case 'revoked':
        throw new AppError('token_revoked', 'the API key has been revoked', { fix: 'use another key' });
      case 'expired':
        throw new AppError('token_expired', 'the API key has expired', { fix: 'make a new key' });
      case 'active':
        return key;
    }
  };
}

export function unknownKey(): AppError {
  return new AppError('invalid_token', 'the API key is not known here', { fix: 'check the key, or make a new one' });
}
