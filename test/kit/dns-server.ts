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
  answer(name: string, script: DnsScript, family?: 'A' | 'AAAA', ttlS?: number): void;
  /** Scripts a name whose answers wait until the returned function is called. */
  hold(name: string, script: DnsScript): () => void;
  /** Hears every question from now on and answers none. */
  fallSilent(): void;
  stop(): Promise<void>;
}

type Scripted = { script: DnsScript; ttlS: number; held: (() => void)[] | null };

const FAMILIES = ['A', 'AAAA'] as const;
const DEFAULT_TTL_S = 60;
const TYPES: Readonly<Record<number, 'A' | 'AAAA'>> = { 1: 'A', 28: 'AAAA' };
const RCODES = { NXDOMAIN: 3, SERVFAIL: 2, REFUSED: 5 } as const;
const HEADER_BYTES = 12;

export async function startDnsServer(port = 0): Promise<DnsServer> {
  const scripts = new Map<string, Scripted>();
  const questions: string[] = [];
  let isSilent = false;
  const socket = createSocket('udp4');
  socket.on('message', (query, peer) => {
    const question = readQuestion(query);
    const key = `${question.type} ${question.name}`;
    questions.push(key);
    const { script, ttlS, held } = scripts.get(key) ?? { script: 'NXDOMAIN', ttlS: 0, held: null };
    const reply = replyTo(query, question, script, ttlS);
    if (reply === null || isSilent) return;
    const send = (): void => socket.send(reply, peer.port, peer.address);
    if (held === null) send();
    else held.push(send);
  });
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    answer(name, script, family, ttlS = DEFAULT_TTL_S) {
      for (const type of family === undefined ? FAMILIES : [family]) {
        scripts.set(`${type} ${name}`, { script, ttlS, held: null });
      }
    },
    hold(name, script) {
      const held: (() => void)[] = [];
      for (const type of FAMILIES) scripts.set(`${type} ${name}`, { script, ttlS: DEFAULT_TTL_S, held });
      return () => {
        for (const send of held.splice(0)) send();
      };
    },
    fallSilent() {
      isSilent = true;
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

function replyTo(query: Buffer, question: Question, script: DnsScript, ttlS: number): Buffer | null {
  if (script === 'SILENT') return null;
  const asked = query.subarray(0, question.end);
  // Nine records are announced and none is there.
  if (script === 'GARBAGE') return withHeader(asked, 0, 9);
  if (typeof script === 'string') return withHeader(asked, RCODES[script], 0);
  const addresses = script.filter((address) => isIPv4(address) === (question.type === 'A'));
  return Buffer.concat([withHeader(asked, 0, addresses.length), ...addresses.map((one) => recordOf(one, ttlS))]);
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
function recordOf(address: string, ttlS: number): Buffer {
  const bytes = isIPv4(address) ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(bytes.length === 4 ? 1 : 28, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ttlS, 6);
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
