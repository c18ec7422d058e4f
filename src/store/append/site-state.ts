/**
 * The site's own event: one row of the log for as long as the state of a site is not Up, so that its time line needs no
 * rollup. It follows from the open events of the site, their endpoints and its rules, and is written with them.
 */
import type { SiteId } from '../../domain/ids.ts';
import type { CloseReason, Mutation, Step } from '../../domain/mutation.ts';
import { stepFor } from '../../domain/mutation.ts';
import { dedupKey, type EventIdentity, SITE_STATE_CHECK } from '../event-records.ts';
import type { EntryState } from '../legacy.ts';
import type { LoggedEvent } from './log-view.ts';

export function siteStateIdentity(siteId: SiteId): EventIdentity {
  return { siteId, endpointId: null, checkType: SITE_STATE_CHECK, discriminator: null };
}

/** The newest transition among the events of the site. */
type LastTransition = { event: LoggedEvent; step: Step };

export type SiteFollowed = { identity: EventIdentity; mutation: Mutation; step: Step; metadata: string | null };

/** Null when the site's own event stays as it is. */
export function siteStep(
  siteId: SiteId,
  endpoints: readonly EntryState[],
  open: ReadonlyMap<string, LoggedEvent>,
  cuedAtMs: number,
  last: LastTransition | null,
): SiteFollowed | null {
  // Sites that the registry does not know, such as the monitor itself, have no state.
  if (endpoints.length === 0) return null;
  const identity = siteStateIdentity(siteId);
  const known = open.get(dedupKey(identity)) ?? null;
  if (known?.unreadable) return null;
  const atMs = last?.step.changedAtMs ?? cuedAtMs;
  const mutation = mutationFor(known, incidentOf(endpoints, open), last, atMs);
  const step = mutation === null ? null : stepFor(known, mutation, atMs);
  if (mutation === null || step === null) return null;
  return { identity, mutation, step, metadata: metadataOf(last) };
}

type Incident = Pick<LoggedEvent, 'state' | 'severity'> & { cause: LoggedEvent | null };

function incidentOf(endpoints: readonly EntryState[], open: ReadonlyMap<string, LoggedEvent>): Incident | null {
  let worst: LoggedEvent | null = null;
  const watched = new Set(endpoints.filter(({ active }) => active).map(({ endpointId }) => endpointId));
  if (watched.size === 0) return { state: 'Paused', severity: 0, cause: null };
  for (const event of open.values()) {
    const { checkType, endpointId } = event.identity;
    if (checkType === SITE_STATE_CHECK || event.unreadable) continue;
    if (endpointId !== null && !watched.has(endpointId)) continue;
    if (worst === null || isWorse(event, worst)) worst = event;
  }
  return worst === null ? null : { state: worst.state, severity: worst.severity, cause: worst };
}

/** The order of `byWorst` in the domain; an event that has no id yet is newer than those that have. */
function isWorse(a: LoggedEvent, b: LoggedEvent): boolean {
  if (a.severity !== b.severity) return a.severity > b.severity;
  if (a.startedAtMs !== b.startedAtMs) return a.startedAtMs < b.startedAtMs;
  return a.id !== 0n && (b.id === 0n || a.id < b.id);
}

function mutationFor(
  known: LoggedEvent | null,
  now: Incident | null,
  last: LastTransition | null,
  atMs: number,
): Mutation | null {
  if (now === null) return known === null ? null : { op: 'close', reason: closeReason(last) };
  const { state, severity, cause } = now;
  if (known === null) {
    // A failure that was just opened began when it was first seen; anything older was not the state of the site before.
    const startedAtMs = cause?.id === 0n ? cause.startedAtMs : atMs;
    return { op: 'open', state, severity, startedAtMs, reason: 'opened' };
  }
  if (known.state === state && known.severity === severity) return null;
  if (severity === known.severity) return { op: 'promote', state, severity, reason: 'state_change' };
  const reason = severity > known.severity ? 'severity_escalation' : 'severity_deescalation';
  return { op: 'promote', state, severity, reason };
}

/** The reason for which the last event of the site was closed; resuming a site has none of its own. */
function closeReason(last: LastTransition | null): CloseReason {
  return last?.step.endedAtMs == null ? 'manual_override' : (last.step.reason as CloseReason);
}

/** Which event of the site it followed. */
function metadataOf(last: LastTransition | null): string | null {
  if (last === null) return null;
  const { checkType, endpointId, discriminator } = last.event.identity;
  return JSON.stringify({
    check_type: checkType,
    endpoint_id: endpointId === null ? null : String(endpointId),
    ...(discriminator === null ? {} : { discriminator }),
  });
}
