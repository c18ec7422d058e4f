import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, blockList } from '../../test/kit/addresses.ts';
import { runs } from '../../test/kit/runs.ts';
import { classify, embeddedIpv4, formatAddress, parseCidr } from './ip-address.ts';

const DENIED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
  '168.63.129.16/32',
];

/** Denied inside global unicast; outside of it everything is, but for what carries IPv4. */
const DENIED_IPV6 = ['2001::/23', '2001:db8::/32', '3fff::/20'];

const DENIED_OUTSIDE_UNICAST = [
  '::/128',
  '::1/128',
  '64:ff9b:1::/48',
  '100::/64',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

const deniedIpv4 = blockList(DENIED_IPV4);
const deniedIpv6 = blockList(DENIED_IPV6);
const globalUnicast = blockList(['2000::/3']);

const classOf = (text: string) => classify(address(text));
const isPublic = (text: string) => classOf(text) === 'public';

function toNumber(ip: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(ip).toString('hex')}`);
}

function fromNumber(value: bigint, byteLength: number): Uint8Array {
  return Uint8Array.from(Buffer.from(value.toString(16).padStart(byteLength * 2, '0'), 'hex'));
}

/** First and last address of a range and, where they exist, the neighbours outside. */
function borders(cidr: string): { inside: string[]; outside: string[] } {
  const parsed = parseCidr(cidr);
  if (parsed === null) throw new Error(`test data: ${cidr}`);
  const byteLength = parsed.address.length;
  const first = toNumber(parsed.address);
  const size = 1n << BigInt(byteLength * 8 - parsed.prefixLength);
  const last = first + size - 1n;
  const exists = (value: bigint) => value >= 0n && value < 1n << BigInt(byteLength * 8);
  const text = (value: bigint) => formatAddress(fromNumber(value, byteLength));
  return { inside: [first, last].map(text), outside: [first - 1n, last + 1n].filter(exists).map(text) };
}

describe('what an address is for', () => {
  it.each([
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
    ['0.0.0.0', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['100.64.0.1', 'shared'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['169.254.1.1', 'link_local'],
    ['172.31.255.255', 'private'],
    ['192.168.0.1', 'private'],
    ['192.0.2.1', 'reserved'],
    ['198.19.255.255', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'reserved'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['fe80::1', 'link_local'],
    ['fec0::1', 'private'],
    ['fd12:3456::1', 'private'],
    ['ff02::1', 'multicast'],
    ['2001:db8::1', 'reserved'],
    ['2001::1', 'reserved'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'reserved'],
    ['64:ff9b:1::8.8.8.8', 'reserved'],
    ['4000::1', 'reserved'],
    ['200:1::1', 'reserved'],
  ])('%s is %s', (text, expected) => {
    expect(classOf(text)).toBe(expected);
  });

  it.each(['169.254.169.254', '169.254.170.2', '169.254.170.23', '100.100.100.200', '192.0.0.192', '168.63.129.16'])(
    '%s is a metadata service, bare and through every tunnel',
    (text) => {
      const hex = Buffer.from(address(text)).toString('hex');
      const [high, low] = [hex.slice(0, 4), hex.slice(4)];
      const inverted = Buffer.from(address(text).map((byte) => byte ^ 0xff)).toString('hex');
      const spellings = [
        text,
        `::ffff:${text}`,
        `::${text}`,
        `64:ff9b::${text}`,
        `64:ff9b:1::${text}`,
        `64:ff9b:1:${high}:${low.slice(0, 2)}:${low.slice(2)}00::`,
        `64:ff9b:1:ab${high.slice(0, 2)}:${high.slice(2)}:${low}::`,
        `64:ff9b:1:abcd:${high.slice(0, 2)}:${high.slice(2)}${low.slice(0, 2)}:${low.slice(2)}00::`,
        `2002:${high}:${low}::1`,
        `2001:0:${high}:${low}::1`,
        `2001:0:1:2:3:4:${inverted.slice(0, 4)}:${inverted.slice(4)}`,
        `2606:4700::5efe:${text}`,
        `2606:4700::200:5efe:${text}`,
        `fe80::5efe:${text}`,
      ];
      expect(spellings.map((spelling) => [spelling, classOf(spelling)])).toEqual(spellings.map((s) => [s, 'metadata']));
    },
  );

  it.each(['fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'])('%s is a metadata service', (text) => {
    expect(classOf(text)).toBe('metadata');
  });

  it.each([
    ['::ffff:127.0.0.1', 'loopback'],
    ['0:0:0:0:0:ffff:127.0.0.1', 'loopback'],
    ['::ffff:8.8.8.8', 'public'],
    ['::10.0.0.1', 'private'],
    ['::8.8.8.8', 'public'],
    ['::2', 'unspecified'],
    ['64:ff9b::10.0.0.1', 'private'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b::ffff:ffff', 'reserved'],
    ['2002:7f00:1::1', 'loopback'],
    ['2002:808:808::1', 'public'],
    ['2002:c0a8:101::1', 'private'],
    ['2606:4700::5efe:192.168.0.1', 'private'],
    ['2606:4700::200:5efe:127.0.0.1', 'loopback'],
    ['2606:4700::300:5efe:127.0.0.1', 'loopback'],
    ['2606:4700::400:5efe:127.0.0.1', 'public'],
    ['2606:4700::5efe:8.8.8.8', 'public'],
    ['fe80::5efe:8.8.8.8', 'link_local'],
    ['fd00::5efe:224.0.0.1', 'multicast'],
  ])('%s takes the graver class of outside and inside: %s', (text, expected) => {
    expect(classOf(text)).toBe(expected);
  });

  it('finds nothing inside IPv4, plain IPv6, :: and ::1', () => {
    for (const text of ['10.0.0.1', '2606:4700::1', '::', '::1']) expect(embeddedIpv4(address(text))).toEqual([]);
  });

  it.each(DENIED_IPV4)(
    '%s is not public from its first to its last address, and the neighbours are as listed',
    (cidr) => {
      const { inside, outside } = borders(cidr);
      expect(inside.map(isPublic)).toEqual(inside.map(() => false));
      expect(outside.map(isPublic)).toEqual(outside.map((text) => !deniedIpv4.check(text)));
    },
  );

  it.each(DENIED_IPV6)('%s is not public from its first to its last address, and its neighbours are', (cidr) => {
    const { inside, outside } = borders(cidr);
    expect(inside.map(isPublic)).toEqual([false, false]);
    const expected = outside.map((text) => globalUnicast.check(text, 'ipv6') && !deniedIpv6.check(text, 'ipv6'));
    expect(outside.map(isPublic)).toEqual(expected);
  });

  it.each(DENIED_OUTSIDE_UNICAST)('%s is not public from its first to its last address', (cidr) => {
    const { inside } = borders(cidr);
    expect(inside.map(isPublic)).toEqual(inside.map(() => false));
  });

  it('of IPv4 agrees with the platform at the borders of every /16', () => {
    const disagreements: string[] = [];
    for (let prefix = 0; prefix < 65_536; prefix++) {
      for (const tail of ['0.0', '255.255']) {
        const text = `${prefix >> 8}.${prefix & 0xff}.${tail}`;
        if (isPublic(text) === deniedIpv4.check(text)) disagreements.push(text);
      }
    }
    expect(disagreements).toEqual([]);
  });

  it('of random IPv4 agrees with the platform, bare, mapped, translated and tunnelled', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), nearDenied(DENIED_IPV4)), (text) => {
        const expected = !deniedIpv4.check(text);
        const [high, low] = [0, 2].map((at) => Buffer.from(address(text)).toString('hex', at, at + 2));
        const carried = [`::ffff:${text}`, `64:ff9b::${text}`, `2002:${high}:${low}::1`, `2606:4700::5efe:${text}`];
        expect([text, ...carried].map(isPublic)).toEqual([expected, expected, expected, expected, expected]);
      }),
      { numRuns: runs(3000) },
    );
  });

  it('of random IPv6 without IPv4 inside agrees with the platform', () => {
    const random = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => formatAddress(bytes));
    fc.assert(
      fc.property(fc.oneof(random, nearDenied([...DENIED_IPV6, ...DENIED_OUTSIDE_UNICAST])), (text) => {
        fc.pre(embeddedIpv4(address(text)).length === 0);
        expect(isPublic(text)).toBe(globalUnicast.check(text, 'ipv6') && !deniedIpv6.check(text, 'ipv6'));
      }),
      { numRuns: runs(5000) },
    );
  });
});

/** Addresses whose upper bits are those of a denied range and whose one random bit may lead just outside it. */
function nearDenied(cidrs: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...cidrs), fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(127))
    .map((parts) => {
      const [cidr, noise, bit] = parts;
      const { address: base, prefixLength } = parseCidr(cidr) ?? { address: address('::'), prefixLength: 128 };
      const bits = BigInt(base.length * 8);
      const host = toNumber(noise) & ((1n << (bits - BigInt(prefixLength))) - 1n);
      return formatAddress(fromNumber((toNumber(base) | host) ^ (1n << (BigInt(bit) % bits)), base.length));
    });
}
