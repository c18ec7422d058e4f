import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { address, blockList } from '../../test/kit/addresses.ts';
import { runs } from '../../test/kit/runs.ts';
import {
  contains,
  formatAddress,
  formatCidr,
  networkOf,
  parseAddress,
  parseCidr,
  sameAddress,
  unmapped,
} from './ip-address.ts';

describe('parsing an address', () => {
  it.each([
    ['0.0.0.0', [0, 0, 0, 0]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['192.168.1.20', [192, 168, 1, 20]],
  ])('reads %s', (text, bytes) => {
    expect([...address(text)]).toEqual(bytes);
  });

  it.each([
    ['::', '00000000000000000000000000000000'],
    ['::1', '00000000000000000000000000000001'],
    ['1::', '00010000000000000000000000000000'],
    ['2001:DB8::8:800:200c:417A', '20010db80000000000080800200c417a'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
    ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
    ['::ffff:127.0.0.1', '00000000000000000000ffff7f000001'],
    ['0:0:0:0:0:ffff:127.0.0.1', '00000000000000000000ffff7f000001'],
    ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
    ['1:2:3:4:5:6:1.2.3.4', '00010002000300040005000601020304'],
  ])('reads %s', (text, hex) => {
    expect(Buffer.from(address(text)).toString('hex')).toBe(hex);
  });

  it.each([
    '',
    ' ',
    'localhost',
    '1.2.3',
    '1.2.3.4.5',
    '256.0.0.1',
    '01.2.3.4',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '2130706433',
    '1.2.3.',
    '1.2.3.4 ',
    '+1.2.3.4',
    '１.2.3.4',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '12345::',
    'g::',
    '::1.2.3',
    '::1.2.3.4:5',
    '1.2.3.4::',
    '::01.2.3.4',
    '[::1]',
    'fe80::1%eth0',
    'fe80::1%251',
    '::1/128',
    `${'0'.repeat(40)}::1`,
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeNull();
  });

  it('accepts exactly what the platform accepts, zone ids apart', () => {
    const pieces = fc.constantFrom(
      '0',
      '1',
      'ff',
      'ffff',
      '12345',
      '255',
      '256',
      '00',
      ':',
      '::',
      '.',
      '1.2.3.4',
      'g',
      '',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 16 }), (parts) => {
        const text = parts.join('');
        const byteLength = { 0: undefined, 4: 4, 6: 16 }[isIP(text)];
        expect(parseAddress(text)?.length).toBe(byteLength);
      }),
      { numRuns: runs(5000) },
    );
  });
});

describe('the text form', () => {
  it.each([
    ['2001:0DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::ffff:127.0.0.1', '::ffff:7f00:1'],
  ])('of %s is %s', (text, expected) => {
    expect(formatAddress(address(text))).toBe(expected);
  });

  it('is what the URL parser writes, for any address and spelling', () => {
    const ip = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const sparse = fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(fc.oneof(ip, sparse), (bytes) => {
        const text = formatAddress(Uint8Array.from(bytes));
        expect(`[${text}]`).toBe(new URL(`http://[${text}]/`).hostname);
        expect(isIP(text)).toBe(6);
        expect([...address(text)]).toEqual([...bytes]);
      }),
      { numRuns: runs(3000) },
    );
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        expect(`[${formatAddress(address(text))}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
      { numRuns: runs(2000) },
    );
    fc.assert(fc.property(fc.ipV4(), (text) => formatAddress(address(text)) === text));
  });
});

describe('comparing addresses', () => {
  it('sees through spelling and IPv4-mapping, and nothing else', () => {
    expect(sameAddress(address('::ffff:127.0.0.1'), address('127.0.0.1'))).toBe(true);
    expect(sameAddress(address('0:0:0:0:0:FFFF:7F00:1'), address('127.0.0.1'))).toBe(true);
    expect(sameAddress(address('2001:DB8:0::1'), address('2001:db8::1'))).toBe(true);
    expect(sameAddress(address('64:ff9b::127.0.0.1'), address('127.0.0.1'))).toBe(false);
    expect(sameAddress(address('127.0.0.2'), address('127.0.0.1'))).toBe(false);
    expect(formatAddress(unmapped(address('::ffff:10.0.0.1')))).toBe('10.0.0.1');
    expect(formatAddress(unmapped(address('::10.0.0.1')))).toBe('::a00:1');
  });
});

describe('ranges', () => {
  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.0/-1',
    '::/129',
    'x/8',
    '10.0.0.0/8/8',
    '/8',
  ])('refuse %j', (text) => {
    expect(parseCidr(text)).toBeNull();
  });

  it('clear the bits beyond the prefix', () => {
    const network = (text: string) =>
      formatCidr(networkOf(parseCidr(text) ?? { address: address('::'), prefixLength: 0 }));
    expect(network('10.255.1.2/9')).toBe('10.128.0.0/9');
    expect(network('10.1.2.3/32')).toBe('10.1.2.3/32');
    expect(network('10.1.2.3/0')).toBe('0.0.0.0/0');
    expect(network('2001:db8:ffff::1/33')).toBe('2001:db8:8000::/33');
  });

  it('contain what the platform says they contain', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.ipV4(), fc.nat(32), (base, other, length) => {
        const cidr = parseCidr(`${base}/${length}`);
        expect(cidr && contains(cidr, address(other))).toBe(blockList([`${base}/${length}`]).check(other));
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.nat(128), fc.nat(127), (bytes, length, bit) => {
        const base = formatAddress(bytes);
        const flipped = bytes.map((byte, index) => (index === bit >> 3 ? byte ^ (0x80 >> (bit & 7)) : byte));
        const cidr = { address: bytes, prefixLength: length };
        expect(contains(cidr, flipped)).toBe(bit >= length);
        expect(contains(cidr, flipped)).toBe(blockList([`${base}/${length}`]).check(formatAddress(flipped), 'ipv6'));
      }),
    );
  });

  it('of one family never contain the other', () => {
    const cidr = parseCidr('::/1');
    expect(cidr && contains(cidr, address('10.0.0.1'))).toBe(false);
  });
});
