/** Who may ask: whoever shows one of the secrets, or the access key that follows from it. */
import { sha256 } from './canonical.ts';
import { isSame, type Keys, keysOf } from './signing.ts';

/** The keys that go with what is shown; null for anything else. Takes the same time for every answer. */
export type Admission = (authorization: string | undefined) => Keys | null;

/** Throws TypeError without any secret: then anybody would be let in. */
export function createAdmission(authTokens: readonly string[]): Admission {
  if (authTokens.length === 0 || authTokens.includes('')) throw new TypeError('a verifier needs a secret');
  const known = authTokens.map((token) => {
    const keys = keysOf(token);
    return { keys, digests: [sha256(token), sha256(keys.access)] };
  });
  return (authorization = '') => {
    const shown = /^Bearer /i.test(authorization) ? authorization.slice('Bearer '.length).trim() : '';
    const digest = sha256(shown);
    let found: Keys | null = null;
    for (const { keys, digests } of known) {
      for (const one of digests) if (isSame(one, digest)) found = keys;
    }
    return found;
  };
}
