/**
 * A program: the prober of the product at work on targets that are known to be healthy. Takes `ClientOptions` as JSON,
 * prints `{"running":true}` when the work begins and a `ClientMeasured` when it is done.
 */
import { readFileSync } from 'node:fs';
import { watchLifeline } from '../../src/app/lifeline.ts';
import { DEFAULT_PLAN, type ProbePlan } from '../../src/domain/probe-plan.ts';
import { type Observation, worstVerdict } from '../../src/domain/verdict.ts';
import type { ProbeJob } from '../../src/prober/prober.ts';
import { percentile } from '../statistics.ts';
import { type BlockedLoopOptions, blockedLoop } from './blocked-loop.ts';
import { closedLoop, type Loop, type LoopOptions } from './closed-loop.ts';
import { type Measured, measuredOf } from './measured.ts';
import { measuredNumbers, type OpenLoopOptions, openLoop } from './open-loop.ts';
import { startOwnProber } from './own-prober.ts';
import { isRefusedByName, missingWork } from './preflight.ts';
import { createTally, type Judged } from './tally.ts';
import { urlOf } from './urls.ts';

export type ClientOptions = {
  work: Work;
  origins: readonly string[];
  /** Where the target says how long it really took; null when nobody asks. */
  control: string | null;
  /** File with the authority's certificate; null for plain HTTP. */
  ca: string | null;
  /** A site with a certificate for another host; null for plain HTTP. */
  impostor: string | null;
  /** Size of the page. */
  bytes: number;
  /** Text that must stand in the page; null for none. */
  keyword: string | null;
  timeoutMs: number;
};

export type Work =
  | { kind: 'closed'; loop: LoopOptions }
  | { kind: 'open'; loop: OpenLoopOptions }
  | { kind: 'blocked'; loop: BlockedLoopOptions };

export type ClientMeasured = Measured & {
  threadDeaths: number;
  /** Visits made, and those of them that were void because we ourselves stood still. */
  visits: number;
  voided: number;
  /** Sites judged right whose time to the first byte was withheld, because a pause of ours fell into it. */
  untimed: number;
  /** Of the measured time to the first byte against what the target says it took; null where nobody asked. */
  ttfbError: TtfbError | null;
};

export type TtfbError = { p50Ms: number; p99Ms: number; of: number; untimed: number };

const options = JSON.parse(process.argv[2] ?? '') as ClientOptions;
const plan: ProbePlan | null = options.keyword === null ? null : { ...DEFAULT_PLAN, keyword: options.keyword };
const isSecure = options.ca !== null;

watchLifeline(process.env, () => process.exit());
const tally = createTally();
const ttfbMs: number[] = [];
let untimed = 0;
/** Who hears of results; changes between the first checks and the work. */
let onObservation: (number: number, observation: Observation) => void = () => {};
let onBatch: (many: number) => void = () => {};
const own = startOwnProber({
  caPem: options.ca === null ? null : readFileSync(options.ca, 'utf8'),
  onResults(results) {
    for (const { id, observation } of results) onObservation(id, observation);
    onBatch(results.length);
  },
});

try {
  await assertFullWork();
  process.stdout.write('{"running":true}\n');
  onObservation = judge;
  const measured = await work();
  const { visits, voided } = own.prober.stats();
  const result: ClientMeasured = {
    ...measured,
    threadDeaths: own.threadDeaths(),
    visits,
    voided,
    untimed,
    ttfbError: await ttfbErrorOf(options),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  await own.prober.stop();
}

async function work(): Promise<Measured> {
  own.threadDelay.restart();
  const loop = loopOf(options.work);
  onBatch = loop.finished;
  const window = await loop.done;
  return measuredOf(window, tally.counts(), own.threadDelay.p99Ms());
}

function loopOf(work: Work): Loop {
  switch (work.kind) {
    case 'closed':
      return closedLoop(work.loop, submit);
    case 'open':
      return openLoop(work.loop, submit);
    case 'blocked':
      return blockedLoop(work.loop, submit);
  }
}

function submit(from: number, many: number): void {
  const jobs: ProbeJob[] = [];
  for (let number = from; number < from + many; number += 1) jobs.push(jobOf(number, urlOf(options.origins, number)));
  own.prober.submit(jobs);
}

function jobOf(id: number, url: string): ProbeJob {
  // A plan of its own for each, as endpoints have that want a keyword.
  return { id, url, timeoutMs: options.timeoutMs, plan: plan && { ...plan }, evidence: 'unless_healthy' };
}

function judge(number: number, observation: Observation): void {
  const { check, state, reason } = worstVerdict(observation.verdicts);
  const isWhole = observation.httpCode === 200 && (!isSecure || observation.certificateExpiresAtMs !== null);
  const judged: Judged = state === 'Unknown' ? 'unknown' : state === 'Up' && isWhole ? 'right' : 'wrong';
  tally.add(judged, `${check} ${reason}${observation.evidence?.error ? ` ${observation.evidence.error.code}` : ''}`);
  if (judged === 'right' && observation.timings.ttfb === undefined) untimed += 1;
  if (options.control !== null) ttfbMs[number] = observation.timings.ttfb ?? Number.NaN;
}

async function assertFullWork(): Promise<void> {
  const { bytes, keyword, impostor } = options;
  const missing = missingWork(await probeOnce(urlOf(options.origins, 0)), { bytes, keyword, isSecure });
  if (missing.length > 0) throw new Error(`a check does not do all its work: ${missing.join('; ')}`);
  if (impostor !== null && !isRefusedByName(await probeOnce(`${impostor}/`))) {
    throw new Error('the impostor was not refused by name');
  }
}

function probeOnce(url: string): Promise<Observation> {
  return new Promise((resolve) => {
    onObservation = (_, observation) => resolve(observation);
    own.prober.submit([{ ...jobOf(0, url), evidence: 'always' }]);
  });
}

async function ttfbErrorOf({ work, control }: ClientOptions): Promise<TtfbError | null> {
  if (control === null || work.kind !== 'open') return null;
  const reply = await fetch(`${control}/delays`);
  const delaysMs = new Float64Array(await reply.arrayBuffer());
  const { from, to } = measuredNumbers(work.loop);
  const errors: number[] = [];
  for (let number = from; number < to; number += 1) {
    errors.push(Math.abs((ttfbMs[number] ?? Number.NaN) - (delaysMs[number] ?? Number.NaN)));
  }
  const timed = errors.filter((error) => !Number.isNaN(error));
  return {
    p50Ms: percentile(timed, 0.5),
    p99Ms: percentile(timed, 0.99),
    of: timed.length,
    untimed: errors.length - timed.length,
  };
}
