/**
 * One socket and the phase that listens to it. Listeners are attached once; phases take over by `listen`, and what
 * happened between two phases (early bytes, a reset) is handed to the next one.
 */
import type { OnReadOpts, Socket } from 'node:net';

/** What a phase hears. After `onEnd` or `onError` nothing more comes. */
export type SocketListener = {
  /** The bytes are valid during the call only: all sockets read into one shared buffer. */
  onData(bytes: Buffer): void;
  /** The peer ended its side in order. */
  onEnd(): void;
  /** System or OpenSSL code of the error that destroyed the socket. */
  onError(code: string): void;
};

export interface Connection<S extends Socket = Socket> {
  readonly socket: S;
  /** Null keeps what arrives for the next listener. */
  listen(listener: SocketListener | null): void;
  destroy(): void;
}

/** A server that speaks before it is asked is heard this far. */
const MAX_EARLY_BYTES = 65_536;

/** `open` connects a socket that reads through the given options; it must not read in any other way. */
export function createConnection<S extends Socket>(
  sharedBuffer: Uint8Array,
  open: (onread: OnReadOpts) => S,
): Connection<S> {
  let listener: SocketListener | null = null;
  let early: Buffer[] = [];
  let earlyBytes = 0;
  let over: 'end' | { error: string } | null = null;

  function finish(how: 'end' | { error: string }): void {
    if (over !== null) return;
    over = how;
    if (listener !== null) tellOver(listener, how);
  }

  const socket = open({
    buffer: sharedBuffer,
    callback(byteCount, buffer) {
      const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, byteCount);
      if (listener !== null) listener.onData(bytes);
      else if (earlyBytes < MAX_EARLY_BYTES) {
        earlyBytes += byteCount;
        early.push(Buffer.from(bytes));
      }
      return true;
    },
  });
  socket.on('end', () => finish('end'));
  socket.on('error', (error: NodeJS.ErrnoException) => finish({ error: error.code ?? error.name }));
  socket.on('close', () => finish({ error: 'ECONNRESET' }));

  return {
    socket,
    listen(next) {
      listener = next;
      if (next === null) return;
      const unheard = early;
      early = [];
      for (const bytes of unheard) next.onData(bytes);
      if (over !== null) tellOver(next, over);
    },
    destroy: () => {
      listener = null;
      socket.destroy();
    },
  };
}

function tellOver(listener: SocketListener, how: 'end' | { error: string }): void {
  if (how === 'end') listener.onEnd();
  else listener.onError(how.error);
}
