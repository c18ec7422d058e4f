/**
 * Reads the history of one endpoint, wherever it lies: in memory, journal or blocks. The same samples give the same
 * answer in any mixture of them, because a sample that is found twice counts once.
 */
import { type RawBuilder, sql } from 'kysely';
import { bucketOf, count, type Histogram, mergeInto, percentiles } from '../../domain/histogram.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Timings } from '../../domain/timings.ts';
import type { Tx } from '../schema.ts';
import { blindsOf, byStart, joinRuns, type Part, type Run, runsOf } from './block.ts';
import { readBlocks } from './blocks.ts';
import { readJournal } from './journal.ts';
import { type HistoryParts, SPAN } from './parts.ts';
import type { Pending } from './pending.ts';
import { ABSENT, DAY_MS, HOUR_MS, isBlind, type Sample, timingsOf, unionOf } from './sample.ts';

/** From its start up to, and without, its end; ms since the epoch. */
export type Window = { fromMs: number; toMs: number };

export type HistorySample = { atMs: number; httpCode: number | null; timings: Timings };

/**
 * Durations are totals of healthy looks, in ms; null when none was timed. Percentiles are within 1 % (or 0.05 ms) of the
 * exact ones.
 */
export type SeriesBucket = {
  startMs: number;
  /** Looks with an answer of their own, healthy or failed. */
  checks: number;
  failures: number;
  minMs: number | null;
  maxMs: number | null;
  avgMs: number | null;
  p50: number | null;
  p95: number | null;
  p99: number | null;
};

export type Step = 'minute' | 'hour' | 'day';

const STEP_MS: Readonly<Record<Step, number>> = { minute: 60_000, hour: HOUR_MS, day: DAY_MS };
const SHARES = [0.5, 0.95, 0.99];

/** How much later than its interval a look may come and still be in time. */
export const COVERAGE_GRACE_MS = 30_000;

/** What lies in the window of healthy looks: samples one by one, and what older ones amount to. */
type Found = { samples: Sample[]; sums: (Extract<Part, { summary: unknown }> & { isWholeDay: boolean })[] };

export function createReads(parts: HistoryParts, pending: Pending) {
  /** Memory first: what is flushed meanwhile is then found twice and not missed. */
  async function gather<T>(
    endpointId: EndpointId,
    window: Window,
    besides: (tx: Tx) => Promise<T>,
  ): Promise<[Found, T]> {
    const inMemory = pending.samplesOf(endpointId, window.fromMs, window.toMs);
    return parts.db.snapshot(async (tx) => {
      const lists = [inMemory, await readJournal(parts, tx, endpointId, window)];
      const sums: Found['sums'] = [];
      for (const { span, parts: hours } of await readBlocks(parts, tx, endpointId, window)) {
        const isWholeDay = span === SPAN.wholeDay;
        for (const part of hours) {
          if ('samples' in part) lists.push(part.samples);
          else sums.push({ ...part, isWholeDay });
        }
      }
      const isWithin = ({ atMs }: Sample) => atMs >= window.fromMs && atMs < window.toMs;
      return [{ samples: unionOf(lists).filter(isWithin), sums }, await besides(tx)];
    });
  }

  return {
    /** Healthy looks one by one, newest first, as far back as they are kept so. */
    async samples(endpointId: EndpointId, fromMs: number, toMs: number, limit: number): Promise<HistorySample[]> {
      const [{ samples }] = await gather(endpointId, { fromMs, toMs }, async () => null);
      const healthy = samples.filter((sample) => !isBlind(sample));
      return healthy
        .slice(Math.max(0, healthy.length - limit))
        .reverse()
        .map((sample) => ({
          atMs: sample.atMs,
          httpCode: sample.httpCode === 0 ? null : sample.httpCode,
          timings: timingsOf(sample),
        }));
    },

    /**
     * Whole buckets in UTC: the window is widened to their bounds. Buckets without a look are absent, and so are those
     * that are finer than what is kept of their time.
     */
    async series(endpointId: EndpointId, { fromMs, toMs, step }: Window & { step: Step }): Promise<SeriesBucket[]> {
      const stepMs = STEP_MS[step];
      const window = { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.ceil(toMs / stepMs) * stepMs };
      const [found, failures] = await gather(endpointId, window, (tx) => failuresBy(tx, endpointId, window, stepMs));
      const buckets = new Map<number, Sums>();
      const bucketAt = (atMs: number) => {
        const startMs = Math.floor(atMs / stepMs) * stepMs;
        const bucket = buckets.get(startMs) ?? { looks: 0, failures: 0, sum: 0, min: 0, max: 0, histogram: new Map() };
        buckets.set(startMs, bucket);
        return bucket;
      };
      for (const sample of found.samples) if (!isBlind(sample)) addSample(bucketAt(sample.atMs), sample.total);
      for (const { startMs, summary, isWholeDay } of found.sums) {
        const isTooCoarse = isWholeDay ? step !== 'day' : step === 'minute';
        if (!isTooCoarse && startMs >= window.fromMs && startMs < window.toMs) addSums(bucketAt(startMs), summary);
      }
      for (const { atMs, failed } of failures) bucketAt(atMs).failures += failed;
      return [...buckets].sort(([a], [b]) => a - b).map(([startMs, sums]) => bucketOfSums(startMs, sums));
    },

    /**
     * When the endpoint was being watched. Between two looks that are at most two intervals and a grace apart it was;
     * after the last look before a longer gap, until one interval and the grace are over. From a look that could not tell
     * (Unknown) it was not, until the next one that could. Of failed looks only those count that are still kept.
     */
    async coverage(endpointId: EndpointId, fromMs: number, toMs: number, intervalMs: number): Promise<Run[]> {
      const joinMs = 2 * intervalMs + COVERAGE_GRACE_MS;
      const window = { fromMs: fromMs - joinMs, toMs: toMs + joinMs };
      const [found, failed] = await gather(endpointId, window, (tx) => failedRuns(tx, endpointId, window, joinMs));
      const summaries = found.sums.map(({ summary }) => summary);
      const blinds = [...blindsOf(found.samples), ...summaries.flatMap((one) => one.blinds)].sort(byStart);
      const answered = found.samples.filter((sample) => !isBlind(sample));
      const runs = [...runsOf(answered, joinMs, blinds), ...summaries.flatMap((one) => one.runs), ...failed];
      return joinRuns(runs, joinMs, blinds).flatMap((run) => {
        const blindMs = blinds.find((blind) => blind.fromMs > run.toMs)?.fromMs ?? toMs;
        const observed = {
          fromMs: Math.max(run.fromMs, fromMs),
          toMs: Math.min(run.toMs + intervalMs + COVERAGE_GRACE_MS, blindMs, toMs),
        };
        return observed.fromMs < observed.toMs ? [observed] : [];
      });
    },
  };
}

type Sums = { looks: number; failures: number; sum: number; min: number; max: number; histogram: Histogram };

function addSample(sums: Sums, total: number): void {
  sums.looks += 1;
  if (total === ABSENT) return;
  addTimed(sums, total, total, total);
  count(sums.histogram, bucketOf(total));
}

function addSums(sums: Sums, more: Omit<Sums, 'failures'>): void {
  sums.looks += more.looks;
  if (more.histogram.size === 0) return;
  addTimed(sums, more.sum, more.min, more.max);
  mergeInto(sums.histogram, more.histogram);
}

function addTimed(sums: Sums, sum: number, min: number, max: number): void {
  const isFirst = sums.histogram.size === 0;
  sums.sum += sum;
  sums.min = isFirst ? min : Math.min(sums.min, min);
  sums.max = isFirst ? max : Math.max(sums.max, max);
}

function bucketOfSums(startMs: number, { looks, failures, sum, min, max, histogram }: Sums): SeriesBucket {
  const counts = { startMs, checks: looks + failures, failures };
  const timed = [...histogram.values()].reduce((total, times) => total + times, 0);
  if (timed === 0) return { ...counts, minMs: null, maxMs: null, avgMs: null, p50: null, p95: null, p99: null };
  // The middle of a bucket may lie outside of what was seen.
  const [p50 = null, p95 = null, p99 = null] = percentiles(histogram, SHARES).map((value) =>
    value === null ? null : Math.min(Math.max(value, min), max) / 10,
  );
  return { ...counts, minMs: min / 10, maxMs: max / 10, avgMs: sum / timed / 10, p50, p95, p99 };
}

async function failuresBy(tx: Tx, endpointId: EndpointId, window: Window, stepMs: number) {
  const { rows } = await sql<{ at: bigint; failed: bigint }>`
    select min(checked_at) as at, count(*) as failed from jetmon_check_history
    where ${isWithin(endpointId, window)} group by ${startOf(stepMs)}`.execute(tx);
  return rows.map(({ at, failed }) => ({ atMs: Number(at), failed: Number(failed) }));
}

/** One row for many looks: those within `joinMs` would be joined anyway. */
async function failedRuns(tx: Tx, endpointId: EndpointId, window: Window, joinMs: number): Promise<Run[]> {
  const { rows } = await sql<{ first: bigint; last: bigint }>`
    select min(checked_at) as first, max(checked_at) as last from jetmon_check_history
    where ${isWithin(endpointId, window)} group by ${startOf(joinMs)}`.execute(tx);
  return rows.map(({ first, last }) => ({ fromMs: Number(first), toMs: Number(last) }));
}

function isWithin(endpointId: EndpointId, { fromMs, toMs }: Window): RawBuilder<unknown> {
  return sql`endpoint_id = ${endpointId} and checked_at >= ${BigInt(Math.ceil(fromMs))}
    and checked_at < ${BigInt(Math.ceil(toMs))}`;
}

/** The step an instant is in. Written into the text, because a parameter would make the division one of fractions. */
function startOf(stepMs: number): RawBuilder<unknown> {
  const step = sql.raw(String(Math.max(1, Math.trunc(stepMs))));
  return sql`checked_at - checked_at % ${step}`;
}
