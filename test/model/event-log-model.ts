/**
 * The event log as the specification tells it (spec/01 sections 1 to 6, 8, 10 and 12.4): lists and maps, no cleverness,
 * nothing taken from the code that it judges. It predicts every answer of `append` and everything that is stored.
 */
import type { EventId, SiteId } from '../../src/domain/ids.ts';
import type { Failing } from '../../src/domain/incident.ts';
import type { Mutation } from '../../src/domain/mutation.ts';
import type { AppendInput, SiteCue } from '../../src/store/append/append-input.ts';
import type { EventIdentity } from '../../src/store/event-records.ts';
import {
  isUnreadable,
  type Model,
  type ModelAnswer,
  type ModelCommit,
  type ModelEndpoint,
  type ModelEvent,
  type ModelTransition,
  openOn,
  SEVERITIES,
} from './event-log-state.ts';

/** What a site was from an instant on, and what made it that: the last of the transitions that share the instant. */
type Moment = {
  sinceMs: number;
  now: ReturnType<typeof derived>;
  cue: Omit<SiteCue, 'siteId'>;
  last: ModelTransition | null;
  /** Keys of the events that changed then. */
  changed: number[];
  /** Severities that events fell from then. */
  falls: number[];
};

/** One transaction: the appends in their order, then the sites' own events, moment by moment. */
export function commitTo(model: Model, inputs: readonly AppendInput[], cues: readonly SiteCue[]): ModelCommit {
  const statusBefore = new Map(model.endpoints.map(({ endpointId, status }) => [endpointId, status]));
  const changedBefore = new Map(model.endpoints.map((one) => [one.endpointId, one.statusChangedAtMs]));
  const touched = new Set<ModelEvent>();
  const sites = new Map<SiteId, Moment[]>();
  const answers = inputs.map((input) => {
    const { siteId } = input.identity;
    return append(model, input, touched, (last, event) => {
      const moments = sites.get(siteId) ?? [];
      sites.set(siteId, moments);
      const sinceMs = last.seq === 1 ? event.startedAtMs : (last.beganAtMs ?? last.changedAtMs);
      const same = moments.at(-1)?.sinceMs === sinceMs ? moments.pop() : undefined;
      const changed = [...(same?.changed ?? []), event.key];
      const falls = [...(same?.falls ?? []), ...fallOf(last)];
      moments.push({ sinceMs, now: derived(model, siteId), cue: input, last, changed, falls });
    });
  });
  for (const cue of cues) {
    const moments = sites.get(cue.siteId) ?? [];
    const quiet = { last: null, changed: [], falls: [] };
    const latest = moments.pop() ?? { sinceMs: cue.atMs, now: derived(model, cue.siteId), ...quiet };
    sites.set(cue.siteId, [...moments, { ...latest, cue }]);
  }
  for (const [siteId, moments] of sites) {
    const named = new Map<string, number>();
    for (const moment of moments) followSite(model, siteId, moment, named, touched);
  }
  // A status that is what it was before has not changed, whatever happened within the transaction.
  for (const endpoint of model.endpoints) {
    if (endpoint.status === statusBefore.get(endpoint.endpointId))
      endpoint.statusChangedAtMs = changedBefore.get(endpoint.endpointId) ?? null;
  }
  for (const { replayed, open } of answers) {
    if (replayed && open !== null) open.failing = storedFailing(model, open.eventKey);
  }
  return { answers, touched };
}

function append(
  model: Model,
  input: AppendInput,
  touched: Set<ModelEvent>,
  tell: (transition: ModelTransition, event: ModelEvent) => void,
): ModelAnswer {
  const { identity } = input;
  let event = openOn(model, identity);
  const committed = model.operations.get(input.opId);
  if (committed !== undefined) {
    // Nobody may act on a state that nobody knows.
    const open = event === null || isUnreadable(event) ? null : event;
    return {
      eventKey: committed.at(-1)?.eventKey ?? null,
      open: open === null ? null : { eventKey: open.key, state: open.state, failing: null },
      transitions: committed,
      replayed: true,
      refused: null,
    };
  }
  const refused = refusal(model, input, event);
  if (refused !== null) return { eventKey: null, open: null, transitions: [], replayed: false, refused };
  const transitions: ModelTransition[] = [];
  let about = event;
  for (const mutation of input.mutations) {
    const named = { source: input.source, opId: `${input.opId}/${transitions.length + 1}`, epoch: input.epoch };
    const transition = mutate(model, identity, event, mutation, input.atMs, named);
    if (transition === null) continue;
    transitions.push(transition);
    about = model.events[transition.eventKey] ?? null;
    if (about !== null) {
      touched.add(about);
      tell(transition, about);
    }
    if (mutation.op === 'close') confirm(model, identity, event, null);
    event = mutation.op === 'close' ? null : about;
  }
  if (event !== null) confirm(model, identity, event, input.failing);
  if (transitions.length > 0) model.operations.set(input.opId, transitions);
  project(model, input, transitions);
  return {
    eventKey: about?.key ?? null,
    open: event === null ? null : { eventKey: event.key, state: event.state, failing: input.failing },
    transitions,
    replayed: false,
    refused: null,
  };
}

function refusal(model: Model, input: AppendInput, open: ModelEvent | null): string | null {
  const { identity, onlyEvent, onlyWhileWatching, epoch } = input;
  if (open !== null && isUnreadable(open)) return 'unreadable';
  if (onlyEvent !== undefined && open?.id !== onlyEvent) return 'event_not_open';
  const endpoint = model.endpoints.find(
    ({ siteId, endpointId }) => siteId === identity.siteId && endpointId === identity.endpointId,
  );
  const isWatched = endpoint?.active === true && endpoint.url === onlyWhileWatching?.url;
  if (onlyWhileWatching !== null && identity.endpointId !== null && !isWatched) return 'not_watched';
  // What speaks of the whole site goes by the bucket of its first endpoint.
  const ofSite = model.endpoints.filter(({ siteId }) => siteId === identity.siteId);
  const [first] = ofSite.toSorted((a, b) => (a.endpointId < b.endpointId ? -1 : 1));
  const owner = endpoint ?? first;
  if (epoch !== 0 && (owner === undefined || model.leases.get(owner.bucketNo) !== epoch)) return 'lease_lost';
  return null;
}

type Named = Pick<ModelTransition, 'source' | 'opId' | 'epoch'>;

/** Spec/01 section 5. Null when nothing actually changes. */
function mutate(
  model: Model,
  identity: EventIdentity,
  event: ModelEvent | null,
  mutation: Mutation,
  atMs: number,
  named: Named,
): ModelTransition | null {
  if (mutation.op === 'open') {
    if (event !== null) return null;
    const { state, startedAtMs, severity = SEVERITIES[state] ?? 0 } = mutation;
    const opened: ModelEvent = {
      key: model.events.length,
      id: null,
      identity,
      state,
      severity,
      startedAtMs,
      changedAtMs: Math.max(startedAtMs, atMs),
      endedAtMs: null,
      resolutionReason: null,
      causeEventId: null,
      transitions: [],
    };
    model.events.push(opened);
    return record(opened, { state: null, severity: null }, mutation.reason, named);
  }
  if (event === null) return null;
  const before = { state: event.state, severity: event.severity };
  let reason: string;
  let causes: ModelTransition['causes'] = null;
  if (mutation.op === 'link') {
    if (mutation.causeEventId === event.causeEventId) return null;
    causes = { before: textOf(event.causeEventId), after: textOf(mutation.causeEventId) };
    event.causeEventId = mutation.causeEventId;
    reason = mutation.causeEventId === null ? 'cause_unlinked' : 'cause_linked';
  } else if (mutation.op === 'close') {
    reason = mutation.reason;
    event.resolutionReason = reason;
  } else {
    const state = mutation.op === 'set_severity' ? event.state : mutation.state;
    const severity =
      mutation.op === 'set_state'
        ? event.severity
        : (mutation.severity ?? (mutation.op === 'promote' ? (SEVERITIES[mutation.state] ?? 0) : event.severity));
    if (state === event.state && severity === event.severity) return null;
    event.state = state;
    event.severity = severity;
    reason = mutation.reason;
  }
  // Time within an event never runs backwards (I17).
  event.changedAtMs = Math.max(event.changedAtMs, atMs);
  if (mutation.op === 'close') event.endedAtMs = event.changedAtMs;
  const transition = record(event, before, reason, named);
  const beganAtMs = mutation.op === 'promote' ? (mutation.beganAtMs ?? event.changedAtMs) : event.changedAtMs;
  // Never before the event began, and told only where that is earlier than it was written.
  const sinceMs = Math.max(event.startedAtMs, beganAtMs);
  if (sinceMs < event.changedAtMs) transition.beganAtMs = sinceMs;
  transition.causes = causes;
  return transition;
}

function record(
  event: ModelEvent,
  before: { state: string | null; severity: number | null },
  reason: string,
  named: Named,
): ModelTransition {
  const isClosed = event.endedAtMs !== null;
  const transition: ModelTransition = {
    eventKey: event.key,
    seq: event.transitions.length + 1,
    stateBefore: before.state,
    stateAfter: isClosed ? 'Resolved' : event.state,
    severityBefore: before.severity,
    severityAfter: isClosed ? null : event.severity,
    reason,
    changedAtMs: event.changedAtMs,
    beganAtMs: null,
    causes: null,
    ...named,
  };
  event.transitions.push(transition);
  return transition;
}

/** One confirmation an endpoint: the later one has it, and it ends with its event. */
function confirm(model: Model, { endpointId }: EventIdentity, event: ModelEvent | null, failing: Failing | null): void {
  if (endpointId === null || event === null) return;
  if (failing !== null) model.failing.set(endpointId, { ...failing, eventKey: event.key });
  else if (model.failing.get(endpointId)?.eventKey === event.key) model.failing.delete(endpointId);
}

function storedFailing(model: Model, eventKey: number): Failing | null {
  for (const { eventKey: holder, sinceMs, attempts } of model.failing.values()) {
    if (holder === eventKey) return { sinceMs, attempts };
  }
  return null;
}

/**
 * Spec/01 section 12.4: any Down is 2, else any Seems Down is 0, else 1; only `http` shows. A status that is not what the
 * log says is put right by whatever is appended next.
 */
function project(
  model: Model,
  { identity, project: isShown, atMs }: AppendInput,
  transitions: ModelTransition[],
): void {
  const { siteId, endpointId } = identity;
  const endpoint = model.endpoints.find((one) => one.siteId === siteId && one.endpointId === endpointId);
  if (!isShown || endpoint === undefined || identity.checkType !== 'http') return;
  const status = expectedStatus(model, endpoint);
  if (status === endpoint.status) return;
  endpoint.status = status;
  endpoint.statusChangedAtMs = transitions.at(-1)?.changedAtMs ?? atMs;
}

export function expectedStatus(model: Model, { siteId, endpointId }: ModelEndpoint): number {
  const states = model.events
    .filter(({ identity, endedAtMs }) => endedAtMs === null && identity.siteId === siteId)
    .filter(({ identity }) => identity.endpointId === endpointId && identity.checkType === 'http')
    .map(({ state }) => state);
  if (states.includes('Down')) return 2;
  return states.includes('Seems Down') ? 0 : 1;
}

/**
 * Spec/01 section 3: Paused, then the worst contribution of an open event (severity, then the earliest start, then the
 * oldest), then none. Only the first endpoint that is watched is critical; the others make of the site a Warning at most,
 * unless what is open on them is worse than Down.
 */
function derived(model: Model, siteId: SiteId): { state: string; severity: number; cause: ModelEvent | null } | null {
  const watched = model.endpoints.filter((one) => one.siteId === siteId && one.active).map((one) => one.endpointId);
  if (watched.length === 0) return { state: 'Paused', severity: 0, cause: null };
  const contributing = model.events.filter(
    (event) =>
      event.identity.siteId === siteId &&
      event.endedAtMs === null &&
      event.identity.checkType !== 'site_state' &&
      !isUnreadable(event) &&
      (event.identity.endpointId === null || watched.includes(event.identity.endpointId)),
  );
  const critical = watched.reduce((lowest, one) => (one < lowest ? one : lowest));
  const contributions = contributing
    .map((cause) => {
      const { endpointId } = cause.identity;
      const isCapped = endpointId !== null && endpointId !== critical && cause.severity > 1 && cause.severity <= 4;
      return { state: isCapped ? 'Warning' : cause.state, severity: isCapped ? 1 : cause.severity, cause };
    })
    .filter(({ severity }) => severity > 0);
  contributions.sort(
    (a, b) => b.severity - a.severity || a.cause.startedAtMs - b.cause.startedAtMs || a.cause.key - b.cause.key,
  );
  return contributions[0] ?? null;
}

/** Spec/01 section 3.2: the site's own event, in the same transaction, whenever what the site is has changed. */
function followSite(
  model: Model,
  siteId: SiteId,
  moment: Moment,
  named: Map<string, number>,
  touched: Set<ModelEvent>,
): void {
  if (!model.endpoints.some((one) => one.siteId === siteId)) return;
  const identity: EventIdentity = { siteId, endpointId: null, checkType: 'site_state', discriminator: null };
  const known = openOn(model, identity);
  if (known !== null && isUnreadable(known)) return;
  const { cue, last } = moment;
  const toldMs = last?.changedAtMs ?? cue.atMs;
  const mutation = ownMutation(known, moment, toldMs);
  const atMs = mutation?.op === 'close' && known !== null && fellWith(known, moment) ? moment.sinceMs : toldMs;
  if (mutation?.op === 'open') mutation.startedAtMs = Math.max(mutation.startedAtMs, ownEnd(model, siteId));
  if (mutation === null) return;
  const nth = (named.get(cue.opId) ?? 0) + 1;
  const opId = `${cue.opId}/site${nth === 1 ? '' : nth}`;
  const transition = mutate(model, identity, known, mutation, atMs, { source: cue.source, opId, epoch: cue.epoch });
  if (transition === null) return;
  named.set(cue.opId, nth);
  const event = model.events[transition.eventKey];
  if (event !== undefined) touched.add(event);
}

function fallOf({ severityBefore, severityAfter }: ModelTransition): number[] {
  return severityBefore !== null && (severityAfter ?? 0) < severityBefore ? [severityBefore] : [];
}

/** Something that was at least as bad as the site fell then; a pause is not bad at all. */
function fellWith({ severity }: ModelEvent, { falls }: Moment): boolean {
  return severity > 0 && falls.some((from) => from >= severity);
}

/** Its own events do not overlap. */
function ownEnd(model: Model, siteId: SiteId): number {
  const own = model.events.filter(({ identity }) => identity.siteId === siteId && identity.checkType === 'site_state');
  return Math.max(...own.map(({ endedAtMs }) => endedAtMs ?? Number.NEGATIVE_INFINITY));
}

function ownMutation(known: ModelEvent | null, moment: Moment, atMs: number): Mutation | null {
  const { now, last, changed } = moment;
  if (now === null) {
    const reason = last?.stateAfter === 'Resolved' ? last.reason : 'manual_override';
    return known === null ? null : { op: 'close', reason: reason as 'manual_override' };
  }
  const state = now.state as 'Down';
  const { severity, cause } = now;
  // What just changed has made the site what it is since then; what was there before has not.
  const isOfMoment = cause !== null && changed.includes(cause.key);
  const sinceMs = isOfMoment ? moment.sinceMs : atMs;
  if (known === null) return { op: 'open', state, severity, startedAtMs: sinceMs, reason: 'opened' };
  const rose = severity - known.severity;
  const reason = rose === 0 ? 'state_change' : rose > 0 ? 'severity_escalation' : 'severity_deescalation';
  // It was worse until what made it so fell, which may be told later, and after others.
  const isSince = rose > 0 ? isOfMoment : rose < 0 && fellWith(known, moment);
  const began = isSince ? { beganAtMs: moment.sinceMs } : {};
  return { op: 'promote', state, severity, reason, ...began };
}

function textOf(id: EventId | null): string | null {
  return id === null ? null : String(id);
}
