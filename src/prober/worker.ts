/**
 * A prober thread: DNS, TCP, TLS, HTTP and nothing else, so that a busy main thread can never look like a slow site.
 * Jobs come in batches; results leave in batches.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { CHECKS } from '../checks/registry.ts';
import { createVisitor } from '../checks/visit.ts';
import { systemClock } from '../lib/clock.ts';
import { createQueue } from '../lib/queue.ts';
import { createWire } from '../wire/wire.ts';
import { beat } from './heartbeat.ts';
import { pack } from './packing.ts';
import type { ProbeJob, ProbeResult, ThreadData } from './prober.ts';
import { createJobRunner } from './run-job.ts';
import { createStallWatch } from './stall-watch.ts';

/** Probes running at once in this thread; the rest waits in order. */
const MAX_RUNNING = 1_000;
/** Results wait at most this long for company before they cross the border. */
const FLUSH_AFTER_MS = 5;

if (parentPort === null) throw new Error('worker.ts runs as a worker thread only');
const port = parentPort;
const clock = systemClock;
const { settings, heartbeat } = workerData as ThreadData;
const { pausedMs } = createStallWatch(clock, () => beat(heartbeat));
const { exchange } = createWire({ ...settings, clock });
const runJob = createJobRunner({ visit: createVisitor({ exchange, pausedMs, clock }), checks: CHECKS, clock });

const waiting = createQueue<ProbeJob>();
let running = 0;
let finished: ProbeResult[] = [];

port.on('message', (jobs: ProbeJob[]) => {
  for (const job of jobs) waiting.push(job);
  startWaiting();
});

function startWaiting(): void {
  while (running < MAX_RUNNING) {
    const job = waiting.shift();
    if (job === undefined) return;
    start(job);
  }
}

function start(job: ProbeJob): void {
  running += 1;
  void runJob(job).then((observation) => {
    running -= 1;
    if (finished.length === 0) clock.after(FLUSH_AFTER_MS, flush);
    finished.push({ id: job.id, observation });
    startWaiting();
  });
}

function flush(): void {
  const message = pack(finished);
  finished = [];
  port.postMessage(message, [message.rows.buffer]);
}
