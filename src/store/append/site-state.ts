/**
 * The site's own event: one row of the log for as long as the state of a site is not Up, so that its time line needs no
 * rollup. It follows from the open events of the site, their endpoints and its rules, and is written with them.
 */
import { type EndpointId, type EventId, MAX_ID, type SiteId } from '../../domain/ids.ts';
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
import type { SiteCue } from './append-input.ts';
import type { LoggedEvent } from './log-view.ts';
import type { PlannedTransition } from './planned-transition.ts';

export function siteStateIdentity(siteId: SiteId): EventIdentity {
  return { siteId, endpointId: null, checkType: SITE_STATE_CHECK, discriminator: null };
}

/** What changed on a site at an instant: its own event follows. */
export type SiteChange = {
  /** In whose name it follows. */
  cue: SiteCue;
  /** The newest transition among the events of the site; null when none of them changed. */
  last: PlannedTransition | null;
  /** Events that are since then what they are. */
  changed: Set<LoggedEvent>;
  /** The highest severity from which one of them fell then; 0 when none did. */
  fellFrom: number;
  sinceMs: number;
};

export type SiteFollowed = { identity: EventIdentity; mutation: Mutation; step: Step; metadata: string | null };

/** A site as it is after what was planned so far. */
export type SiteNow = {
  siteId: SiteId;
  endpoints: readonly EntryState[];
  open: ReadonlyMap<string, LoggedEvent>;
  rules: RollupRules;
  /** When its own event before the next one ended; null when that is long ago, or never was. */
  endedAtMs: number | null;
};

/** Null when the site's own event stays as it is. */
export function siteStep(site: SiteNow, change: SiteChange): SiteFollowed | null {
  const { cue, last } = change;
  const identity = siteStateIdentity(site.siteId);
  const known = site.open.get(dedupKey(identity)) ?? null;
  if (known?.unreadable) return null;
  const atMs = last?.step.changedAtMs ?? cue.atMs;
  const mutation = mutationFor(known, site, change, atMs);
  const endsThen = mutation?.op === 'close' && hasFallen(known, change);
  const step = mutation === null ? null : stepFor(known, mutation, endsThen ? change.sinceMs : atMs);
  if (mutation === null || step === null) return null;
  return { identity, mutation, step, metadata: metadataOf(last) };
}

export type DerivedState = Pick<SiteIncident, 'state' | 'severity'> & {
  /** The event that decides it; null for Paused. */
  cause: LoggedEvent | null;
};

/** What the site's own event must say; null when it must not be there. Needs all endpoints of the site. */
export function derivedState({ endpoints, open, rules }: Omit<SiteNow, 'siteId' | 'endedAtMs'>): DerivedState | null {
  // Sites that the registry does not know, such as the monitor itself, have no state.
  if (endpoints.length === 0) return null;
  const { incidents, ofSite, unnamed } = incidentsOn(endpoints, open.values());
  const incident = siteIncident(incidents, ofSite, rules);
  if (incident === null) return null;
  const { state, severity, causeEventId } = incident;
  return { state, severity, cause: causeEventId === null ? null : causeAmong(open, unnamed, causeEventId) };
}

/** What of an open event decides the state of its site. */
export type SeenEvent = Pick<LoggedEvent, 'id' | 'severity' | 'startedAtMs' | 'unreadable'> & {
  identity: Pick<EventIdentity, 'endpointId' | 'checkType'>;
  state: string;
};

/** What is open on a site, in the terms of the rollup: on each endpoint, and on the site as a whole. */
export function incidentsOn<Event extends SeenEvent>(
  endpoints: readonly Pick<EntryState, 'endpointId' | 'active'>[],
  open: Iterable<Event>,
): { incidents: EndpointIncidents[]; ofSite: OpenEvent[]; unnamed: Event[] } {
  const ofSite: OpenEvent[] = [];
  const ofEndpoint = new Map<EndpointId, OpenEvent[]>();
  const unnamed: Event[] = [];
  for (const event of open) {
    const { checkType, endpointId } = event.identity;
    if (checkType === SITE_STATE_CHECK || event.unreadable) continue;
    const { severity, startedAtMs } = event;
    // What has no id yet will get a higher one than all that have.
    const eventId = event.id === 0n ? ((UNNAMED_FROM + BigInt(unnamed.push(event) - 1)) as EventId) : event.id;
    const seen = {
      eventId,
      checkType,
      reverse: false,
      state: event.state as OpenEvent['state'],
      severity,
      startedAtMs,
    };
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
  return { incidents, ofSite, unnamed };
}

const NONE: readonly OpenEvent[] = [];
const UNNAMED_FROM = MAX_ID + 1n;

function causeAmong(
  open: ReadonlyMap<string, LoggedEvent>,
  unnamed: readonly LoggedEvent[],
  eventId: EventId,
): LoggedEvent | null {
  if (eventId >= UNNAMED_FROM) return unnamed[Number(eventId - UNNAMED_FROM)] ?? null;
  for (const event of open.values()) if (event.id === eventId) return event;
  return null;
}

function mutationFor(known: LoggedEvent | null, site: SiteNow, change: SiteChange, atMs: number): Mutation | null {
  const { last, changed, sinceMs } = change;
  const now = derivedState(site);
  if (now === null) return known === null ? null : { op: 'close', reason: closeReason(last) };
  const { state, severity, cause } = now;
  // What was there before has not made the site what it is since before it was written.
  const isNew = cause !== null && changed.has(cause);
  if (known === null) {
    const beganAtMs = isNew ? sinceMs : atMs;
    const startedAtMs = site.endedAtMs === null ? beganAtMs : Math.max(beganAtMs, site.endedAtMs);
    return { op: 'open', state, severity, startedAtMs, reason: 'opened' };
  }
  if (known.state === state && known.severity === severity) return null;
  if (severity === known.severity) return { op: 'promote', state, severity, reason: 'state_change' };
  if (severity > known.severity)
    return { op: 'promote', state, severity, reason: 'severity_escalation', ...(isNew ? { beganAtMs: sinceMs } : {}) };
  const began = hasFallen(known, change) ? { beganAtMs: sinceMs } : {};
  return { op: 'promote', state, severity, reason: 'severity_deescalation', ...began };
}

/** It was as bad as it was until what made it so fell, whatever milder began then and is told later. */
function hasFallen(known: LoggedEvent | null, { fellFrom }: SiteChange): boolean {
  return known !== null && known.severity > 0 && fellFrom >= known.severity;
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
