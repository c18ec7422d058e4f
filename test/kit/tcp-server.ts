/** A loopback TCP server for one scripted conversation per connection. */

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export interface TcpServer {
  port: number;
  /** Connections accepted so far. */
  connections(): number;
  stop(): Promise<void>;
}

export async function startTcpServer(
  onConnection: (socket: Socket) => void,
  { host = '127.0.0.1', port = 0 } = {},
): Promise<TcpServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A prober hangs up when it has seen enough; that is no error of the server.
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: boundPort(server),
    connections: () => connections,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server is not listening on a TCP port');
  return address.port;
}

/** Answers whatever is asked with the given bytes, then ends the connection unless told to keep it open. */
export function answering(bytes: string | Buffer, { stayOpen = false } = {}): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => {
      if (stayOpen) socket.write(bytes, 'latin1' as BufferEncoding);
      else socket.end(bytes, 'latin1' as BufferEncoding);
    });
  };
}

/** A port that was free a moment ago and refuses connections. */
export async function closedPort(): Promise<number> {
  const server = await startTcpServer(() => {});
  await server.stop();
  return server.port;
}
