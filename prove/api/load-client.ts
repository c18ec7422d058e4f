/**
 * A program: asks a server for paths over kept connections and says how long each answer took. It does as little as it
 * can, so that what is measured is the server. Takes `LoadOptions` as JSON and prints a `LoadReport`.
 */
import { connect, type Socket } from 'node:net';
import { watchLifeline } from '../../src/app/lifeline.ts';
import { percentile } from '../statistics.ts';

export type LoadOptions = {
  host: string;
  port: number;
  token: string;
  /** Asked for in this order, again and again. */
  paths: readonly string[];
  connections: number;
  /** Null: each connection asks for the next as soon as it is answered. */
  perSecond: number | null;
  warmUpSeconds: number;
  seconds: number;
};

export type LoadReport = {
  /** Of the time after the warm-up. */
  answers: number;
  perSecond: number;
  /** Answers with another status than 200, and lost connections. */
  failed: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
};

const options = JSON.parse(process.argv[2] ?? '') as LoadOptions;
watchLifeline(process.env, () => process.exit());

const requests = options.paths.map((path) =>
  Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${options.host}\r\nauthorization: Bearer ${options.token}\r\n\r\n`),
);
/** All connections read into one buffer: what comes is looked at at once. */
const READ_BYTES = 64 * 1024;
const shared = Buffer.alloc(READ_BYTES);
/** As the server spells it. */
const LENGTH = 'content-length: ';
const startMs = performance.now();
const fromMs = startMs + options.warmUpSeconds * 1_000;
const untilMs = fromMs + options.seconds * 1_000;
const tookMs: number[] = [];
let failed = 0;
let asked = 0;
const idle: ((request: Buffer, dueMs: number) => void)[] = [];
/** When those that wait for a connection were due. */
const due: number[] = [];

for (let nth = 0; nth < options.connections; nth += 1) open();
const { perSecond } = options;
const timer = perSecond === null ? null : setInterval(() => offer(perSecond), 1);
setTimeout(report, options.warmUpSeconds * 1_000 + options.seconds * 1_000);

function report(): void {
  if (timer !== null) clearInterval(timer);
  const words: LoadReport = {
    answers: tookMs.length,
    perSecond: tookMs.length / options.seconds,
    failed: failed + due.length,
    p50Ms: percentile(tookMs, 0.5),
    p99Ms: percentile(tookMs, 0.99),
    maxMs: percentile(tookMs, 1),
  };
  process.stdout.write(`${JSON.stringify(words)}\n`, () => process.exit());
}

/** At an even rate, whatever became of those before; the wait for a free connection counts. */
function offer(rate: number): void {
  const wanted = Math.floor(((performance.now() - startMs) / 1_000) * rate);
  while (asked + due.length < wanted) due.push(startMs + ((asked + due.length + 1) * 1_000) / rate);
  while (due.length > 0) {
    // The one that has rested longest: a server closes those that rest for long.
    const send = idle.shift();
    if (send === undefined) return;
    send(nextRequest(), due.shift() ?? 0);
  }
}

function nextRequest(): Buffer {
  const request = requests[asked % requests.length];
  if (request === undefined) throw new RangeError('there is nothing to ask for');
  asked += 1;
  return request;
}

function open(): void {
  const onread = { buffer: shared, callback: (bytes: number) => take(bytes) };
  const socket: Socket = connect({ host: options.host, port: options.port, noDelay: true, onread });
  /** Of a reply whose head has not come whole. */
  let head = '';
  let isOk = false;
  let missing = -1;
  let sinceMs = 0;

  function send(request: Buffer, dueMs: number): void {
    sinceMs = dueMs;
    socket.write(request);
  }

  function rest(): void {
    if (options.perSecond === null) send(nextRequest(), performance.now());
    else idle.push(send);
  }

  function answered(): void {
    const nowMs = performance.now();
    if (sinceMs >= fromMs && nowMs <= untilMs) {
      tookMs.push(nowMs - sinceMs);
      if (!isOk) failed += 1;
    }
    missing = -1;
    rest();
  }

  function take(bytes: number): boolean {
    if (missing === -1) {
      head += shared.toString('latin1', 0, bytes);
      const end = head.indexOf('\r\n\r\n');
      if (end === -1) return true;
      isOk = head.startsWith('HTTP/1.1 200');
      const at = head.indexOf(LENGTH);
      missing = end + 4 + (at === -1 ? 0 : Number.parseInt(head.slice(at + LENGTH.length, end), 10)) - head.length;
      head = '';
    } else missing -= bytes;
    if (missing <= 0) answered();
    return true;
  }

  socket.once('connect', rest);
  socket.on('error', () => {
    failed += 1;
  });
  socket.on('close', () => {
    failed += 1;
  });
}
