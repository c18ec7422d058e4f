import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsServer, startDnsServer } from '../../../test/kit/dns-server.ts';
import { reachesEveryFinding } from '../../../test/kit/findings.ts';
import { createTestProbe, type TestProbe, verdictOn } from '../../../test/kit/probe.ts';
import { type Behaviour, type Site, startSite } from '../../../test/kit/site.ts';
import { redirectChain } from './redirect-chain.ts';

const findings = reachesEveryFinding(redirectChain);
const sites: Site[] = [];
let dns: DnsServer;
let probe: TestProbe;

beforeAll(async () => {
  dns = await startDnsServer();
  for (const name of ['shop.test', 'www.shop.test', 'parked.test', 'a.co.uk', 'b.co.uk'])
    dns.answer(name, ['127.0.0.1']);
  probe = createTestProbe({ dnsResolvers: [dns.address] });
});
afterAll(async () => {
  for (const site of sites) await site.stop();
  await dns.stop();
});

async function site(behaviour: Behaviour): Promise<Site> {
  const started = await startSite({ behaviour });
  sites.push(started);
  return started;
}

/** Visits `from`, which redirects to `to`. */
async function redirected(from: string, to: string) {
  const end = await site({ kind: 'up' });
  const start = await site({ kind: 'redirect_to', location: `http://${to}:${end.port}/` });
  return probe(`http://${from}:${start.port}/`);
}

describe('redirects that end', () => {
  it.each([
    ['shop.test', 'www.shop.test', 'ok'],
    ['www.shop.test', 'shop.test', 'ok'],
    ['shop.test', 'parked.test', 'redirect_other_host'],
    ['a.co.uk', 'b.co.uk', 'redirect_other_host'],
  ])('from %s at %s are %s', async (from, to, reason) => {
    const observation = await redirected(from, to);
    const verdict = findings.in(observation);
    expect(verdict.reason).toBe(reason);
    expect(verdict.state).toBe(reason === 'ok' ? 'Up' : 'Warning');
    expect(verdictOn(observation, 'http').state).toBe('Up');
  });
});

describe('many redirects', () => {
  it.each([
    [5, 'ok'],
    [6, 'redirect_long'],
    [10, 'redirect_long'],
  ])('%i are %s', async (hops, reason) => {
    expect(findings.in(await probe((await site({ kind: 'redirect_chain', hops })).url)).reason).toBe(reason);
  });
});

describe('the policy', () => {
  it('alert reports a redirect that nothing else is wrong with', async () => {
    const { url } = await site({ kind: 'redirect_chain', hops: 1 });
    expect(findings.in(await probe(url, 10_000, { redirects: 'alert' })).reason).toBe('redirect_followed');
    expect(findings.in(await probe(url)).reason).toBe('ok');
  });
});

describe('nothing is said', () => {
  it.each<[string, Behaviour]>([
    ['where there is no redirect', { kind: 'up' }],
    ['of redirects that lead nowhere', { kind: 'redirect_loop' }],
    ['of redirects to what does not answer', { kind: 'redirect_to', location: 'http://169.254.169.254/' }],
  ])('%s', async (_, behaviour) => {
    const { verdicts } = await probe((await site(behaviour)).url);
    expect(verdicts.map(({ check }) => check)).not.toContain(redirectChain.type);
  });
});
