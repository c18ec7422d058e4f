import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../../test/kit/certificates.ts';
import { reachesEveryFinding } from '../../../test/kit/findings.ts';
import { createTestProbe, type TestProbe, verdictOn } from '../../../test/kit/probe.ts';
import { type Behaviour, type Site, startSite } from '../../../test/kit/site.ts';
import { redirectDowngrade } from './redirect-downgrade.ts';

const findings = reachesEveryFinding(redirectDowngrade);
const sites: Site[] = [];
let authority: Authority;
let probe: TestProbe;

beforeAll(async () => {
  authority = await createAuthority('Downgrade CA');
  probe = createTestProbe({ extraCaPem: authority.caPem });
});

afterAll(async () => {
  for (const site of sites) await site.stop();
});

async function site(behaviour: Behaviour, secure: boolean): Promise<Site> {
  const identity = await authority.issue({ addresses: ['127.0.0.1'] });
  const started = await startSite(secure ? { behaviour, identity } : { behaviour });
  sites.push(started);
  return started;
}

describe('a redirect', () => {
  it('from https to http is warned of, and the site stays up', async () => {
    const plain = await site({ kind: 'up' }, false);
    const secure = await site({ kind: 'redirect_to', location: plain.url }, true);
    const observation = await probe(secure.url);
    const verdict = findings.in(observation);
    expect(verdict).toMatchObject({ reason: 'https_to_http', state: 'Warning' });
    expect(verdict.summary).toContain(`from ${secure.url} to ${plain.url}`);
    expect(verdictOn(observation, 'http').state).toBe('Up');
  });

  it('is found wherever it stands in a chain', async () => {
    const end = await site({ kind: 'up' }, true);
    const plain = await site({ kind: 'redirect_to', location: end.url }, false);
    const start = await site({ kind: 'redirect_to', location: plain.url }, true);
    expect(findings.in(await probe(start.url)).reason).toBe('https_to_http');
  });

  it('from http to https, or within one of them, is fine', async () => {
    const secure = await site({ kind: 'up' }, true);
    const plain = await site({ kind: 'redirect_to', location: secure.url }, false);
    const within = await site({ kind: 'redirect_chain', hops: 2 }, false);
    for (const { url } of [plain, within]) expect(findings.in(await probe(url)).reason).toBe('ok');
  });

  it('that is not there is not spoken of', async () => {
    const { verdicts } = await probe((await site({ kind: 'up' }, false)).url);
    expect(verdicts.map((verdict) => verdict.check)).not.toContain(redirectDowngrade.type);
  });
});
