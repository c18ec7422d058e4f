import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressRecord,
  cnameRecord,
  type DnsQuery,
  type DnsReplyOptions,
  dnsName,
  dnsQuestion,
  dnsRecord,
  dnsReply,
  FLAG_TRUNCATED,
  FLAGS_REPLY,
  TYPE_CNAME,
} from '../../test/kit/raw-dns.ts';
import { runs } from '../../test/kit/runs.ts';
import {
  buildQuery,
  isReplyTo,
  packetOf,
  type Query,
  type QuestionType,
  type Reply,
  readReply,
} from './dns-message.ts';

const NAME = 'www.shop.test';
const ID = 0x1234;

function queryFor(name: string, type: QuestionType = 'A'): Query {
  const query = buildQuery(type, name);
  if (query === null) throw new Error(`${name} cannot be asked for`);
  return query;
}

const asked = queryFor(NAME);

/** The query as a server reads it. */
function heard(query: Query): DnsQuery {
  const packet = packetOf(query, ID, true);
  return {
    id: ID,
    name: query.name,
    type: packet.readUInt16BE(packet.length - 4),
    transport: 'udp',
    question: packet.subarray(12),
  };
}

/** What a reply with these answers says; it must be taken for a reply to the query. */
function read(options: DnsReplyOptions, query = asked): Reply {
  const message = dnsReply(heard(query), options);
  expect(isReplyTo(message, ID, query)).toBe(true);
  return readReply(message, query);
}

/** A message with records in its authority section. */
function withAuthorities(options: DnsReplyOptions, records: Buffer[]): Buffer {
  const message = Buffer.concat([dnsReply(heard(asked), options), ...records]);
  message.writeUInt16BE(records.length, 8);
  return message;
}

function soa(ttl: number, minimum: number): Buffer {
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(minimum, 16);
  return dnsRecord(6, Buffer.concat([dnsName('ns.shop.test'), dnsName('admin.shop.test'), numbers]), {
    ttl,
    owner: 'shop.test',
  });
}

const BAD = { kind: 'failure', code: 'BAD_REPLY' };

describe('a query', () => {
  it('asks for recursion and one name, and offers 1,232 bytes by EDNS', () => {
    const packet = packetOf(queryFor('a.test', 'AAAA'), 0xabcd, false);
    expect(packet.toString('hex')).toBe(
      [
        'abcd',
        '0100',
        '0001',
        '0000',
        '0000',
        '0001',
        '016104',
        '74657374',
        '00',
        '001c',
        '0001',
        '00',
        '0029',
        '04d0',
        '00000000',
        '0000',
      ].join(''),
    );
  });

  it('can do without EDNS', () => {
    const packet = packetOf(queryFor('a.test'), 0xabcd, true);
    expect(packet.toString('hex')).toBe('abcd010000010000000000000161047465737400' + '00010001');
  });

  it('cannot be made for a name that has no place on the wire', () => {
    const label = 'x'.repeat(63);
    expect(buildQuery('A', [label, label, label, 'x'.repeat(61)].join('.'))).not.toBeNull();
    expect(buildQuery('A', [label, label, label, 'x'.repeat(62)].join('.'))).toBeNull();
    for (const name of ['', '.a', 'a.', 'a..b', 'x'.repeat(64), 'a b', 'a\n', 'ü.test']) {
      expect(buildQuery('A', name)).toBeNull();
    }
  });
});

describe('a message is a reply to a query', () => {
  it('with the letters of the name in whatever case', () => {
    const question = dnsQuestion(NAME.toUpperCase(), 1);
    expect(isReplyTo(dnsReply(heard(asked), { question }), ID, asked)).toBe(true);
  });

  it('of a server that does not understand it, from the header alone', () => {
    for (const rcode of [1, 4]) {
      expect(read({ rcode, question: Buffer.alloc(0) })).toMatchObject({ kind: 'not_understood' });
    }
    expect(isReplyTo(dnsReply(heard(asked), { rcode: 2, question: Buffer.alloc(0) }), ID, asked)).toBe(false);
  });

  it.each<[string, DnsReplyOptions]>([
    ['with another id', { id: ID + 1 }],
    ['that is a question', { flags: 0x0100 }],
    ['with another opcode', { flags: FLAGS_REPLY | 0x2800 }],
    ['for another name', { question: dnsQuestion('www.shop.tesu', 1) }],
    ['for a longer name', { question: dnsQuestion(`${NAME}.x`, 1) }],
    ['for another type', { question: dnsQuestion(NAME, 28) }],
  ])('but not one %s', (_, options) => {
    expect(isReplyTo(dnsReply(heard(asked), options), ID, asked)).toBe(false);
  });

  it('but not one of another class, or with two questions', () => {
    const other = dnsReply(heard(asked));
    other.writeUInt16BE(3, other.length - 2);
    expect(isReplyTo(other, ID, asked)).toBe(false);
    const two = dnsReply(heard(asked));
    two.writeUInt16BE(2, 4);
    expect(isReplyTo(two, ID, asked)).toBe(false);
  });

  it('but not cut anywhere in header or question', () => {
    const whole = dnsReply(heard(asked));
    for (let length = 0; length < whole.length; length += 1) {
      expect(isReplyTo(whole.subarray(0, length), ID, asked)).toBe(false);
    }
    expect(isReplyTo(whole, ID, asked)).toBe(true);
  });
});

describe('a reply', () => {
  it('gives addresses with the shortest time to live on the way to them', () => {
    const answers = [
      cnameRecord(NAME, 'a.shop.test', 50),
      cnameRecord('a.shop.test', 'B.shop.test', 40),
      addressRecord('192.0.2.1', { owner: 'b.SHOP.test', ttl: 60 }),
      addressRecord('192.0.2.2', { owner: 'b.shop.test', ttl: 45 }),
      addressRecord('192.0.2.3', { owner: 'c.shop.test', ttl: 1 }),
    ];
    expect(read({ answers })).toEqual({ kind: 'addresses', addresses: ['192.0.2.1', '192.0.2.2'], ttlS: 40 });
  });

  it('writes IPv6 addresses in their one text form', () => {
    const query = queryFor(NAME, 'AAAA');
    const answers = [addressRecord('2001:db8::1'), addressRecord('::ffff:192.0.2.1')];
    const addresses = ['2001:db8::1', '::ffff:c000:201'];
    expect(read({ answers }, query)).toEqual({ kind: 'addresses', addresses, ttlS: 60 });
  });

  it('with the highest bit of its time to live set is not kept', () => {
    expect(read({ answers: [addressRecord('192.0.2.1', { ttl: 0x80000000 })] })).toMatchObject({ ttlS: 0 });
  });

  it('that there is nothing is kept as long as the start of authority allows, and else not', () => {
    expect(read({ rcode: 3 })).toEqual({ kind: 'nothing', code: 'NXDOMAIN', ttlS: null, openAlias: null });
    expect(readReply(withAuthorities({ rcode: 3 }, [soa(20, 900)]), asked)).toMatchObject({ ttlS: 20 });
    expect(readReply(withAuthorities({}, [soa(900, 10)]), asked)).toMatchObject({ code: 'NODATA', ttlS: 10 });
    const answers = [cnameRecord(NAME, 'a.test', 5)];
    expect(readReply(withAuthorities({ answers }, [soa(900, 10)]), asked)).toMatchObject({ ttlS: 5, openAlias: null });
  });

  it('with an alias and no word about its target leaves that open', () => {
    const answers = [cnameRecord(NAME, 'a.test'), cnameRecord('a.test', 'b.test')];
    expect(read({ answers })).toMatchObject({ code: 'NODATA', openAlias: { target: 'b.test', depth: 2 } });
    expect(read({ answers, rcode: 3 })).toMatchObject({ code: 'NXDOMAIN', openAlias: null });
  });

  it('may lead over eight aliases and no more', () => {
    const chain = (length: number): Buffer[] => [
      ...Array.from({ length }, (_, n) => cnameRecord(n === 0 ? NAME : `n${n}.test`, `n${n + 1}.test`)),
      addressRecord('192.0.2.1', { owner: `n${length}.test` }),
    ];
    expect(read({ answers: chain(8) })).toMatchObject({ kind: 'addresses' });
    expect(read({ answers: chain(9) })).toMatchObject(BAD);
  });

  it.each<[string, number, object]>([
    ['a format error', 1, { kind: 'not_understood' }],
    ['not implemented', 4, { kind: 'not_understood' }],
    ['a server failure', 2, { kind: 'failure', code: 'SERVFAIL' }],
    ['a refusal', 5, { kind: 'failure', code: 'REFUSED' }],
    ['anything else', 9, BAD],
  ])('that says %s is that, whatever stands behind it', (_, rcode, reply) => {
    expect(read({ rcode, answerCount: 9 })).toMatchObject(reply);
  });

  it('with an extended code is one that was not understood', () => {
    const opt = Buffer.from([0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0]);
    const message = Buffer.concat([dnsReply(heard(asked)), opt]);
    message.writeUInt16BE(1, 10);
    expect(readReply(message, asked)).toMatchObject({ kind: 'not_understood' });
  });

  it('that is truncated is asked for again before it is read', () => {
    expect(read({ flags: FLAGS_REPLY | FLAG_TRUNCATED, answerCount: 4 })).toEqual({ kind: 'truncated' });
  });

  it('is not spoilt by records that nobody asked for', () => {
    const junk = [16, 46, 47, 50, 99, 65_000].map((type) => dnsRecord(type, Buffer.from('\xc0\xff\x3fjunk', 'latin1')));
    expect(read({ answers: [...junk, addressRecord('192.0.2.1'), ...junk] })).toMatchObject({ kind: 'addresses' });
    const other = addressRecord('192.0.2.9');
    other.writeUInt16BE(3, 4);
    expect(read({ answers: [other] })).toMatchObject(BAD);
  });

  it('proves that there is no address by a start of authority, or by holding nothing at all', () => {
    const elsewhere = addressRecord('192.0.2.9', { owner: 'other.test' });
    const referral = dnsRecord(2, dnsName('ns.shop.test'), { owner: 'shop.test' });
    expect(read({})).toMatchObject({ kind: 'nothing', code: 'NODATA' });
    expect(readReply(withAuthorities({}, [referral, soa(9, 9)]), asked)).toMatchObject({ code: 'NODATA' });
    expect(readReply(withAuthorities({}, [referral]), asked)).toMatchObject(BAD);
    expect(read({ answers: [elsewhere] })).toMatchObject(BAD);
    expect(read({ answers: [cnameRecord('other.test', 'a.test')] })).toMatchObject(BAD);
  });

  it.each<[string, DnsReplyOptions]>([
    ['announces more than it holds', { answerCount: 1 }],
    ['gives an address of a name that is said not to exist', { rcode: 3, answers: [addressRecord('192.0.2.1')] }],
    ['gives an address of five bytes', { answers: [dnsRecord(1, Buffer.alloc(5))] }],
    ['gives an address of no bytes', { answers: [dnsRecord(1, Buffer.alloc(0))] }],
    ['makes a name an alias of itself', { answers: [cnameRecord(NAME, NAME)] }],
    ['cuts the name of an alias', { answers: [dnsRecord(TYPE_CNAME, Buffer.from('\x3fshort'))] }],
    ['hides bytes behind the name of an alias', { answers: [dnsRecord(TYPE_CNAME, Buffer.from('\x01a\x00\x00'))] }],
    ['uses a label of an unknown kind', { answers: [dnsRecord(TYPE_CNAME, Buffer.from([0x41, 0x61, 0]))] }],
  ])('that %s is a bad one', (_, options) => {
    expect(read(options)).toMatchObject(BAD);
  });

  it.each([
    ['itself', (at: number) => 0xc000 | at],
    ['what comes after it', (at: number) => 0xc000 | (at + 2)],
    ['beyond the end', () => 0xffff],
  ])('whose name points to %s is a bad one', (_, pointer) => {
    const record = addressRecord('192.0.2.1');
    record.writeUInt16BE(pointer(asked.end), 0);
    expect(read({ answers: [record] })).toMatchObject(BAD);
  });

  it('may lead over as many pointers as a name can need, and not over a chain made to cost time', () => {
    // A record of no meaning whose data is a chain of pointers: to the question, and each to the one before.
    const chainAt = asked.end + 11;
    const withChain = (length: number): Reply => {
      const chain = Buffer.alloc(2 * length);
      for (let index = 0; index < length; index += 1) {
        chain.writeUInt16BE(0xc000 | (index === 0 ? 12 : chainAt + 2 * (index - 1)), 2 * index);
      }
      const chained = Buffer.concat([Buffer.from([0, 0, 99, 0, 1, 0, 0, 0, 0, 0, 0]), chain]);
      chained.writeUInt16BE(chain.length, 9);
      const record = addressRecord('192.0.2.1');
      record.writeUInt16BE(0xc000 | (chainAt + 2 * (length - 1)), 0);
      return read({ answers: [chained, record] });
    };
    expect(withChain(100)).toMatchObject({ kind: 'addresses' });
    expect(withChain(200)).toMatchObject(BAD);
  });

  it('is never more than the reader can bear: random bytes behind a true question', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.tuple(fc.nat(6), fc.nat(6), fc.nat(6)), (bytes, counts) => {
        const message = Buffer.concat([dnsReply(heard(asked)), bytes]);
        for (const [index, count] of counts.entries()) message.writeUInt16BE(count, 6 + 2 * index);
        const reply = readReply(message, asked);
        expect(['addresses', 'nothing', 'failure', 'not_understood']).toContain(reply.kind);
      }),
      { numRuns: runs(3_000) },
    );
  });

  it('is read or refused, wherever it was damaged', () => {
    const answers = [cnameRecord(NAME, 'a.test'), addressRecord('192.0.2.1', { owner: 'a.test' })];
    const whole = withAuthorities({ answers }, [soa(900, 10)]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - asked.end - 1), fc.nat(255)), { maxLength: 6 }), (damage) => {
        const message = Buffer.from(whole);
        for (const [at, byte] of damage) message[asked.end + at] = byte;
        expect(typeof readReply(message, asked).kind).toBe('string');
      }),
      { numRuns: runs(3_000) },
    );
  });
});
