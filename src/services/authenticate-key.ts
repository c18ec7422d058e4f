/** From a token to the key it belongs to. */
import { AppError } from '../domain/errors.ts';
import { type ApiKey, keyStatus } from '../store/api-keys.ts';
import { hashToken } from '../store/api-token.ts';
import type { ServiceDeps } from './deps.ts';

const PREFIX = 'jm_';
/** A shorter text is no key of ours, and is not looked up. */
const MIN_LENGTH = PREFIX.length + 10;
const MAX_LENGTH = 200;

/**
 * Throws `invalid_token`, `token_revoked` or `token_expired`. Both cutoffs are half-open: a key is refused from that
 * instant on; revocation is looked at first (spec/04 sections 2 and 3).
 */
export async function authenticateKey(deps: Pick<ServiceDeps, 'apiKeys' | 'clock'>, token: string): Promise<ApiKey> {
  const plausible = token.startsWith(PREFIX) && token.length >= MIN_LENGTH && token.length <= MAX_LENGTH;
  const key = plausible ? await deps.apiKeys.findByHash(hashToken(token)) : null;
  if (key === null) {
    throw new AppError('invalid_token', 'the API key is not known here', { fix: 'check the key, or make a new one' });
  }
  switch (keyStatus(key, deps.clock.nowMs())) {
    case 'revoked':
      throw new AppError('token_revoked', 'the API key has been revoked', { fix: 'use another key' });
    case 'expired':
      throw new AppError('token_expired', 'the API key has expired', { fix: 'make a new key' });
    case 'active':
      return key;
  }
}
