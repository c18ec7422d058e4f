import { Resolver as CaresResolver } from 'node:dns';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DnsScript, type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { createDeadlines } from './deadlines.ts';
import { createResolver, type Resolution } from './resolve.ts';

const deadlines = createDeadlines(clock);
const folder = mkdtempSync(join(tmpdir(), 'jetmon2-resolve-'));
const hostsPath = join(folder, 'hosts');
let dns: DnsServer;

beforeAll(async () => {
  writeFileSync(hostsPath, '::1 listed.test\n192.0.2.9 Listed.test other.test\n');
  dns = await startDnsServer();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await dns.stop();
});

function resolve(host: string, { servers = [dns.address], timeoutMs = 5_000 } = {}): Promise<Resolution> {
  const resolver = createResolver({ servers, clock, deadlines, hostsPath, queryTimeoutMs: 150 });
  return resolver.resolve(host, clock.monotonicMs() + timeoutMs);
}

describe('a name', () => {
  it('has the addresses of both families, IPv4 first', async () => {
    dns.answer('both.test', ['2001:db8::1', '192.0.2.1', '192.0.2.2']);
    expect(await resolve('both.test')).toEqual({ ok: true, addresses: ['192.0.2.1', '192.0.2.2', '2001:db8::1'] });
  });

  it('is found with one family alone', async () => {
    dns.answer('six.test', ['2001:db8::6']);
    dns.answer('four.test', ['192.0.2.4']);
    expect(await resolve('six.test')).toEqual({ ok: true, addresses: ['2001:db8::6'] });
    expect(await resolve('four.test')).toEqual({ ok: true, addresses: ['192.0.2.4'] });
  });

  it('is found although the other family fails or is silent', async () => {
    dns.answer('half.test', ['192.0.2.4'], 'A');
    for (const trouble of ['SERVFAIL', 'SILENT', 'NXDOMAIN'] as const) {
      dns.answer('half.test', trouble, 'AAAA');
      expect(await resolve('half.test')).toEqual({ ok: true, addresses: ['192.0.2.4'] });
    }
  });

  it.each([
    ['NXDOMAIN', 'NXDOMAIN'],
    ['SERVFAIL', 'SERVFAIL'],
    ['REFUSED', 'REFUSED'],
    ['SILENT', 'TIMEOUT'],
    ['GARBAGE', 'BAD_REPLY'],
    [[], 'NODATA'],
  ] satisfies [DnsScript, string][])('answered with %j fails as %s, naming the resolver', async (script, code) => {
    dns.answer('broken.test', script);
    expect(await resolve('broken.test')).toEqual({
      ok: false,
      code,
      detail: expect.stringContaining('broken.test'),
      resolver: dns.address,
    });
  });

  it('is not called absent while one family leaves it open', async () => {
    dns.answer('open.test', [], 'A');
    dns.answer('open.test', 'SERVFAIL', 'AAAA');
    expect(await resolve('open.test')).toMatchObject({ ok: false, code: 'SERVFAIL' });
  });

  it('that cannot be put on the wire does not exist', async () => {
    expect(await resolve(`${'x'.repeat(70)}.test`)).toMatchObject({ ok: false, code: 'NXDOMAIN' });
  });

  it('fails as a time-out at the deadline, however patient the resolver', async () => {
    dns.answer('silent.test', 'SILENT');
    const resolver = createResolver({ servers: [dns.address], clock, deadlines, hostsPath, queryTimeoutMs: 600_000 });
    expect(await resolver.resolve('silent.test', clock.monotonicMs() + 50)).toMatchObject({
      ok: false,
      code: 'TIMEOUT',
    });
  });

  it('leaves no timer behind when an answer comes after the deadline', async () => {
    dns.answer('late.test', ['192.0.2.4'], 'A');
    dns.answer('late.test', 'SILENT', 'AAAA');
    dns.answer('next.test', ['192.0.2.4']);
    let armed = 0;
    let isOver = true;
    const resolver = createResolver({
      servers: [dns.address],
      clock,
      hostsPath,
      queryTimeoutMs: 150,
      deadlines: {
        at(atMs, run) {
          if (isOver) queueMicrotask(run);
          return isOver ? { cancel() {} } : deadlines.at(atMs, run);
        },
        after(delayMs, run) {
          armed += 1;
          return deadlines.after(delayMs, run);
        },
      },
    });
    expect(await resolver.resolve('late.test', 0)).toMatchObject({ code: 'TIMEOUT' });
    isOver = false;
    // Answered after the late one, which has been heard by then.
    expect(await resolver.resolve('next.test', clock.monotonicMs() + 5_000)).toMatchObject({ ok: true });
    expect(armed).toBe(1);
  });

  it('fails as our own trouble when no resolver is there', async () => {
    const gone = await startDnsServer();
    await gone.stop();
    expect(await resolve('a.test', { servers: [gone.address] })).toMatchObject({ ok: false, code: 'NO_RESOLVER' });
  });

  it('is asked for anew each time', async () => {
    dns.answer('fresh.test', ['192.0.2.1']);
    const resolver = createResolver({ servers: [dns.address], clock, deadlines, hostsPath });
    const deadlineMs = clock.monotonicMs() + 5_000;
    await resolver.resolve('fresh.test', deadlineMs);
    dns.answer('fresh.test', ['192.0.2.2']);
    expect(await resolver.resolve('fresh.test', deadlineMs)).toEqual({ ok: true, addresses: ['192.0.2.2'] });
  });

  it('has at most 16 addresses of a family', async () => {
    dns.answer(
      'many.test',
      Array.from({ length: 25 }, (_, index) => `192.0.2.${index + 1}`),
    );
    const found = await resolve('many.test');
    expect(found.ok && found.addresses).toHaveLength(16);
  });
});

describe('without asking anyone', () => {
  it.each([
    ['192.0.2.7', ['192.0.2.7']],
    ['2001:db8::7', ['2001:db8::7']],
    ['localhost', ['127.0.0.1', '::1']],
    ['deep.below.localhost', ['127.0.0.1', '::1']],
    ['LISTED.test.', ['192.0.2.9', '::1']],
    ['other.test', ['192.0.2.9']],
  ])('%s is %j', async (host, addresses) => {
    const before = dns.questions.length;
    expect(await resolve(host)).toEqual({ ok: true, addresses });
    expect(dns.questions).toHaveLength(before);
  });
});

describe('the resolvers of this machine', () => {
  it('are those that it has now: a changed resolv.conf is noticed', async () => {
    const resolvConfPath = join(folder, 'resolv.conf');
    writeFileSync(resolvConfPath, 'nameserver 192.0.2.1\n');
    const moved = await startDnsServer();
    let address = dns.address;
    let built = 0;
    const fake = createFakeClock();
    const resolver = createResolver({
      servers: [],
      clock: fake,
      deadlines,
      hostsPath,
      resolvConfPath,
      machineResolver(limits) {
        built += 1;
        const cares = new CaresResolver(limits);
        cares.setServers([address]);
        return cares;
      },
    });
    const find = (): Promise<Resolution> => resolver.resolve('moving.test', clock.monotonicMs() + 5_000);
    dns.answer('moving.test', ['192.0.2.1']);
    moved.answer('moving.test', ['192.0.2.2']);
    fake.advance(1_000);
    expect(await find()).toEqual({ ok: true, addresses: ['192.0.2.1'] });
    address = moved.address;
    fake.advance(1_000);
    expect(await find()).toEqual({ ok: true, addresses: ['192.0.2.1'] });
    writeFileSync(resolvConfPath, 'nameserver 192.0.2.22\n');
    fake.advance(1_000);
    expect(await find()).toEqual({ ok: true, addresses: ['192.0.2.2'] });
    fake.advance(1_000);
    await find();
    expect(built).toBe(2);
    await moved.stop();
  });
});
