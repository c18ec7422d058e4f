/**
 * A loopback server whose side of each conversation is a script of exact bytes at exact moments, until the other side
 * is gone. What was really taken by the other side is counted.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BLOCKED_PORTS } from '../../src/wire/blocked-ports.ts';
import { boundPort } from './tcp-server.ts';

export type Traffic = {
  connections: number;
  /** Request heads that arrived whole. */
  requests: number;
  /** Bytes of replies that the kernel took. */
  sentBytes: number;
};

export type HeardRequest = {
  method: string;
  target: string;
  /** Names in lower case; the last of several wins. */
  headers: Record<string, string>;
  /** The head as it came, latin1, without its empty line. */
  text: string;
};

/** Our side of one connection. Text is latin1, one byte per character. */
export interface Talk {
  /** The TCP socket under it all. */
  raw: Socket;
  /** Where the conversation is written: the TCP socket, or the TLS that runs over it. */
  stream: Duplex;
  /** Calls back with the head of the first request. */
  onRequest(play: (request: HeardRequest) => void): void;
  send(bytes: string | Buffer): void;
  /** Sends and then ends the connection in good order. */
  end(bytes?: string | Buffer): void;
  /** Sends and then resets the connection; what was sent arrives. */
  reset(bytes?: string | Buffer): void;
  /** Sends piece after piece, one every `everyMs`; calls back after the last. */
  drip(pieces: Iterable<string | Buffer>, everyMs: number, done?: () => void): void;
  /** Sends as fast as the other side takes it, until `next` returns null. */
  flood(next: () => string | Buffer | null, done?: () => void): void;
  later(delayMs: number, run: () => void): void;
}

export interface TalkServer {
  port: number;
  close(): Promise<void>;
}

export async function startTalkServer(
  traffic: Traffic,
  onConnection: (socket: Socket) => void,
  host = '127.0.0.1',
  port = 0,
): Promise<TalkServer> {
  const sockets = new Set<Socket>();
  // Half open, so that a script decides alone when our side ends.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    traffic.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(port, host);
  await once(server, 'listening');
  // The guard keeps probes from ports of other protocols, and the kernel may give us one of them.
  if (port === 0 && BLOCKED_PORTS.has(boundPort(server))) {
    server.close();
    return startTalkServer(traffic, onConnection, host);
  }
  return {
    port: boundPort(server),
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const HEAD_END = '\r\n\r\n';

export function createTalk(raw: Socket, stream: Duplex, traffic: Traffic): Talk {
  const timers = new Set<NodeJS.Timeout>();
  stream.on('error', () => raw.destroy());
  // A client's end means that it has gone: none of them half-closes.
  stream.on('end', () => raw.destroy());
  raw.on('close', () => {
    for (const timer of timers) clearTimeout(timer);
    stream.destroy();
  });

  function write(bytes: string | Buffer, then?: () => void): boolean {
    if (stream.destroyed || stream.writableEnded) return false;
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    return stream.write(buffer, (error) => {
      if (error) return;
      traffic.sentBytes += buffer.length;
      then?.();
    });
  }

  function later(delayMs: number, run: () => void): void {
    if (raw.destroyed) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      run();
    }, delayMs);
    timers.add(timer);
  }

  const talk: Talk = {
    raw,
    stream,
    later,
    onRequest(play) {
      let text = '';
      const onData = (bytes: Buffer): void => {
        text += bytes.toString('latin1');
        const end = text.indexOf(HEAD_END);
        if (end === -1) return;
        stream.off('data', onData);
        stream.resume();
        traffic.requests += 1;
        play(readRequest(text.slice(0, end)));
      };
      stream.on('data', onData);
    },
    send: (bytes) => void write(bytes),
    end(bytes) {
      if (bytes !== undefined) write(bytes);
      stream.end();
    },
    reset(bytes) {
      if (bytes === undefined) raw.resetAndDestroy();
      else write(bytes, () => raw.resetAndDestroy());
    },
    drip(pieces, everyMs, done) {
      const rest = pieces[Symbol.iterator]();
      const step = (): void => {
        const { value, done: isDone } = rest.next();
        if (isDone) {
          done?.();
          return;
        }
        write(value);
        later(everyMs, step);
      };
      step();
    },
    flood(next, done) {
      const pour = (): void => {
        for (;;) {
          const piece = raw.destroyed ? null : next();
          if (piece === null) {
            if (!raw.destroyed) done?.();
            return;
          }
          if (!write(piece)) break;
        }
        // A turn of the loop between, so that a fast reader does not keep this process to itself.
        stream.once('drain', () => setImmediate(pour));
      };
      pour();
    },
  };
  return talk;
}

function readRequest(text: string): HeardRequest {
  const [first = '', ...lines] = text.split('\r\n');
  const [method = '', target = ''] = first.split(' ');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { method, target, headers: Object.fromEntries(headers), text };
}
