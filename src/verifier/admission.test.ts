import { describe, expect, it } from 'vitest';
import { createAdmission } from './admission.ts';
import { keysOf } from './signing.ts';

describe('admission', () => {
  const admit = createAdmission(['a secret, with spaces', 'the next']);

  it('is had with one of the secrets, or with the access key that follows from it', () => {
    const { access } = keysOf('the next');
    for (const shown of ['Bearer the next', 'bearer   the next  ', `Bearer ${access}`]) {
      expect(admit(shown)?.access).toBe(access);
    }
    expect(admit('Bearer a secret, with spaces')).not.toBeNull();
  });

  it('is not had with anything else', () => {
    for (const shown of [
      undefined,
      '',
      'Bearer',
      'Bearer ',
      'Basic the next',
      'the next',
      'Bearerthe next',
      'Bearer the',
    ]) {
      expect(admit(shown)).toBeNull();
    }
  });

  it('takes no longer for a stranger who makes much of the spaces', () => {
    // What a pattern that tries every split of them would not be done with before the time of a test is over.
    for (let at = 0; at < 100; at += 1) expect(admit(`Bearer${' '.repeat(60_000)}\u00a0`)).toBeNull();
  });
});
