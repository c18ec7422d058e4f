/** What is said of a metric, and the words to say it with; the metrics themselves stand in names/. */

/** Values a label may take. A number: any text, but no more different ones than this; the rest counts as `other`. */
export type LabelValues = readonly string[] | number;
export type Labels = Readonly<Record<string, LabelValues>>;

export type StatsdName = {
  /** Below the prefix; `{label}` gives one line for each value, a label that is not named is added up. */
  path: string;
  /** Values of labels that count here. */
  only?: Readonly<Record<string, readonly string[]>>;
  /** What of a timer is told: the mean of the interval (default), or the longest. */
  of?: 'mean' | 'max';
  /** Units of the metric in one unit of StatsD, such as bytes in a megabyte. */
  per?: number;
  /** A gauge that is told as a time (`ms`), because that is what its name was. */
  asTime?: true;
  /** Told only where memory is asked for. */
  memory?: true;
};

export type MetricDefinition = {
  kind: 'counter' | 'gauge' | 'timer';
  help: string;
  /** Timers are observed in milliseconds and exported in seconds. */
  unit?: 'milliseconds' | 'bytes' | 'seconds' | 'ratio';
  prometheus: `jetmon_${string}`;
  labels: Labels;
  statsd: readonly StatsdName[];
};

/** Labels of a metric without any. */
export const NONE = {} as const;

export const at = (path: string, rest: Omit<StatsdName, 'path'> = {}): StatsdName => ({ path, ...rest });

export const counter = <const L extends Labels>(
  prometheus: `jetmon_${string}_total`,
  help: string,
  labels: L,
  ...statsd: StatsdName[]
) => ({ kind: 'counter' as const, help, prometheus, labels, statsd });

export const gauge = <const L extends Labels>(
  prometheus: `jetmon_${string}`,
  help: string,
  labels: L,
  ...statsd: StatsdName[]
) => ({ kind: 'gauge' as const, help, prometheus, labels, statsd });

export const timer = <const L extends Labels>(
  prometheus: `jetmon_${string}_seconds`,
  help: string,
  labels: L,
  ...statsd: StatsdName[]
) => ({ kind: 'timer' as const, help, unit: 'milliseconds' as const, prometheus, labels, statsd });

/** One counter with a class, or another label: the sum, and a line for each class below it. */
export const classed = (path: string, label = 'class'): StatsdName[] => [
  at(`${path}.count`),
  at(`${path}.{${label}}.count`),
];
