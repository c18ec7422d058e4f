import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createNameFinder, NO_FILE } from '../../test/kit/resolver.ts';
import { createResolvConf, parseResolvConf, parseResolverAddress, resolverName } from './resolv-conf.ts';

const folder = mkdtempSync(join(tmpdir(), 'jetmon2-resolv-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a resolv.conf', () => {
  it('names resolvers, and everything else in it is passed over', () => {
    const text = [
      '# nameserver 192.0.2.1',
      '; nameserver 192.0.2.2',
      'search example.test',
      'options timeout:1 attempts:9',
      '  nameserver\t192.0.2.53  # the first',
      'nameserver fe80::1%eth0\r',
      'nameserver dns.example',
      'nameserver',
      'nameserver2 192.0.2.3',
    ].join('\n');
    expect(parseResolvConf(text).map(resolverName)).toEqual(['192.0.2.53:53', '[fe80::1%eth0]:53']);
  });

  it('names three at most', () => {
    const text = [1, 2, 3, 4].map((last) => `nameserver 192.0.2.${last}`).join('\n');
    expect(parseResolvConf(text).map(resolverName)).toEqual(['192.0.2.1:53', '192.0.2.2:53', '192.0.2.3:53']);
  });

  it('that names none, or is not there, stands for this machine', () => {
    expect(parseResolvConf('search example.test').map(resolverName)).toEqual(['127.0.0.1:53']);
    expect(createResolvConf(NO_FILE, createFakeClock())().map(resolverName)).toEqual(['127.0.0.1:53']);
  });

  it('is read again when it has changed, and is the same list until then', () => {
    const path = join(folder, 'changing');
    const clock = createFakeClock();
    writeFileSync(path, 'nameserver 192.0.2.1\n');
    const resolvers = createResolvConf(path, clock);
    const before = resolvers();
    clock.advance(1_000);
    expect(resolvers()).toBe(before);
    writeFileSync(path, 'nameserver 192.0.2.22\n');
    clock.advance(1_000);
    expect(resolvers().map(resolverName)).toEqual(['192.0.2.22:53']);
  });
});

describe('the resolvers of this machine', () => {
  it('are those that it has now, and are called so', async () => {
    const path = join(folder, 'resolv.conf');
    const clock = createFakeClock();
    writeFileSync(path, 'nameserver 127.99.98.97\n');
    const names = createNameFinder({ servers: [], clock, resolvConfPath: path });
    onTestFinished(() => names.close());
    expect((await names.find('a.test', 30)).resolver).toEqual({ name: '127.99.98.97:53', source: 'system' });
    writeFileSync(path, 'nameserver 127.99.98.96\nnameserver 127.99.98.97\n');
    clock.advance(1_000);
    const both = { name: '127.99.98.96:53, 127.99.98.97:53', source: 'system' };
    expect((await names.find('a.test', 100)).resolver).toEqual(both);
  });
});

describe('a configured resolver', () => {
  it.each([
    ['192.0.2.53', '192.0.2.53:53'],
    ['192.0.2.53:5353', '192.0.2.53:5353'],
    ['2001:db8::53', '[2001:db8::53]:53'],
    ['[2001:db8::53]', '[2001:db8::53]:53'],
    ['[2001:db8::53]:5353', '[2001:db8::53]:5353'],
  ])('%s is %s', (text, name) => {
    expect(resolverName(parseResolverAddress(text))).toBe(name);
  });
});
