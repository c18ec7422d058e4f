/**
 * Queries over TCP, for answers that have no room in a packet: one connection each, because they are rare, and a
 * bounded number of them at a time. Whoever has to wait is let go by their own deadline.
 */
import { connect, type Socket } from 'node:net';
import { createQueue } from '../lib/queue.ts';
import { isReplyTo, packetOf, type Query } from './dns-message.ts';
import { type DnsTrouble, type Listener, type OpenQuery, troubleOf } from './dns-transport.ts';
import type { ResolverAddress } from './resolv-conf.ts';

const MAX_CONNECTIONS = 32;
const LENGTH_BYTES = 2;

/** The connections to one resolver. */
export class TcpConnections {
  readonly #resolver: ResolverAddress;
  readonly #randomId: () => number;
  readonly #open = new Set<TcpQuery>();
  readonly #waiting = createQueue<TcpQuery>();

  constructor(resolver: ResolverAddress, randomId: () => number) {
    this.#resolver = resolver;
    this.#randomId = randomId;
  }

  send(query: Query, isPlain: boolean, listener: Listener): OpenQuery {
    const one: TcpQuery = new TcpQuery(this.#randomId(), query, isPlain, listener, () => this.#ended(one));
    this.#waiting.push(one);
    this.#openNext();
    return one;
  }

  close(): void {
    while (this.#waiting.shift() !== undefined);
    for (const one of this.#open) one.fail({ kind: 'local', detail: 'closed' });
  }

  #openNext(): void {
    while (this.#open.size < MAX_CONNECTIONS) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      if (next.isOver) continue;
      this.#open.add(next);
      next.start(this.#resolver);
    }
  }

  #ended(one: TcpQuery): void {
    if (this.#open.delete(one)) this.#openNext();
  }
}

class TcpQuery implements OpenQuery {
  isOver = false;
  readonly #id: number;
  readonly #query: Query;
  readonly #isPlain: boolean;
  readonly #listener: Listener;
  readonly #onEnd: () => void;
  #socket: Socket | null = null;
  #chunks: Buffer[] = [];
  #byteCount = 0;
  #wantedBytes = LENGTH_BYTES;

  constructor(id: number, query: Query, isPlain: boolean, listener: Listener, onEnd: () => void) {
    this.#id = id;
    this.#query = query;
    this.#isPlain = isPlain;
    this.#listener = listener;
    this.#onEnd = onEnd;
  }

  start({ address, port }: ResolverAddress): void {
    const socket = connect({ host: address, port });
    this.#socket = socket;
    socket.unref();
    socket.on('error', (error) => this.fail(this.#byteCount === 0 ? brokenBy(error) : CUT));
    socket.on('close', () => this.fail(CUT));
    socket.on('end', () => this.fail(CUT));
    socket.on('data', (bytes) => this.#received(bytes));
    const packet = packetOf(this.#query, this.#id, this.#isPlain);
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(packet.length);
    socket.write(Buffer.concat([length, packet]));
  }

  cancel(): void {
    this.#end();
  }

  fail(trouble: DnsTrouble): void {
    if (this.#end()) this.#listener.onTrouble(trouble);
  }

  /** Two bytes of length bound what is kept. */
  #received(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#byteCount += bytes.length;
    if (this.#byteCount < this.#wantedBytes) return;
    const all = Buffer.concat(this.#chunks);
    this.#wantedBytes = LENGTH_BYTES + all.readUInt16BE(0);
    if (this.#byteCount < this.#wantedBytes) return;
    const message = all.subarray(LENGTH_BYTES, this.#wantedBytes);
    if (!isReplyTo(message, this.#id, this.#query)) this.fail({ kind: 'broken', detail: 'another answer over TCP' });
    else if (this.#end()) this.#listener.onReply(message);
  }

  #end(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.#chunks = [];
    this.#socket?.destroy();
    this.#onEnd();
    return true;
  }
}

const CUT: DnsTrouble = { kind: 'broken', detail: 'no whole answer over TCP' };

/** The resolver answered over UDP a moment ago: that it does not over TCP is no sign that it is gone. */
function brokenBy(error: Error): DnsTrouble {
  const trouble = troubleOf(error);
  return trouble.kind === 'local' ? trouble : { kind: 'broken', detail: `${trouble.detail} over TCP` };
}
