/** A resolver that hears every question and answers none, over UDP and TCP. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { startTcpServer } from '../kit/tcp-server.ts';

export interface SilentResolver {
  /** `127.0.0.1:port`. */
  address: string;
  stop(): Promise<void>;
}

export async function startSilentResolver(): Promise<SilentResolver> {
  const tcp = await startTcpServer((socket) => void socket.resume());
  const udp = createSocket('udp4');
  udp.bind(tcp.port, '127.0.0.1');
  await once(udp, 'listening');
  return {
    address: `127.0.0.1:${tcp.port}`,
    async stop() {
      const closed = once(udp, 'close');
      udp.close();
      await Promise.all([closed, tcp.stop()]);
    },
  };
}
