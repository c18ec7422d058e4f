/**
 * A loopback port that answers no SYN: its listener is stopped and its queue of waiting connections is full, so that
 * connecting hangs as it does behind a firewall that drops packets. Linux.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface FullBacklog {
  port: number;
  stop(): Promise<void>;
}

const LISTENER = `
  const server = require('node:net').createServer();
  server.listen({ host: '127.0.0.1', port: 0, backlog: 1 }, () => console.log(server.address().port));
`;

export async function startFullBacklog(): Promise<FullBacklog> {
  const child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const port = Number(String(line).trim());
  child.kill('SIGSTOP');
  const waiting: Socket[] = [];
  for (let index = 0; index < 4; index++) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    waiting.push(socket);
  }
  await new Promise((wake) => setTimeout(wake, 200));
  return {
    port,
    async stop() {
      for (const socket of waiting) socket.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}
