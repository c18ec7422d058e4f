/**
 * The site's own event: one row of the log for as long as the state of a site is not Up, so that its time line needs no
 * rollup. It follows from the open events of the site, their endpoints and its rules, and is written with them.
 */
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { CloseReason, Mutation, Step } from '../../domain/mutation.ts';
import { stepFor } from '../../domain/mutation.ts';
import {
  type EndpointIncidents,
  type OpenEvent,
  SITE_STATE_CHECK,
  type SiteIncident,
  siteIncident,
} from '../../domain/rollup.ts';
import type { RollupRules } from '../../domain/rollup-rules.ts';
import { dedupKey, type EventIdentity } from '../event-records.ts';
import type { EntryState } from '../legacy.ts';
import type { LoggedEvent } from './log-view.ts';
import type { PlannedTransition } from './planned-transition.ts';

export function siteStateIdentity(siteId: SiteId): EventIdentity {
  return { siteId, endpointId: null, checkType: SITE_STATE_CHECK, discriminator: null };
}

export type SiteFollowed = { identity: EventIdentity; mutation: Mutation; step: Step; metadata: string | null };

/** Null when the site's own event stays as it is. */
export function siteStep(
  siteId: SiteId,
  endpoints: readonly EntryState[],
  open: ReadonlyMap<string, LoggedEvent>,
  rules: RollupRules,
  cuedAtMs: number,
  last: PlannedTransition | null,
): SiteFollowed | null {
  // Sites that the registry does not know, such as the monitor itself, have no state.
  if (endpoints.length === 0) return null;
  const identity = siteStateIdentity(siteId);
  const known = open.get(dedupKey(identity)) ?? null;
  if (known?.unreadable) return null;
  const atMs = last?.step.changedAtMs ?? cuedAtMs;
  const { incidents, ofSite } = incidentsOn(endpoints, open.values());
  const mutation = mutationFor(known, siteIncident(incidents, ofSite, rules), last, atMs);
  const step = mutation === null ? null : stepFor(known, mutation, atMs);
  if (mutation === null || step === null) return null;
  return { identity, mutation, step, metadata: metadataOf(last) };
}

/** What of an open event decides the state of its site. */
export type SeenEvent = Pick<LoggedEvent, 'id' | 'severity' | 'startedAtMs' | 'unreadable'> & {
  identity: Pick<EventIdentity, 'endpointId' | 'checkType'>;
  state: string;
};

/** What is open on a site, in the terms of the rollup: on each endpoint, and on the site as a whole. */
export function incidentsOn(
  endpoints: readonly Pick<EntryState, 'endpointId' | 'active'>[],
  open: Iterable<SeenEvent>,
): { incidents: EndpointIncidents[]; ofSite: OpenEvent[] } {
  const ofSite: OpenEvent[] = [];
  const ofEndpoint = new Map<EndpointId, OpenEvent[]>();
  for (const event of open) {
    const { checkType, endpointId } = event.identity;
    if (checkType === SITE_STATE_CHECK || event.unreadable) continue;
    const { id: eventId, severity, startedAtMs } = event;
    const state = event.state as OpenEvent['state'];
    const seen = { eventId, checkType, reverse: false, state, severity, startedAtMs };
    const events = endpointId === null ? ofSite : ofEndpoint.get(endpointId);
    if (events !== undefined) events.push(seen);
    else if (endpointId !== null) ofEndpoint.set(endpointId, [seen]);
  }
  const incidents = endpoints.map(({ endpointId, active }) => ({
    endpointId,
    active,
    open: ofEndpoint.get(endpointId) ?? NONE,
    outageChecks: null,
  }));
  return { incidents, ofSite };
}

const NONE: readonly OpenEvent[] = [];

function mutationFor(
  known: LoggedEvent | null,
  now: SiteIncident | null,
  last: PlannedTransition | null,
  atMs: number,
): Mutation | null {
  if (now === null) return known === null ? null : { op: 'close', reason: closeReason(last) };
  const { state, severity, causeEventId } = now;
  if (known === null) {
    // A failure that was just opened began when it was first seen; anything older was not the state of the site before.
    const isNew = last !== null && last.before === null && last.event.id === causeEventId;
    return { op: 'open', state, severity, startedAtMs: isNew ? last.event.startedAtMs : atMs, reason: 'opened' };
  }
  if (known.state === state && known.severity === severity) return null;
  if (severity === known.severity) return { op: 'promote', state, severity, reason: 'state_change' };
  const reason = severity > known.severity ? 'severity_escalation' : 'severity_deescalation';
  return { op: 'promote', state, severity, reason };
}

/** The reason for which the last event of the site was closed; resuming a site has none of its own. */
function closeReason(last: PlannedTransition | null): CloseReason {
  return last?.step.endedAtMs == null ? 'manual_override' : (last.step.reason as CloseReason);
}

/** Which event of the site it followed. */
function metadataOf(last: PlannedTransition | null): string | null {
  if (last === null) return null;
  const { checkType, endpointId, discriminator } = last.event.identity;
  return JSON.stringify({
    check_type: checkType,
    endpoint_id: endpointId === null ? null : String(endpointId),
    ...(discriminator === null ? {} : { discriminator }),
  });
}
