/**
 * The metrics as StatsD lines, under the names that dashboards of version 1 and 2 ask for: counters as what came since
 * the last time, gauges as they are, timers as the mean or the longest of the interval.
 */
import type { StatsdName } from './metric-definition.ts';
import { METRICS } from './metric-names.ts';
import type { LabelSet, MetricReading, Metrics } from './metrics.ts';

export const HOST_PATHS = ['flat', 'reversed'] as const;
export type HostPath = (typeof HOST_PATHS)[number];

const DEFAULT_PORT = 8125;

/** `host`, `host:port`, `[2001:db8::1]:port`; null for anything else. */
export function parseStatsdAddress(text: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]/]+))(?::(\d{1,5}))?$/i.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

/**
 * What stands before every name. `flat` makes one word of the host, as version 2 did; `reversed` takes its first two
 * labels from behind, as version 1 did: `node.dc.example.com` is `dc.node`.
 */
export function statsdPrefix(hostname: string, hostPath: HostPath): string {
  const labels = hostname.split('.').filter((label) => label !== '');
  const path =
    hostPath === 'flat'
      ? labels.join('_').replace(/[^A-Za-z0-9_]/g, '_')
      : labels
          .slice(0, 2)
          .reverse()
          .map((label) => label.replace(/[^A-Za-z0-9_-]/g, '_'))
          .join('.');
  return `com.jetpack.jetmon.${path || 'unknown'}.`;
}

export interface Statsd {
  /** Hands over what happened since it was called before, a line at a time. */
  flush(): void;
}

export function createStatsd(parts: {
  metrics: Pick<Metrics, 'read'>;
  prefix: string;
  /** Whether the memory of the process is told, too. */
  memory(): boolean;
  /** Takes one line; must not throw and must not wait. */
  send(line: string): void;
}): Statsd {
  const { metrics, prefix, memory, send } = parts;
  const before = new Map<string, number>();

  /** What a running total grew by. */
  function grown(key: string, total: number): number {
    const growth = total - (before.get(key) ?? 0);
    before.set(key, total);
    return growth;
  }

  function flushOne(reading: MetricReading, name: StatsdName): void {
    for (const [path, line] of linesOf(reading, name)) {
      if (line.kind === 'gauge') send(`${prefix}${path}:${shown(line.value)}|${name.asTime ? 'ms' : 'g'}`);
      else if (line.kind === 'counter') {
        const growth = grown(path, line.value);
        if (growth > 0) send(`${prefix}${path}:${shown(growth)}|c`);
      } else if (line.kind === 'timer') {
        const looks = grown(`${path} count`, line.count);
        const sumMs = grown(`${path} sum`, line.sumMs);
        if (looks > 0) send(`${prefix}${path}:${shown(name.of === 'max' ? line.maxMs : sumMs / looks)}|ms`);
      }
    }
  }

  return {
    flush() {
      for (const reading of metrics.read()) {
        for (const name of METRICS[reading.name].statsd as readonly StatsdName[]) {
          if (name.memory !== true || memory()) flushOne(reading, name);
        }
      }
    },
  };
}

type Line =
  | { kind: 'counter'; value: number }
  | { kind: 'gauge'; value: number }
  | { kind: 'timer'; count: number; sumMs: number; maxMs: number };

/** By path: series whose labels the path does not name are added up. */
function linesOf(reading: MetricReading, name: StatsdName): Map<string, Line> {
  const lines = new Map<string, Line>();
  if (reading.kind === 'timer') {
    for (const { labels, counts, sumMs, takeMaxMs } of reading.series) {
      if (!counted(labels, name)) continue;
      const count = counts.reduce((sum, one) => sum + one, 0);
      const path = pathOf(name.path, labels);
      const known = lines.get(path);
      const maxMs = name.of === 'max' ? takeMaxMs() : 0;
      lines.set(
        path,
        known?.kind === 'timer'
          ? { ...known, count: known.count + count, sumMs: known.sumMs + sumMs, maxMs: Math.max(known.maxMs, maxMs) }
          : { kind: 'timer', count, sumMs, maxMs },
      );
    }
    return lines;
  }
  for (const { labels, value } of reading.series) {
    if (!counted(labels, name)) continue;
    const path = pathOf(name.path, labels);
    const known = lines.get(path);
    const sum = known !== undefined && known.kind !== 'timer' ? known.value : 0;
    lines.set(path, { kind: reading.kind, value: sum + value / (name.per ?? 1) });
  }
  return lines;
}

function counted(labels: LabelSet, { only = {} }: StatsdName): boolean {
  return Object.entries(only).every(([label, values]) => values.includes(labels[label] ?? ''));
}

function pathOf(template: string, labels: LabelSet): string {
  return template.replace(/\{([a-z]+)\}/g, (_, label: string) => segment(labels[label] ?? ''));
}

/** One part of a name: nothing in it may end the name or begin another part. */
function segment(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
  return plain === '' ? 'unknown' : plain;
}

/** Never with an exponent, which not every server reads. */
function shown(value: number): string {
  return Number.isInteger(value) ? value.toFixed(0) : value.toFixed(3).replace(/0+$/, '').replace(/\.$/, '');
}
