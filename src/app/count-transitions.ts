/** Counts what becomes of incidents, once each, as it is committed. */
import type { EventId } from '../domain/ids.ts';
import type { Changes, Committed } from '../store/changes.ts';
import type { TransitionRecord } from '../store/event-records.ts';
import type { LabelsOf } from '../telemetry/metric-names.ts';
import type { Metrics } from '../telemetry/metrics.ts';

export function countTransitions(changes: Pick<Changes, 'subscribe'>, metrics: Metrics): void {
  const seemsDown = createSeemsDown(metrics);
  changes.subscribe((change) => {
    // What belongs to no site is trouble of our own, which is no incident of anybody's.
    if (change.kind !== 'committed' || change.siteId === 0n) return;
    for (const transition of change.transitions) {
      count(transition, metrics);
      seemsDown.saw(transition);
    }
  });
}

/** Incidents that Seem Down and are timed; more of them at once are not. */
const MOST_TIMED = 100_000;

/** How long each was Seems Down. */
function createSeemsDown(metrics: Metrics) {
  const since = new Map<EventId, number>();
  return {
    saw({ eventId, stateBefore, stateAfter, reason, source, changedAtMs }: Transition): void {
      if (stateBefore === null && stateAfter === 'Seems Down') {
        if (since.size < MOST_TIMED) since.set(eventId, changedAtMs);
        return;
      }
      const sinceMs = since.get(eventId);
      if (sinceMs === undefined || stateAfter === 'Seems Down') return;
      since.delete(eventId);
      metrics
        .timer('seems_down_duration', { outcome: outcomeOf(stateAfter, reason, source) })
        .observe(changedAtMs - sinceMs);
    },
  };
}

function outcomeOf(
  state: Transition['stateAfter'],
  reason: string,
  source: string,
): LabelsOf<'seems_down_duration'>['outcome'] {
  if (state === 'Down') return 'down';
  if (state !== 'Resolved') return 'other';
  if (reason === 'false_alarm') return source === 'verifiers' ? reason : 'other';
  return reason === 'probe_cleared' ? reason : 'other';
}

type Transition = Committed['transitions'][number];

function count(transition: Transition, metrics: Metrics): void {
  const of = { class: failureClassOf(transition) };
  if (transition.stateAfter === 'Resolved') countEnd(transition, of, metrics);
  else if (transition.stateAfter === 'Seems Down' && transition.stateBefore !== 'Seems Down') {
    metrics.counter('seems_down_opened', of).add();
    const firstFailedMs = firstFailureOf(transition);
    if (firstFailedMs !== null) metrics.observe('first_failure_to_seems_down', transition.changedAtMs - firstFailedMs);
  } else if (transition.stateAfter === 'Down' && transition.stateBefore !== 'Down') {
    const by = transition.reason === 'local_confirmed' ? 'local' : 'verifier';
    metrics.counter('down_confirmed', { by, ...of }).add();
    metrics.count(by === 'local' ? 'verifier_no_clients' : 'verifier_quorum_met');
    if (transition.stateBefore === null) metrics.count('down_opened_after_verifier');
  }
}

function countEnd({ reason, source, stateBefore }: Transition, of: { class: FailureClass }, metrics: Metrics): void {
  if (stateBefore === 'Down') metrics.count('recovery');
  // What our own gate withdrew is no word of verifiers.
  if (reason === 'false_alarm') {
    if (source === 'verifiers') metrics.counter('false_alarm', of).add();
    else if (source === 'local') metrics.count('withdrawn');
  } else if (reason === 'maintenance_swallowed') metrics.counter('maintenance_swallowed', of).add();
  else if (reason === 'probe_cleared' && stateBefore === 'Seems Down') metrics.counter('probe_cleared', of).add();
}

const CLASSES = ['intermittent', 'server', 'client', 'blocked', 'https', 'redirect', 'success'] as const;
type FailureClass = (typeof CLASSES)[number] | 'unknown';

function failureClassOf({ metadata }: TransitionRecord): FailureClass {
  const named = (metadata as { failure_class?: unknown } | null)?.failure_class;
  return CLASSES.find((one) => one === named) ?? 'unknown';
}

function firstFailureOf({ metadata }: TransitionRecord): number | null {
  const { observation } = (metadata ?? {}) as { observation?: { first_failed_at?: unknown } };
  const atMs = Date.parse(String(observation?.first_failed_at));
  return Number.isNaN(atMs) ? null : atMs;
}
