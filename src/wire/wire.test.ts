import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestCertificates } from '../../test/kit/certificates.ts';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { NO_LIMITS } from '../../test/kit/prober.ts';
import { type Site, startSite } from '../../test/kit/site.ts';
import { requestFor } from '../../test/kit/wire.ts';
import { systemClock as clock } from '../lib/clock.ts';
import type { Exchange } from './exchange.ts';
import { createWire, type WireSettings } from './wire.ts';

let dns: DnsServer;
let site: Site;
let settings: WireSettings;

beforeAll(async () => {
  const { authority, caPem } = await createTestCertificates();
  dns = await startDnsServer();
  dns.answer('shop.test', ['127.0.0.1']);
  site = await startSite({ identity: await authority.issue({ names: ['shop.test'] }) });
  const egress = { allow: [], allowPrivate: false, ownListeners: [] };
  settings = {
    egress,
    dnsResolvers: [dns.address],
    extraCaPem: caPem,
    userAgent: 'jetmon-test/1.0',
    limits: NO_LIMITS,
    bindSource: null,
    clock,
  };
});
afterAll(async () => {
  await site.stop();
  await dns.stop();
});

function ask(changed: Partial<WireSettings>): Promise<Exchange> {
  const { exchange } = createWire({ ...settings, ...changed });
  const url = new URL(`https://shop.test:${site.port}/`);
  const deadlineMs = clock.monotonicMs() + 5_000;
  return new Promise((resolve, reject) =>
    exchange({ ...requestFor(), url, deadline: { atMs: () => deadlineMs } }, resolve, reject),
  );
}

describe('the wire from plain settings', () => {
  it('refuses a name that resolves to a private address, and never connects', async () => {
    expect((await ask({})).failure).toMatchObject({ phase: 'guard', code: 'ADDRESS_REFUSED' });
    expect(site.connections()).toBe(0);
  });

  it('reaches what EGRESS_ALLOW lists, through every phase', async () => {
    const result = await ask({ egress: { ...settings.egress, allow: ['127.0.0.1'] } });
    expect(result).toMatchObject({ failure: null, reply: { status: 200 }, address: '127.0.0.1' });
    expect(Object.keys(result.timings).sort()).toEqual([
      'body',
      'dns',
      'headers',
      'sent',
      'tcp',
      'tls',
      'total',
      'ttfb',
    ]);
  });

  it('never reaches our own listener, even for a person at a terminal', async () => {
    const egress = { allow: ['127.0.0.1'], allowPrivate: true, ownListeners: [`127.0.0.1:${site.port}`] };
    expect((await ask({ egress })).failure).toMatchObject({ phase: 'guard', code: 'OWN_LISTENER' });
  });

  it('cannot be built from settings that could not work', () => {
    expect(() => createWire({ ...settings, userAgent: 'a\r\nb' })).toThrow(TypeError);
    expect(() => createWire({ ...settings, dnsResolvers: ['not an address'] })).toThrow(TypeError);
  });
});
