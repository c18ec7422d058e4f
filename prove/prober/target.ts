/**
 * A program: many small servers on loopback addresses, quick enough that a client on another core is what is measured.
 * Takes `TargetOptions` as JSON, prints `TargetWords` when it listens, and lives until whoever started it is gone.
 */

import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { watchLifeline } from '../../src/app/lifeline.ts';
import type { HostIdentity } from './identities.ts';
import { DELAY_HEADER, numberOf, pageOf, replyOf } from './reply.ts';

export type TargetOptions = {
  /** Addresses to listen on, each with a port of its own; the same one may stand here twice. */
  addresses: readonly string[];
  /** Size of the page. */
  bytes: number;
  /** How long the head of a request waits for its reply; 0 answers at once. */
  delayMs: number;
  /** File with a `HostIdentity` per address, as JSON, which need not be for that address; null for plain HTTP. */
  identities: string | null;
};

export type TargetWords = {
  /** One per address. */
  origins: string[];
  /** Answers `/stats` with `TargetStats`, and `/delays` with the real delay in ms of each numbered request as doubles. */
  control: string;
};

export type TargetStats = { requests: number; open: number; mostOpen: number };

/** Numbered requests whose delay is remembered. */
const MAX_REMEMBERED = 131_072;
const BACKLOG = 4_096;
const HEAD_END = Buffer.from('\r\n\r\n');

const options = JSON.parse(process.argv[2] ?? '') as TargetOptions;
const stats: TargetStats = { requests: 0, open: 0, mostOpen: 0 };
const delays = new Float64Array(options.delayMs > 0 ? MAX_REMEMBERED : 0);
const { head, rest } = replyOf(pageOf(options.bytes));
const quickReply = Buffer.from(head + rest);

watchLifeline(process.env, () => process.exit());
const words: TargetWords = { origins: await Promise.all(options.addresses.map(serve)), control: await serveControl() };
process.stdout.write(`${JSON.stringify(words)}\n`);

async function serve(address: string, index: number): Promise<string> {
  const identity = options.identities === null ? null : identitiesIn(options.identities)[index];
  if (identity === undefined) throw new RangeError(`there is no identity for ${address}`);
  const server =
    identity === null
      ? createServer({ noDelay: true }, accept)
      : createTlsServer({ ...identity, noDelay: true, secureOptions: constants.SSL_OP_NO_TICKET }, accept);
  const port = await listen(server, address);
  return `${identity === null ? 'http' : 'https'}://${address}:${port}`;
}

function identitiesIn(file: string): HostIdentity[] {
  return JSON.parse(readFileSync(file, 'utf8')) as HostIdentity[];
}

function listen(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0, backlog: BACKLOG }, () => resolve((server.address() as AddressInfo).port));
  });
}

function accept(socket: Socket): void {
  stats.open += 1;
  stats.mostOpen = Math.max(stats.mostOpen, stats.open);
  socket.on('data', asked);
  socket.on('close', closed);
  // A prober hangs up when it pleases.
  socket.on('error', () => {});
}

function closed(): void {
  stats.open -= 1;
}

/** A request of ours fits one packet; one that came in pieces is answered at its end, without a number. */
function asked(this: Socket, request: Buffer): void {
  if (!request.subarray(-HEAD_END.length).equals(HEAD_END)) return;
  stats.requests += 1;
  if (options.delayMs === 0) this.end(quickReply);
  else setTimeout(answerSlowly, options.delayMs, this, numberOf(request), performance.now());
}

function answerSlowly(socket: Socket, number: number, askedAtMs: number): void {
  const delayMs = performance.now() - askedAtMs;
  if (number >= 0 && number < MAX_REMEMBERED) delays[number] = delayMs;
  socket.end(`${head}${DELAY_HEADER}: ${Math.round(delayMs * 1_000)}\r\n${rest}`, 'latin1');
}

async function serveControl(): Promise<string> {
  const server = createHttpServer((request, response) => {
    response.end(request.url === '/delays' ? Buffer.from(delays.buffer) : JSON.stringify(stats));
  });
  return `http://127.0.0.1:${await listen(server, '127.0.0.1')}`;
}
