/**
 * One socket and the phase that listens to it. Phases follow each other without a gap, so each simply takes over by
 * `listen`. A class, and its listeners are shared by all sockets, because one is made for every check.
 */
import type { OnReadOpts, Socket } from 'node:net';

/** What a phase hears. After `onEnd` or `onError` nothing more comes. */
export interface SocketListener {
  /** The socket has connected, and nothing was said on it yet. */
  onConnect?(): void;
  /** The bytes are valid during the call only: all sockets read into one shared buffer. */
  onData(bytes: Buffer): void;
  /** The peer ended its side in order. */
  onEnd(): void;
  /** System or OpenSSL code of the error that destroyed the socket. */
  onError(code: string): void;
}

const NOBODY: SocketListener = { onData() {}, onEnd() {}, onError() {} };

/** How a listener that all sockets share finds its connection. */
const CONNECTION = Symbol('connection');
type Connected = Socket & { [CONNECTION]?: Connection };

export class Connection<S extends Socket = Socket> {
  readonly socket: S;
  #listener: SocketListener = NOBODY;
  /** How it ended before anybody listened; whoever takes over is told. */
  #over: { error: string | null } | null = null;

  /** `open` connects a socket that reads through the given options; it has not connected when it is returned. */
  constructor(sharedBuffer: Buffer, open: (onread: OnReadOpts) => S) {
    const socket: S & Connected = open({
      buffer: sharedBuffer,
      callback: (byteCount) => {
        this.#listener.onData(sharedBuffer.subarray(0, byteCount));
        return true;
      },
    });
    this.socket = socket;
    socket[CONNECTION] = this;
    // In front, so that the peer is checked before TLS, which starts on the same event, says a word.
    socket.prependListener('connect', onConnect);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
    if (this.#over !== null) tell(listener, this.#over.error);
  }

  destroy(): void {
    this.#listener = NOBODY;
    this.socket.destroy();
  }

  connected(): void {
    this.#listener.onConnect?.();
  }

  /** Null: in order. */
  ended(error: string | null): void {
    if (this.#over !== null) return;
    this.#over = { error };
    tell(this.#listener, error);
  }
}

function tell(listener: SocketListener, error: string | null): void {
  if (error === null) listener.onEnd();
  else listener.onError(error);
}

function onConnect(this: Connected): void {
  this[CONNECTION]?.connected();
}

function onEnd(this: Connected): void {
  this[CONNECTION]?.ended(null);
}

function onError(this: Connected, error: NodeJS.ErrnoException): void {
  this[CONNECTION]?.ended(error.code ?? error.name);
}

function onClose(this: Connected): void {
  this[CONNECTION]?.ended('ECONNRESET');
}
