/** Says where a log and the model of it differ, and which invariant of the log does not hold (reliability: I1 to I6, I17). */
import type { EndpointId, EventId } from '../../src/domain/ids.ts';
import { isLoggedState } from '../../src/domain/state.ts';
import { dedupKey, type EventIdentity, type TransitionRow } from '../../src/store/event-records.ts';
import type { Model, ModelAnswer, ModelCommit, ModelEvent, ModelTransition } from './event-log-model.ts';
import type { Answer, MemoryTables } from './memory-log.ts';

/** The log is not what the model says. */
export class Difference extends Error {
  override name = 'Difference';
}

function same(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Difference(`${what} is ${String(actual)} and should be ${String(expected)}`);
}

/** Learns the ids of events on the way. */
export function compareAnswers(model: Model, expected: readonly ModelAnswer[], actual: readonly Answer[]): void {
  same('number of answers', actual.length, expected.length);
  for (const [index, answer] of actual.entries()) {
    const wanted = expected[index];
    if (wanted === undefined) continue;
    same(`answer ${index}: refused`, answer.refused, wanted.refused);
    same(`answer ${index}: replayed`, answer.replayed, wanted.replayed);
    same(`answer ${index}: transitions`, answer.transitions.length, wanted.transitions.length);
    sameEvent(model, `answer ${index}: event`, answer.eventId, wanted.eventKey);
    for (const [nth, row] of answer.transitions.entries()) compareTransition(model, row, wanted.transitions[nth]);
    sameEvent(model, `answer ${index}: open`, answer.open?.eventId ?? null, wanted.open?.eventKey ?? null);
    same(`answer ${index}: open state`, answer.open?.state, wanted.open?.state);
    same(`answer ${index}: failing since`, answer.open?.failing?.sinceMs, wanted.open?.failing?.sinceMs);
    same(`answer ${index}: attempts`, answer.open?.failing?.attempts, wanted.open?.failing?.attempts);
  }
}

function sameEvent(model: Model, what: string, id: EventId | null, key: number | null): void {
  const event = key === null ? undefined : model.events[key];
  if (event !== undefined && id !== null) event.id ??= id;
  same(what, id, event === undefined ? null : (event.id ?? 'an event'));
}

function compareTransition(model: Model, row: TransitionRow, wanted: ModelTransition | undefined): void {
  if (wanted === undefined) throw new Difference(`transition ${row.op_id} should not be there`);
  const what = `transition ${wanted.opId}`;
  same(`${what}: operation`, row.op_id, wanted.opId);
  sameEvent(model, `${what}: event`, row.event_id as EventId, wanted.eventKey);
  same(`${what}: place`, Number(row.seq), wanted.seq);
  same(`${what}: state before`, row.state_before, wanted.stateBefore);
  same(`${what}: state after`, row.state_after, wanted.stateAfter);
  same(`${what}: severity before`, numberOf(row.severity_before), wanted.severityBefore);
  same(`${what}: severity after`, numberOf(row.severity_after), wanted.severityAfter);
  same(`${what}: reason`, row.reason, wanted.reason);
  same(`${what}: source`, row.source, wanted.source);
  same(`${what}: epoch`, Number(row.epoch), wanted.epoch);
  same(`${what}: time`, Number(row.changed_at), wanted.changedAtMs);
  if (wanted.causes === null) return;
  const { cause_event_id_before, cause_event_id_after } = JSON.parse(row.metadata ?? '{}') as Record<string, string>;
  same(`${what}: cause before`, cause_event_id_before, wanted.causes.before);
  same(`${what}: cause after`, cause_event_id_after, wanted.causes.after);
}

/** What a commit wrote, and what it should have. */
export function compareTouched(
  model: Model,
  commit: ModelCommit,
  tables: MemoryTables,
  touched: ReadonlySet<EventId>,
): void {
  for (const event of commit.touched) if (event.id === null) nameOwn(event, tables, touched);
  const written = [...commit.touched].filter(({ id }) => id !== null && touched.has(id));
  same('number of events that were written', touched.size, commit.touched.size);
  same('number of events that were to be written', written.length, commit.touched.size);
  for (const event of written) {
    compareEvent(model, event, tables);
    checkEvent(tables, event.id as EventId);
  }
}

/** The sites' own events are in no answer. */
function nameOwn(event: ModelEvent, tables: MemoryTables, touched: ReadonlySet<EventId>): void {
  for (const id of touched) {
    const identity = tables.events.get(id)?.identity;
    if (identity?.checkType === 'site_state' && identity.siteId === event.identity.siteId) event.id = id;
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
    same(`id of ${nameOf(event.identity)}`, id, event.id);
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
  const what = nameOf(wanted.identity);
  if (row === undefined || wanted.id === null) throw new Difference(`event on ${what} is missing`);
  same(`identity of ${what}`, dedupKey(row.identity), dedupKey(wanted.identity));
  same(`state of ${what}`, row.state, wanted.state);
  same(`severity of ${what}`, row.severity, wanted.severity);
  same(`start of ${what}`, row.startedAtMs, wanted.startedAtMs);
  same(`change of ${what}`, row.changedAtMs, wanted.changedAtMs);
  same(`end of ${what}`, row.endedAtMs, wanted.endedAtMs);
  same(`resolution of ${what}`, row.resolutionReason, wanted.resolutionReason);
  same(`cause of ${what}`, row.causeEventId, wanted.causeEventId);
  same(`version of ${what}`, row.version, wanted.transitions.length);
  const rows = tables.transitions.get(wanted.id) ?? [];
  same(`number of transitions of ${what}`, rows.length, wanted.transitions.length);
  for (const [index, one] of rows.entries()) compareTransition(model, one, wanted.transitions[index]);
}

export function compareEndpoints(model: Model, tables: MemoryTables): void {
  for (const [index, wanted] of model.endpoints.entries()) {
    const entry = tables.entries[index];
    const what = `endpoint ${wanted.endpointId}`;
    same(what, entry?.endpointId, wanted.endpointId);
    same(`status of ${what}`, entry?.status, wanted.status);
    same(`change of ${what}`, entry?.statusChangedAtMs, wanted.statusChangedAtMs);
  }
  for (const [endpointId, { eventKey, sinceMs, attempts }] of model.failing) {
    const stored = tables.runtime.get(endpointId);
    const what = `confirmation of endpoint ${endpointId}`;
    same(`${what}: event`, stored?.eventId, model.events[eventKey]?.id);
    same(`${what}: since`, stored?.failing.sinceMs, sinceMs);
    same(`${what}: attempts`, stored?.failing.attempts, attempts);
  }
  same('number of confirmations', tables.runtime.size, model.failing.size);
}

/** I1, I2, I5 and I17 of one event. */
function checkEvent(tables: MemoryTables, id: EventId): void {
  const event = tables.events.get(id);
  const rows = tables.transitions.get(id) ?? [];
  if (event === undefined) throw new Difference(`I1: event ${id} is missing`);
  same(`I1: transitions of event ${id}`, rows.length, event.version);
  let state: string | null = null;
  let severity: number | null = null;
  let cause: string | null = null;
  let timeMs = event.startedAtMs;
  for (const [index, row] of rows.entries()) {
    same(`I1: place in event ${id}`, Number(row.seq), index + 1);
    same(`I2: state before in event ${id}`, row.state_before, state);
    same(`I2: severity before in event ${id}`, numberOf(row.severity_before), severity);
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
  same(`I2: cause of event ${id}`, event.causeEventId === null ? null : String(event.causeEventId), cause);
  same(`I2: newest change of event ${id}`, event.changedAtMs, timeMs);
  const isClosed = event.endedAtMs !== null;
  same(`I2: whether event ${id} is closed`, isClosed, state === 'Resolved');
  // A state that nobody knows was put there by somebody else, behind the back of the log.
  if (isLoggedState(event.state))
    same(`I2: last state of event ${id}`, isClosed ? last?.state_before : state, event.state);
  same(
    `I2: last severity of event ${id}`,
    isClosed ? numberOf(last?.severity_before ?? null) : severity,
    event.severity,
  );
  if (!isClosed) return;
  same(`I17: end of event ${id}`, event.endedAtMs, timeMs);
  same(`I2: resolution of event ${id}`, event.resolutionReason, last?.reason);
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
  for (const { identity, endedAtMs, state } of tables.events.values()) {
    const { endpointId, checkType } = identity;
    if (endedAtMs === null && endpointId !== null && checkType === 'http')
      states.set(endpointId, [...(states.get(endpointId) ?? []), state]);
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

function nameOf(identity: EventIdentity): string {
  return dedupKey(identity);
}
