/**
 * How states combine, pure: open events and the latest look make the state of an endpoint, endpoints make the state
 * of a site (spec/01 section 3). Order: Paused, then the worst open event, then Unknown, then Up.
 */
import type { EventId } from './ids.ts';
import { type State, severityOf } from './state.ts';

/** What an open event contributes. */
export type OpenEvent = { eventId: EventId; state: State; severity: number; startedAtMs: number };

export type RolledUp = {
  state: State;
  severity: number;
  /** The worst open event; null when none decides the state. */
  eventId: EventId | null;
};

export type EndpointFacts = {
  active: boolean;
  /** State the latest probe suggested; null before the first one, and once it is stale. */
  latest: State | null;
  open: readonly OpenEvent[];
};

/** Grace for a look to come in; a shorter timeout, or the server's default, does not shorten it. */
const MIN_GRACE_SECONDS = 30;

/** Whether a look began so long ago that the ones after it are missing: it tells nothing of the present any more. */
export function isStale(ageMs: number, endpoint: { intervalSeconds: number; timeoutSeconds: number | null }): boolean {
  const graceSeconds = Math.max(MIN_GRACE_SECONDS, endpoint.timeoutSeconds ?? 0);
  return ageMs > (2 * endpoint.intervalSeconds + graceSeconds) * 1000;
}

export function endpointState(endpoint: EndpointFacts): RolledUp {
  if (!endpoint.active) return plain('Paused');
  return worst(endpoint.open) ?? plain(couldTell(endpoint) ? 'Up' : 'Unknown');
}

/**
 * `siteOpen` are events of the site as a whole. A paused endpoint contributes nothing; a site is Paused when all of
 * its endpoints are, and Unknown only when no endpoint that is watched can tell.
 */
export function siteState(endpoints: readonly EndpointFacts[], siteOpen: readonly OpenEvent[]): RolledUp {
  const watched = endpoints.filter((endpoint) => endpoint.active);
  if (watched.length === 0) return plain('Paused');
  const open = [...siteOpen, ...watched.flatMap((endpoint) => endpoint.open)];
  return worst(open) ?? plain(watched.some(couldTell) ? 'Up' : 'Unknown');
}

/** Worst first: highest severity, then the earliest start, then the lowest id. */
export function byWorst(a: OpenEvent, b: OpenEvent): number {
  if (a.severity !== b.severity) return b.severity - a.severity;
  if (a.startedAtMs !== b.startedAtMs) return a.startedAtMs - b.startedAtMs;
  return a.eventId < b.eventId ? -1 : 1;
}

function worst(open: readonly OpenEvent[]): RolledUp | null {
  const first = open.toSorted(byWorst)[0];
  return first === undefined ? null : { state: first.state, severity: first.severity, eventId: first.eventId };
}

function couldTell(endpoint: EndpointFacts): boolean {
  return endpoint.latest !== null && endpoint.latest !== 'Unknown';
}

function plain(state: State): RolledUp {
  return { state, severity: severityOf(state), eventId: null };
}
