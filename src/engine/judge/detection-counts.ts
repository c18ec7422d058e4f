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
  /** Results that count for nothing; `stale`: of an endpoint that is another by now, `duplicate`: the matter is settled. */
  unused(why: LabelsOf<'look_unused'>['why'], looks: number): void;
  /** A look failed, and nobody doubts that it is the site. */
  failed(observation: Observation): void;
  /** A look that was answered, with something to remark. */
  remarked(observation: Observation): void;
  /** What a look of ours led to. */
  decided(before: Known, decision: Decision, observation: Observation): void;
  /** What verifiers said. */
  verified(verification: Verification): void;
  /** Verifiers were asked about a failure that began then. */
  asked(sinceMs: number, nowMs: number): void;
}

export function createDetectionCounts(metrics: Metrics): DetectionCounts {
  const lateness = metrics.timer('dispatch_lateness');
  const unused = {
    stale: metrics.counter('look_unused', { why: 'stale' }),
    duplicate: metrics.counter('look_unused', { why: 'duplicate' }),
  };
  let confirmations = Number.NaN;
  metrics.gauge('verifier_confirmations', () => confirmations);
  return {
    handedOver: lateness.observe,
    unused: (why, looks) => unused[why].add(looks),
    failed({ evidence }) {
      metrics.counter('look_error', { error: LOOK_ERRORS[evidence?.error_code ?? 0] ?? 'other' }).add();
    },
    remarked({ evidence }) {
      if (LOOK_ERRORS[evidence?.error_code ?? 0] === 'tls_deprecated') {
        metrics.counter('look_error', { error: 'tls_deprecated' }).add();
      }
    },
    decided(before, decision, observation) {
      const { evidence } = observation;
      const of = { class: classOf(evidence?.failure_class) };
      const { why } = decision.next;
      if (before.open?.state === 'Down' && decision.failing !== null) metrics.counter('still_down', of).add();
      else if (why === 'retry' || why === 'verify' || why === 'recovery')
        metrics.counter('detection_failure', of).add();
      if (why === 'retry') metrics.count('retry');
      // What was open is counted as it closes.
      if (decision.swallowed && decision.mutations.length === 0) metrics.counter('maintenance_swallowed', of).add();
      if (decision.quiet !== null) metrics.counter('suppressed', { why: WHY[decision.quiet], ...of }).add();
      if (why === 'verify' && isForVerifiersAlone(decision.suspicion?.quiet)) {
        metrics.counter('low_confidence_dns', { kind: dnsKindOf(observation) }).add();
      }
    },
    verified({ outcome, downRegions }) {
      confirmations = downRegions.length;
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

/** The name of the site is what is in doubt. */
function isForVerifiersAlone(quiet: Quiet | undefined): boolean {
  return quiet === 'low_confidence_dns' || quiet === 'unresolved';
}

function dnsKindOf({ evidence }: Observation): LabelsOf<'low_confidence_dns'>['kind'] {
  return evidence?.hops.at(-1)?.dns?.error_kind ?? 'unknown';
}

type Class = LabelsOf<'still_down'>['class'];
const CLASSES: readonly Class[] = ['intermittent', 'server', 'client', 'blocked', 'https', 'redirect', 'success'];

function classOf(failureClass: string | undefined): Class {
  return CLASSES.find((known) => known === failureClass) ?? 'unknown';
}
