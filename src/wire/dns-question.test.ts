import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type SilentResolver, startSilentResolver } from '../../test/hostile/silent-resolver.ts';
import { type DnsScript, type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { createNameFinder, type NameFinder } from '../../test/kit/resolver.ts';
import type { ResolverOptions } from './resolve.ts';

/** No listener and no ephemeral socket ever has it, so that the kernel answers with ICMP at once. */
const CLOSED = '127.0.0.1:1';

let first: DnsServer;
let second: DnsServer;
let silent: SilentResolver;

beforeAll(async () => {
  [first, second, silent] = await Promise.all([startDnsServer(), startDnsServer(), startSilentResolver()]);
});
afterAll(() => Promise.all([first.stop(), second.stop(), silent.stop()]));

function finder(servers: string[], options: Partial<ResolverOptions> = {}): NameFinder {
  const names = createNameFinder({ servers, queryTimeoutMs: 100, ...options });
  onTestFinished(() => names.close());
  return names;
}

const askedOf = (...names: string[]) => ({ name: names.join(', '), source: 'configured' });

describe('of several resolvers', () => {
  it('the second is not asked while the first one answers', async () => {
    first.answer('first.test', ['192.0.2.1']);
    const before = second.questions.length;
    const result = await finder([first.address, second.address]).find('first.test');
    expect(result).toEqual({ ok: true, addresses: ['192.0.2.1'], resolver: askedOf(first.address) });
    expect(second.questions).toHaveLength(before);
  });

  it.each<DnsScript>(['SERVFAIL', 'REFUSED', 'GARBAGE', 'SILENT'])('the next one is asked on %s', async (script) => {
    first.answer('next.test', script);
    second.answer('next.test', ['192.0.2.2']);
    const result = await finder([first.address, second.address]).find('next.test');
    expect(result).toEqual({ ok: true, addresses: ['192.0.2.2'], resolver: askedOf(second.address) });
  });

  it('the next one is asked at once where nothing listens', async () => {
    second.answer('gone.test', ['192.0.2.2']);
    const names = finder([CLOSED, second.address], { queryTimeoutMs: 600_000 });
    expect(await names.find('gone.test', 600_000)).toMatchObject({ ok: true, resolver: askedOf(second.address) });
  });

  it.each<[DnsScript, string]>([
    ['NXDOMAIN', 'NXDOMAIN'],
    [[], 'NODATA'],
  ])('the next one is not asked after %j, which is an answer', async (script, code) => {
    first.answer('absent.test', script);
    const before = second.questions.length;
    const result = await finder([first.address, second.address]).find('absent.test');
    expect(result).toMatchObject({ ok: false, code, resolver: askedOf(first.address) });
    expect(second.questions).toHaveLength(before);
  });

  it('each is asked twice, and the words of one that speaks tell more than silence', async () => {
    first.answer('hard.test', 'SERVFAIL');
    const before = first.questions.length;
    const result = await finder([silent.address, first.address]).find('hard.test');
    expect(result).toMatchObject({ code: 'SERVFAIL', resolver: askedOf(silent.address, first.address) });
    expect(first.questions.slice(before).filter((one) => one === 'A hard.test')).toHaveLength(2);
  });

  it('all are asked before a short deadline', async () => {
    second.answer('hurried.test', ['192.0.2.2']);
    const servers = [silent.address, silent.address.replace('127.0.0.1', '127.0.0.2'), second.address];
    const names = finder(servers, { queryTimeoutMs: 2_000 });
    expect(await names.find('hurried.test', 600)).toMatchObject({ ok: true, resolver: askedOf(second.address) });
  });

  it('a slow one may answer although others were asked meanwhile', async () => {
    const release = first.hold('slow.test', ['192.0.2.1']);
    second.answer('slow.test', 'SILENT');
    const names = finder([first.address, second.address], { queryTimeoutMs: 1_000 });
    const found = names.find('slow.test', 30_000);
    setTimeout(release, 1_500);
    expect(await found).toEqual({ ok: true, addresses: ['192.0.2.1'], resolver: askedOf(first.address) });
  });

  it('no more than three are named', async () => {
    const servers = [1, 2, 3, 4].map((last) => `127.0.0.${last}:1`);
    const result = await finder(servers).find('nowhere.test');
    expect(result).toMatchObject({ code: 'NO_RESOLVER', resolver: askedOf(...servers.slice(0, 3)) });
  });

  it('the same one named twice is one', async () => {
    first.answer('same.test', 'SERVFAIL');
    const result = await finder([first.address, first.address]).find('same.test');
    expect(result).toMatchObject({ resolver: askedOf(first.address) });
  });
});

describe('silence', () => {
  it('about one name of a resolver that answers others is a time-out', async () => {
    first.answer('silent.test', 'SILENT');
    expect(await finder([first.address]).find('silent.test')).toMatchObject({ code: 'TIMEOUT' });
    expect(await finder([first.address]).find('silent.test', 300)).toMatchObject({ code: 'TIMEOUT' });
  });

  it('of the only resolver means that we have none', async () => {
    for (const timeoutMs of [600, 60_000]) {
      const result = await finder([silent.address]).find('any.test', timeoutMs);
      expect(result).toMatchObject({ code: 'NO_RESOLVER', resolver: askedOf(silent.address) });
    }
  });

  it('where nothing listens means that we have none', async () => {
    for (const server of [CLOSED, '[::1]:1']) {
      const result = await finder([server], { queryTimeoutMs: 600_000 }).find('any.test', 600_000);
      expect(result).toMatchObject({ code: 'NO_RESOLVER', detail: expect.stringContaining('ECONNREFUSED') });
    }
  });

  it('of a resolver that answered until just now means that we have none', async () => {
    const dying = await startDnsServer();
    // Long enough for the chance to give a sign of life.
    const names = finder([dying.address], { queryTimeoutMs: 500 });
    expect(await names.find('any.test')).toMatchObject({ code: 'NXDOMAIN' });
    dying.fallSilent();
    expect(await names.find('any.test', 60_000)).toMatchObject({ code: 'NO_RESOLVER' });
    await dying.stop();
  });

  it('of all but one, and of that about this name, is a time-out', async () => {
    first.answer('silent.test', 'SILENT');
    const names = finder([CLOSED, silent.address, first.address]);
    expect(await names.find('silent.test')).toMatchObject({ code: 'TIMEOUT' });
  });

  it('is told from a dead resolver for one who joins a question late and waits for less', async () => {
    const names = finder([first.address], { queryTimeoutMs: 60_000 });
    first.answer('joined.test', 'SILENT');
    const patient = names.find('joined.test', 120_000);
    expect(await names.find('joined.test', 400)).toMatchObject({ code: 'TIMEOUT' });
    names.close();
    await patient;
  });

  it('of the first resolver costs its time once: it is asked after the others until it answers anything', async () => {
    const flaky = await startDnsServer();
    const names = finder([flaky.address, second.address], { queryTimeoutMs: 1_000 });
    flaky.fallSilent();
    let isPassedOver = false;
    for (let index = 0; !isPassedOver; index += 1) {
      const name = `flaky${index}.test`;
      second.answer(name, ['192.0.2.2']);
      expect(await names.find(name, 60_000)).toMatchObject({ ok: true, resolver: askedOf(second.address) });
      isPassedOver = !flaky.questions.includes(`A ${name}`);
      expect(index).toBeLessThan(10);
    }
    await flaky.stop();
  });
});

describe('a sign of life', () => {
  it('is waited for a moment: a resolver that is restarted is asked again', async () => {
    const restarted = await startDnsServer();
    const address = restarted.address;
    await restarted.stop();
    const found = finder([address]).find('restarted.test', 60_000);
    await new Promise((wake) => setTimeout(wake, 20));
    const again = await startDnsServer(Number(address.split(':')[1]));
    again.answer('restarted.test', ['192.0.2.1']);
    expect(await found).toMatchObject({ ok: true, addresses: ['192.0.2.1'] });
    await again.stop();
  });

  it('brings a resolver back to its place', async () => {
    const back = await startDnsServer();
    const address = back.address;
    await back.stop();
    const names = finder([address, second.address]);
    second.answer('before.test', ['192.0.2.2']);
    expect(await names.find('before.test')).toMatchObject({ ok: true, resolver: askedOf(second.address) });
    const again = await startDnsServer(Number(address.split(':')[1]));
    let index = 0;
    // The dead one is asked whether it lives while the other one answers.
    const resolver = await eventually('the first one is asked first again', async () => {
      const name = `again${index++}.test`;
      again.answer(name, ['192.0.2.1']);
      second.answer(name, ['192.0.2.2']);
      const found = await names.find(name);
      return found.resolver?.name === address && found.resolver;
    });
    expect(resolver).toEqual(askedOf(address));
    await again.stop();
  });
});
