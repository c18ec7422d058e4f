/**
 * A program in a network namespace of its own: web sites on many networks behind one wire, which can be cut or made to
 * answer for them. Whoever starts it moves one end of the wire in, then writes `up`, and later `cut <kind>` and
 * `mend <kind>`, a line each.
 */
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';

/** `answered`: something in the path, such as a proxy of ours, answers each request itself. */
export type CutKind = 'silent' | 'unreachable' | 'answered';
export type CutSitesOptions = { wire: string; own: string; peer: string; networks: number };

const REPLY = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 17\r\nconnection: close\r\n\r\n<title>up</title>',
);
const REPLY_OF_PROXY = Buffer.from(
  'HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 26\r\nconnection: close\r\n\r\n<title>bad gateway</title>',
);
const BACKLOG = 4_096;
/** What whoever asks gets. */
let reply = REPLY;

const { wire, own, peer, networks } = JSON.parse(process.argv[2] ?? '') as CutSitesOptions;
const ip = (...args: string[]) => execFileSync('ip', args);

const COMMANDS: Readonly<Record<string, () => void>> = {
  up() {
    ip('link', 'set', 'lo', 'up');
    ip('addr', 'add', `${own}/30`, 'dev', wire);
    ip('link', 'set', wire, 'up');
    for (let network = 1; network <= networks; network += 1) ip('addr', 'add', `10.${network}.0.1/32`, 'dev', 'lo');
  },
  // What arrives is answered, and the answers are lost on the way.
  'cut silent': () => ip('route', 'add', 'blackhole', `${peer}/32`),
  'mend silent': () => ip('route', 'del', 'blackhole', `${peer}/32`),
  'cut answered': () => {
    reply = REPLY_OF_PROXY;
  },
  'mend answered': () => {
    reply = REPLY;
  },
};

const server = createServer((socket) => {
  socket.once('data', () => socket.end(reply));
  // A prober hangs up when it pleases, and so does a wire.
  socket.on('error', () => {});
});
server.listen({ port: 80, host: '0.0.0.0', backlog: BACKLOG }, () => process.stdout.write('listening\n'));
for await (const line of createInterface({ input: process.stdin })) {
  COMMANDS[line]?.();
  process.stdout.write(`${line} done\n`);
}
process.exit();
