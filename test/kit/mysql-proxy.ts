/** A way to a MySQL server that can be cut at a chosen statement, before or after the server heard it. */
import { createConnection, createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export type MysqlProxy = {
  port: number;
  /** From now on, the connection on which this text is sent is cut: nothing of the answer comes through. */
  cutAt(text: string, when: 'before the server hears it' | 'after the server heard it'): void;
};

/** Closed when the test is. */
export async function startMysqlProxy(serverPort: number): Promise<MysqlProxy> {
  let cut: { text: string; heard: boolean } | null = null;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).once('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const upstream = createConnection(serverPort, '127.0.0.1');
    keep(client);
    keep(upstream);
    let mute = false;
    client.on('data', (bytes) => {
      const hit = cut !== null && bytes.includes(cut.text);
      const heard = cut?.heard === true;
      if (hit) {
        cut = null;
        mute = true;
      }
      if (!hit || heard) upstream.write(bytes);
      if (!hit) return;
      if (!heard) return void client.destroy();
      // The answer shows that it was carried out.
      upstream.once('data', () => client.destroy());
    });
    upstream.on('data', (bytes) => {
      if (!mute) client.write(bytes);
    });
    client.once('close', () => upstream.destroy());
    upstream.once('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    cutAt(text, when) {
      cut = { text, heard: when === 'after the server heard it' };
    },
  };
}
