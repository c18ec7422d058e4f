/** A TCP proxy in the place of whoever is on the path: it may change what passes, and play again what passed before. */
import { connect } from 'node:net';
import { onTestFinished } from 'vitest';
import { startTcpServer } from './tcp-server.ts';

export type TamperProxy = {
  port: number;
  connections(): number;
  /** All that the server said, piece by piece. */
  recorded(): Buffer[];
};

export type Tampering = {
  toServer?: (bytes: Buffer) => Buffer;
  toClient?: (bytes: Buffer) => Buffer;
  /** Says these pieces and never asks the server: the first in greeting, the others when the client has said `after`. */
  replay?: { pieces: readonly Buffer[]; after: string };
};

export async function startTamperProxy(serverPort: number, tampering: Tampering = {}): Promise<TamperProxy> {
  const { toServer = same, toClient = same, replay } = tampering;
  const recorded: Buffer[] = [];
  const proxy = await startTcpServer((client) => {
    if (replay !== undefined) {
      const [greeting = Buffer.alloc(0), ...rest] = replay.pieces;
      client.write(greeting);
      client.on('data', (bytes) => {
        if (bytes.includes(replay.after)) for (const piece of rest.splice(0)) client.write(piece);
      });
      return;
    }
    const server = connect(serverPort, '127.0.0.1');
    server.on('error', () => client.destroy());
    client.on('close', () => server.destroy());
    client.on('data', (bytes) => server.write(toServer(bytes)));
    server.on('data', (bytes) => {
      recorded.push(bytes);
      client.write(toClient(bytes));
    });
    server.on('close', () => client.destroy());
  });
  onTestFinished(proxy.stop);
  return { port: proxy.port, connections: proxy.connections, recorded: () => recorded };
}

function same(bytes: Buffer): Buffer {
  return bytes;
}

/** The same bytes with one text in the place of another of its length. */
export function swapping(from: string, to: string): (bytes: Buffer) => Buffer {
  if (from.length !== to.length) throw new TypeError('frames would no longer fit');
  return (bytes) => Buffer.from(bytes.toString('latin1').replaceAll(from, to), 'latin1');
}
