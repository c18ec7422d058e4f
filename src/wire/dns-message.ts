/**
 * One DNS question as bytes, and what a reply to it says (RFC 1035, 2308, 6891). Nothing here knows of sockets or of
 * time. Replies are read record by record, so that no name is decoded whose pointers were not counted before, and a
 * record nobody asked for cannot spoil those that were.
 */
import { type Answer, answer, encode, RECURSION_DESIRED } from 'dns-packet';
import { formatAddress } from './ip-address.ts';

declare module 'dns-packet' {
  /** One record at an offset; missing in the package's own types. */
  export const answer: { decode(message: Buffer, offset: number): Answer };
}

export type QuestionType = 'A' | 'AAAA' | 'NS';

export type Query = {
  type: QuestionType;
  name: string;
  /** Header, question and EDNS(0) record, without id and type: the two families of a name share them. */
  bytes: Buffer;
  /** Where the question ends and the EDNS(0) record begins. */
  end: number;
};

export type Reply =
  /** `ttlS`: for how long the answer may be kept; null where it does not say. */
  | { kind: 'addresses'; addresses: string[]; ttlS: number }
  | { kind: 'nothing'; code: 'NXDOMAIN' | 'NODATA'; ttlS: number | null; openAlias: OpenAlias | null }
  | { kind: 'failure'; code: 'SERVFAIL' | 'REFUSED' | 'BAD_REPLY'; detail: string }
  | { kind: 'truncated' }
  /** What servers say that do not know EDNS; any other time it is a failure. */
  | { kind: 'not_understood'; detail: string };

/** An alias that leads to a name of which the reply says nothing. */
export type OpenAlias = { target: string; depth: number };

const HEADER_BYTES = 12;
const UDP_PAYLOAD_BYTES = 1_232;
const OPT_BYTES = 11;
const EDNS = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: UDP_PAYLOAD_BYTES,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
} satisfies Answer;
const MAX_NAME_LENGTH = 253;
const MAX_LABEL_LENGTH = 63;
const MAX_ADDRESSES = 16;
/** Address records that are looked at; a message over TCP has room for more than is worth our time. */
const MAX_RECORDS = 1_024;
export const MAX_ALIASES = 8;
/** More labels than a name can have need no more pointers. */
const MAX_POINTERS = 128;

const TYPES: Readonly<Record<QuestionType, number>> = { A: 1, NS: 2, AAAA: 28 };
const TYPE_CNAME = 5;
const TYPE_SOA = 6;
const TYPE_OPT = 41;
const CLASS_IN = 1;
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [TYPES.A]: 4, [TYPES.AAAA]: 16 };

const FLAG_TRUNCATED = 0x0200;
/** Where the name in the question begins: behind the header. */
const POINTER_TO_QUESTION = 0xc000 | HEADER_BYTES;

/** QR and the opcode: a reply to a standard query. */
const MASK_KIND = 0xf800;
const REPLY_TO_QUERY = 0x8000;

/** Null for a name that cannot be put on the wire: no such name can exist. */
export function buildQuery(type: QuestionType, name: string): Query | null {
  if (name !== '.' && !isOnWire(name)) return null;
  const bytes = encode({ type: 'query', flags: RECURSION_DESIRED, questions: [{ type, name }], additionals: [EDNS] });
  return { type, name, bytes, end: bytes.length - OPT_BYTES };
}

/** The query as a packet to be sent: with EDNS(0), or plain for servers that do not know it. */
export function packetOf({ type, bytes, end }: Query, id: number, isPlain: boolean): Buffer {
  const length = isPlain ? end : bytes.length;
  const packet = Buffer.allocUnsafe(length);
  bytes.copy(packet, 0, 0, length);
  packet.writeUInt16BE(id, 0);
  packet.writeUInt16BE(TYPES[type], end - 4);
  if (isPlain) packet.writeUInt16BE(0, 10);
  return packet;
}

function isOnWire(name: string): boolean {
  if (name.length > MAX_NAME_LENGTH) return false;
  let labelLength = 0;
  for (let at = 0; at <= name.length; at += 1) {
    const code = at === name.length ? DOT : name.charCodeAt(at);
    if (code === DOT) {
      if (labelLength === 0) return false;
      labelLength = 0;
      continue;
    }
    labelLength += 1;
    const isPrintable = code > 0x20 && code < 0x7f;
    if (labelLength > MAX_LABEL_LENGTH || !isPrintable) return false;
  }
  return true;
}

const DOT = 46;

/**
 * Whether a message answers this query: its id, that it is a reply, and the whole question, letter case aside. Of a
 * server that does not understand us the header alone is enough, because some send nothing else.
 */
export function isReplyTo(message: Buffer, id: number, { type, bytes, end }: Query): boolean {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== id) return false;
  const flags = message.readUInt16BE(2);
  if ((flags & MASK_KIND) !== REPLY_TO_QUERY) return false;
  const questionCount = message.readUInt16BE(4);
  if (questionCount === 0) return message.length === HEADER_BYTES && isNotUnderstood(flags & 0xf);
  if (questionCount !== 1 || message.length < end) return false;
  for (let at = HEADER_BYTES; at < end - 4; at += 1) {
    if (message[at] !== bytes[at] && lowerCase(message[at]) !== lowerCase(bytes[at])) return false;
  }
  return message.readUInt16BE(end - 4) === TYPES[type] && message.readUInt16BE(end - 2) === CLASS_IN;
}

function lowerCase(byte = 0): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

const NO_ERROR = 0;
const FORMERR = 1;
const SERVFAIL = 2;
const NXDOMAIN = 3;
const NOTIMP = 4;
const REFUSED = 5;

function isNotUnderstood(rcode: number): boolean {
  return rcode === FORMERR || rcode === NOTIMP;
}

/** What a message says that `isReplyTo` has found to answer the query. */
export function readReply(message: Buffer, query: Query): Reply {
  const flags = message.readUInt16BE(2);
  const rcode = flags & 0xf;
  if (isNotUnderstood(rcode)) return { kind: 'not_understood', detail: rcode === FORMERR ? 'FORMERR' : 'NOTIMP' };
  if (rcode === SERVFAIL) return { kind: 'failure', code: 'SERVFAIL', detail: 'SERVFAIL' };
  if (rcode === REFUSED) return { kind: 'failure', code: 'REFUSED', detail: 'REFUSED' };
  if (rcode !== NO_ERROR && rcode !== NXDOMAIN) return badReply(`answer code ${rcode}`);
  if ((flags & FLAG_TRUNCATED) !== 0) return { kind: 'truncated' };
  let found: Records;
  try {
    found = readRecords(message, query);
  } catch {
    // Whatever the reader stumbles over is the sender's doing.
    return badReply('a reply that cannot be read');
  }
  if (found.extendedRcode !== 0) return { kind: 'not_understood', detail: `answer code ${found.extendedRcode << 4}` };
  return answerIn(found, query, rcode === NXDOMAIN);
}

function badReply(detail: string): Reply {
  return { kind: 'failure', code: 'BAD_REPLY', detail };
}

type Alias = { owner: string; target: string; ttlS: number };
type Address = { owner: string; address: string; ttlS: number };
type Records = {
  aliases: Alias[];
  addresses: Address[];
  /** Of the SOA record that proves that there is nothing (RFC 2308). */
  negativeTtlS: number | null;
  /** It holds no record that could be an answer or a word about where to find one. */
  isEmpty: boolean;
  extendedRcode: number;
};

/** Throws for a message that is not whole. */
function readRecords(message: Buffer, query: Query): Records {
  const answers = message.readUInt16BE(6);
  const authorities = message.readUInt16BE(8);
  const isEmpty = answers + authorities === 0;
  const found: Records = { aliases: [], addresses: [], negativeTtlS: null, isEmpty, extendedRcode: 0 };
  const count = answers + authorities + message.readUInt16BE(10);
  let at = query.end;
  for (let index = 0; index < count; index += 1) {
    const record = recordAt(message, at);
    if (index < answers) addAnswer(found, message, record, query);
    else if (index < answers + authorities) addAuthority(found, message, record);
    else if (record.type === TYPE_OPT) found.extendedRcode = record.ttl >>> 24;
    at = record.end;
  }
  return found;
}

/** Where a record stands in the message; `at` is its first byte. */
type Place = { at: number; type: number; isInternet: boolean; ttl: number; dataAt: number; end: number };

function recordAt(message: Buffer, at: number): Place {
  const fixedAt = endOfName(message, at);
  const dataAt = fixedAt + 10;
  const end = dataAt + message.readUInt16BE(fixedAt + 8);
  if (end > message.length) throw new RangeError('a record reaches beyond the message');
  const isInternet = message.readUInt16BE(fixedAt + 2) === CLASS_IN;
  const ttl = message.readUInt32BE(fixedAt + 4);
  return { at, type: message.readUInt16BE(fixedAt), isInternet, ttl, dataAt, end };
}

function addAnswer(found: Records, message: Buffer, record: Place, query: Query): void {
  const { type, isInternet, ttl, dataAt, end } = record;
  if (!isInternet) return;
  if (type === TYPE_CNAME && found.aliases.length < MAX_RECORDS) {
    if (endOfName(message, dataAt) !== end) throw new RangeError('an alias of the wrong length');
    const alias = answer.decode(message, record.at);
    const target = 'data' in alias ? String(alias.data).toLowerCase() : '';
    found.aliases.push({ owner: alias.name.toLowerCase(), target, ttlS: seconds(ttl) });
  } else if (type === TYPES[query.type] && found.addresses.length < MAX_RECORDS) {
    if (end - dataAt !== ADDRESS_BYTES[type]) throw new RangeError('an address of the wrong length');
    const address = addressAt(message, dataAt, end);
    found.addresses.push({ owner: ownerOf(message, record, query), address, ttlS: seconds(ttl) });
  }
}

function addressAt(message: Buffer, at: number, end: number): string {
  if (end - at !== 4) return formatAddress(message.subarray(at, end));
  return `${message[at]}.${message[at + 1]}.${message[at + 2]}.${message[at + 3]}`;
}

/** Nearly every owner is a pointer to the name in the question, which is known to be the one we asked. */
function ownerOf(message: Buffer, { at }: Place, query: Query): string {
  if (message.readUInt16BE(at) === POINTER_TO_QUESTION) return query.name;
  return answer.decode(message, at).name.toLowerCase();
}

function addAuthority(found: Records, message: Buffer, { type, isInternet, ttl, dataAt, end }: Place): void {
  if (type !== TYPE_SOA || !isInternet || found.negativeTtlS !== null) return;
  if (end - dataAt < 22) throw new RangeError('a start of authority that is too short');
  found.negativeTtlS = Math.min(seconds(ttl), seconds(message.readUInt32BE(end - 4)));
}

/** A time to live with the highest bit set counts as none (RFC 2181 section 8). */
function seconds(value: number): number {
  return value > 0x7fffffff ? 0 : value;
}

/**
 * The end of the name at `at`. Throws where the name cannot be followed: decoding alone would follow thousands of
 * pointers for each record of a message that is made for it.
 */
function endOfName(message: Buffer, at: number): number {
  let end = -1;
  let pointers = 0;
  for (let here = at; ; ) {
    const length = message.readUInt8(here);
    if (length < 0xc0) {
      here += 1 + length;
      if (length === 0) return end === -1 ? here : end;
      if (length > MAX_LABEL_LENGTH) throw new RangeError('a label of an unknown kind');
      continue;
    }
    if (end === -1) end = here + 2;
    pointers += 1;
    if (pointers > MAX_POINTERS) throw new RangeError('more pointers than a name can need');
    here = message.readUInt16BE(here) & 0x3fff;
  }
}

/**
 * Follows the aliases from the name that was asked for, in whatever order they came. That there is no address takes proof
 * (RFC 2308 section 2.2): a referral to other servers, or records of other names, prove nothing. A reply without any
 * record is believed, because many forwarders leave the proof out.
 */
function answerIn(found: Records, { name }: Query, isAbsent: boolean): Reply {
  let owner = name;
  let ttlS = Number.POSITIVE_INFINITY;
  let depth = 0;
  for (let alias = aliasOf(found, owner); alias !== undefined; alias = aliasOf(found, owner)) {
    depth += 1;
    if (depth > MAX_ALIASES) return badReply(`more than ${MAX_ALIASES} aliases, or a loop of them`);
    owner = alias.target;
    ttlS = Math.min(ttlS, alias.ttlS);
  }
  const addresses: string[] = [];
  for (const one of found.addresses) {
    if (one.owner !== owner) continue;
    ttlS = Math.min(ttlS, one.ttlS);
    if (addresses.length < MAX_ADDRESSES && !addresses.includes(one.address)) addresses.push(one.address);
  }
  if (addresses.length > 0) {
    return isAbsent
      ? badReply('an address of a name that is said not to exist')
      : { kind: 'addresses', addresses, ttlS };
  }
  const isProven = isAbsent || found.negativeTtlS !== null;
  if (!isProven && depth === 0 && !found.isEmpty) return badReply('neither an address nor proof that there is none');
  return {
    kind: 'nothing',
    code: isAbsent ? 'NXDOMAIN' : 'NODATA',
    ttlS: found.negativeTtlS === null ? null : Math.min(ttlS, found.negativeTtlS),
    openAlias: isProven || depth === 0 ? null : { target: owner, depth },
  };
}

/** The first one wins: a name has no more than one alias. */
function aliasOf({ aliases }: Records, owner: string): Alias | undefined {
  return aliases.length === 0 ? undefined : aliases.find((alias) => alias.owner === owner);
}
