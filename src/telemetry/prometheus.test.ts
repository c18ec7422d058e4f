import { describe, expect, it } from 'vitest';
import { parseExposition } from '../../test/kit/exposition.ts';
import { createMetrics } from './metrics.ts';
import { prometheusText } from './prometheus.ts';

describe('the text for Prometheus', () => {
  it('holds every kind of metric so that a strict reader takes it', () => {
    const metrics = createMetrics();
    metrics.counter('look', { outcome: 'up' }).add(3);
    metrics.counter('look', { outcome: 'unknown' });
    metrics.gauge('due_waiting', () => 12.5);
    metrics.observe('look_duration', 7);
    metrics.observe('look_duration', 40);
    const families = parseExposition(prometheusText(metrics));
    expect(families.get('jetmon_looks_total')).toEqual({
      type: 'counter',
      samples: [
        { name: 'jetmon_looks_total', labels: { outcome: 'up' }, value: 3 },
        { name: 'jetmon_looks_total', labels: { outcome: 'unknown' }, value: 0 },
      ],
    });
    expect(families.get('jetmon_due_waiting')).toMatchObject({ type: 'gauge', samples: [{ value: 12.5 }] });
    const duration = families.get('jetmon_look_duration_seconds');
    expect(duration?.type).toBe('histogram');
    const at = (le: string) => duration?.samples.find(({ labels }) => labels['le'] === le)?.value;
    expect([at('0.005'), at('0.01'), at('0.05'), at('+Inf')]).toEqual([0, 1, 2, 2]);
    expect(duration?.samples.slice(-2)).toEqual([
      { name: 'jetmon_look_duration_seconds_sum', labels: {}, value: 0.047 },
      { name: 'jetmon_look_duration_seconds_count', labels: {}, value: 2 },
    ]);
  });

  it('lets no stranger write lines of his own', () => {
    const metrics = createMetrics();
    const host = 'v1"} 99\njetmon_forged 1\n\\ \ud800';
    metrics.counter('verifier_host_vote', { host, vote: 'none' }).add();
    const text = prometheusText(metrics);
    const families = parseExposition(text);
    expect([...families.keys()]).toEqual(['jetmon_verifier_host_votes_total']);
    expect(families.get('jetmon_verifier_host_votes_total')?.samples).toEqual([
      { name: 'jetmon_verifier_host_votes_total', labels: { host: host.toWellFormed(), vote: 'none' }, value: 1 },
    ]);
  });

  it('is a new line where there is nothing', () => {
    expect(prometheusText(createMetrics())).toBe('\n');
  });
});
