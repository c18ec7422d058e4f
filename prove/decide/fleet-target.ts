/**
 * A program: the web servers of a fleet, one per loopback address, that remember when each numbered page was asked for.
 * `/s/<n>` is well, `/f/<n>` answers 503. Takes `FleetTargetOptions` as JSON and prints `FleetTargetWords`.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { watchLifeline } from '../../src/app/lifeline.ts';
import { percentile } from '../statistics.ts';

export type FleetTargetOptions = { addresses: readonly string[]; pages: number };
export type FleetTargetWords = {
  origins: string[];
  /** `/begin` forgets what was measured; `/report` answers with a `FleetReport`. */
  control: string;
};

/** Of the time since `/begin`. Ages are in ms: how long ago a page had been asked for when it was asked for again, or now. */
export type FleetReport = {
  requests: number;
  /** Those of them for pages that fail. */
  failing: number;
  /** Pages that were asked for at all. */
  asked: number;
  ageP50Ms: number;
  ageP95Ms: number;
  ageMaxMs: number;
};

const BACKLOG = 4_096;
const PATH = /^GET \/([sf])\/(\d+) /;
const WELL = reply('200 OK', '<!doctype html><title>up</title><p>all is well');
const ILL = reply('503 Service Unavailable', 'down for a reason');

const options = JSON.parse(process.argv[2] ?? '') as FleetTargetOptions;
const askedAtMs = new Float64Array(options.pages + 1).fill(Number.NaN);
const askedSince = new Uint8Array(options.pages + 1);
let ages: number[] = [];
let beganMs = performance.now();
let requests = 0;
let failing = 0;

watchLifeline(process.env, () => process.exit());
const words: FleetTargetWords = {
  origins: await Promise.all(options.addresses.map(serve)),
  control: `http://127.0.0.1:${await listen(createHttpServer(control), '127.0.0.1')}`,
};
process.stdout.write(`${JSON.stringify(words)}\n`);

async function serve(address: string): Promise<string> {
  return `http://${address}:${await listen(createServer({ noDelay: true }, accept), address)}`;
}

function listen(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: 0, backlog: BACKLOG }, () => resolve((server.address() as AddressInfo).port));
  });
}

function accept(socket: Socket): void {
  socket.once('data', answer);
  // A prober hangs up when it pleases.
  socket.on('error', () => {});
}

function answer(this: Socket, request: Buffer): void {
  const [, kind, digits] = PATH.exec(request.toString('latin1', 0, 40)) ?? [];
  const page = Number(digits);
  if (page >= 0 && page <= options.pages) note(page);
  if (kind === 'f') failing += 1;
  this.end(kind === 'f' ? ILL : WELL);
}

function note(page: number): void {
  const nowMs = performance.now();
  const before = askedAtMs[page] ?? Number.NaN;
  if (!Number.isNaN(before)) ages.push(nowMs - before);
  askedAtMs[page] = nowMs;
  askedSince[page] = 1;
  requests += 1;
}

function control(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/begin') begin();
  response.end(JSON.stringify(report()));
}

function begin(): void {
  ages = [];
  requests = 0;
  failing = 0;
  askedSince.fill(0);
  beganMs = performance.now();
}

function report(): FleetReport {
  const nowMs = performance.now();
  // A page that is not asked for any more must not be missing here.
  const all = [...ages];
  for (let page = 1; page <= options.pages; page += 1) all.push(nowMs - (askedAtMs[page] || beganMs));
  return {
    requests,
    failing,
    asked: askedSince.reduce((sum, one) => sum + one, 0),
    ageP50Ms: percentile(all, 0.5),
    ageP95Ms: percentile(all, 0.95),
    ageMaxMs: percentile(all, 1),
  };
}

function reply(status: string, body: string): Buffer {
  const head = `HTTP/1.1 ${status}\r\ncontent-type: text/html\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`;
  return Buffer.from(head + body);
}
