/** Counts looks by what they found, as their results come. */
import { EVERY_SITE, scoped } from '../domain/site-scope.ts';
import type { ResultListener } from '../engine/engine.ts';
import type { RuntimeStore } from '../store/runtime.ts';
import type { Counter, Metrics } from '../telemetry/metrics.ts';

export type LookTotals = {
  /** Since the start. */
  healthy: number;
  failed: number;
  unknown: number;
};

/** Returns the totals, which go on counting. */
export function countLooks(parts: {
  onResult(listener: ResultListener): unknown;
  runtime: Pick<RuntimeStore, 'latest'>;
  metrics: Metrics;
}): LookTotals {
  const { runtime, metrics } = parts;
  const totals: LookTotals = { healthy: 0, failed: 0, unknown: 0 };
  const duration = metrics.timer('look_duration');
  const outcomes: Readonly<Record<string, readonly [counter: Counter, total: keyof LookTotals]>> = {
    Up: [metrics.counter('look', { outcome: 'up' }), 'healthy'],
    Warning: [metrics.counter('look', { outcome: 'warning' }), 'healthy'],
    Degraded: [metrics.counter('look', { outcome: 'degraded' }), 'healthy'],
    'Seems Down': [metrics.counter('look', { outcome: 'seems_down' }), 'failed'],
    Unknown: [metrics.counter('look', { outcome: 'unknown' }), 'unknown'],
  };
  parts.onResult(({ endpointId }) => {
    const latest = runtime.latest(scoped(EVERY_SITE, endpointId));
    const outcome = latest === null ? undefined : outcomes[latest.state];
    if (latest === null || outcome === undefined) return;
    outcome[0].add();
    totals[outcome[1]] += 1;
    if (latest.timings.total !== undefined) duration.observe(latest.timings.total);
  });
  return totals;
}
