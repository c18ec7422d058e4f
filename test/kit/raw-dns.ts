/**
 * A loopback DNS server, UDP and TCP on one port, that answers with whatever packets a script makes: for replies that
 * no honest server sends. Names without a script do not exist.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv4, type Socket } from 'node:net';
import { boundPort } from './tcp-server.ts';

export type DnsQuery = {
  id: number;
  /** In lower case, without the dot of the root. */
  name: string;
  type: number;
  transport: 'udp' | 'tcp';
  /** The question section as it was asked. */
  question: Buffer;
};

export type DnsReplying = {
  /** Sends a whole message; over TCP with its length in front. */
  send(message: Buffer): void;
  /** Sends a message from a port that was not asked; UDP alone. */
  sendFromElsewhere(message: Buffer): void;
  /** The TCP connection; null over UDP. */
  socket: Socket | null;
};

export type DnsAnswerer = (query: DnsQuery, replying: DnsReplying) => void;

export interface RawDns {
  /** `127.0.0.1:port`. */
  address: string;
  /** Answers for a name until the returned function is called. */
  script(name: string, answer: DnsAnswerer): () => void;
  stop(): Promise<void>;
}

export const TYPE_A = 1;
export const TYPE_CNAME = 5;
export const TYPE_AAAA = 28;
const HEADER_BYTES = 12;
const NXDOMAIN = 3;

export async function startRawDns(): Promise<RawDns> {
  const scripts = new Map<string, DnsAnswerer>();
  const sockets = new Set<Socket>();
  const answer = (packet: Buffer, transport: 'udp' | 'tcp', replying: DnsReplying): void => {
    const query = readQuery(packet, transport);
    if (query === null) return;
    const script = scripts.get(query.name);
    if (script === undefined) replying.send(dnsReply(query, { rcode: NXDOMAIN }));
    else script(query, replying);
  };

  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    readMessages(socket, (packet) => {
      const send = (message: Buffer): void => void socket.write(Buffer.concat([uint16(message.length), message]));
      answer(packet, 'tcp', { send, sendFromElsewhere: () => {}, socket });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = boundPort(server);
  const [udp, elsewhere] = await Promise.all([bindUdp(port), bindUdp(0)]);
  udp.on('message', (packet, peer) => {
    answer(packet, 'udp', {
      send: (message) => udp.send(message, peer.port, peer.address),
      sendFromElsewhere: (message) => elsewhere.send(message, peer.port, peer.address),
      socket: null,
    });
  });

  return {
    address: `127.0.0.1:${port}`,
    script(name, script) {
      scripts.set(name, script);
      return () => void scripts.delete(name);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      const closed = [server, udp, elsewhere].map((one) => once(one, 'close'));
      server.close();
      udp.close();
      elsewhere.close();
      await Promise.all(closed);
    },
  };
}

async function bindUdp(port: number): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  socket.bind(port, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('error', () => {});
  return socket;
}

/** Messages over TCP carry their length in front (RFC 1035 section 4.2.2). */
function readMessages(socket: Socket, onMessage: (packet: Buffer) => void): void {
  let pending: Buffer = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      onMessage(pending.subarray(2, end));
      pending = pending.subarray(end);
    }
  });
}

function readQuery(packet: Buffer, transport: 'udp' | 'tcp'): DnsQuery | null {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = packet[at] ?? 0; length > 0; length = packet[at] ?? 0) {
    labels.push(packet.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  if (at + 5 > packet.length) return null;
  return {
    id: packet.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: packet.readUInt16BE(at + 1),
    transport,
    question: packet.subarray(HEADER_BYTES, at + 5),
  };
}

export type DnsReplyOptions = {
  rcode?: number;
  id?: number;
  /** QR, opcode, AA, TC, RD, RA; the rcode is added. */
  flags?: number;
  question?: Buffer;
  answers?: readonly Buffer[];
  /** What the header claims, when that is not the truth. */
  answerCount?: number;
};

/** QR, RD and RA: what a recursive resolver says. */
export const FLAGS_REPLY = 0x8180;
export const FLAG_TRUNCATED = 0x0200;

export function dnsReply(query: DnsQuery, options: DnsReplyOptions = {}): Buffer {
  const { rcode = 0, id = query.id, flags = FLAGS_REPLY, question = query.question, answers = [] } = options;
  const header = Buffer.concat(
    [id, flags | rcode, question.length === 0 ? 0 : 1, options.answerCount ?? answers.length, 0, 0].map(uint16),
  );
  return Buffer.concat([header, question, ...answers]);
}

/** A record; `owner` is a name or, by default, a pointer back to the question. */
export function dnsRecord(type: number, data: Buffer, { ttl = 60, owner = '' } = {}): Buffer {
  const name = owner === '' ? uint16(0xc000 | HEADER_BYTES) : dnsName(owner);
  return Buffer.concat([name, uint16(type), uint16(1), uint16(ttl >>> 16), uint16(ttl), uint16(data.length), data]);
}

export function addressRecord(address: string, options: { ttl?: number; owner?: string } = {}): Buffer {
  return isIPv4(address)
    ? dnsRecord(TYPE_A, Buffer.from(address.split('.').map(Number)), options)
    : dnsRecord(TYPE_AAAA, ipv6Bytes(address), options);
}

export function cnameRecord(owner: string, target: string, ttl = 60): Buffer {
  return dnsRecord(TYPE_CNAME, dnsName(target), { owner, ttl });
}

/** A question for another name than was asked. */
export function dnsQuestion(name: string, type: number): Buffer {
  return Buffer.concat([dnsName(name), uint16(type), uint16(1)]);
}

/** Answers with the addresses of the family that is asked for. */
export function withAddresses(addresses: readonly string[], ttl = 60): DnsAnswerer {
  return (query, { send }) => {
    const wanted = addresses.filter((address) => isIPv4(address) === (query.type === TYPE_A));
    send(dnsReply(query, { answers: wanted.map((address) => addressRecord(address, { ttl })) }));
  };
}

export function dnsName(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.from(label, 'latin1'));
  return Buffer.concat([...labels.flatMap((label) => [Buffer.from([label.length]), label]), Buffer.from([0])]);
}

function uint16(value: number): Buffer {
  return Buffer.from([(value >>> 8) & 0xff, value & 0xff]);
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::');
  const groups = (text: string | undefined): string[] => (text ? text.split(':') : []);
  const [first, last] = [groups(head), groups(tail)];
  const zeros: string[] = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return Buffer.concat([...first, ...zeros, ...last].map((group) => uint16(Number.parseInt(group, 16))));
}
