/**
 * IP addresses as bytes: strict parsing, one text form, ranges, and what an address is for. Everything that decides
 * works on bytes, because one address has many spellings; text is only read here and written here.
 */
import { ADDRESS_RANGES, type AddressClass, CLASSES_BY_GRAVITY } from './address-ranges.ts';

/** 4 bytes (IPv4) or 16 bytes (IPv6), network order. */
export type IpAddress = Uint8Array;

export type Cidr = { address: IpAddress; prefixLength: number };

/** The longest spelling is `ffff:` six times and a dotted quad. */
const MAX_TEXT_LENGTH = 45;
const DECIMAL = /^(?:0|[1-9][0-9]{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;

/**
 * Reads a dotted quad without leading zeros, or RFC 4291 section 2.2 text with or without an IPv4 tail. Anything
 * else is null: zone ids, brackets, octal, hexadecimal and shortened IPv4.
 */
export function parseAddress(text: string): IpAddress | null {
  if (text.length > MAX_TEXT_LENGTH) return null;
  const bytes = text.includes(':') ? ipv6Bytes(text) : ipv4Bytes(text);
  return bytes && Uint8Array.from(bytes);
}

const DOT = 46;
const ZERO = 48;

/** Digit by digit, because every check asks. */
function ipv4Bytes(text: string): number[] | null {
  const bytes: number[] = [];
  let value = 0;
  let digits = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const code = at === text.length ? DOT : text.charCodeAt(at);
    if (code === DOT) {
      if (digits === 0 || value > 255) return null;
      bytes.push(value);
      value = 0;
      digits = 0;
      continue;
    }
    const hasLeadingZero = digits > 0 && value === 0;
    if (code < ZERO || code > ZERO + 9 || hasLeadingZero || digits === 3) return null;
    value = value * 10 + (code - ZERO);
    digits += 1;
  }
  return bytes.length === 4 ? bytes : null;
}

function ipv6Bytes(text: string): number[] | null {
  const [head = '', tail, ...more] = text.split('::');
  if (more.length > 0) return null;
  if (tail === undefined) {
    const whole = groupBytes(head, true);
    return whole?.length === 16 ? whole : null;
  }
  const before = groupBytes(head, false);
  const after = groupBytes(tail, true);
  if (before === null || after === null) return null;
  const gap = 16 - before.length - after.length;
  return gap < 2 ? null : [...before, ...Array<number>(gap).fill(0), ...after];
}

function groupBytes(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (HEX_GROUP.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const ipv4 = mayEndInIpv4 && index === groups.length - 1 ? ipv4Bytes(group) : null;
    if (ipv4 === null) return null;
    bytes.push(...ipv4);
  }
  return bytes;
}

/** The one text form: dotted quad, or RFC 5952 in hexadecimal, as the WHATWG URL serializer writes it. */
export function formatAddress(ip: IpAddress): string {
  if (ip.length === 4) return ip.join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((byteAt(ip, 2 * i) << 8) | byteAt(ip, 2 * i + 1)).toString(16));
  const zeros = longestZeroRun(groups);
  if (zeros.length < 2) return groups.join(':');
  return `${groups.slice(0, zeros.start).join(':')}::${groups.slice(zeros.start + zeros.length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== '0') start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  return longest;
}

/** An IPv4-mapped address is, on the wire, the IPv4 address inside it; everything else is itself. */
export function unmapped(ip: IpAddress): IpAddress {
  return contains(IPV4_MAPPED, ip) ? ip.subarray(12) : ip;
}

/** Whether both reach the same host: equal bytes once unmapped. */
export function sameAddress(a: IpAddress, b: IpAddress): boolean {
  return Buffer.compare(unmapped(a), unmapped(b)) === 0;
}

/** `address/length`. Host bits are kept as written; `networkOf` clears them. */
export function parseCidr(text: string): Cidr | null {
  const slash = text.indexOf('/');
  if (slash === -1) return null;
  const address = parseAddress(text.slice(0, slash));
  const lengthText = text.slice(slash + 1);
  if (address === null || !DECIMAL.test(lengthText)) return null;
  const prefixLength = Number(lengthText);
  return prefixLength > address.length * 8 ? null : { address, prefixLength };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr.address)}/${cidr.prefixLength}`;
}

export function networkOf({ address, prefixLength }: Cidr): Cidr {
  return { address: address.map((byte, index) => byte & maskByte(prefixLength, index)), prefixLength };
}

/** IPv4 and IPv6 never contain each other here; unmap first where that is meant. */
export function contains({ address, prefixLength }: Cidr, ip: IpAddress): boolean {
  if (ip.length !== address.length) return false;
  const wholeBytes = prefixLength >> 3;
  for (let index = 0; index < wholeBytes; index += 1) if (ip[index] !== address[index]) return false;
  return ((byteAt(ip, wholeBytes) ^ byteAt(address, wholeBytes)) & maskByte(prefixLength, wholeBytes)) === 0;
}

function maskByte(prefixLength: number, index: number): number {
  const bits = Math.min(8, Math.max(0, prefixLength - index * 8));
  return (0xff << (8 - bits)) & 0xff;
}

/** What the address is for, and for an IPv6 address that carries IPv4 inside, the graver of both. */
export function classify(ip: IpAddress): AddressClass {
  if (ip.length === 4) return classOfRange(ip);
  const classes = [ip, ...embeddedIpv4(ip)].map(classOfRange);
  return CLASSES_BY_GRAVITY.findLast((candidate) => classes.includes(candidate)) ?? 'reserved';
}

function classOfRange(ip: IpAddress): AddressClass {
  const ranges = ip.length === 4 ? (IPV4_RANGES_BY_FIRST_BYTE[byteAt(ip, 0)] ?? []) : RANGES;
  for (const range of ranges) if (contains(range.cidr, ip)) return range.addressClass;
  return 'reserved';
}

/**
 * Every IPv4 address a translator or tunnel on the way could take out of this one; empty for IPv4. Several, where
 * the layout depends on a configuration we cannot see.
 */
export function embeddedIpv4(ip: IpAddress): IpAddress[] {
  if (ip.length === 4) return [];
  const found = EMBEDDINGS.filter(({ cidr }) => contains(cidr, ip)).flatMap(({ layouts }) =>
    layouts.map((layout) => Uint8Array.from(layout, (position) => byteAt(ip, position))),
  );
  if (contains(TEREDO, ip)) found.push(ip.slice(12).map((byte) => byte ^ 0xff));
  if (isIsatap(ip)) found.push(ip.slice(12));
  // RFC 4291 2.5.5.1: `::` and `::1` are no IPv4-compatible addresses.
  return isUnspecifiedOrLoopback(ip) ? [] : found;
}

/** RFC 5214 6.1: interface id `0000:5efe` before the IPv4 address, universal and group bits either way. */
function isIsatap(ip: IpAddress): boolean {
  return ip.length === 16 && (byteAt(ip, 8) & 0xfc) === 0 && ip[9] === 0 && ip[10] === 0x5e && ip[11] === 0xfe;
}

function isUnspecifiedOrLoopback(ip: IpAddress): boolean {
  return ip.length === 16 && byteAt(ip, 15) <= 1 && ip.subarray(0, 15).every((byte) => byte === 0);
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

function knownCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === null) throw new TypeError(`not an address range: ${text}`);
  return cidr;
}

const IPV4_MAPPED = knownCidr('::ffff:0:0/96');
const TEREDO = knownCidr('2001::/32');
const LAST_FOUR = [12, 13, 14, 15];

/** Where the IPv4 bytes lie, by prefix. The four layouts of 64:ff9b:1::/48 are RFC 6052 section 2.2; 8 is skipped. */
const EMBEDDINGS = [
  { cidr: IPV4_MAPPED, layouts: [LAST_FOUR] },
  { cidr: knownCidr('::/96'), layouts: [LAST_FOUR] },
  { cidr: knownCidr('64:ff9b::/96'), layouts: [LAST_FOUR] },
  { cidr: knownCidr('64:ff9b:1::/48'), layouts: [[6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12], LAST_FOUR] },
  { cidr: knownCidr('2002::/16'), layouts: [[2, 3, 4, 5]] },
  { cidr: TEREDO, layouts: [[4, 5, 6, 7]] },
];

/** Most specific first, so that the first match decides. */
const RANGES = ADDRESS_RANGES.map(([cidr, addressClass]) => ({ cidr: knownCidr(cidr), addressClass })).sort(
  (a, b) => b.cidr.prefixLength - a.cidr.prefixLength,
);

/** Nearly every site is at an IPv4 address, and most first bytes leave one range to look at. */
const IPV4_RANGES_BY_FIRST_BYTE = Array.from({ length: 256 }, (_, first) =>
  RANGES.filter(({ cidr: { address, prefixLength } }) => {
    const mask = maskByte(prefixLength, 0);
    return address.length === 4 && (first & mask) === (byteAt(address, 0) & mask);
  }),
);
