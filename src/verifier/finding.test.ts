import { describe, expect, it } from 'vitest';
import { observed, verdict } from '../../test/kit/fake-prober.ts';
import { findingOf } from './finding.ts';

describe('a vote', () => {
  it('speaks against a name that the resolver here does not find while it answers others, and is none otherwise', () => {
    const unresolved = { ...verdict('Unknown'), reason: 'dns_servfail' };
    expect(findingOf(observed([unresolved], 0)).says).toBe('none');
    expect(findingOf(observed([{ ...unresolved, othersCanTell: 'name' }], 0))).toMatchObject({
      says: 'down',
      reason: 'dns_servfail',
      isSuccess: false,
    });
  });

  it('is none when it cannot tell, whatever its certificate says', () => {
    const limited = { ...verdict('Unknown'), reason: 'http_rate_limited' };
    const found = findingOf(observed([limited, verdict('Warning', 'tls_expiry')], 0));
    expect(found).toMatchObject({ says: 'none', reason: 'http_rate_limited', isSuccess: false });
  });

  it('speaks for a site with an advisory, and against one that fails', () => {
    expect(findingOf(observed([verdict('Warning')], 0)).says).toBe('up');
    expect(findingOf(observed([verdict('Seems Down')], 0)).says).toBe('down');
  });
});
