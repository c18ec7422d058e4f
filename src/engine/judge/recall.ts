/**
 * Tells from the event log what happened lately to each check, as the decisions that wrote it remembered it: pure. What
 * never came into the log is not told: suspicions, and that one of them renewed a false alarm or was refuted.
 */
import type { ServerPolicy } from '../../domain/decision-policy.ts';
import { withStart } from '../../domain/flapping.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { NOTHING_RECENT, type Recent } from '../../domain/incident.ts';
import type { RecentTransition } from '../../store/recent-transitions.ts';

type FlapPolicy = Pick<ServerPolicy, 'flap'>;

/** What an event stands for at a moment; a regional failure is failing. */
type Kind = 'closed' | 'advisory' | 'failing' | 'braked';

/** Transitions in the order they happened. An endpoint of which nothing is to be remembered is absent. */
export function recall(
  transitions: Iterable<RecentTransition>,
  policy: FlapPolicy,
): Map<EndpointId, Map<string, Recent>> {
  const told = new Map<EndpointId, Map<string, { kind: Kind; recent: Recent }>>();
  for (const transition of transitions) {
    const { endpointId, checkType } = transition;
    const checks = told.get(endpointId) ?? new Map<string, { kind: Kind; recent: Recent }>();
    const { kind = kindBefore(transition), recent = NOTHING_RECENT } = checks.get(checkType) ?? {};
    const after = kindAfter(transition, kind);
    checks.set(checkType, { kind: after, recent: changed(recent, kind, after, transition, policy) });
    told.set(endpointId, checks);
  }
  const recalled = new Map<EndpointId, Map<string, Recent>>();
  for (const [endpointId, checks] of told) {
    const worth = [...checks].filter(([, { recent }]) => recent !== NOTHING_RECENT);
    if (worth.length > 0) recalled.set(endpointId, new Map(worth.map(([check, { recent }]) => [check, recent])));
  }
  return recalled;
}

/** Where the log before it was not read. */
function kindBefore({ stateBefore }: RecentTransition): Kind {
  if (stateBefore === null) return 'closed';
  return isFailure(stateBefore) ? 'failing' : 'advisory';
}

function kindAfter({ stateBefore, stateAfter, source, isBrake }: RecentTransition, before: Kind): Kind {
  if (stateAfter === 'Resolved') return 'closed';
  // Its severity alone.
  if (stateAfter === null || stateAfter === stateBefore) return before;
  if (isFailure(stateAfter)) return 'failing';
  if (isBrake) return 'braked';
  // Only verifiers who differ leave a failure Degraded.
  return stateAfter === 'Degraded' && source === 'verifiers' ? 'failing' : 'advisory';
}

function isFailure(state: string): boolean {
  return state === 'Seems Down' || state === 'Down';
}

function changed(
  recent: Recent,
  before: Kind,
  after: Kind,
  { atMs, startedAtMs, beganAtMs, stateAfter, reason, source }: RecentTransition,
  policy: FlapPolicy,
): Recent {
  // The owner changed what is watched: what was seen until then says nothing of it.
  if (reason === 'manual_override') return NOTHING_RECENT;
  let now = recent;
  if (after === 'failing' && before !== 'failing') {
    now = withStart(now, before === 'closed' ? startedAtMs : beganAtMs, policy);
  }
  if (stateAfter === 'Down') now = { ...now, falseAlarmAtMs: null };
  if (reason === 'false_alarm') {
    if (source === 'verifiers') now = { ...now, falseAlarmAtMs: atMs };
    // It was withdrawn by the gate: the trouble was ours.
    else if (source === 'local') now = { ...now, startsMs: now.startsMs.slice(0, -1) };
  }
  const isWell = reason === 'probe_cleared' || reason === 'verifier_cleared';
  const isOver = after === 'closed' ? isWell && before !== 'advisory' : before === 'failing' && after === 'advisory';
  if (isOver) now = { ...now, recoveredAtMs: atMs };
  // Nobody looked while we were away: how long it is well is counted from the next look on.
  if (after === 'braked') return { ...now, braked: { wellSinceMs: null } };
  return now.braked === null ? now : { ...now, braked: null };
}
