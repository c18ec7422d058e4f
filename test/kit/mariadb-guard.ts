/**
 * Parent of a private database server: `node mariadb-guard.ts <folder> <program> <args...>`. It lives in a session of its
 * own and ends the server, and removes the folder, when its standard input closes: however the test run ended.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';

const PATIENCE_MS = 10_000;

const [folder = '', program = '', ...args] = process.argv.slice(2);
const server = spawn(program, args, { stdio: 'ignore' });

let ending = false;
server.once('error', () => process.exit(1));
server.once('exit', () => {
  // Killed by a test, the folder is started from again.
  if (ending) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.exit(0);
});
process.stdout.write(`${server.pid}\n`);
process.stdout.on('error', () => {});

process.stdin.on('error', end).once('end', end).resume();

function end(): void {
  if (ending) return;
  ending = true;
  // One that was stopped with SIGSTOP hears nothing else.
  server.kill('SIGCONT');
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), PATIENCE_MS);
}
