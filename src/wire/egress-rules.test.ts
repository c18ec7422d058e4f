import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonicalHostname,
  type EgressRule,
  formatRule,
  parseEgressRule,
  rulingFor,
  splitHostPort,
} from './egress-rules.ts';
import { parseAddress } from './ip-address.ts';

function rule(entry: string): EgressRule {
  const parsed = parseEgressRule(entry);
  if ('cause' in parsed) throw new Error(`test data: ${entry}: ${parsed.cause}`);
  return parsed;
}

/** The rule that decides, as text; null when none covers the destination. */
function ruling(entries: readonly string[], destination: string, hostname = 'site.example'): string | null {
  const split = splitHostPort(destination);
  const address = parseAddress(split?.host ?? '');
  if (address === null) throw new Error(`test data: ${destination}`);
  const decided = rulingFor(entries.map(rule), { hostname, address, port: split?.port ?? 80 });
  return decided && formatRule(decided);
}

describe('host and port', () => {
  it.each([
    ['site.example', 'site.example', null],
    ['site.example:8080', 'site.example', 8080],
    ['10.0.0.0/8:65535', '10.0.0.0/8', 65_535],
    ['::1', '::1', null],
    ['fd00::/8', 'fd00::/8', null],
    ['[::1]', '::1', null],
    ['[fd00::/8]:8080', 'fd00::/8', 8080],
    ['', '', null],
  ])('of %j are told apart', (text, host, port) => {
    expect(splitHostPort(text)).toEqual({ host, port });
  });

  it.each([
    'a:',
    'a:0',
    'a:65536',
    'a:080',
    'a:-1',
    'a:1e3',
    '[::1',
    '[::1]8080',
    '[::1]:',
    '[::1]:0',
    '[site.example]:80',
    '[]',
  ])('of %j make no sense', (text) => {
    expect(splitHostPort(text)).toBeNull();
  });

  it('are compared without case, brackets and final dot', () => {
    expect(canonicalHostname('WWW.Site.Example.')).toBe('www.site.example');
    expect(canonicalHostname('[2001:DB8::1]')).toBe('2001:db8::1');
    expect(canonicalHostname('.')).toBe('');
  });
});

describe('an entry', () => {
  it.each([
    ['10.0.0.0/8', 'allow 10.0.0.0/8 on the same ports'],
    ['10.0.0.0/8:6379', 'allow 10.0.0.0/8 on port 6379'],
    ['10.1.2.3', 'allow 10.1.2.3/32 on the same ports'],
    ['!10.1.2.3:443', 'deny 10.1.2.3/32 on port 443'],
    ['!10.1.0.0/16', 'deny 10.1.0.0/16 on every port'],
    ['::ffff:10.1.2.3', 'allow 10.1.2.3/32 on the same ports'],
    ['fd00::/8', 'allow fd00::/8 on the same ports'],
    ['[fd00::/8]:8080', 'allow fd00::/8 on port 8080'],
    ['[FD00:0::1]', 'allow fd00::1/128 on the same ports'],
    ['Intranet.Example.', 'allow intranet.example on the same ports'],
    ['intranet:8443', 'allow intranet on port 8443'],
    ['bücher.example', 'allow xn--bcher-kva.example on the same ports'],
    ['_dmarc.site-1.example', 'allow _dmarc.site-1.example on the same ports'],
  ])('%j reads as: %s', (entry, expected) => {
    expect(formatRule(rule(entry))).toBe(expected);
  });

  it.each([
    ['0.0.0.0/0', /every address/, /networks/],
    ['::/0', /every address/, /networks/],
    ['::ffff:0:0/96', /every address/, /networks/],
    ['10.0.0.0/33', /no address range/, /10\.0\.0\.0\/8/],
    ['site.example/8', /no address range/, /10\.0\.0\.0\/8/],
    ['10.1.2.3/8', /bits beyond/, /10\.0\.0\.0\/8 for the network or 10\.1\.2\.3/],
    ['fd00::1/8', /bits beyond/, /fd00::\/8/],
    ['::ffff:10.0.0.0/104', /IPv4/, /10\.0\.0\.0\/8/],
    ['0177.0.0.1', /odd spelling/, /127\.0\.0\.1/],
    ['0x7f000001', /odd spelling/, /127\.0\.0\.1/],
    ['１２７.0.0.1', /odd spelling/, /127\.0\.0\.1/],
    ['127.1', /odd spelling/, /127\.0\.0\.1/],
    ['256.1.1.1', /no address, range or host/, /exact host name/],
    ['fe80::1%eth0', /no IPv6/, /zone id/],
    ['1:2:3', /no IPv6/, /zone id/],
    ['*.site.example', /host name/, /wildcard/],
    ['user@site.example', /host name/, /scheme/],
    ['https://site.example', /./, /./],
    ['site.example/path', /no address range/, /./],
    ['two words', /host name/, /./],
    ['a..b', /host name/, /./],
    [`${'a'.repeat(63)}.`.repeat(4), /host name/, /./],
    ['', /host name/, /./],
    ['!', /host name/, /./],
    ['!!10.0.0.1', /host name/, /./],
    [':8080', /host name/, /./],
    ['site.example:99999', /port/, /8080/],
  ])('%j is refused with cause and fix', (entry, cause, fix) => {
    const problem = parseEgressRule(entry);
    expect(problem).toEqual({ cause: expect.stringMatching(cause), fix: expect.stringMatching(fix) });
  });

  it('never throws, whatever it holds', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (entry) => void parseEgressRule(entry)));
  });
});

describe('which rule decides', () => {
  it('is none where none covers the destination', () => {
    expect(ruling([], '10.0.0.1')).toBeNull();
    expect(ruling(['10.0.0.0/8', '10.0.0.1:81'], '11.0.0.1')).toBeNull();
    expect(ruling(['10.0.0.0/8:81'], '10.0.0.1:80')).toBeNull();
    expect(ruling(['site.example.org'], '10.0.0.1')).toBeNull();
  });

  it.each([
    [['10.0.0.0/8', '!10.9.0.0/16'], '10.9.1.1', 'deny 10.9.0.0/16 on every port'],
    [['10.0.0.0/8', '!10.9.0.0/16'], '10.8.1.1', 'allow 10.0.0.0/8 on the same ports'],
    [['!10.0.0.0/8', '10.9.0.0/16'], '10.9.1.1', 'allow 10.9.0.0/16 on the same ports'],
    [['!10.0.0.0/8', '10.9.0.0/16', '!10.9.9.9'], '10.9.9.9', 'deny 10.9.9.9/32 on every port'],
    [['10.0.0.0/8', '!10.0.0.0/8'], '10.0.0.1', 'deny 10.0.0.0/8 on every port'],
    [['!10.0.0.0/8', '10.0.0.0/8:8080'], '10.0.0.1:8080', 'allow 10.0.0.0/8 on port 8080'],
    [['!10.0.0.0/8', '10.0.0.0/8:8080'], '10.0.0.1:8081', 'deny 10.0.0.0/8 on every port'],
    [['!10.0.0.0/8', 'site.example'], '10.0.0.1', 'allow site.example on the same ports'],
    [['!10.0.0.1', 'site.example'], '10.0.0.1', 'deny 10.0.0.1/32 on every port'],
    [['fd00::1', '!site.example'], '[fd00::1]:80', 'deny site.example on every port'],
    [['fd00::/8', '!fd00::/64'], '[fd00::1]:80', 'deny fd00::/64 on every port'],
  ])('of %j for %s is the most specific, a deny in a tie', (entries, destination, expected) => {
    expect(ruling(entries, destination)).toBe(expected);
    expect(ruling(entries.toReversed(), destination)).toBe(expected);
  });

  it('does not depend on the order of the entries', () => {
    const entries = [
      '10.0.0.0/8',
      '!10.0.0.0/9',
      '10.0.0.0/9:80',
      '!10.0.0.1',
      '10.0.0.1',
      'site.example',
      '!0.0.0.0/1:80',
    ];
    const subset = fc.shuffledSubarray(entries);
    fc.assert(
      fc.property(subset, fc.constantFrom('10.0.0.1', '10.0.0.2', '10.200.0.1', '11.0.0.1'), (chosen, destination) => {
        const effect = (order: string[]) => ruling(order, destination)?.split(' ')[0];
        expect(effect(chosen)).toBe(effect(chosen.toSorted()));
      }),
    );
  });

  it('for a blocked port is an allow rule only when that names the port', () => {
    expect(ruling(['10.0.0.0/8', 'site.example'], '10.0.0.1:6379')).toBeNull();
    expect(ruling(['10.0.0.0/8', '10.0.0.0/8:6379'], '10.0.0.1:6379')).toBe('allow 10.0.0.0/8 on port 6379');
    expect(ruling(['!10.0.0.0/8'], '10.0.0.1:6379')).toBe('deny 10.0.0.0/8 on every port');
  });

  it('covers IPv4-mapped addresses like the address inside, and no translated ones unless it denies', () => {
    expect(ruling(['10.0.0.0/8'], '[::ffff:10.0.0.1]:80')).toBe('allow 10.0.0.0/8 on the same ports');
    expect(ruling(['10.0.0.0/8'], '[64:ff9b::10.0.0.1]:80')).toBeNull();
    expect(ruling(['!8.8.8.0/24'], '[64:ff9b::8.8.8.8]:80')).toBe('deny 8.8.8.0/24 on every port');
    expect(ruling(['!8.8.8.0/24'], '[2002:808:808::1]:80')).toBe('deny 8.8.8.0/24 on every port');
  });
});
