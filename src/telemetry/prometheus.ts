/** The metrics in the text format that Prometheus scrapes (version 0.0.4). Times are exported in seconds. */
import { METRICS } from './metric-names.ts';
import { BUCKETS_MS, type LabelSet, type MetricReading, type Metrics, type TimerSeries } from './metrics.ts';

export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Bounded by the table of metrics: a few hundred lines. */
export function prometheusText(metrics: Pick<Metrics, 'read'>): string {
  return `${metrics.read().flatMap(linesOf).join('\n')}\n`;
}

function linesOf(reading: MetricReading): string[] {
  const { prometheus, help } = METRICS[reading.name];
  const type = reading.kind === 'timer' ? 'histogram' : reading.kind;
  const head = [`# HELP ${prometheus} ${escapeHelp(help)}`, `# TYPE ${prometheus} ${type}`];
  if (reading.kind === 'timer') return [...head, ...reading.series.flatMap((series) => histogram(prometheus, series))];
  return [...head, ...reading.series.map(({ labels, value }) => `${prometheus}${shown(labels)} ${value}`)];
}

/** Buckets add up: each holds what those below it hold. */
function histogram(name: string, { labels, counts, sumMs }: TimerSeries): string[] {
  let below = 0;
  const buckets = Array.from(counts, (count, index) => {
    below += count;
    const bound = BUCKETS_MS[index];
    const le = bound === undefined ? '+Inf' : String(bound / 1_000);
    return `${name}_bucket${shown({ ...labels, le })} ${below}`;
  });
  return [...buckets, `${name}_sum${shown(labels)} ${sumMs / 1_000}`, `${name}_count${shown(labels)} ${below}`];
}

function shown(labels: LabelSet): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeValue(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

function escapeValue(text: string): string {
  return text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
