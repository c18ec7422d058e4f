/** Counts what decisions lead to beside changes of the log, for metrics (spec/03 section 12). */
import type { Decision, Known, Quiet } from '../../domain/incident.ts';
import type { Observation } from '../../domain/verdict.ts';
import type { Verification } from '../../domain/verification.ts';
import type { LabelsOf } from '../../telemetry/metric-names.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { LOOK_ERRORS } from '../../telemetry/names/looks.ts';

export interface DetectionCounts {
  /** A look was handed to the prober so long after it was due, ms. */
  handedOver(lateMs: number): void;
  /** A look failed, and nobody doubts that it is the site. */
  failed(observation: Observation): void;
  /** What a look of ours led to. */
  decided(before: Known, decision: Decision, observation: Observation): void;
  /** What verifiers said. */
  verified(verification: Verification): void;
  /** Verifiers were asked about a failure that began then. */
  asked(sinceMs: number, nowMs: number): void;
}

export function createDetectionCounts(metrics: Metrics): DetectionCounts {
  const lateness = metrics.timer('dispatch_lateness');
  return {
    handedOver: lateness.observe,
    failed({ evidence }) {
      metrics.counter('look_error', { error: LOOK_ERRORS[evidence?.error_code ?? 0] ?? 'other' }).add();
    },
    decided(before, decision, { evidence }) {
      const of = { class: classOf(evidence?.failure_class) };
      const { why } = decision.next;
      if (before.open?.state === 'Down' && decision.failing !== null) metrics.counter('still_down', of).add();
      else if (why === 'retry' || why === 'verify' || why === 'recovery')
        metrics.counter('detection_failure', of).add();
      if (why === 'retry') metrics.count('retry');
      // What was open is counted as it closes.
      if (decision.swallowed && decision.mutations.length === 0) metrics.counter('maintenance_swallowed', of).add();
      if (decision.quiet !== null) metrics.counter('suppressed', { why: WHY[decision.quiet] }).add();
    },
    verified({ outcome }) {
      if (outcome === 'regional') metrics.count('regional');
      if (outcome === 'no_verdict') metrics.count('no_verdict');
    },
    asked(sinceMs, nowMs) {
      metrics.count('verifier_escalation');
      metrics.observe('first_failure_to_verification', nowMs - sinceMs);
    },
  };
}

const WHY: Readonly<Record<Quiet, LabelsOf<'suppressed'>['why']>> = {
  low_confidence_dns: 'other',
  unresolved: 'other',
  after_recovery: 'recovery',
  after_false_alarm: 'false_alarm',
  mass_failure: 'pressure',
};

type Class = LabelsOf<'still_down'>['class'];
const CLASSES: readonly Class[] = ['intermittent', 'server', 'client', 'blocked', 'https', 'redirect', 'success'];

function classOf(failureClass: string | undefined): Class {
  return CLASSES.find((known) => known === failureClass) ?? 'unknown';
}
