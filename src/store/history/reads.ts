/**
 * Reads the history of one endpoint, wherever it lies: in memory, journal or blocks. The same samples give the same
 * answer in any mixture of them, because a sample that is found twice counts once.
 */
import { type Counts, createCounts } from '../../domain/histogram.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Scoped } from '../../domain/site-scope.ts';
import type { Timings } from '../../domain/timings.ts';
import type { Tx } from '../schema.ts';
import type { Run } from './block.ts';
import { readable, type StoredDay, samplesOf, type Walk, type Window, walkDays } from './days.ts';
import { countFailures, failedTimes, failuresBy } from './failures.ts';
import { readFigures, readWhen, type StoredFigures } from './light-block.ts';
import { addSample, createLooks, inOrder, type Looks } from './looks.ts';
import { addRuns, observedIn, type Seen } from './observed.ts';
import { COVERAGE_GRACE_MS, inTime, longestOf, type Pace } from './pace.ts';
import { type HistoryParts, SPAN } from './parts.ts';
import type { Pending } from './pending.ts';
import { ABSENT, BLIND_TOTAL, DAY_MS, HOUR_MS, isBlind, PHASES, type Phase, type Sample, timingsOf } from './sample.ts';
import { addSums, addTenths, type Figures, figuresOf, noSums, type Sums } from './sums.ts';

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
} & { [Figure in keyof Figures]: Figures[Figure] | null };

export type Step = 'minute' | 'hour' | 'day';

export type Series = {
  /** In the order of time; one without a look is absent. */
  buckets: SeriesBucket[];
  /** Bounds of what is kept in a coarser form than was asked for, so that it is in no bucket; null: there is none. */
  coarse: Run | null;
};

export type Totals = {
  /** Healthy looks and failed ones. */
  checks: number;
  failures: number;
  /** Looks whose duration was measured: those the figures are made of. */
  timed: number;
  figures: Figures | null;
};

export type PhaseTotals = {
  /** Looks that were gone through. */
  looks: number;
  /** The first and the last of them; null when there are none. */
  covered: Run | null;
  /** There were more, older ones. */
  isTruncated: boolean;
  /** A phase that no look had is absent. */
  phases: Partial<Record<Phase, Figures & { timed: number }>>;
};

export const STEP_MS: Readonly<Record<Step, number>> = { minute: 60_000, hour: HOUR_MS, day: DAY_MS };

/** Like figures of any kind, those of phases are of so many looks at most, the newest ones. */
const MAX_PHASE_LOOKS = 100_000;

const NOTHING_TIMED = { minMs: null, maxMs: null, avgMs: null, p50: null, p95: null, p99: null };

export function createReads(parts: HistoryParts, pending: Pending) {
  /** One after the other, day by day; what `besides` reads of each is added up by the caller. */
  async function walkFigures<T>(
    endpointIds: readonly EndpointId[],
    window: Window,
    visit: (day: FiguresDay) => void,
    besides: (tx: Tx, endpointId: EndpointId) => Promise<T>,
  ): Promise<T[]> {
    const read: T[] = [];
    const room = { looks: createLooks(), counts: createCounts() };
    for (const endpointId of endpointIds) {
      const walk: Walk = { endpointId, window, visit: (day) => void visit(figuresIn(parts, walk, day, room)) };
      read.push(await walkDays(parts, pending, walk, (tx) => besides(tx, endpointId)));
    }
    return read;
  }

  async function seriesOf(
    endpointIds: readonly Scoped<EndpointId>[],
    { fromMs, toMs, step }: Window & { step: Step },
  ): Promise<Series> {
    const stepMs = STEP_MS[step];
    const window = { fromMs: Math.floor(fromMs / stepMs) * stepMs, toMs: Math.ceil(toMs / stepMs) * stepMs };
    const buckets = new Map<number, Sums & { looks: number; failures: number }>();
    const bucketAt = (atMs: number) => {
      const startMs = Math.floor(atMs / stepMs) * stepMs;
      const known = buckets.get(startMs);
      if (known !== undefined) return known;
      const bucket = { ...noSums(), looks: 0, failures: 0 };
      buckets.set(startMs, bucket);
      return bucket;
    };
    let coarse: Run | null = null;
    const visit = ({ looks: { count, atMs, totals }, sums }: FiguresDay) => {
      for (let place = 0; place < count; place += 1) {
        const total = totals[place] ?? ABSENT;
        if (total === BLIND_TOTAL) continue;
        const bucket = bucketAt(atMs[place] ?? 0);
        bucket.looks += 1;
        if (total !== ABSENT) addTenths(bucket, total);
      }
      for (const { isWholeDay, figures } of sums) {
        const { startMs, looks } = figures;
        if (isWholeDay ? step !== 'day' : step === 'minute') {
          const endMs = startMs + (isWholeDay ? DAY_MS : HOUR_MS);
          if (startMs < window.toMs && endMs > window.fromMs)
            coarse = coarse === null ? { fromMs: startMs, toMs: endMs } : spanOf(coarse, startMs, endMs);
        } else if (startMs >= window.fromMs && startMs < window.toMs) {
          const bucket = bucketAt(startMs);
          bucket.looks += looks;
          addSums(bucket, figures);
        }
      }
    };
    const failures = await walkFigures(endpointIds, window, visit, (tx, endpointId) =>
      failuresBy(tx, endpointId, window, stepMs),
    );
    for (const { atMs, failed } of failures.flat()) bucketAt(atMs).failures += failed;
    const inOrder = [...buckets].sort(([a], [b]) => a - b);
    return {
      coarse,
      buckets: inOrder.map(([startMs, { looks, failures, ...sums }]) => ({
        startMs,
        checks: looks + failures,
        failures,
        ...(figuresOf(sums) ?? NOTHING_TIMED),
      })),
    };
  }

  return {
    /** Healthy looks one by one, newest first, as far back as they are kept so. */
    async samples(
      endpointId: Scoped<EndpointId>,
      fromMs: number,
      toMs: number,
      limit: number,
    ): Promise<HistorySample[]> {
      const found: HistorySample[] = [];
      const visit = (day: StoredDay) => {
        const samples = samplesOf(parts, walk, day);
        for (let at = samples.length - 1; at >= 0 && found.length < limit; at -= 1) {
          const sample = samples[at] as Sample;
          if (isBlind(sample)) continue;
          const httpCode = sample.httpCode === 0 ? null : sample.httpCode;
          found.push({ atMs: sample.atMs, httpCode, timings: timingsOf(sample) });
        }
        return found.length < limit;
      };
      const walk: Walk = { endpointId, window: { fromMs, toMs }, isBackwards: true, samplesOnly: true, visit };
      await walkDays(parts, pending, walk, async () => null);
      return found;
    },

    /**
     * Whole buckets in UTC: the window is widened to their bounds. Buckets without a look are absent, and so are those
     * that are finer than what is kept of their time.
     */
    series: async (endpointId: Scoped<EndpointId>, asked: Window & { step: Step }): Promise<SeriesBucket[]> =>
      (await seriesOf([endpointId], asked)).buckets,
    /** The same of some endpoints together. */
    seriesOf,

    /**
     * Of all looks at some endpoints in the window, as one. What is kept by the hour or day counts for the window its start
     * is in.
     */
    async totals(endpointIds: readonly Scoped<EndpointId>[], window: Window): Promise<Totals> {
      const all = noSums();
      let looks = 0;
      const visit = ({ looks: { count, totals }, sums }: FiguresDay) => {
        for (let place = 0; place < count; place += 1) {
          const total = totals[place] ?? ABSENT;
          if (total === BLIND_TOTAL) continue;
          looks += 1;
          if (total !== ABSENT) addTenths(all, total);
        }
        for (const { figures } of sums) {
          if (figures.startMs < window.fromMs || figures.startMs >= window.toMs) continue;
          looks += figures.looks;
          addSums(all, figures);
        }
      };
      const counted = await walkFigures(endpointIds, window, visit, (tx, endpointId) =>
        countFailures(tx, endpointId, window),
      );
      const failures = counted.reduce((sum, each) => sum + each, 0);
      return { checks: looks + failures, failures, timed: all.timed, figures: figuresOf(all) };
    },

    /** How long each phase took, of the looks that are still kept one by one: the newest 100,000 at most. */
    async phases(endpointIds: readonly Scoped<EndpointId>[], window: Window): Promise<PhaseTotals> {
      const sums = new Map(PHASES.map((phase) => [phase, noSums()]));
      let looks = 0;
      let covered: Run | null = null;
      let isTruncated = false;
      const visit = (samples: readonly Sample[]) => {
        for (let at = samples.length - 1; at >= 0; at -= 1) {
          const sample = samples[at] as Sample;
          if (isBlind(sample)) continue;
          if (looks === MAX_PHASE_LOOKS) {
            isTruncated = true;
            return false;
          }
          looks += 1;
          covered =
            covered === null ? { fromMs: sample.atMs, toMs: sample.atMs } : spanOf(covered, sample.atMs, sample.atMs);
          for (const [phase, all] of sums) if (sample[phase] !== ABSENT) addTenths(all, sample[phase]);
        }
        return undefined;
      };
      for (const endpointId of endpointIds) {
        const walk: Walk = {
          ...{ endpointId, window, isBackwards: true, samplesOnly: true },
          visit: (day) => visit(samplesOf(parts, walk, day)),
        };
        await walkDays(parts, pending, walk, async () => null);
      }
      const phases: PhaseTotals['phases'] = {};
      for (const [phase, all] of sums) {
        const figures = figuresOf(all);
        if (figures !== null) phases[phase] = { ...figures, timed: all.timed };
      }
      return { looks, covered, isTruncated, phases };
    },

    /**
     * When the endpoint was being watched. Between two looks that are at most two intervals and a grace apart it was;
     * after the last look before a longer gap, until one interval and the grace are over. `pace` says which interval held
     * when. From a look that could not tell (Unknown) it was not, until the next one that could. Of failed looks only those
     * count that are still kept.
     */
    async coverage(endpointId: Scoped<EndpointId>, fromMs: number, toMs: number, pace: Pace | number): Promise<Run[]> {
      const intervals = typeof pace === 'number' ? [{ fromMs, intervalMs: pace }] : pace;
      const [isNext, isLast] = [inTime(intervals, 2), inTime(intervals, 1)];
      const reachMs = 2 * longestOf(intervals) + COVERAGE_GRACE_MS;
      const window = { fromMs: fromMs - reachMs, toMs: toMs + reachMs };
      const seen: Omit<Seen, 'failed'> = { runs: [], blinds: [] };
      const looks = createLooks();
      const walk: Walk = {
        endpointId,
        window,
        visit(day) {
          addRuns(whenIn(parts, walk, day, { ...seen, looks }), isNext, seen);
          return undefined;
        },
      };
      const failed = await walkDays(parts, pending, walk, (tx) => failedTimes(parts.db, tx, endpointId, window));
      return observedIn({ fromMs, toMs }, { ...seen, failed }, isNext, isLast);
    },
  };
}

type FiguresDay = { looks: Looks; sums: { figures: StoredFigures; isWholeDay: boolean }[] };

/** `looks` and `counts` are what it may write on: a season of days needs the room of one. */
function figuresIn(
  parts: HistoryParts,
  { endpointId, window }: Walk,
  { blocks, loose }: StoredDay,
  { looks, counts }: { looks: Looks; counts: Counts },
): FiguresDay {
  looks.count = 0;
  counts.length = 0;
  const sums: FiguresDay['sums'] = [];
  for (const sample of loose) addSample(looks, sample);
  for (const block of blocks) {
    const isWholeDay = block.span === SPAN.wholeDay;
    const before = looks.count;
    const found = readable(parts, endpointId, block, () => readFigures(block.startMs, block.body, looks, counts));
    // Of a damaged block not even the looks before the damage count.
    if (found === null) looks.count = before;
    for (const figures of found ?? []) sums.push({ figures, isWholeDay });
  }
  return { looks: inOrder(looks, window), sums };
}

/**
 * When the looks of a day were; the runs of those that are kept as sums are added to what was seen. `looks` as
 * above.
 */
function whenIn(
  parts: HistoryParts,
  { endpointId, window }: Walk,
  { blocks, loose }: StoredDay,
  { looks, ...seen }: Omit<Seen, 'failed'> & { looks: Looks },
): Looks {
  looks.count = 0;
  for (const sample of loose) addSample(looks, sample);
  for (const block of blocks) {
    const before = [looks.count, seen.runs.length, seen.blinds.length] as const;
    const isRead = readable(parts, endpointId, block, () => {
      readWhen(block.startMs, block.body, looks, seen);
      return true;
    });
    if (isRead !== null) continue;
    // Of a damaged block nothing counts that was before the damage.
    [looks.count, seen.runs.length, seen.blinds.length] = before;
  }
  return inOrder(looks, window);
}

/** A run made longer where it does not reach. */
function spanOf(run: Run, fromMs: number, toMs: number): Run {
  return { fromMs: Math.min(run.fromMs, fromMs), toMs: Math.max(run.toMs, toMs) };
}
