/** A prober without network: every look takes the same time and finds what its URL says. Counts who was looked at when. */
import { healthyDetails, http } from '../../src/checks/application/http.ts';
import { verdictOf } from '../../src/checks/check.ts';
import type { Observation } from '../../src/domain/verdict.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { ProbeJob, ProbeResult, Prober } from '../../src/prober/prober.ts';

export type MadeUpProberOptions = {
  targets: number;
  /** One target in so many answers 503. */
  failingOneIn: number;
  /** How long a look takes. */
  latencyMs: number;
  clock: Clock;
};

/** Endpoint `n`, in 40 characters. */
export function madeUpUrl(n: number): string {
  return `https://site-${String(n).padStart(7, '0')}.fleet.example/path/`;
}

const DIGITS_FROM = 'https://site-'.length;
const DIGITS_TO = DIGITS_FROM + 7;
const ANSWER_EVERY_MS = 5;
export const INTERVAL_MS = 300_000;
/** How late a look may come and still be in its round. */
const GRACE_MS = 5_000;

export function createMadeUpProber({ targets, failingOneIn, latencyMs, clock }: MadeUpProberOptions) {
  const lastMs = new Float64Array(targets + 1).fill(Number.NaN);
  let lookedAt = 0;
  let looks = 0;
  /** In the order they came, which is the order in which they are answered. */
  let jobs: ProbeJob[] = [];
  let startedMs: number[] = [];
  let answered = 0;
  let isStopped = false;

  function note(job: ProbeJob): number {
    const target = Number(job.url.slice(DIGITS_FROM, DIGITS_TO));
    if (Number.isNaN(lastMs[target])) lookedAt += 1;
    lastMs[target] = clock.monotonicMs();
    looks += 1;
    return target;
  }

  function seen(target: number): Observation {
    const total = latencyMs + (target % 100) / 10;
    const timings = { dns: 1, tcp: 10, tls: 20, ttfb: total - 31, total };
    const isIll = target % failingOneIn === 0;
    const verdict = isIll
      ? verdictOf(http, { reason: 'http_server_error', details: { code: 503 } })
      : verdictOf(http, { reason: 'ok', details: healthyDetails(200, total) });
    return {
      startedAtMs: clock.nowMs() - Math.round(total),
      timings,
      httpCode: isIll ? 503 : 200,
      address: `10.${target % 200}.${(target >> 8) & 255}.${target & 255}`,
      certificateExpiresAtMs: 2_000_000_000_000,
      verdicts: [verdict],
      evidence: null,
    };
  }

  function answerDue(onResults: (results: ProbeResult[]) => void): void {
    const untilMs = clock.monotonicMs() - latencyMs;
    const results: ProbeResult[] = [];
    for (; answered < jobs.length && (startedMs[answered] ?? 0) <= untilMs; answered += 1) {
      const job = jobs[answered];
      if (job !== undefined) results.push({ id: job.id, observation: seen(note(job)) });
    }
    if (answered > 10_000) {
      jobs = jobs.slice(answered);
      startedMs = startedMs.slice(answered);
      answered = 0;
    }
    if (results.length > 0 && !isStopped) onResults(results);
  }

  return {
    create(onResults: (results: ProbeResult[]) => void): Prober {
      const timer = setInterval(() => answerDue(onResults), ANSWER_EVERY_MS);
      const stop = (): Promise<void> => {
        isStopped = true;
        clearInterval(timer);
        return Promise.resolve();
      };
      return {
        submit(some) {
          const nowMs = clock.monotonicMs();
          for (const job of some) {
            jobs.push(job);
            startedMs.push(nowMs);
          }
        },
        inFlight: () => jobs.length - answered,
        stats: () => ({
          threads: 1,
          running: jobs.length - answered,
          waiting: 0,
          visits: looks,
          voided: 0,
          stalled: 0,
        }),
        drain: stop,
        stop,
      };
    },
    counts: () => ({ looks, targets: lookedAt }),
    /** Targets whose last look is older than a round. */
    overdue: () => lastMs.reduce((sum, atMs) => sum + (clock.monotonicMs() - atMs > INTERVAL_MS + GRACE_MS ? 1 : 0), 0),
  };
}
