/** Resolvers and name servers that refuse, stay silent, lie or send what is no DNS. */
import {
  addressRecord,
  cnameRecord,
  type DnsAnswerer,
  type DnsQuery,
  dnsName,
  dnsQuestion,
  dnsRecord,
  dnsReply,
  FLAG_TRUNCATED,
  FLAGS_REPLY,
  TYPE_A,
  TYPE_AAAA,
  TYPE_CNAME,
  withAddresses,
} from '../../kit/raw-dns.ts';
import type { Draw } from '../draw.ts';
import { at, down, type Expected, type HostileClass, unknown, up } from '../hostile-class.ts';
import { okPage } from './reply.ts';

/** Long enough for a second try, and to learn whether the resolver answers others. */
const SILENCE_MS = 1_200;
/** A second try is due in the middle of it. */
const RETRY_MS = 3_000;
const HERE = '127.0.0.1';

const fine = up({ httpCode: 200 });
const silent = unknown('dns_timeout', at('dns', 'TIMEOUT'));
const badReply = unknown('dns_failed', at('dns', 'BAD_REPLY'));
const nobody = unknown('dns_no_resolver', at('dns', 'NO_RESOLVER'));

/** A page on a name that is answered for by a script; the page itself is well. */
function named(id: string, what: string, expected: Expected, answer: (draw: Draw) => DnsAnswerer): HostileClass {
  const one: HostileClass = {
    id,
    family: 'dns',
    what,
    expected,
    budget: { connections: expected.state === 'Up' ? 1 : 0 },
    async serve(draw) {
      const port = await draw.listen((talk) => talk.onRequest(() => talk.end(okPage())));
      return `http://${draw.name(answer(draw))}:${port}/`;
    },
  };
  return expected === silent || expected === nobody ? { ...one, timeoutMs: SILENCE_MS } : one;
}

function rcode(id: string, what: string, code: number, expected: Expected): HostileClass {
  return named(
    id,
    what,
    expected,
    () =>
      (query, { send }) =>
        send(dnsReply(query, { rcode: code })),
  );
}

/** One packet, whatever is asked. */
function packet(
  id: string,
  what: string,
  expected: Expected,
  make: (query: DnsQuery, draw: Draw) => Buffer,
): HostileClass {
  return named(
    id,
    what,
    expected,
    (draw) =>
      (query, { send }) =>
        send(make(query, draw)),
  );
}

/** Truncated over UDP; what TCP does is the class. */
function truncated(id: string, what: string, expected: Expected, overTcp: (draw: Draw) => DnsAnswerer): HostileClass {
  return named(id, what, expected, (draw) => {
    const answerTcp = overTcp(draw);
    return (query, replying) => {
      if (query.transport === 'tcp') answerTcp(query, replying);
      else replying.send(dnsReply(query, { flags: FLAGS_REPLY | FLAG_TRUNCATED }));
    };
  });
}

const TYPE_NS = 2;
const TYPE_SOA = 6;

/** A reply without other records, with one in its authority section. */
function withAuthority(reply: Buffer, record: Buffer): Buffer {
  const message = Buffer.concat([reply, record]);
  message.writeUInt16BE(1, 8);
  return message;
}

const good = withAddresses([HERE]);

export const DNS_CLASSES: HostileClass[] = [
  rcode('nxdomain', 'says that the name does not exist', 3, down('dns_nxdomain', at('dns', 'NXDOMAIN'))),
  rcode('no-data', 'says that the name has no address', 0, down('dns_no_address', at('dns', 'NODATA'))),
  rcode('servfail', 'says that it failed', 2, unknown('dns_servfail', at('dns', 'SERVFAIL'))),
  rcode('refused-by-resolver', 'refuses to answer', 5, unknown('dns_refused', at('dns', 'REFUSED'))),
  named('other-rcode', 'answers with a code that says nothing about the name', badReply, ({ random }) => {
    // FORMERR, NOTIMP, NOTAUTH, and one that means nothing.
    const code = random.pick([1, 4, 9, 13]);
    return (query, { send }) => send(dnsReply(query, { rcode: code }));
  }),
  named('silent-about-name', 'answers others and is silent about this name', silent, () => () => {}),
  packet('wrong-id', 'answers with another id than was asked, as a forger would', silent, (query) =>
    dnsReply(query, { id: (query.id + 1) & 0xffff, answers: [addressRecord('10.0.0.1')] }),
  ),
  packet('wrong-question', 'answers another question than was asked', silent, (query, { random }) => {
    const otherType = Buffer.from(query.question);
    otherType.writeUInt16BE(query.type === TYPE_A ? TYPE_AAAA : TYPE_A, otherType.length - 4);
    const question = random.pick([dnsQuestion('other.example', query.type), otherType]);
    return dnsReply(query, { question, answers: [addressRecord('10.0.0.1')] });
  }),
  packet('question-sent-back', 'sends the question back as a question', silent, (query) =>
    dnsReply(query, { flags: 0x0100 }),
  ),
  named(
    'answer-from-another-port',
    'answers from a port that was not asked',
    silent,
    () =>
      (query, { sendFromElsewhere }) =>
        sendFromElsewhere(dnsReply(query, { answers: [addressRecord('10.0.0.1')] })),
  ),
  named('forged-then-true', 'is overtaken by forged answers', fine, ({ random }) => {
    const offset = random.int(1, 60_000);
    return (query, replying) => {
      const forged = addressRecord('10.0.0.1');
      for (let index = 0; index < 20; index++) {
        replying.send(dnsReply(query, { id: (query.id + offset + index) & 0xffff, answers: [forged] }));
      }
      replying.sendFromElsewhere(dnsReply(query, { answers: [forged] }));
      good(query, replying);
    };
  }),
  packet('message-cut', 'ends its message before its records have ended', badReply, (query, { random }) => {
    const record = addressRecord(query.type === TYPE_A ? HERE : '::1');
    if (random.int(0, 1) === 0) return dnsReply(query, { answers: [record], answerCount: random.int(2, 60_000) });
    record.writeUInt16BE(random.int(17, 0xffff), 10);
    return dnsReply(query, { answers: [record] });
  }),
  packet('bad-pointer', 'compresses a name into itself or to beyond the message', badReply, (query, { random }) => {
    const record = addressRecord(HERE);
    // Its own place in the message: behind header and question.
    const itself = 12 + query.question.length;
    record.writeUInt16BE(0xc000 | random.pick([itself, 0x3fff]), 0);
    return dnsReply(query, { answers: [record] });
  }),
  packet('address-of-wrong-length', 'gives an address of three or five bytes', badReply, (query, { random }) =>
    dnsReply(query, { answers: [dnsRecord(query.type, random.bytes(random.pick([0, 3, 5, 15])))] }),
  ),
  packet('no-dns-message', 'sends what is no message of DNS', silent, (query, { random }) =>
    random.pick([random.bytes(random.int(20, 400)), dnsReply(query).subarray(0, random.int(0, 11))]),
  ),
  packet('answer-for-another-name', 'gives the address of a name nobody asked about', badReply, (query) =>
    dnsReply(query, {
      answers: [addressRecord(query.type === TYPE_A ? '10.0.0.1' : 'fd00::1', { owner: 'other.example' })],
    }),
  ),
  packet('referral', 'names other servers instead of answering', badReply, (query) => {
    return withAuthority(dnsReply(query), dnsRecord(TYPE_NS, dnsName('ns.elsewhere.example')));
  }),
  packet(
    'no-data-proven',
    'proves that the name has no address',
    down('dns_no_address', at('dns', 'NODATA')),
    (query) => {
      const data = Buffer.concat([dnsName('ns.example'), dnsName('admin.example'), Buffer.alloc(20)]);
      return withAuthority(dnsReply(query), dnsRecord(TYPE_SOA, data));
    },
  ),
  packet('alias-loop', 'makes names aliases of each other', badReply, (query, { random }) => {
    const names = [query.name, ...Array.from({ length: random.int(0, 5) }, (_, n) => `n${n}.loop.example`)];
    return dnsReply(query, { answers: names.map((name, index) => cnameRecord(name, names[index + 1] ?? query.name)) });
  }),
  packet('alias-chain-too-long', 'leads over more aliases than are followed', badReply, (query, { random }) => {
    const names = [query.name, ...Array.from({ length: random.int(12, 40) }, (_, n) => `n${n}.chain.example`)];
    const aliases = names.slice(1).map((target, index) => cnameRecord(names[index] ?? '', target));
    const last = names.at(-1) ?? '';
    const address = addressRecord(query.type === TYPE_A ? HERE : '::1', { owner: last });
    return dnsReply(query, { answers: [...aliases, address] });
  }),
  packet('alias-chain-in-any-order', 'gives its aliases in another order than they lead', fine, (query) => {
    const owner = 'end.chain.example';
    const address = query.type === TYPE_A ? [addressRecord(HERE, { owner })] : [];
    return dnsReply(query, {
      answers: [
        ...address,
        cnameRecord('middle.chain.example', owner),
        cnameRecord(query.name, 'middle.chain.example'),
      ],
    });
  }),
  packet(
    'alias-to-nowhere',
    'makes a name an alias of one that does not exist',
    down('dns_nxdomain', at('dns', 'NXDOMAIN')),
    (query) => dnsReply(query, { rcode: 3, answers: [cnameRecord(query.name, 'nowhere.example')] }),
  ),
  packet(
    'alias-without-address',
    'makes a name an alias of one without addresses',
    down('dns_no_address', at('dns', 'NODATA')),
    (query) => dnsReply(query, { answers: [cnameRecord(query.name, 'empty.example')] }),
  ),
  packet('alias-cut', 'gives an alias whose name is cut', badReply, (query) =>
    dnsReply(query, { answers: [dnsRecord(TYPE_CNAME, Buffer.from('\x3fshort'))] }),
  ),
  packet('other-records-first', 'hides the address between records nobody asked for', fine, (query, { random }) => {
    const junk = Array.from({ length: random.int(1, 20) }, () =>
      dnsRecord(random.pick([16, 46, 99, 65_000]), random.bytes(9)),
    );
    return dnsReply(query, { answers: [...junk, ...(query.type === TYPE_A ? [addressRecord(HERE)] : []), ...junk] });
  }),
  packet('ttl-odd', 'gives a time to live of nothing, or with the highest bit set', fine, (query, { random }) => {
    const ttl = random.pick([0, 0x80000001, 0xffffffff]);
    return dnsReply(query, { answers: query.type === TYPE_A ? [addressRecord(HERE, { ttl })] : [] });
  }),
  named('ipv6-question-fails', 'fails when it is asked for IPv6 and answers for IPv4', fine, ({ random }) => {
    const code = random.int(1, 5);
    const fail = random.pick<DnsAnswerer>([
      (query, { send }) => send(dnsReply(query, { rcode: code })),
      (query, { send }) => send(Buffer.concat([dnsReply(query, { answerCount: 3 }), Buffer.alloc(40, 7)])),
    ]);
    return (query, replying) => (query.type === TYPE_A ? good : fail)(query, replying);
  }),
  named(
    'ipv6-question-silent',
    'is silent when it is asked for IPv6 and answers for IPv4',
    fine,
    () => (query, replying) => {
      if (query.type === TYPE_A) good(query, replying);
    },
  ),
  truncated('truncated-then-tcp', 'truncates its answer and gives it over TCP', fine, () => good),
  truncated('thousand-addresses', 'gives a thousand addresses', fine, () => (query, { send }) => {
    const answers = Array.from({ length: 1_000 }, () => addressRecord(query.type === TYPE_A ? HERE : '::1'));
    send(dnsReply(query, { answers }));
  }),
  truncated(
    'tcp-resets',
    'truncates its answer and resets the TCP connection',
    badReply,
    () =>
      (_query, { socket }) =>
        void socket?.resetAndDestroy(),
  ),
  truncated('tcp-cut', 'truncates its answer and cuts the one over TCP', badReply, ({ random }) => {
    const share = random.int(0, 99) / 100;
    return (query, { socket }) => {
      const message = dnsReply(query, { answers: [addressRecord(HERE)] });
      socket?.end(Buffer.concat([Buffer.from([0, message.length]), message.subarray(0, message.length * share)]));
    };
  }),
  truncated(
    'tcp-wrong-id',
    'truncates its answer and gives another one over TCP',
    badReply,
    () =>
      (query, { send }) =>
        send(dnsReply(query, { id: (query.id + 1) & 0xffff, answers: [addressRecord('10.0.0.1')] })),
  ),
  {
    ...truncated(
      'tcp-drip',
      'truncates its answer and drips the one over TCP',
      silent,
      ({ timeoutMs }) =>
        (query, { socket }) => {
          const message = dnsReply(query, { answers: [addressRecord(HERE)] });
          const bytes = [...Buffer.concat([Buffer.from([0, message.length]), message])];
          const timer = setInterval(
            () => socket?.write(Buffer.from([bytes.shift() ?? 0])),
            (timeoutMs * 3) / bytes.length,
          );
          socket?.on('close', () => clearInterval(timer));
        },
    ),
    timeoutMs: SILENCE_MS,
  },
  {
    ...truncated(
      'tcp-truncated-too',
      'truncates its answer over TCP too',
      badReply,
      () =>
        (query, { send }) =>
          send(dnsReply(query, { flags: FLAGS_REPLY | FLAG_TRUNCATED })),
    ),
  },
  {
    ...named('first-try-lost', 'is silent until it is asked a second time', fine, () => {
      const asked = new Set<number>();
      return (query, replying) => {
        if (asked.has(query.type)) good(query, replying);
        else asked.add(query.type);
      };
    }),
    timeoutMs: RETRY_MS,
  },
  {
    ...named('late-answer', 'answers the first try when it is asked a second time', fine, () => {
      const first = new Map<number, () => void>();
      return (query, replying) => {
        const late = first.get(query.type);
        if (late === undefined) first.set(query.type, () => good(query, replying));
        else late();
      };
    }),
    timeoutMs: RETRY_MS,
  },
  {
    ...named('no-resolver', 'is a machine whose resolver is gone', nobody, () => good),
    resolvers: 'closed',
  },
  {
    ...named('silent-resolver', 'is a machine whose resolver hears and never answers', nobody, () => good),
    resolvers: 'silent',
  },
  {
    ...named(
      'first-resolver-gone',
      'is a machine whose first resolver is gone and whose second answers',
      fine,
      () => good,
    ),
    resolvers: 'first_closed',
  },
];
