/**
 * One socket and the phase that listens to it. Phases follow each other without a gap, so each simply takes over by
 * `listen`. A class, because one is made for every check and its listeners must cost little.
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

const NOBODY: SocketListener = { onData() {}, onEnd() {}, onError() {} };

export class Connection<S extends Socket = Socket> {
  readonly socket: S;
  #listener: SocketListener = NOBODY;
  /** How it ended before anybody listened; whoever takes over is told. */
  #over: { error: string | null } | null = null;

  /** `open` connects a socket that reads through the given options; without them, what it reads comes as data events. */
  constructor(sharedBuffer: Buffer, open: (onread: OnReadOpts) => S) {
    this.socket = open({
      buffer: sharedBuffer,
      callback: (byteCount) => {
        this.#listener.onData(sharedBuffer.subarray(0, byteCount));
        return true;
      },
    });
    this.socket.on('end', () => this.#finish(null));
    this.socket.on('error', (error: NodeJS.ErrnoException) => this.#finish(error.code ?? error.name));
    this.socket.on('close', () => this.#finish('ECONNRESET'));
  }

  listen(listener: SocketListener): void {
    this.#listener = listener;
    if (this.#over !== null) tell(listener, this.#over.error);
  }

  destroy(): void {
    this.#listener = NOBODY;
    this.socket.destroy();
  }

  #finish(error: string | null): void {
    if (this.#over !== null) return;
    this.#over = { error };
    tell(this.#listener, error);
  }
}

function tell(listener: SocketListener, error: string | null): void {
  if (error === null) listener.onEnd();
  else listener.onError(error);
}
