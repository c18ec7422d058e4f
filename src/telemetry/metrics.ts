/**
 * The numbers of this process: counters and timers that cost an addition each, gauges that are asked when somebody wants
 * to know. A metric is shown from the time that somebody counts it, so that what is not wired does not look like zero.
 */
import type { Labels } from './metric-definition.ts';
import {
  type CounterName,
  type GaugeName,
  type LabelsOf,
  METRICS,
  type MetricName,
  type Plain,
  type TimerName,
} from './metric-names.ts';

export interface Counter {
  /** `n` at least 0; 1 when left out. */
  add(n?: number): void;
}
export interface TimerMetric {
  /** Milliseconds; what is no number or below 0 counts as 0. */
  observe(ms: number): void;
}

export interface Metrics {
  /** A handle for one set of labels; take it once and keep it. The same labels give the same numbers. */
  counter<N extends CounterName>(name: N, ...labels: LabelArgs<N>): Counter;
  timer<N extends TimerName>(name: N, ...labels: LabelArgs<N>): TimerMetric;
  /** For a metric without labels. */
  count(name: Plain<CounterName>, n?: number): void;
  observe(name: Plain<TimerName>, ms: number): void;
  /** `read` is asked whenever somebody wants to know; one that throws or gives no number is left out that time. */
  gauge<N extends GaugeName>(name: N, read: () => number, ...labels: LabelArgs<N>): void;
  /** A counter that somebody else keeps: `read` gives what there was since the start. */
  counterFrom<N extends CounterName>(name: N, read: () => number, ...labels: LabelArgs<N>): void;
  /** Nothing that bears this label is shown any more, until it is counted anew; its place under the bound is free. */
  forget(label: string, value: string): void;
  /** All there is now, in the order of the table. */
  read(): MetricReading[];
}

/** Labels are named where there are some, and left out where there are none. */
export type LabelArgs<N extends MetricName> = keyof LabelsOf<N> extends never ? [] : [labels: LabelsOf<N>];

export type LabelSet = Readonly<Record<string, string>>;
export type Series = { labels: LabelSet; value: number };
export type TimerSeries = {
  labels: LabelSet;
  /** Of each bucket by itself, the last one for all above. */
  counts: Float64Array;
  sumMs: number;
  /** The longest since this was asked before; for one asker alone. */
  takeMaxMs(): number;
};
export type MetricReading =
  | { name: CounterName | GaugeName; kind: 'counter' | 'gauge'; series: Series[] }
  | { name: TimerName; kind: 'timer'; series: TimerSeries[] };

/** Upper bounds of the buckets of every timer in ms: from a fast reply to the longest outage that is worth telling. */
export const BUCKETS_MS = [
  1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000,
] as const;

type Child = { labels: LabelSet; read: () => number };
type TimerChild = TimerMetric & { series: TimerSeries };

/** Label value of whatever is beyond the bound. */
const OTHER = 'other';
/** Longest label value that is kept. */
const MAX_LABEL = 128;

export function createMetrics(): Metrics {
  const counters = new Map<MetricName, Map<string, Child & Counter>>();
  const pulled = new Map<MetricName, Map<string, Child>>();
  const timers = new Map<MetricName, Map<string, TimerChild>>();
  const plainCounters = new Map<MetricName, Counter>();
  const plainTimers = new Map<MetricName, TimerMetric>();
  const seen = new Map<string, Set<string>>();

  /** What is beyond the bound of a label becomes `other`, so that no stranger can make us remember without end. */
  function bounded(name: MetricName, given: LabelSet): LabelSet {
    const declared: Labels = METRICS[name].labels;
    const entries = Object.entries(declared).map(([label, values]) => {
      const value = String(given[label] ?? '').slice(0, MAX_LABEL);
      if (typeof values !== 'number') return [label, values.includes(value) ? value : OTHER];
      const key = `${name} ${label}`;
      const known = seen.get(key) ?? new Set();
      seen.set(key, known);
      if (!known.has(value) && known.size >= values) return [label, OTHER];
      known.add(value);
      return [label, value];
    });
    return Object.fromEntries(entries) as LabelSet;
  }

  function childOf<C>(
    all: Map<MetricName, Map<string, C>>,
    name: MetricName,
    given: LabelSet,
    make: (labels: LabelSet) => C,
  ): C {
    const labels = bounded(name, given);
    const children = all.get(name) ?? new Map<string, C>();
    all.set(name, children);
    const key = JSON.stringify(labels);
    const child = children.get(key) ?? make(labels);
    children.set(key, child);
    return child;
  }

  function counter(name: CounterName, labels: LabelSet): Counter {
    return childOf(counters, name, labels, newCounter);
  }

  function timer(name: TimerName, labels: LabelSet): TimerMetric {
    return childOf(timers, name, labels, newTimer);
  }

  /** Whoever comes later takes the place: a part that was built anew answers for the one before it. */
  function pull(name: CounterName | GaugeName, read: () => number, given: LabelSet): void {
    const child = childOf(pulled, name, given, (labels) => ({ labels, read }));
    child.read = read;
  }

  function plain<K extends MetricName, H>(known: Map<MetricName, H>, name: K, make: (name: K) => H): H {
    const handle = known.get(name) ?? make(name);
    known.set(name, handle);
    return handle;
  }

  function seriesOf(name: MetricName): Series[] {
    const children = [...(counters.get(name)?.values() ?? []), ...(pulled.get(name)?.values() ?? [])];
    return children.flatMap(({ labels, read }) => {
      const value = asked(read);
      return value === null ? [] : [{ labels, value }];
    });
  }

  return {
    counter: (name, ...[labels]) => counter(name, textLabels(labels)),
    timer: (name, ...[labels]) => timer(name, textLabels(labels)),
    count(name, n = 1) {
      plain(plainCounters, name, (one) => counter(one, {})).add(n);
    },
    observe(name, ms) {
      plain(plainTimers, name, (one) => timer(one, {})).observe(ms);
    },
    gauge: (name, read, ...[labels]) => pull(name, read, textLabels(labels)),
    counterFrom: (name, read, ...[labels]) => pull(name, read, textLabels(labels)),
    forget(label, value) {
      const kept = value.slice(0, MAX_LABEL);
      const isOfIt = (labels: LabelSet) => labels[label] === kept;
      for (const all of [counters, pulled]) {
        for (const children of all.values())
          for (const [key, { labels }] of children) if (isOfIt(labels)) children.delete(key);
      }
      for (const children of timers.values())
        for (const [key, { series }] of children) if (isOfIt(series.labels)) children.delete(key);
      for (const [key, values] of seen) if (key.endsWith(` ${label}`)) values.delete(kept);
    },
    read() {
      return (Object.keys(METRICS) as MetricName[]).flatMap((name): MetricReading[] => {
        const { kind } = METRICS[name];
        if (kind === 'timer') {
          const series = [...(timers.get(name)?.values() ?? [])].map((child) => child.series);
          return series.length === 0 ? [] : [{ name: name as TimerName, kind, series }];
        }
        const series = seriesOf(name);
        return series.length === 0 ? [] : [{ name: name as CounterName | GaugeName, kind, series }];
      });
    },
  };
}

/** The types of the table make sure that every label is text. */
function textLabels(labels: object | undefined): LabelSet {
  return (labels ?? {}) as LabelSet;
}

/** Whoever cannot answer must not keep the others from it. */
function asked(read: () => number): number | null {
  try {
    const value = read();
    return Number.isFinite(value) ? value : null;
  } catch {
    return null;
  }
}

function newCounter(labels: LabelSet): Child & Counter {
  let value = 0;
  return {
    labels,
    add(n = 1) {
      value += n;
    },
    read: () => value,
  };
}

function newTimer(labels: LabelSet): TimerChild {
  const counts = new Float64Array(BUCKETS_MS.length + 1);
  let maxMs = 0;
  const series: TimerSeries = {
    labels,
    counts,
    sumMs: 0,
    takeMaxMs() {
      const max = maxMs;
      maxMs = 0;
      return max;
    },
  };
  return {
    series,
    observe(ms) {
      const took = ms > 0 ? ms : 0;
      if (took > maxMs) maxMs = took;
      let bucket = 0;
      while (took > (BUCKETS_MS[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      series.sumMs += took;
    },
  };
}
