/**
 * UDP sockets to one resolver. Each is connected, so that the kernel hands over only what comes from the address and
 * port that were asked and tells when nothing listens there. A socket has a random port, takes a few hundred queries and
 * is closed as soon as none of them is open: nothing is left behind when nobody asks, and ports cannot be learned.
 */
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { isReplyTo, packetOf, type Query } from './dns-message.ts';
import type { DnsTrouble, Listener, OpenQuery } from './dns-transport.ts';
import { troubleOf } from './dns-transport.ts';
import type { ResolverAddress } from './resolv-conf.ts';

/** About as many replies as the kernel keeps for one socket while this thread is busy. */
const QUERIES_PER_SOCKET = 256;
/** Beyond these the newest socket is used on, as long as ids are easy to find. */
const MAX_SOCKETS = 128;
const MAX_OPEN_PER_SOCKET = 16_384;

export class UdpPorts {
  readonly #resolver: ResolverAddress;
  readonly #randomId: () => number;
  readonly #sockets = new Set<UdpPort>();
  #newest: UdpPort | null = null;

  constructor(resolver: ResolverAddress, randomId: () => number) {
    this.#resolver = resolver;
    this.#randomId = randomId;
  }

  send(query: Query, isPlain: boolean, listener: Listener): OpenQuery {
    return this.#port().send(query, isPlain, listener);
  }

  close(): void {
    for (const socket of this.#sockets) socket.fail({ kind: 'local', detail: 'closed' });
  }

  #port(): UdpPort {
    const newest = this.#newest;
    const isFull = newest !== null && newest.openCount >= MAX_OPEN_PER_SOCKET;
    if (newest !== null && !isFull && (!newest.isWorn || this.#sockets.size >= MAX_SOCKETS)) return newest;
    const port: UdpPort = new UdpPort(this.#resolver, this.#randomId, () => {
      this.#sockets.delete(port);
      if (this.#newest === port) this.#newest = null;
    });
    this.#sockets.add(port);
    this.#newest = port;
    return port;
  }
}

/** Our addresses are numbers already; a lookup that calls back at once lets a socket be used at once. */
const NO_LOOKUP4 = (host: string, _: object, done: (error: null, address: string, family: number) => void): void =>
  done(null, host, 4);
const NO_LOOKUP6 = (host: string, _: object, done: (error: null, address: string, family: number) => void): void =>
  done(null, host, 6);

class UdpPort {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #randomId: () => number;
  readonly #onClosed: () => void;
  readonly #open = new Map<number, UdpQuery>();
  readonly #onSent: (error: Error | null) => void;
  #sent = 0;
  #isClosed = false;

  constructor({ address, port }: ResolverAddress, randomId: () => number, onClosed: () => void) {
    this.#port = port;
    this.#randomId = randomId;
    this.#onClosed = onClosed;
    this.#onSent = (error) => {
      if (error !== null) this.fail(troubleOf(error));
    };
    const isV6 = isIPv6(address);
    this.#socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', lookup: isV6 ? NO_LOOKUP6 : NO_LOOKUP4 });
    this.#socket.on('message', (message, peer) => this.#received(message, peer.port));
    // An error may come while the first query is still being sent: its asker learns of it afterwards.
    this.#socket.on('error', (error) => process.nextTick(() => this.fail(troubleOf(error))));
    this.#socket.connect(port, address);
    this.#socket.unref();
  }

  get isWorn(): boolean {
    return this.#sent >= QUERIES_PER_SOCKET;
  }

  get openCount(): number {
    return this.#open.size;
  }

  send(query: Query, isPlain: boolean, listener: Listener): OpenQuery {
    this.#sent += 1;
    const id = this.#freeId();
    const open = new UdpQuery(id, query, listener, this);
    this.#open.set(id, open);
    try {
      this.#socket.send(packetOf(query, id, isPlain), this.#onSent);
    } catch {
      // A socket that could not be bound or connected throws here, and says why in its error event.
    }
    return open;
  }

  forget(id: number): void {
    if (!this.#open.delete(id) || this.#open.size > 0) return;
    this.#close();
  }

  fail(trouble: DnsTrouble): void {
    if (this.#isClosed) return;
    const listeners = [...this.#open.values()].map((open) => open.listener);
    this.#open.clear();
    this.#close();
    for (const listener of listeners) listener.onTrouble(trouble);
  }

  #received(message: Buffer, fromPort: number): void {
    if (message.length < 2 || fromPort !== this.#port) return;
    const open = this.#open.get(message.readUInt16BE(0));
    if (open === undefined || !isReplyTo(message, open.id, open.query)) return;
    open.cancel();
    open.listener.onReply(message);
  }

  /** There are far fewer queries open than ids, so that the next free one is hardly less random. */
  #freeId(): number {
    let id = this.#randomId();
    while (this.#open.has(id)) id = (id + 1) & 0xffff;
    return id;
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
    this.#socket.close();
  }
}

class UdpQuery implements OpenQuery {
  readonly id: number;
  readonly query: Query;
  readonly listener: Listener;
  readonly #port: UdpPort;

  constructor(id: number, query: Query, listener: Listener, port: UdpPort) {
    this.id = id;
    this.query = query;
    this.listener = listener;
    this.#port = port;
  }

  cancel(): void {
    this.#port.forget(this.id);
  }
}
