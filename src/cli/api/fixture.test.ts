import { describe, expect, it, onTestFinished } from 'vitest';
import { startTestSite } from '../../testsite/testsite.ts';
import { chooseFixture } from './fixture.ts';

const NONE = { http: null, https: null };
const here = { isLocal: true };
const noEnv = { env: {} };

async function testSite() {
  const options = { host: '127.0.0.1', port: 0, tlsPort: 0, webhookSecret: null, nowMs: Date.now };
  const site = await startTestSite(options);
  onTestFinished(site.stop);
  return site;
}

describe('the test site', () => {
  it('that is named is believed, with its other port where that is a known one', async () => {
    const choose = (fixtureUrl: string) => chooseFixture({ fixtureUrl }, here, noEnv);
    expect(await choose('http://fixture:8091')).toEqual({ http: 'http://fixture:8091', https: 'https://fixture:8443' });
    expect(await choose('https://[::1]:18443/')).toEqual({ http: 'http://[::1]:18091', https: 'https://[::1]:18443' });
    expect(await choose('http://fixture:1234')).toEqual({ http: 'http://fixture:1234', https: null });
    expect(await choose('off')).toEqual(NONE);
    await expect(choose('fixture:8091')).rejects.toThrow(/--fixture-url is not the address of a test site/);
    await expect(choose('http://u:p@fixture/')).rejects.toThrow(/--fixture-url is not the address/);
    await expect(choose('http://fixture/path')).rejects.toThrow(/--fixture-url is not the address/);
  });

  it('is asked by another address where the server reaches it otherwise', { timeout: 60_000 }, async () => {
    const { http, https, stop } = await testSite();
    const choose = (fixtureUrl: string, fixtureProbeUrl: string | null) =>
      chooseFixture({ fixtureUrl, ...(fixtureProbeUrl === null ? {} : { fixtureProbeUrl }) }, here, noEnv);
    expect(await choose('http://fixture:1234', http)).toEqual({ http: 'http://fixture:1234', https: null });
    expect(await choose('auto', http)).toEqual({ http, https: null });
    expect(await choose('auto', https)).toEqual({ http: null, https });
    await stop();
    expect(await choose('auto', http)).toEqual(NONE);
    await expect(choose('http://fixture:1234', http)).rejects.toThrow(/no test site answers at http/);
  });

  it('of this machine is none for a server elsewhere', async () => {
    expect(await chooseFixture({ fixtureUrl: 'auto' }, { isLocal: false }, noEnv)).toEqual(NONE);
  });
});
