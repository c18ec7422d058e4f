import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../../test/kit/certificates.ts';
import { reachesEveryFinding } from '../../../test/kit/findings.ts';
import { createTestProbe, verdictOn } from '../../../test/kit/probe.ts';
import { type Site, startSite } from '../../../test/kit/site.ts';
import { tlsExpiry } from './tls-expiry.ts';

const DAY_MS = 86_400_000;
const findings = reachesEveryFinding(tlsExpiry);
const sites: Site[] = [];
let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority('Expiry CA');
});

afterAll(async () => {
  for (const site of sites) await site.stop();
});

async function probeSiteWithDaysLeft(days: number) {
  const notAfter = new Date(Date.now() + days * DAY_MS + 3_600_000);
  const identity = await authority.issue({ addresses: ['127.0.0.1'], notAfter });
  const site = await startSite({ identity });
  sites.push(site);
  return createTestProbe({ extraCaPem: authority.caPem })(site.url);
}

describe('a certificate', () => {
  it.each([
    [60, 'ok', 'Up'],
    [31, 'ok', 'Up'],
    [30, 'tls_expires_soon', 'Warning'],
    [8, 'tls_expires_soon', 'Warning'],
    [7, 'tls_expires_very_soon', 'Degraded'],
    [0, 'tls_expires_very_soon', 'Degraded'],
  ])('with %i days left is %s', async (days, reason, state) => {
    const verdict = findings.in(await probeSiteWithDaysLeft(days));
    expect(verdict).toMatchObject({ reason, state });
    expect(verdict.details).toMatchObject({ days });
  });

  it('that runs out does not make the site down: the http check stays up', async () => {
    expect(verdictOn(await probeSiteWithDaysLeft(3), 'http').state).toBe('Up');
  });

  it('is not spoken of where there is none, or where it did not verify', async () => {
    const plain = await startSite();
    const untrusted = await startSite({ identity: await authority.issue({ addresses: ['127.0.0.1'] }) });
    sites.push(plain, untrusted);
    for (const url of [plain.url, untrusted.url]) {
      const { verdicts } = await createTestProbe()(url);
      expect(verdicts.map((verdict) => verdict.check)).toEqual(['http']);
    }
  });
});
