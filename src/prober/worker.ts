/**
 * A prober thread: DNS, TCP, TLS, HTTP and nothing else, so that a busy main thread can never look like a slow site.
 * Jobs come in batches; results leave in batches.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { CHECKS } from '../checks/registry.ts';
import { createVisitor } from '../checks/visit.ts';
import { systemClock, type Timer } from '../lib/clock.ts';
import { createQueue } from '../lib/queue.ts';
import { createWire } from '../wire/wire.ts';
import { writeGauges } from './gauges.ts';
import { beat } from './heartbeat.ts';
import { ResultBatch, unpackJobs } from './packing.ts';
import { takePrecedence } from './precedence.ts';
import type { ProbeJob } from './prober.ts';
import { createJobRunner, type JobOutcome } from './run-job.ts';
import { createStallWatch } from './stall-watch.ts';
import type { ThreadData, ThreadOrder, ThreadReport } from './thread-data.ts';

/** Results wait at most this long for company before they cross the border, and not at all when none is on its way. */
const FLUSH_AFTER_MS = 40;
/**
 * So many visits are started in a row before sockets are read again: what is due comes forty at a time and more, and a burst
 * must not make its own timings late.
 */
const START_AT_ONCE = 4;

if (parentPort === null) throw new Error('worker.ts runs as a worker thread only');
const port = parentPort;
takePrecedence();
const clock = systemClock;
const { settings, heartbeat, gauges, maxRunning } = workerData as ThreadData;
const { pauses, notice } = createStallWatch(clock, showSigns);
const { prepare, exchange, waitingAtGate } = createWire({ ...settings, clock });
const { budgets, plan } = settings;
const runJob = createJobRunner({
  visit: createVisitor({ exchange, pauses, clock, budgets }),
  checks: CHECKS,
  clock,
  plan,
});

/** A job and how often it was run in vain. */
type Run = { job: ProbeJob; voidedRuns: number; isOver: boolean };

const again = createQueue<Run>();
const waiting = createQueue<ProbeJob>();
const finished = new ResultBatch();
let running = 0;
let visits = 0;
let voided = 0;
let stalled = 0;
let isStarting = false;
let flushing: Timer | null = null;
let isDraining = false;

// Any first job may be redirected to TLS, so that what TLS needs is read before the first of any kind is timed.
prepare();

port.on('message', (order: ThreadOrder) => {
  if (order.kind === 'drain') drain();
  else if (!isDraining) unpackJobs(order.jobs, waiting.push);
  startSoon();
});

function startSoon(): void {
  if (isStarting || (waiting.size() === 0 && again.size() === 0)) return;
  isStarting = true;
  setImmediate(startSome);
}

function startSome(): void {
  isStarting = false;
  notice();
  for (let started = 0; started < START_AT_ONCE; started += 1) {
    if (running - waitingAtGate() >= maxRunning) return;
    const next = nextRun();
    if (next === null) return;
    start(next);
  }
  startSoon();
}

function nextRun(): Run | null {
  const rerun = again.shift();
  if (rerun !== undefined) return rerun;
  const job = waiting.shift();
  return job === undefined ? null : { job, voidedRuns: 0, isOver: false };
}

function start(run: Run): void {
  running += 1;
  visits += 1;
  runJob(run.job, run.voidedRuns, (outcome) => ended(run, outcome));
}

/** Twice when the first time threw: the job is then answered by the second, as our own failure. */
function ended(run: Run, outcome: JobOutcome): void {
  const { job, voidedRuns } = run;
  if (!run.isOver) running -= 1;
  run.isOver = true;
  if (outcome.kind === 'void') {
    voided += 1;
    again.push({ job, voidedRuns: voidedRuns + 1, isOver: false });
  } else report(job, outcome);
  if (!finished.isEmpty && isIdle()) flush();
  startSoon();
}

function report({ id }: ProbeJob, outcome: Exclude<JobOutcome, { kind: 'void' }>): void {
  if (finished.isEmpty) flushing = clock.after(FLUSH_AFTER_MS, flush);
  if (outcome.kind === 'healthy') finished.addHealthy(id, outcome.judgement);
  else finished.addWhole({ id, observation: outcome.observation });
  if (outcome.kind === 'observed' && outcome.isStalled) stalled += 1;
}

/** Nothing is under way and nothing waits. */
function isIdle(): boolean {
  return running === 0 && waiting.size() === 0 && again.size() === 0;
}

function flush(): void {
  flushing?.cancel();
  const results = finished.take();
  send({ kind: 'results', results });
  if (isDraining && running === 0 && again.size() === 0) send({ kind: 'drained' });
}

/** Columns this small are copied faster than handed over. */
function send(message: ThreadReport): void {
  port.postMessage(message);
}

function drain(): void {
  isDraining = true;
  while (waiting.shift() !== undefined);
  if (running === 0 && again.size() === 0 && finished.isEmpty) send({ kind: 'drained' });
}

/** Every tick of the stall watch. */
function showSigns(): void {
  beat(heartbeat);
  writeGauges(gauges, { running, waiting: waiting.size() + again.size(), visits, voided, stalled });
}
