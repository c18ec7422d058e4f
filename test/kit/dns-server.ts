/** A loopback DNS server with a script: enough of RFC 1035 to answer A and AAAA, and to fail as real servers do. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';

export type DnsScript = readonly string[] | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | 'SILENT' | 'GARBAGE';

export interface DnsServer {
  /** `127.0.0.1:port`. */
  address: string;
  /** Questions heard so far, as `A name` or `AAAA name`. */
  questions: string[];
  /** Scripts a name for both families, or for one; names that are not scripted do not exist. */
  answer(name: string, script: DnsScript, family?: 'A' | 'AAAA'): void;
  stop(): Promise<void>;
}

const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' };
const RCODES = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 } as const;
const HEADER_BYTES = 12;

export async function startDnsServer(): Promise<DnsServer> {
  const scripts = new Map<string, DnsScript>();
  const questions: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const question = readQuestion(query);
    const key = `${question.type} ${question.name}`;
    questions.push(key);
    const reply = replyTo(query, question, scripts.get(key) ?? 'NXDOMAIN');
    if (reply !== null) socket.send(reply, peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    answer(name, script, family) {
      for (const type of family === undefined ? ['A', 'AAAA'] : [family]) scripts.set(`${type} ${name}`, script);
    },
    async stop() {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

type Question = { name: string; type: 'A' | 'AAAA' | 'OTHER'; end: number };

function readQuestion(query: Buffer): Question {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = TYPES[query.readUInt16BE(at + 1)] ?? 'OTHER';
  return { name: labels.join('.').toLowerCase(), type, end: at + 5 };
}

function replyTo(query: Buffer, question: Question, script: DnsScript): Buffer | null {
  if (script === 'SILENT') return null;
  if (script === 'GARBAGE')
    return Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, 9, 0, 0, 0, 0])]);
  const asked = query.subarray(0, question.end);
  if (typeof script === 'string') return withHeader(asked, RCODES[script], 0);
  const addresses = script.filter((address) => isIPv4(address) === (question.type === 'A'));
  return Buffer.concat([withHeader(asked, 0, addresses.length), ...addresses.map(recordOf)]);
}

function withHeader(asked: Buffer, rcode: number, answerCount: number): Buffer {
  const reply = Buffer.from(asked);
  reply.writeUInt16BE(0x8180 | rcode, 2);
  reply.writeUInt16BE(1, 4);
  reply.writeUInt16BE(answerCount, 6);
  reply.writeUInt32BE(0, 8);
  return reply;
}

/** One record whose name points back to the question. */
function recordOf(address: string): Buffer {
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(bytes.length === 4 ? 1 : 28, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(bytes.length, 10);
  return Buffer.concat([record, bytes]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((one) => Number.parseInt(one, 16));
  const bytes = Buffer.alloc(16);
  groups(head).forEach((group, index) => void bytes.writeUInt16BE(group, index * 2));
  const last = groups(tail);
  last.forEach((group, index) => void bytes.writeUInt16BE(group, 16 - (last.length - index) * 2));
  return bytes;
}
