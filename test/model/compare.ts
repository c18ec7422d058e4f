/** Says where a log and the model of it differ, and which invariant of the log does not hold (reliability: I1 to I6, I17). */
import type { EndpointId, EventId } from '../../src/domain/ids.ts';
import { isLoggedState } from '../../src/domain/state.ts';
import { dedupKey, type EventIdentity, type TransitionRow } from '../../src/store/event-records.ts';
import type { Model, ModelAnswer, ModelCommit, ModelEvent, ModelTransition } from './event-log-state.ts';
import type { Answer, MemoryTables } from './memory-log.ts';

/** The log is not what the model says. */
export class Difference extends Error {
  override name = 'Difference';
}

/** `of` is put into words only when it is needed: this is asked millions of times. */
function same(what: string, actual: unknown, expected: unknown, of: unknown = ''): void {
  if (actual === expected) return;
  const subject = typeof of === 'object' ? dedupKey(of as EventIdentity) : String(of);
  throw new Difference(`${what} ${subject} is ${String(actual)} and should be ${String(expected)}`);
}

/** Learns the ids of events on the way. */
export function compareAnswers(model: Model, expected: readonly ModelAnswer[], actual: readonly Answer[]): void {
  same('number of answers', actual.length, expected.length);
  for (const [index, answer] of actual.entries()) {
    const wanted = expected[index];
    if (wanted === undefined) continue;
    same('refused of answer', answer.refused, wanted.refused, index);
    same('replayed of answer', answer.replayed, wanted.replayed, index);
    same('transitions of answer', answer.transitions.length, wanted.transitions.length, index);
    sameEvent(model, 'event of answer', index, answer.eventId, wanted.eventKey);
    for (const [nth, row] of answer.transitions.entries()) compareTransition(model, row, wanted.transitions[nth]);
    sameEvent(model, 'what is open after answer', index, answer.open?.eventId ?? null, wanted.open?.eventKey ?? null);
    same('open state of answer', answer.open?.state, wanted.open?.state, index);
    same('failing since of answer', answer.open?.failing?.sinceMs, wanted.open?.failing?.sinceMs, index);
    same('attempts of answer', answer.open?.failing?.attempts, wanted.open?.failing?.attempts, index);
  }
}

function sameEvent(model: Model, what: string, of: unknown, id: EventId | null, key: number | null): void {
  const event = key === null ? undefined : model.events[key];
  if (event !== undefined && id !== null) event.id ??= id;
  same(what, id, event === undefined ? null : (event.id ?? 'an event'), of);
}

function compareTransition(model: Model, row: TransitionRow, wanted: ModelTransition | undefined): void {
  if (wanted === undefined) throw new Difference(`transition ${row.op_id} should not be there`);
  const what = wanted.opId;
  same('operation of transition', row.op_id, wanted.opId, what);
  sameEvent(model, 'event of transition', what, row.event_id as EventId, wanted.eventKey);
  same('place of transition', Number(row.seq), wanted.seq, what);
  same('state before of transition', row.state_before, wanted.stateBefore, what);
  same('state after of transition', row.state_after, wanted.stateAfter, what);
  same('severity before of transition', numberOf(row.severity_before), wanted.severityBefore, what);
  same('severity after of transition', numberOf(row.severity_after), wanted.severityAfter, what);
  same('reason of transition', row.reason, wanted.reason, what);
  same('source of transition', row.source, wanted.source, what);
  same('epoch of transition', Number(row.epoch), wanted.epoch, what);
  same('time of transition', Number(row.changed_at), wanted.changedAtMs, what);
  same('beginning of transition', numberOf(row.began_at), wanted.beganAtMs, what);
  if (wanted.causes === null) return;
  const { cause_event_id_before, cause_event_id_after } = JSON.parse(row.metadata ?? '{}') as Record<string, string>;
  same('cause before of transition', cause_event_id_before, wanted.causes.before, what);
  same('cause after of transition', cause_event_id_after, wanted.causes.after, what);
}

/** What a commit wrote, and what it should have. */
export function compareTouched(
  model: Model,
  commit: ModelCommit,
  tables: MemoryTables,
  touched: ReadonlySet<EventId>,
): void {
  const named = new Set([...commit.touched].map(({ id }) => id));
  for (const event of commit.touched) if (event.id === null) nameOwn(event, tables, touched, named);
  const written = [...commit.touched].filter(({ id }) => id !== null && touched.has(id));
  same('number of events that were written', touched.size, commit.touched.size);
  same('number of events that were to be written', written.length, commit.touched.size);
  for (const event of written) {
    compareEvent(model, event, tables);
    checkEvent(tables, event.id as EventId);
  }
}

/** The sites' own events are in no answer; those of one site are there in their order. */
function nameOwn(
  event: ModelEvent,
  tables: MemoryTables,
  touched: ReadonlySet<EventId>,
  named: Set<EventId | null>,
): void {
  for (const id of touched) {
    const identity = tables.events.get(id)?.identity;
    if (named.has(id) || identity?.checkType !== 'site_state' || identity.siteId !== event.identity.siteId) continue;
    named.add(id);
    event.id = id;
    return;
  }
}

/** Everything: events of one identity are paired in their order. */
export function compareAll(model: Model, tables: MemoryTables): void {
  same('number of events', tables.events.size, model.events.length);
  const stored = new Map<string, EventId[]>();
  for (const [id, { identity }] of [...tables.events].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = dedupKey(identity);
    stored.set(key, [...(stored.get(key) ?? []), id]);
  }
  for (const event of model.events) {
    const id = stored.get(dedupKey(event.identity))?.shift() ?? null;
    event.id ??= id;
    same('id of event on', id, event.id, event.identity);
  }
  for (const event of model.events) {
    compareEvent(model, event, tables);
    checkEvent(tables, event.id as EventId);
  }
  compareEndpoints(model, tables);
  checkOnce(tables);
}

function compareEvent(model: Model, wanted: ModelEvent, tables: MemoryTables): void {
  const row = wanted.id === null ? undefined : tables.events.get(wanted.id);
  const what = wanted.identity;
  if (row === undefined || wanted.id === null) throw new Difference(`event on ${dedupKey(what)} is missing`);
  same('identity of event on', dedupKey(row.identity), dedupKey(wanted.identity), what);
  same('state of event on', row.state, wanted.state, what);
  same('severity of event on', row.severity, wanted.severity, what);
  same('start of event on', row.startedAtMs, wanted.startedAtMs, what);
  same('change of event on', row.changedAtMs, wanted.changedAtMs, what);
  same('end of event on', row.endedAtMs, wanted.endedAtMs, what);
  same('resolution of event on', row.resolutionReason, wanted.resolutionReason, what);
  same('cause of event on', row.causeEventId, wanted.causeEventId, what);
  same('version of event on', row.version, wanted.transitions.length, what);
  const rows = tables.transitions.get(wanted.id) ?? [];
  same('number of transitions of event on', rows.length, wanted.transitions.length, what);
  for (const [index, one] of rows.entries()) compareTransition(model, one, wanted.transitions[index]);
}

export function compareEndpoints(model: Model, tables: MemoryTables): void {
  for (const [index, wanted] of model.endpoints.entries()) {
    const entry = tables.entries[index];
    const what = wanted.endpointId;
    same('endpoint', entry?.endpointId, wanted.endpointId);
    same('status of endpoint', entry?.status, wanted.status, what);
    same('change of endpoint', entry?.statusChangedAtMs, wanted.statusChangedAtMs, what);
  }
  for (const [endpointId, { eventKey, sinceMs, attempts }] of model.failing) {
    const stored = tables.runtime.get(endpointId);
    const what = endpointId;
    same('event in the confirmation of endpoint', stored?.eventId, model.events[eventKey]?.id, what);
    same('since in the confirmation of endpoint', stored?.failing.sinceMs, sinceMs, what);
    same('attempts in the confirmation of endpoint', stored?.failing.attempts, attempts, what);
  }
  same('number of confirmations', tables.runtime.size, model.failing.size);
}

/** I1, I2, I5 and I17 of one event. */
function checkEvent(tables: MemoryTables, id: EventId): void {
  const event = tables.events.get(id);
  const rows = tables.transitions.get(id) ?? [];
  if (event === undefined) throw new Difference(`I1: event ${id} is missing`);
  same('I1: transitions of event', rows.length, event.version, id);
  let state: string | null = null;
  let severity: number | null = null;
  let cause: string | null = null;
  let timeMs = event.startedAtMs;
  for (const [index, row] of rows.entries()) {
    same('I1: place in event', Number(row.seq), index + 1, id);
    same('I2: state before in event', row.state_before, state, id);
    same('I2: severity before in event', numberOf(row.severity_before), severity, id);
    if (Number(row.changed_at) < timeMs) throw new Difference(`I17: time runs backwards in event ${id}`);
    if (row.state_after === 'Resolved' && index !== rows.length - 1)
      throw new Difference(`I5: event ${id} was changed after it was closed`);
    ({ state_after: state } = row);
    severity = numberOf(row.severity_after);
    timeMs = Number(row.changed_at);
    if (row.reason.startsWith('cause_'))
      cause = (JSON.parse(row.metadata ?? '{}') as Record<string, string | null>)['cause_event_id_after'] ?? null;
  }
  const last = rows.at(-1);
  same('I2: cause of event', event.causeEventId === null ? null : String(event.causeEventId), cause, id);
  same('I2: newest change of event', event.changedAtMs, timeMs, id);
  const isClosed = event.endedAtMs !== null;
  same('I2: whether event is closed', isClosed, state === 'Resolved', id);
  // A state that nobody knows was put there by somebody else, behind the back of the log.
  if (isLoggedState(event.state))
    same('I2: last state of event', isClosed ? last?.state_before : state, event.state, id);
  same(
    `I2: last severity of event ${id}`,
    isClosed ? numberOf(last?.severity_before ?? null) : severity,
    event.severity,
  );
  if (!isClosed) return;
  same('I17: end of event', event.endedAtMs, timeMs, id);
  same('I2: resolution of event', event.resolutionReason, last?.reason, id);
}

/** I3 and I4. */
function checkOnce(tables: MemoryTables): void {
  const open = new Set<string>();
  for (const { identity, endedAtMs } of tables.events.values()) {
    const key = dedupKey(identity);
    if (endedAtMs === null && open.has(key)) throw new Difference(`I3: two open events on ${key}`);
    if (endedAtMs === null) open.add(key);
  }
  const operations = new Set<string>();
  for (const row of [...tables.transitions.values()].flat()) {
    if (operations.has(row.op_id)) throw new Difference(`I4: operation ${row.op_id} is there twice`);
    operations.add(row.op_id);
  }
}

/** I6, for endpoints whose every append was to be shown. */
export function checkProjection(tables: MemoryTables, except: ReadonlySet<EndpointId>): void {
  const states = new Map<EndpointId, string[]>();
  for (const id of tables.open.values()) {
    const { identity, state = '' } = tables.events.get(id) ?? {};
    if (identity?.checkType !== 'http' || identity.endpointId === null) continue;
    states.set(identity.endpointId, [...(states.get(identity.endpointId) ?? []), state]);
  }
  for (const { endpointId, status } of tables.entries) {
    if (except.has(endpointId)) continue;
    const open = states.get(endpointId) ?? [];
    same(
      `I6: status of endpoint ${endpointId}`,
      status,
      open.includes('Down') ? 2 : open.includes('Seems Down') ? 0 : 1,
    );
  }
}

function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
