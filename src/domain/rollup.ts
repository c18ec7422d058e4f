/**
 * How states combine, pure: open events and the latest look make the state of an endpoint, endpoints and the rules of
 * their site make the state of a site (spec/01 section 3).
 */
import type { EndpointId, EventId } from './ids.ts';
import { type CheckMode, isCritical, type ReverseMode, type RollupRules } from './rollup-rules.ts';
import { type IncidentState, incidentStateOf, isAnswered, type State, severityOf } from './state.ts';

/** The check type of the events that record what state a site was in: made by rollup, so never part of one. */
export const SITE_STATE_CHECK = 'site_state';

/** What an open event contributes. */
export type OpenEvent = {
  eventId: EventId;
  checkType: string;
  /** Told by an agent on the site instead of being seen by a probe. */
  reverse: boolean;
  state: IncidentState;
  severity: number;
  startedAtMs: number;
};

export type RolledUp = {
  state: State;
  severity: number;
  /** The worst open event; null when none decides the state. */
  eventId: EventId | null;
};

export type EndpointIncidents = {
  endpointId: EndpointId;
  active: boolean;
  open: readonly OpenEvent[];
  /**
   * How many of its checks can find it down at all, for the rule `majority`; one that only ever advises, such as
   * certificate expiry, is none of them. Null when not known: `majority` is then the same as `worst`.
   */
  outageChecks: number | null;
};

export type EndpointFacts = EndpointIncidents & {
  /** State the latest probe suggested; null before the first one, and once it is stale. */
  latest: State | null;
  /** Whether an earlier one found it to be served, since it is watched: of use where the latest one failed. */
  wasServed: boolean;
};

export type SiteFacts = {
  /** All endpoints of the site: which of them is the first matters. */
  endpoints: readonly EndpointFacts[];
  /** Open events of the site as a whole. */
  siteOpen: readonly OpenEvent[];
  /** A maintenance window swallows whatever is wrong. */
  inMaintenance: boolean;
};

/** Grace for a look to come in; a shorter timeout, or the server's default, does not shorten it. */
const MIN_GRACE_SECONDS = 30;

/** Whether a look began so long ago that the ones after it are missing: it tells nothing of the present any more. */
export function isStale(ageMs: number, endpoint: { intervalSeconds: number; timeoutSeconds: number | null }): boolean {
  const graceSeconds = Math.max(MIN_GRACE_SECONDS, endpoint.timeoutSeconds ?? 0);
  return ageMs > (2 * endpoint.intervalSeconds + graceSeconds) * 1000;
}

/** Of the endpoint alone: the rules of its site say what it means for the site, not for itself. */
export function endpointState(
  endpoint: Pick<EndpointFacts, 'active' | 'latest' | 'wasServed' | 'open'> & { inMaintenance?: boolean },
): RolledUp {
  if (!endpoint.active) return plain('Paused');
  if (endpoint.inMaintenance) return plain('Maintenance');
  const worst = endpoint.open.toSorted(byWorst)[0];
  if (worst !== undefined) return { state: worst.state, severity: worst.severity, eventId: worst.eventId };
  return plain(couldTell(endpoint) ? 'Up' : 'Unknown');
}

/**
 * The state of a site. Paused, when no endpoint is watched; then Maintenance; then the worst contribution of an open
 * event; then Unknown, when no critical endpoint that is watched can tell (no endpoint at all, when none is critical);
 * then Up. Among contributions the highest severity decides, then the earliest start, then the lowest id.
 *
 * An event contributes its severity, bounded by each rule that speaks of it: the mode of its check type, the mode of
 * reverse checks, the cap of an endpoint that is not critical. A severity above that of Down is worse than an outage
 * (a break-in, lost data): no cap lowers it, and only `ignore` and `separate` keep it out. A bounded event shows the
 * state of its bound.
 *
 * `majority`: an endpoint's failures (Seems Down and worse) count in full only while more than half of the checks that
 * can find it down do; while a minority does, they contribute at most Degraded: still serving, in part failing.
 * Milder findings count as they are. Several findings of one check are one vote, and reverse checks have none.
 */
export function rollUp(site: SiteFacts, rules: RollupRules): RolledUp {
  if (!site.endpoints.some((endpoint) => endpoint.active)) return plain('Paused');
  if (site.inMaintenance) return plain('Maintenance');
  const worst = worstIncident(site.endpoints, site.siteOpen, rules);
  if (worst !== null) return { state: worst.state, severity: worst.severity, eventId: worst.causeEventId };
  return plain(canTell(site.endpoints, rules) ? 'Up' : 'Unknown');
}

/** What the log records as the site's own event. */
export type SiteIncident = {
  state: IncidentState | 'Paused';
  severity: number;
  causeEventId: EventId | null;
};

/**
 * As `rollUp`, of what is in the log alone: no freshness of looks, no windows. Null when there is nothing to record
 * (Up or Unknown). Paused only when the site has endpoints and none is watched. Needs all endpoints of the site, in
 * any order.
 */
export function siteIncident(
  endpoints: readonly EndpointIncidents[],
  siteOpen: readonly OpenEvent[],
  rules: RollupRules,
): SiteIncident | null {
  if (endpoints.length > 0 && firstWatched(endpoints) === null) return PAUSED;
  return worstIncident(endpoints, siteOpen, rules);
}

const PAUSED: SiteIncident = Object.freeze({ state: 'Paused', severity: 0, causeEventId: null });

/** Worst first: highest severity, then the earliest start, then the lowest id. */
export function byWorst(a: RankedEvent, b: RankedEvent): number {
  return a.severity !== b.severity ? b.severity - a.severity : byAge(a, b);
}

type RankedEvent = Pick<OpenEvent, 'eventId' | 'severity' | 'startedAtMs'>;

function byAge(a: RankedEvent, b: RankedEvent): number {
  if (a.startedAtMs !== b.startedAtMs) return a.startedAtMs - b.startedAtMs;
  return a.eventId < b.eventId ? -1 : 1;
}

/** One pass without sorting or collecting: the writer asks for every batch it commits. */
function worstIncident(
  endpoints: readonly EndpointIncidents[],
  siteOpen: readonly OpenEvent[],
  rules: RollupRules,
): SiteIncident | null {
  let worst: OpenEvent | null = null;
  let worstSeverity = 0;
  const first = firstWatched(endpoints);
  for (const endpoint of endpoints) {
    if (!endpoint.active || endpoint.open.length === 0) continue;
    const bound = boundOf(endpoint, first, rules);
    for (const event of endpoint.open) {
      const severity = contribution(event, bound, rules);
      if (!outranks(event, severity, worst, worstSeverity)) continue;
      worst = event;
      worstSeverity = severity;
    }
  }
  for (const event of siteOpen) {
    const severity = contribution(event, UNBOUNDED, rules);
    if (!outranks(event, severity, worst, worstSeverity)) continue;
    worst = event;
    worstSeverity = severity;
  }
  if (worst === null) return null;
  const state = worstSeverity === worst.severity ? worst.state : incidentStateOf(worstSeverity);
  return { state, severity: worstSeverity, causeEventId: worst.eventId };
}

function outranks(event: OpenEvent, severity: number, worst: OpenEvent | null, worstSeverity: number): boolean {
  if (severity !== worstSeverity) return severity > worstSeverity;
  return worst !== null && byAge(event, worst) < 0;
}

/** Severities of 0 are no incidents, so a bound of 0 leaves nothing. */
const LEFT_OUT = 0;
const UNBOUNDED = Number.POSITIVE_INFINITY;

const BOUND: Readonly<Record<CheckMode | ReverseMode, number>> = {
  pass: UNBOUNDED,
  ignore: LEFT_OUT,
  separate: LEFT_OUT,
  'cap:Warning': severityOf('Warning'),
  'cap:Degraded': severityOf('Degraded'),
  'cap:Seems Down': severityOf('Seems Down'),
  'cap:Down': severityOf('Down'),
};

function contribution(event: OpenEvent, endpointBound: number, rules: RollupRules): number {
  if (event.checkType === SITE_STATE_CHECK) return 0;
  let bound = endpointBound;
  if (rules.siteChecks.size > 0) bound = Math.min(bound, BOUND[rules.siteChecks.get(event.checkType) ?? 'pass']);
  if (event.reverse) bound = Math.min(bound, BOUND[rules.reverse]);
  if (bound === LEFT_OUT) return 0;
  return event.severity > severityOf('Down') ? event.severity : Math.min(event.severity, bound);
}

/**
 * What one open event contributes to the severity of a site, where the endpoint at `first` is the first that is watched
 * and how many checks an endpoint has is not known. `endpointId` null: it speaks of the whole site.
 */
export function severityFor(
  event: OpenEvent,
  { endpointId, first, rules }: { endpointId: EndpointId | null; first: EndpointId | null; rules: RollupRules },
): number {
  const isCapped = endpointId !== null && !isCritical(endpointId, first, rules);
  return contribution(event, isCapped ? severityOf(rules.nonCriticalCap) : UNBOUNDED, rules);
}

function boundOf(endpoint: EndpointIncidents, first: EndpointId | null, rules: RollupRules): number {
  const cap = isCritical(endpoint.endpointId, first, rules) ? UNBOUNDED : severityOf(rules.nonCriticalCap);
  const isMinority = rules.endpointRule === 'majority' && !mostChecksFail(endpoint);
  return isMinority ? Math.min(cap, severityOf('Degraded')) : cap;
}

function mostChecksFail({ open, outageChecks }: EndpointIncidents): boolean {
  const failing = open.filter((event) => event.severity >= severityOf('Seems Down') && !event.reverse);
  const votes = new Set(failing.map((event) => event.checkType)).size;
  return outageChecks === null || votes * 2 > outageChecks;
}

function firstWatched(endpoints: readonly EndpointIncidents[]): EndpointId | null {
  let first: EndpointId | null = null;
  for (const { active, endpointId } of endpoints) {
    if (active && (first === null || endpointId < first)) first = endpointId;
  }
  return first;
}

function canTell(endpoints: readonly EndpointFacts[], rules: RollupRules): boolean {
  const first = firstWatched(endpoints);
  const watched = endpoints.filter((endpoint) => endpoint.active);
  const critical = watched.filter((endpoint) => isCritical(endpoint.endpointId, first, rules));
  return (critical.length === 0 ? watched : critical).some(couldTell);
}

/**
 * Whether an endpoint with nothing open on it is known to be well: by its latest look, or, while a look that failed is
 * being confirmed, by those before it. Of one that was never served nobody knows.
 */
export function couldTell({ latest, wasServed }: Pick<EndpointFacts, 'latest' | 'wasServed'>): boolean {
  return latest !== null && (isAnswered(latest) || (wasServed && latest !== 'Unknown'));
}

function plain(state: State): RolledUp {
  return { state, severity: severityOf(state), eventId: null };
}
