/** Metrics of the way from a failure to a verdict. */
import { at, classed, counter, gauge, NONE, timer } from '../metric-definition.ts';

/** Classes of failure as version 1 knew them. */
const CLASSES = ['intermittent', 'server', 'client', 'blocked', 'https', 'redirect', 'success', 'unknown'] as const;

/** What a resolver said of a name that has no address. */
const DNS_KINDS = ['nxdomain', 'nodata', 'servfail', 'refused', 'timeout', 'resolver_error', 'unknown'] as const;

export const DETECTION_METRICS = {
  detection_failure: counter(
    'jetmon_detection_failures_total',
    'Failed looks that entered the path to Down.',
    { class: CLASSES },
    at('detection.failure.{class}.count'),
  ),
  retry: counter(
    'jetmon_detection_retries_total',
    'Looks that were made to confirm a failure.',
    NONE,
    at('detection.retry.count'),
  ),
  retry_queue: gauge('jetmon_retry_queue', 'Endpoints whose failure is being confirmed.', NONE, at('retry.queue.size')),
  seems_down_opened: counter(
    'jetmon_detection_seems_down_opened_total',
    'Incidents opened as Seems Down.',
    { class: CLASSES },
    ...classed('detection.seems_down.open'),
  ),
  probe_cleared: counter(
    'jetmon_detection_probe_cleared_total',
    'Incidents that a look of ours ended before they were confirmed.',
    { class: CLASSES },
    ...classed('detection.probe_cleared'),
  ),
  down_confirmed: counter(
    'jetmon_detection_down_confirmed_total',
    'Incidents that became Down, by who confirmed it.',
    { by: ['local', 'verifier'], class: CLASSES },
    ...classed('detection.down.confirmed'),
  ),
  down_opened_after_verifier: counter(
    'jetmon_detection_down_opened_after_verifier_total',
    'Incidents that verifiers opened as Down at once.',
    NONE,
    at('detection.down.open_after_verifier.count'),
  ),
  still_down: counter(
    'jetmon_detection_still_down_total',
    'Failed looks at sites that are Down already.',
    { class: CLASSES },
    ...classed('detection.down.still_down'),
  ),
  recovery: counter('jetmon_detection_recoveries_total', 'Incidents that were Down and ended.', NONE),
  false_alarm: counter(
    'jetmon_detection_false_alarms_total',
    'Incidents that verifiers refuted.',
    { class: CLASSES },
    ...classed('detection.verifier.false_alarm'),
  ),
  withdrawn: counter(
    'jetmon_detection_withdrawn_total',
    'Incidents that our own gate took back, because the trouble was ours.',
    NONE,
    at('detection.withdrawn.count'),
  ),
  regional: counter(
    'jetmon_detection_regional_total',
    'Failures that only some regions see.',
    NONE,
    at('detection.verifier.regional.count'),
  ),
  no_verdict: counter(
    'jetmon_detection_no_verdict_total',
    'Questions to verifiers that too few answered.',
    NONE,
    at('detection.verifier.no_verdict.count'),
  ),
  verifier_escalation: counter(
    'jetmon_detection_escalations_total',
    'Failures that verifiers were asked about.',
    NONE,
    at('detection.verifier.escalation.count'),
  ),
  verifier_no_clients: counter(
    'jetmon_detection_no_verifiers_total',
    'Failures confirmed without verifiers, because there are none.',
    NONE,
    at('detection.verifier.no_clients.count'),
  ),
  verifier_quorum_met: counter(
    'jetmon_detection_quorum_met_total',
    'Questions for which enough verifiers confirmed the failure.',
    NONE,
    at('detection.verifier.quorum_met.count'),
  ),
  verifier_confirmations: gauge(
    'jetmon_verifier_confirmations',
    'Regions that confirmed the failure, in the newest answer of the verifiers.',
    NONE,
    at('detection.verifier.confirmations.count'),
  ),
  low_confidence_dns: counter(
    'jetmon_detection_low_confidence_dns_total',
    'Failed looks at names without an address that wait for verifiers before anybody is told, by what the resolver said.',
    { kind: DNS_KINDS },
    ...classed('detection.low_confidence_dns.awaiting_verifier', 'kind'),
  ),
  maintenance_swallowed: counter(
    'jetmon_detection_maintenance_swallowed_total',
    'Failures during maintenance, of which nothing is made.',
    { class: CLASSES },
    ...classed('detection.maintenance.swallowed'),
  ),
  suppressed: counter(
    'jetmon_detection_suppressed_total',
    'Failures of which nothing was made, and why.',
    { why: ['recovery', 'false_alarm', 'pressure', 'other'], class: CLASSES },
    ...classed('detection.post_recovery_transient_suppressed').map((name) => ({
      ...name,
      only: { why: ['recovery', 'false_alarm'] },
    })),
    at('scheduler.streaming.pressure_suppressed.count', { only: { why: ['pressure'] } }),
  ),
  seems_down_duration: timer(
    'jetmon_detection_seems_down_duration_seconds',
    'From Seems Down to what became of it, of incidents that this process saw open.',
    { outcome: ['down', 'false_alarm', 'probe_cleared', 'other'] },
    at('detection.seems_down_to_down.time', { only: { outcome: ['down'] } }),
    at('detection.seems_down_to_false_alarm.time', { only: { outcome: ['false_alarm'] } }),
    at('detection.seems_down_to_probe_cleared.time', { only: { outcome: ['probe_cleared'] } }),
  ),
  first_failure_to_seems_down: timer(
    'jetmon_first_failure_to_seems_down_seconds',
    'From the first failed look to Seems Down.',
    NONE,
    at('detection.first_failure_to_seems_down.time'),
  ),
  first_failure_to_verification: timer(
    'jetmon_first_failure_to_verification_seconds',
    'From the first failed look to the question to the verifiers.',
    NONE,
    at('detection.first_failure_to_verification.time'),
  ),
};
