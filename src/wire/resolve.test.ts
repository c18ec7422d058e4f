import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type DnsScript, type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { dnsName, dnsRecord, dnsReply, startRawDns } from '../../test/kit/raw-dns.ts';
import { createNameFinder, type NameFinder, openSockets } from '../../test/kit/resolver.ts';
import { systemClock } from '../lib/clock.ts';
import type { Resolution, ResolverOptions } from './resolve.ts';

const folder = mkdtempSync(join(tmpdir(), 'jetmon2-resolve-'));
const hostsPath = join(folder, 'hosts');
let dns: DnsServer;

beforeAll(async () => {
  writeFileSync(hostsPath, '::1 listed.test\n192.0.2.9 listed.test other.test\n127.0.0.7 pinned.localhost\n');
  dns = await startDnsServer();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await dns.stop();
});

function finder(options: Partial<ResolverOptions> = {}): NameFinder {
  const names = createNameFinder({ servers: [dns.address], hostsPath, queryTimeoutMs: 150, ...options });
  onTestFinished(() => names.close());
  return names;
}

const found = (...addresses: string[]): Resolution => ({ ok: true, addresses, resolver: asked() });
const asked = () => ({ name: dns.address, source: 'configured' }) as const;

describe('a name', () => {
  it('has the addresses of both families, IPv4 first', async () => {
    dns.answer('both.test', ['2001:db8::1', '192.0.2.1', '192.0.2.2']);
    expect(await finder().find('both.test')).toEqual(found('192.0.2.1', '192.0.2.2', '2001:db8::1'));
  });

  it('is found with one family alone', async () => {
    dns.answer('six.test', ['2001:db8::6']);
    dns.answer('four.test', ['192.0.2.4']);
    expect(await finder().find('six.test')).toEqual(found('2001:db8::6'));
    expect(await finder().find('four.test')).toEqual(found('192.0.2.4'));
  });

  it('is found although the other family fails or is silent', async () => {
    for (const trouble of ['SERVFAIL', 'REFUSED', 'GARBAGE', 'SILENT', 'NXDOMAIN'] as const) {
      dns.answer('half.test', ['192.0.2.4'], 'A');
      dns.answer('half.test', trouble, 'AAAA');
      expect(await finder().find('half.test')).toEqual(found('192.0.2.4'));
      dns.answer('half.test', trouble, 'A');
      dns.answer('half.test', ['2001:db8::4'], 'AAAA');
      expect(await finder().find('half.test')).toEqual(found('2001:db8::4'));
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
    const detail = expect.stringContaining(`broken.test asked of ${dns.address}`);
    expect(await finder().find('broken.test')).toEqual({ ok: false, code, detail, resolver: asked() });
  });

  it('is not called absent while one family leaves it open', async () => {
    dns.answer('open.test', [], 'A');
    dns.answer('open.test', 'SERVFAIL', 'AAAA');
    expect(await finder().find('open.test')).toMatchObject({ ok: false, code: 'SERVFAIL' });
  });

  it.each([
    ['with a label of 64 bytes', `${'x'.repeat(64)}.test`],
    ['of 254 bytes', `${'x.'.repeat(125)}test`],
    ['with an empty label', 'a..test'],
    ['of nothing but the root', '.'],
    ['with a byte that no name has', 'a\u0000.test'],
  ])('%s does not exist, and nobody is asked', async (_, name) => {
    const before = dns.questions.length;
    expect(await finder().find(name)).toMatchObject({ ok: false, code: 'NXDOMAIN', resolver: null });
    expect(dns.questions).toHaveLength(before);
  });

  it('of 253 bytes is asked for', async () => {
    const name = `${'x.'.repeat(124)}tests`;
    dns.answer(name, ['192.0.2.5']);
    expect(await finder().find(name)).toMatchObject({ ok: true, addresses: ['192.0.2.5'] });
  });

  it('may end with the dot of the root', async () => {
    dns.answer('dotted.test', ['192.0.2.5']);
    expect(await finder().find('dotted.test.')).toEqual(found('192.0.2.5'));
  });

  it('has at most 16 addresses of a family, none of them twice', async () => {
    const many = Array.from({ length: 25 }, (_, index) => `192.0.2.${index + 1}`);
    dns.answer('many.test', [...many, ...many.map((_, index) => `2001:db8::${index + 1}`)]);
    dns.answer('twice.test', ['192.0.2.1', '192.0.2.1']);
    const result = await finder().find('many.test');
    expect(result.ok && result.addresses).toHaveLength(32);
    expect(await finder().find('twice.test')).toEqual(found('192.0.2.1'));
  });
});

describe('the deadline', () => {
  it('ends a question, however patient the resolver', async () => {
    dns.answer('silent.test', 'SILENT');
    const names = finder({ queryTimeoutMs: 600_000 });
    expect(await names.find('silent.test', 50)).toMatchObject({ ok: false, code: 'TIMEOUT' });
  });

  it('that is over already still gives an answer', async () => {
    dns.answer('late.test', 'SILENT');
    expect(await finder().find('late.test', -1)).toMatchObject({ ok: false, code: 'TIMEOUT' });
  });

  it('gives what one family has found by then', async () => {
    dns.answer('half.test', ['192.0.2.4'], 'A');
    dns.answer('half.test', 'SILENT', 'AAAA');
    expect(await finder().find('half.test', 60)).toEqual(found('192.0.2.4'));
  });

  it('leaves no timer and no socket behind, whoever was silent', async () => {
    dns.answer('silent.test', 'SILENT');
    const names = finder({ queryTimeoutMs: 20 });
    const before = openSockets();
    await Promise.all(Array.from({ length: 50 }, (_, index) => names.find(`silent${index % 5}.test`, 40 + index)));
    await Promise.all(Array.from({ length: 50 }, () => names.find('silent.test', 200)));
    // The sign of life that was asked for has come, so that nothing is left to wait for.
    expect(names.openTimers()).toBe(0);
    expect(openSockets()).toBe(before);
  });
});

describe('those who ask for one name at the same time', () => {
  it('share one question', async () => {
    dns.answer('shared.test', ['192.0.2.4']);
    const names = finder();
    const before = dns.questions.length;
    const results = await Promise.all([1, 2, 3].map(() => names.find('shared.test')));
    expect(results).toEqual([1, 2, 3].map(() => found('192.0.2.4')));
    expect(dns.questions.slice(before).sort()).toEqual(['A shared.test', 'AAAA shared.test']);
  });

  it('keep their own deadlines: one that gives up does not end the question of the others', async () => {
    const release = dns.hold('slow.test', ['192.0.2.4']);
    const names = finder({ queryTimeoutMs: 5_000 });
    const patient = names.find('slow.test', 10_000);
    const hasty = await names.find('slow.test', 30);
    expect(hasty).toMatchObject({ ok: false, code: 'TIMEOUT' });
    release();
    expect(await patient).toEqual(found('192.0.2.4'));
  });

  it('may ask longer than who asked first', async () => {
    const release = dns.hold('slower.test', ['192.0.2.4']);
    const names = finder({ queryTimeoutMs: 5_000 });
    const hasty = names.find('slower.test', 30);
    const patient = names.find('slower.test', 10_000);
    expect(await hasty).toMatchObject({ ok: false, code: 'TIMEOUT' });
    release();
    expect(await patient).toEqual(found('192.0.2.4'));
  });

  it('cannot spoil the answer of each other', async () => {
    dns.answer('shared.test', ['192.0.2.4']);
    const names = finder();
    const [one, other] = await Promise.all([names.find('shared.test'), names.find('shared.test')]);
    expect(() => one?.ok && one.addresses.push('192.0.2.66')).toThrow(TypeError);
    expect(other).toEqual(found('192.0.2.4'));
  });

  it('are all answered although one of them throws', async () => {
    dns.answer('thrown.test', ['192.0.2.4']);
    const thrown: (() => void)[] = [];
    const after = (_: number, run: () => void) => ({ cancel() {}, thrown: thrown.push(run) });
    const names = finder({ clock: { ...systemClock, after } });
    names.ask('thrown.test', systemClock.monotonicMs() + 5_000, () => {
      throw new Error('a mistake of ours');
    });
    expect(await names.find('thrown.test')).toEqual(found('192.0.2.4'));
    expect(thrown).toHaveLength(1);
    expect(thrown[0]).toThrow('a mistake of ours');
  });
});

describe('what was learned', () => {
  it('is kept for as long as the records allow, and for 30 seconds at most', async () => {
    const clock = createFakeClock();
    const names = finder({ clock });
    for (const [name, ttlS, keptMs] of [
      ['short.test', 5, 5_000],
      ['long.test', 86_400, 30_000],
    ] as const) {
      dns.answer(name, ['192.0.2.4'], undefined, ttlS);
      await names.find(name);
      clock.advance(keptMs - 1);
      expect(names.known(name)).toEqual({
        ok: true,
        addresses: ['192.0.2.4'],
        resolver: { name: `${dns.address} (cache)`, source: 'configured' },
      });
      clock.advance(1);
      expect(names.known(name)).toBeNull();
    }
  });

  it('that there is nothing is kept for one second at most, so that a second try hears the truth', async () => {
    const raw = await startRawDns();
    onTestFinished(() => raw.stop());
    const clock = createFakeClock();
    const names = finder({ clock, servers: [raw.address] });
    const numbers = Buffer.alloc(20);
    numbers.writeUInt32BE(900, 16);
    const soa = dnsRecord(6, Buffer.concat([dnsName('ns.test'), dnsName('admin.test'), numbers]), { ttl: 900 });
    for (const [rcode, code] of [
      [3, 'NXDOMAIN'],
      [0, 'NODATA'],
    ] as const) {
      const name = `${code}.test`.toLowerCase();
      raw.script(name, (query, { send }) => {
        const reply = Buffer.concat([dnsReply(query, { rcode }), soa]);
        reply.writeUInt16BE(1, 8);
        send(reply);
      });
      await names.find(name);
      clock.advance(999);
      expect(names.known(name)).toMatchObject({ code, resolver: { name: `${raw.address} (cache)` } });
      clock.advance(1);
      expect(names.known(name)).toBeNull();
    }
  });

  it('is not kept where the records forbid it', async () => {
    dns.answer('fleeting.test', ['192.0.2.1'], undefined, 0);
    const names = finder();
    await names.find('fleeting.test');
    expect(names.known('fleeting.test')).toBeNull();
  });

  it('cannot be changed by who gets it', async () => {
    dns.answer('kept.test', ['192.0.2.1']);
    const names = finder();
    await names.find('kept.test');
    const kept = names.known('kept.test');
    expect(() => kept?.ok && kept.addresses.push('192.0.2.66')).toThrow(TypeError);
    expect(names.known('kept.test')).toMatchObject({ addresses: ['192.0.2.1'] });
  });

  it.each(['SERVFAIL', 'REFUSED', 'GARBAGE', 'SILENT'] as const)('is nothing that comes of %s', async (script) => {
    dns.answer('flaky.test', script);
    const names = finder({ queryTimeoutMs: 20 });
    await names.find('flaky.test');
    expect(names.known('flaky.test')).toBeNull();
    dns.answer('flaky.test', ['192.0.2.1']);
    expect(await names.find('flaky.test')).toEqual(found('192.0.2.1'));
  });

  it('is not IPv6 alone while there is doubt about IPv4', async () => {
    dns.answer('doubt.test', 'SERVFAIL', 'A');
    dns.answer('doubt.test', ['2001:db8::4'], 'AAAA');
    const names = finder();
    expect(await names.find('doubt.test')).toEqual(found('2001:db8::4'));
    expect(names.known('doubt.test')).toBeNull();
  });
});

describe('without asking anyone', () => {
  const HOSTS_FILE = { name: 'hosts file', source: 'system' };

  it.each([
    ['192.0.2.7', ['192.0.2.7'], null],
    ['2001:db8::7', ['2001:db8::7'], null],
    ['localhost', ['127.0.0.1', '::1'], null],
    ['deep.below.localhost', ['127.0.0.1', '::1'], null],
    ['pinned.localhost', ['127.0.0.7'], HOSTS_FILE],
    ['LISTED.test.', ['192.0.2.9', '::1'], HOSTS_FILE],
    ['other.test', ['192.0.2.9'], HOSTS_FILE],
  ])('%s is %j', (host, addresses, resolver) => {
    expect(finder().known(host)).toEqual({ ok: true, addresses, resolver });
  });

  it('no other name is known', () => {
    expect(finder().known('unknown.test')).toBeNull();
    expect(finder().known('notlocalhost')).toBeNull();
  });

  it('an address may be changed by who gets it', () => {
    const names = finder();
    for (const host of ['192.0.2.7', 'localhost', 'other.test']) {
      const known = names.known(host);
      const before = known?.ok ? [...known.addresses] : [];
      if (known?.ok) known.addresses.push('192.0.2.66');
      expect(names.known(host)).toMatchObject({ addresses: before });
    }
  });
});

describe('closed', () => {
  it('it ends what is out as trouble of ours, closes its sockets, and can be closed again', async () => {
    dns.answer('silent.test', 'SILENT');
    const before = openSockets();
    const names = createNameFinder({ servers: [dns.address] });
    const out = names.find('silent.test', 60_000);
    expect(openSockets()).toBeGreaterThan(before);
    names.close();
    names.close();
    expect(await out).toMatchObject({ ok: false, code: 'LOCAL_FAILURE' });
    expect(await names.find('other.test')).toMatchObject({ ok: false, code: 'LOCAL_FAILURE' });
    expect(names.openTimers()).toBe(0);
    await new Promise((wake) => setImmediate(wake));
    expect(openSockets()).toBe(before);
  });
});

describe('settings that could not work', () => {
  it.each(['not an address', 'dns.example:53', '192.0.2.1:0', '192.0.2.1:70000', '[192.0.2.1', ''])(
    'such as "%s" are refused at once',
    (server) => {
      expect(() => createNameFinder({ servers: [server] })).toThrow(TypeError);
    },
  );
});
