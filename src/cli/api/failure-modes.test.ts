import { describe, expect, it } from 'vitest';
import { SiteSettings } from '../../contracts/sites.ts';
import { FAILURE_MODES, failureOf } from './failure-modes.ts';

const FIXTURE = { http: 'http://127.0.0.1:8091', https: 'https://127.0.0.1:8443' };
const NONE = { http: null, https: null };

describe('a failure', () => {
  it.each([
    ['http-500', 'http://127.0.0.1:8091/status/500', {}],
    ['http-403', 'http://127.0.0.1:8091/status/403', {}],
    ['unreachable', 'http://127.0.0.1:4/', { timeout_seconds: 2 }],
    ['redirect', 'http://127.0.0.1:8091/redirect', { redirect_policy: 'fail' }],
    ['keyword', 'http://127.0.0.1:8091/keyword', { check_keyword: expect.any(String) }],
    ['timeout', 'http://127.0.0.1:8091/slow?delay=5s', { timeout_seconds: 1 }],
    ['tls', 'https://127.0.0.1:8443/tls', {}],
  ] as const)(
    'of mode %s is looked for at the test site, whatever the server does by default',
    (mode, url, settings) => {
      const failure = failureOf(mode, FIXTURE);
      expect(failure).toMatchObject({ url, isFixture: true });
      expect(failure.settings).toMatchObject({ request_method: 'GET', detection_profile: 'full', ...settings });
      // Header fields carry the mark of a batch, and are another's to say.
      expect(failure.settings).not.toHaveProperty('custom_headers');
      expect(SiteSettings.safeParse(failure.settings).success).toBe(true);
    },
  );

  it('is looked for at public hosts where no test site answers', () => {
    for (const mode of FAILURE_MODES) expect(failureOf(mode, NONE).isFixture, mode).toBe(false);
    expect(failureOf('unreachable', NONE).url).toBe('http://192.0.2.1/');
    expect(failureOf('timeout', NONE).settings.timeout_seconds).toBe(2);
  });

  it('of a certificate wants the test site over TLS', () => {
    expect(failureOf('tls', { ...FIXTURE, https: null }).isFixture).toBe(false);
  });
});
