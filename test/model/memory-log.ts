/**
 * The real planner on tables in memory, with what a database would refuse refused: two open events on one identity, an
 * operation that is there already, a place in an event that is taken, a change of what is closed.
 */
import type { EndpointId, EventId, SiteId, TransitionId } from '../../src/domain/ids.ts';
import type { Failing } from '../../src/domain/incident.ts';
import { SITE_STATE_CHECK } from '../../src/domain/rollup.ts';
import { isLoggedState } from '../../src/domain/state.ts';
import type { AppendInput, SiteCue } from '../../src/store/append/append-input.ts';
import { type AppendPlan, planAppends } from '../../src/store/append/append-plan.ts';
import type { LoggedEvent, LogView } from '../../src/store/append/log-view.ts';
import type { PlannedTransition } from '../../src/store/append/planned-transition.ts';
import { dedupKey, type TransitionRow } from '../../src/store/event-records.ts';
import type { EntryState } from '../../src/store/legacy.ts';

export type MemoryTables = {
  events: Map<EventId, LoggedEvent>;
  open: Map<string, EventId>;
  transitions: Map<EventId, TransitionRow[]>;
  operations: Map<string, TransitionRow>;
  entries: (EntryState & { statusChangedAtMs: number | null })[];
  runtime: Map<EndpointId, { eventId: EventId; failing: Failing }>;
  epochs: Map<number, bigint>;
  lastId: bigint;
};

/** What `append` answers, as far as it can be predicted. */
export type Answer = {
  eventId: EventId | null;
  open: { eventId: EventId; state: string; failing: Failing | null } | null;
  transitions: readonly TransitionRow[];
  replayed: boolean;
  refused: string | null;
};

export type MemoryCommit = { answers: Answer[]; touched: Set<EventId> };

export function emptyTables(): MemoryTables {
  return {
    events: new Map(),
    open: new Map(),
    transitions: new Map(),
    operations: new Map(),
    entries: [],
    runtime: new Map(),
    epochs: new Map(),
    lastId: 0n,
  };
}

export function copyOfTables(tables: MemoryTables): MemoryTables {
  return {
    events: new Map([...tables.events].map(([id, event]) => [id, { ...event }])),
    open: new Map(tables.open),
    transitions: new Map([...tables.transitions].map(([id, rows]) => [id, [...rows]])),
    operations: new Map(tables.operations),
    entries: tables.entries.map((entry) => ({ ...entry })),
    runtime: new Map(tables.runtime),
    epochs: new Map(tables.epochs),
    lastId: tables.lastId,
  };
}

/** Plans and does not write: what a process does that is killed before its commit. */
export function planOnly(tables: MemoryTables, inputs: readonly AppendInput[], cues: readonly SiteCue[]): AppendPlan {
  return planAppends(inputs, cues, viewOf(tables, inputs, cues));
}

export function commitToMemory(
  tables: MemoryTables,
  inputs: readonly AppendInput[],
  cues: readonly SiteCue[],
): MemoryCommit {
  const plan = planOnly(tables, inputs, cues);
  const touched = apply(tables, plan);
  return { answers: plan.answers.map((answer) => answerOf(tables, answer)), touched };
}

function viewOf(tables: MemoryTables, inputs: readonly AppendInput[], cues: readonly SiteCue[]): LogView {
  const view: LogView = {
    endpoints: new Map(),
    open: new Map(),
    committed: new Map(),
    rules: new Map(),
    siteEnds: new Map(),
    epochs: tables.epochs,
  };
  const add = (siteId: SiteId): void => {
    view.endpoints.set(siteId, []);
    view.open.set(siteId, new Map());
  };
  for (const { identity } of inputs) add(identity.siteId);
  for (const { siteId } of cues) add(siteId);
  for (const entry of tables.entries) view.endpoints.get(entry.siteId)?.push({ ...entry });
  for (const [key, id] of tables.open) {
    const event = rowOf(tables, id);
    const unreadable = !isLoggedState(event.state);
    view.open.get(event.identity.siteId)?.set(key, { ...event, unreadable });
  }
  for (const { identity, endedAtMs } of tables.events.values()) {
    if (endedAtMs === null || identity.checkType !== SITE_STATE_CHECK) continue;
    view.siteEnds.set(identity.siteId, Math.max(view.siteEnds.get(identity.siteId) ?? endedAtMs, endedAtMs));
  }
  for (const { opId, mutations } of inputs) {
    if (mutations.length === 0) continue;
    const rows = mutations.flatMap((_, index) => tables.operations.get(`${opId}/${index + 1}`) ?? []);
    if (rows.length > 0) view.committed.set(opId, rows);
  }
  return view;
}

function rowOf(tables: MemoryTables, id: EventId): LoggedEvent {
  const event = tables.events.get(id);
  if (event === undefined) throw new Error(`event ${id} is not there`);
  return event;
}

/** In the order in which rows are written: what is closed first makes room for what opens. */
function apply(tables: MemoryTables, plan: AppendPlan): Set<EventId> {
  const touched = new Set<EventId>();
  for (const event of plan.changed) update(tables, event, touched);
  for (const wave of plan.opened) {
    for (const { event } of wave) {
      const key = dedupKey(event.identity);
      if (tables.open.has(key)) throw new Error(`two open events on ${key}`);
      tables.lastId += 1n;
      event.id = tables.lastId as EventId;
      tables.open.set(key, event.id);
      tables.events.set(event.id, { ...event, endedAtMs: null });
      tables.transitions.set(event.id, []);
      touched.add(event.id);
    }
    for (const { event } of wave) if (event.endedAtMs !== null) update(tables, event, touched);
  }
  for (const { replayed, transitions } of plan.answers) {
    if (!replayed) for (const one of transitions) insertTransition(tables, one);
  }
  for (const one of plan.siteTransitions) insertTransition(tables, one);
  for (const { endpointId, status, atMs } of plan.statuses.values()) {
    const entry = tables.entries.find((one) => one.endpointId === endpointId);
    if (entry === undefined || entry.status === status) continue;
    entry.status = status;
    entry.statusChangedAtMs = atMs;
  }
  for (const { id, identity } of plan.settled) {
    if (identity.endpointId !== null && tables.runtime.get(identity.endpointId)?.eventId === id)
      tables.runtime.delete(identity.endpointId);
  }
  for (const { endpointId, event, failing } of plan.failing.values()) {
    if (event.id === 0n) throw new Error('a confirmation of an event that has no id');
    tables.runtime.set(endpointId, { eventId: event.id, failing });
  }
  return touched;
}

function update(tables: MemoryTables, event: LoggedEvent, touched: Set<EventId>): void {
  if (rowOf(tables, event.id).endedAtMs !== null) throw new Error(`event ${event.id} is closed and was changed`);
  tables.events.set(event.id, { ...event });
  if (event.endedAtMs !== null) tables.open.delete(dedupKey(event.identity));
  touched.add(event.id);
}

function insertTransition(tables: MemoryTables, planned: PlannedTransition): void {
  const { event, seq, before, step, source, metadata, opId, epoch } = planned;
  const row: TransitionRow = {
    id: BigInt(tables.operations.size + 1) as TransitionId,
    event_id: event.id,
    blog_id: event.identity.siteId,
    seq: BigInt(seq),
    severity_before: before === null ? null : BigInt(before.severity),
    severity_after: step.severityAfter === null ? null : BigInt(step.severityAfter),
    state_before: before?.state ?? null,
    state_after: step.stateAfter,
    reason: step.reason,
    source,
    metadata,
    op_id: opId,
    epoch: BigInt(epoch),
    changed_at: BigInt(step.changedAtMs),
    began_at: step.beganAtMs === undefined ? null : BigInt(step.beganAtMs),
  };
  if (tables.operations.has(opId)) throw new Error(`operation ${opId} is there already`);
  const ofEvent = tables.transitions.get(event.id);
  if (ofEvent === undefined) throw new Error(`a transition of event ${event.id}, which is not there`);
  if (ofEvent.length + 1 !== seq) throw new Error(`event ${event.id} has no place ${seq}`);
  ofEvent.push(row);
  tables.operations.set(opId, row);
}

function answerOf(tables: MemoryTables, planned: AppendPlan['answers'][number]): Answer {
  const { input, open, replayed, refused, event } = planned;
  const rows = planned.transitions.flatMap(({ opId }) => tables.operations.get(opId) ?? []);
  const transitions = replayed ? replayedRows(tables, input) : rows;
  const eventId = replayed ? ((transitions.at(-1)?.event_id as EventId | undefined) ?? null) : (event?.id ?? null);
  const failing = replayed && open !== null ? storedFailing(tables, open.event) : input.failing;
  const incident = open === null ? null : { eventId: open.event.id, state: open.state, failing };
  return { eventId, open: incident, transitions, replayed, refused };
}

function replayedRows(tables: MemoryTables, { opId, mutations }: AppendInput): TransitionRow[] {
  return mutations.flatMap((_, index) => tables.operations.get(`${opId}/${index + 1}`) ?? []);
}

function storedFailing(tables: MemoryTables, { id, identity }: LoggedEvent): Failing | null {
  const stored = identity.endpointId === null ? undefined : tables.runtime.get(identity.endpointId);
  return stored?.eventId === id ? stored.failing : null;
}
