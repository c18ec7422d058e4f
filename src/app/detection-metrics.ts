/** What the engine knows of its dispatch, the gate of its judgements, and the panel of its verifiers, as metrics. */
import { DETECTION_PROFILES, profileOf, REQUEST_METHODS } from '../domain/probe-plan.ts';
import type { Engine } from '../engine/engine.ts';
import { METRICS } from '../telemetry/metric-names.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { PanelReport } from '../verifier/panel.ts';

export function dispatchMetrics(metrics: Metrics, engine: Pick<Engine, 'dispatchStats' | 'confirming'>): void {
  const { dispatchStats, confirming } = engine;
  metrics.gauge('retry_queue', confirming);
  metrics.gauge('due_waiting', () => dispatchStats().due);
  metrics.gauge('window', () => dispatchStats().window);
  metrics.gauge('window_latency', () => dispatchStats().flightMs / 1_000);
  metrics.gauge('rate_required', () => dispatchStats().requiredPerSecond);
  metrics.counterFrom('dispatched', () => dispatchStats().dispatched);
  metrics.counterFrom('came_due', () => dispatchStats().cameDue);
  metrics.counterFrom('dispatch_waited', () => dispatchStats().waited);
  for (const method of REQUEST_METHODS) {
    for (const profile of DETECTION_PROFILES) {
      // Only as it may be carried out: HEAD has no body to look at.
      if (profileOf({ method, profile }) !== profile) continue;
      const labels = { method: method === 'HEAD' ? 'head' : 'get', profile } as const;
      metrics.counterFrom('look_plan', () => dispatchStats().cohorts.looks(method, profile), labels);
    }
  }
  metrics.gauge('dispatch_lateness_recent', () => secondsOf(dispatchStats().latenessMs.p50), { quantile: '0.5' });
  metrics.gauge('dispatch_lateness_recent', () => secondsOf(dispatchStats().latenessMs.p99), { quantile: '0.99' });
  metrics.gauge('dispatch_lateness_recent', () => secondsOf(dispatchStats().latenessMs.max), { quantile: '1' });
}

/** Of no look: not shown. */
function secondsOf(ms: number | null): number {
  return ms === null ? Number.NaN : ms / 1_000;
}

export function gateMetrics(metrics: Metrics, { gateStats }: Pick<Engine, 'gateStats'>): void {
  for (const condition of ['network_unproven', 'mass_failure'] as const) {
    metrics.gauge('gate_condition', () => (gateStats().open[condition] ? 0 : 1), { condition });
  }
  for (const proof of ['not_needed', 'passed', 'too_few'] as const) {
    metrics.counterFrom('gate_verdict', () => gateStats().believed[proof], { verdict: `believed_${proof}` });
  }
  for (const reason of ['network_unproven', 'mass_failure', 'clock_jumped'] as const) {
    metrics.counterFrom('gate_verdict', () => gateStats().unknown[reason], { verdict: reason });
  }
  metrics.gauge('gate_waiting', () => gateStats().waiting);
  metrics.counterFrom('gate_verdict', () => gateStats().leftToVerifiers, { verdict: 'left_to_verifiers' });
}

/** Of all together. */
export function verifierMetrics(metrics: Metrics, newReport: () => PanelReport): void {
  const report = once(newReport);
  const counted = (of: (one: PanelReport['verifiers'][number]) => boolean) => report().verifiers.filter(of).length;
  metrics.gauge('verifiers_healthy', () => counted(({ isAnswering }) => isAnswering !== false));
  metrics.gauge('verifiers_quarantined', () => counted(({ quarantinedWhy }) => quarantinedWhy !== null));
  metrics.gauge('verifier_quorum', () => report().quorum);
  metrics.gauge('verifier_waiting', () => report().waiting);
  for (const [vote, says] of VOTES) {
    const of = ({ said }: PanelReport['verifiers'][number]) => said[says];
    metrics.counterFrom('verifier_vote', () => report().verifiers.reduce((sum, one) => sum + of(one), 0), { vote });
  }
}

/** Of each that is configured, anew for each panel. */
export function verifierHostMetrics(metrics: Metrics, newReport: () => PanelReport): void {
  const report = once(newReport);
  for (const { verifier: host } of report().verifiers) {
    const find = () => report().verifiers.find(({ verifier }) => verifier === host);
    metrics.counterFrom('verifier_asked', () => find()?.asked ?? Number.NaN, { host });
    for (const [vote, says] of VOTES) {
      metrics.counterFrom('verifier_host_vote', () => find()?.said[says] ?? Number.NaN, { host, vote });
    }
    for (const why of METRICS.verifier_unanswered.labels.why) {
      metrics.counterFrom('verifier_unanswered', () => find()?.failures[why] ?? Number.NaN, { host, why });
    }
  }
}

/** One report for all who ask at once, as metrics do when they are read. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => {
    if (made === null) {
      made = { value: make() };
      queueMicrotask(() => {
        made = null;
      });
    }
    return made.value;
  };
}

const VOTES = [
  ['confirm_down', 'down'],
  ['disagree', 'up'],
  ['none', 'none'],
] as const;
