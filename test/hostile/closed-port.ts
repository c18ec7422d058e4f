/** A port of 127.0.0.1 that refuses connections for as long as it is held, and that no listener is given meanwhile. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { startTcpServer } from '../kit/tcp-server.ts';

export interface ClosedPort {
  port: number;
  stop(): Promise<void>;
}

/** The client's end of a connection: its port is taken, and nobody listens on it. */
export async function reserveClosedPort(): Promise<ClosedPort> {
  const server = await startTcpServer(() => {});
  const socket = connect(server.port, '127.0.0.1');
  await once(socket, 'connect');
  const { localPort } = socket;
  if (localPort === undefined) throw new Error('a connected socket has a local port');
  return {
    port: localPort,
    async stop() {
      socket.destroy();
      await server.stop();
    },
  };
}
