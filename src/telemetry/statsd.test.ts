import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';
import { createStatsd, parseStatsdAddress, statsdPrefix } from './statsd.ts';

function fixture({ memory = false } = {}) {
  const metrics = createMetrics();
  const sent: string[] = [];
  const statsd = createStatsd({ metrics, prefix: 'p.', memory: () => memory, send: (line) => void sent.push(line) });
  return {
    metrics,
    flush() {
      sent.length = 0;
      statsd.flush();
      return sent.toSorted();
    },
  };
}

describe('StatsD lines', () => {
  it('tell counters as what came since, by class and in all', () => {
    const { metrics, flush } = fixture();
    const server = metrics.counter('seems_down_opened', { class: 'server' });
    server.add(2);
    metrics.counter('seems_down_opened', { class: 'https' }).add();
    expect(flush()).toEqual([
      'p.detection.seems_down.open.count:3|c',
      'p.detection.seems_down.open.https.count:1|c',
      'p.detection.seems_down.open.server.count:2|c',
    ]);
    expect(flush()).toEqual([]);
    server.add();
    expect(flush()).toEqual(['p.detection.seems_down.open.count:1|c', 'p.detection.seems_down.open.server.count:1|c']);
  });

  it('tell one metric under each of its names, with the labels that count there', () => {
    const { metrics, flush } = fixture();
    metrics.counter('look', { outcome: 'up' }).add(5);
    metrics.counter('look', { outcome: 'warning' }).add(1);
    metrics.counter('look', { outcome: 'seems_down' }).add(2);
    metrics.counter('look', { outcome: 'unknown' }).add(4);
    expect(flush()).toEqual([
      'p.round.sites.count:12|c',
      'p.scheduler.streaming.check.failure.count:2|c',
      'p.scheduler.streaming.check.success.count:6|c',
      'p.scheduler.streaming.completed.count:12|c',
    ]);
  });

  it('tell gauges each time, and memory only where it is asked for', () => {
    const silent = fixture();
    silent.metrics.gauge('process_rss', () => 3 * 1024 * 1024);
    expect(silent.flush()).toEqual([]);
    const { metrics, flush } = fixture({ memory: true });
    metrics.gauge('process_rss', () => 3.5 * 1024 * 1024);
    metrics.gauge('due_waiting', () => 0);
    expect(flush()).toEqual(['p.process.rss_mb:3.5|g', 'p.scheduler.streaming.pending.count:0|g']);
    expect(flush()).toHaveLength(2);
  });

  it('tell a gauge as a time where its name always was one', () => {
    const { metrics, flush } = fixture();
    metrics.gauge('window_latency', () => 0.25);
    metrics.gauge('round', () => 7, { stage: 'due_remaining' });
    expect(flush()).toEqual([
      'p.scheduler.round.due_remaining.count:7|g',
      'p.scheduler.streaming.scale_latency.time:250|ms',
    ]);
  });

  it('tell timers as mean or longest of the interval', () => {
    const { metrics, flush } = fixture();
    for (const ms of [10, 21]) metrics.observe('look_duration', ms);
    for (const ms of [400, 7_000]) metrics.observe('dispatch_lateness', ms);
    expect(flush()).toEqual([
      'p.scheduler.streaming.avg_latency.time:15.5|ms',
      'p.scheduler.streaming.max_lag.time:7000|ms',
    ]);
    metrics.observe('dispatch_lateness', 3);
    expect(flush()).toEqual(['p.scheduler.streaming.max_lag.time:3|ms']);
  });

  it('let no host of a verifier break out of its place in the name', () => {
    const { metrics, flush } = fixture();
    metrics.counter('verifier_host_vote', { host: 'EU-1.example:1|c\np.forged', vote: 'disagree' }).add();
    expect(flush()).toEqual(['p.verifier.host.eu_1_example_1_c_p_forged.vote.disagree.count:1|c']);
  });
});

describe('the place of StatsD', () => {
  it('is a host with a port, or the usual one', () => {
    expect(parseStatsdAddress('statsd')).toEqual({ host: 'statsd', port: 8125 });
    expect(parseStatsdAddress('10.0.0.1:9125')).toEqual({ host: '10.0.0.1', port: 9125 });
    expect(parseStatsdAddress('[::1]:9125')).toEqual({ host: '::1', port: 9125 });
    for (const text of ['', ':8125', 'a:b', 'a:0', 'a:70000', 'http://a:1', '::1', 'a b:1']) {
      expect(parseStatsdAddress(text), text).toBeNull();
    }
  });
});

describe('the prefix', () => {
  it('is one word, or the first two labels from behind', () => {
    expect(statsdPrefix('jetmon-1.dc.example.com', 'flat')).toBe('com.jetpack.jetmon.jetmon_1_dc_example_com.');
    expect(statsdPrefix('jetmon-1.dc.example.com', 'reversed')).toBe('com.jetpack.jetmon.dc.jetmon-1.');
    expect(statsdPrefix('box', 'reversed')).toBe('com.jetpack.jetmon.box.');
    expect(statsdPrefix('a:b|c', 'flat')).toBe('com.jetpack.jetmon.a_b_c.');
    expect(statsdPrefix('', 'reversed')).toBe('com.jetpack.jetmon.unknown.');
  });
});
