/** A prober without threads and network: it keeps what it was asked, and the test says what was seen and when. */
import type { Observation, Verdict } from '../../src/domain/verdict.ts';
import type { ProbeJob, ProbeResult, Prober } from '../../src/prober/prober.ts';
import type { FakeClock } from './fake-clock.ts';

/** A job as it was handed over, with the time of both clocks. */
export type HandedOver = { job: ProbeJob; wallMs: number; monotonicMs: number };

/** What the site shows to a job; null keeps the job out until the test answers it. */
export type Script = (job: ProbeJob) => Verdict[] | null;

export interface FakeProber extends Prober {
  /** Every job so far, in order. */
  readonly jobs: readonly HandedOver[];
  /** Jobs that are out. */
  out(): readonly ProbeJob[];
  /** From now on jobs are answered like this, `afterMs` after they came in. */
  script(answers: Script, afterMs?: number | ((job: ProbeJob) => number)): void;
  /** Where requests go, unless it is the same place for all. */
  locate(addressOf: (job: ProbeJob) => string | null): void;
  /** Answers one job now. */
  answer(jobId: number, verdicts: Verdict[]): void;
}

export function createFakeProber(clock: FakeClock, onResults: (results: ProbeResult[]) => void): FakeProber {
  const jobs: HandedOver[] = [];
  const out = new Map<number, HandedOver>();
  let answers: Script = () => null;
  let answerAfterMs: number | ((job: ProbeJob) => number) = 0;
  let addressOf: ((job: ProbeJob) => string | null) | null = null;
  let stopped = false;

  function report(found: { jobId: number; verdicts: Verdict[] | null }[]): void {
    const results = found.flatMap(({ jobId, verdicts }) => {
      const handedOver = out.get(jobId);
      if (handedOver === undefined || verdicts === null || stopped) return [];
      out.delete(jobId);
      const observation = observed(verdicts, handedOver.wallMs, clock.monotonicMs() - handedOver.monotonicMs);
      if (addressOf !== null) observation.address = addressOf(handedOver.job);
      return [{ id: jobId, observation }];
    });
    if (results.length > 0) onResults(results);
  }

  return {
    jobs,
    out: () => [...out.values()].map(({ job }) => job),
    submit(batch) {
      if (stopped) throw new Error('a stopped prober was handed a job');
      const found = batch.map((job) => {
        const handedOver = { job, wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
        jobs.push(handedOver);
        out.set(job.id, handedOver);
        return { jobId: job.id, verdicts: answers(job) };
      });
      if (typeof answerAfterMs === 'number') {
        clock.after(answerAfterMs, () => report(found));
        return;
      }
      for (const [nth, one] of found.entries()) clock.after(answerAfterMs(batch[nth] as ProbeJob), () => report([one]));
    },
    stats: () => ({ threads: 0, running: out.size, waiting: 0, visits: jobs.length, voided: 0, stalled: 0 }),
    drain: async () => {},
    inFlight: () => out.size,
    async stop() {
      stopped = true;
      out.clear();
    },
    script(next, afterMs = 0) {
      answers = next;
      answerAfterMs = afterMs;
    },
    locate(of) {
      addressOf = of;
    },
    answer: (jobId, verdicts) => report([{ jobId, verdicts }]),
  };
}

const REASONS = { Up: 'ok', Warning: 'tls_expires_soon', Degraded: 'tls_expires_very_soon' } as const;

/** A verdict of the http check unless another is named; the reason is one the check really has. */
export function verdict(state: Verdict['state'], check = 'http'): Verdict {
  const reason = state === 'Seems Down' ? 'tcp_refused' : state === 'Unknown' ? 'dns_timeout' : REASONS[state];
  return { check, state, reason, summary: `${check} saw ${state}` };
}

export function observed(verdicts: Verdict[], startedAtMs: number, totalMs = 12.4): Observation {
  const healthy = verdicts.every(({ state }) => state === 'Up');
  const httpCode = healthy ? 200 : null;
  const timings = { total: totalMs };
  return {
    startedAtMs,
    timings,
    httpCode,
    address: '192.0.2.1',
    certificateExpiresAtMs: null,
    verdicts,
    evidence: null,
  };
}
