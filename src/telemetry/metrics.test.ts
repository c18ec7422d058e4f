import { describe, expect, it } from 'vitest';
import { METRICS, type MetricName } from './metric-names.ts';
import { BUCKETS_MS, createMetrics, type Metrics } from './metrics.ts';

function seriesOf(metrics: Metrics, name: MetricName) {
  return metrics.read().find((reading) => reading.name === name)?.series ?? [];
}

describe('metrics', () => {
  it('count by handle and by name, and the same labels are the same numbers', () => {
    const metrics = createMetrics();
    const up = metrics.counter('look', { outcome: 'up' });
    up.add();
    up.add(4);
    metrics.counter('look', { outcome: 'up' }).add();
    metrics.count('dispatched');
    metrics.count('dispatched', 2);
    expect(seriesOf(metrics, 'look')).toMatchObject([{ labels: { outcome: 'up' }, value: 6 }]);
    expect(seriesOf(metrics, 'dispatched')).toMatchObject([{ labels: {}, value: 3 }]);
  });

  it('are not shown before somebody counts them', () => {
    const metrics = createMetrics();
    expect(metrics.read()).toEqual([]);
    metrics.counter('recovery');
    expect(seriesOf(metrics, 'recovery')).toMatchObject([{ value: 0 }]);
  });

  it('time into fixed buckets, and nonsense counts as no time', () => {
    const metrics = createMetrics();
    for (const ms of [0, 1, 1.5, 2_000_000, Number.NaN, -5]) metrics.observe('look_duration', ms);
    const [series] = seriesOf(metrics, 'look_duration');
    expect(series).toMatchObject({ sumMs: 2_000_002.5 });
    const { counts, takeMaxMs } = series as unknown as { counts: Float64Array; takeMaxMs(): number };
    expect([...counts]).toEqual([4, 1, ...BUCKETS_MS.slice(2).map(() => 0), 1]);
    expect([takeMaxMs(), takeMaxMs()]).toEqual([2_000_000, 0]);
  });

  it('forget what bears a label that is gone, and have room for others in its place', () => {
    const metrics = createMetrics();
    for (let host = 0; host < 100; host += 1) {
      metrics.counter('verifier_rpc', { host: `host-${host}`, result: 'success' }).add();
      metrics.observe('look_duration', 1);
      metrics.timer('verifier_rpc_duration', { host: `host-${host}` }).observe(1);
      metrics.counterFrom('verifier_asked', () => 1, { host: `host-${host}` });
      if (host > 0) metrics.forget('host', `host-${host - 1}`);
    }
    for (const name of ['verifier_rpc', 'verifier_rpc_duration', 'verifier_asked'] as const)
      expect(seriesOf(metrics, name)).toMatchObject([{ labels: { host: 'host-99' } }]);
    expect(seriesOf(metrics, 'look_duration')).toHaveLength(1);
  });

  it('ask gauges when they are read, and leave out one that fails', () => {
    const metrics = createMetrics();
    let waiting = 1;
    metrics.gauge('due_waiting', () => waiting);
    metrics.gauge('targets', () => {
      throw new Error('not now');
    });
    metrics.gauge('window', () => Number.NaN);
    metrics.counterFrom('visits', () => 7);
    waiting = 9;
    expect(metrics.read()).toEqual([
      { name: 'due_waiting', kind: 'gauge', series: [{ labels: {}, value: 9 }] },
      { name: 'visits', kind: 'counter', series: [{ labels: {}, value: 7 }] },
    ]);
  });

  it('let the newest source of a gauge answer', () => {
    const metrics = createMetrics();
    metrics.gauge('targets', () => 1);
    metrics.gauge('targets', () => 2);
    expect(seriesOf(metrics, 'targets')).toEqual([{ labels: {}, value: 2 }]);
  });

  it('remember no more values of a label than are allowed', () => {
    const metrics = createMetrics();
    for (let host = 0; host < 1_000; host += 1) {
      metrics.counter('verifier_host_vote', { host: `v${host}`, vote: 'disagree' }).add();
    }
    const series = seriesOf(metrics, 'verifier_host_vote') as { labels: Record<string, string>; value: number }[];
    expect(series).toHaveLength(65);
    expect(series.at(-1)).toEqual({ labels: { host: 'other', vote: 'disagree' }, value: 936 });
  });

  it('take a word that a closed label does not know for another', () => {
    const metrics = createMetrics();
    metrics.counter('look', { outcome: 'up' }).add();
    // @ts-expect-error: only known words compile; what comes from elsewhere may be anything.
    metrics.counter('look', { outcome: 'unheard of' }).add();
    expect(seriesOf(metrics, 'look')).toMatchObject([{ labels: { outcome: 'up' } }, { labels: { outcome: 'other' } }]);
  });
});

describe('the table of metrics', () => {
  const all = Object.values(METRICS);

  it('has one name for one thing', () => {
    const prometheus = all.map((metric) => metric.prometheus);
    expect(new Set(prometheus).size).toBe(prometheus.length);
    const statsd = all.flatMap((metric) => metric.statsd.map(({ path }) => path));
    expect(new Set(statsd).size).toBe(statsd.length);
  });

  it('keeps to what both protocols can carry', () => {
    for (const metric of all) {
      expect(metric.prometheus).toMatch(/^jetmon_[a-z][a-z_]*[a-z]$/);
      expect(metric.help).toMatch(/^[A-Z].*\.$/);
      for (const { path } of metric.statsd) expect(path).toMatch(/^[a-z_]+(\.([a-z_]+|\{[a-z]+\}))+$/);
      for (const label of Object.keys(metric.labels)) expect(label).toMatch(/^[a-z]+$/);
    }
  });

  it('names only labels that there are', () => {
    for (const { labels, statsd } of all) {
      for (const name of statsd) {
        const named = [...name.path.matchAll(/\{([a-z]+)\}/g)].map((match) => match[1] ?? '');
        for (const label of [...named, ...Object.keys('only' in name ? (name.only ?? {}) : {})]) {
          expect(Object.keys(labels)).toContain(label);
        }
      }
    }
  });
});
