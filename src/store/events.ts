/**
 * The append side of the event log: the only writer of events and transitions. One append is one transaction: the
 * event, its transitions, the confirmation state and the legacy projection become durable together or not at all.
 */
import type { EndpointId, EventId, TransitionId } from '../domain/ids.ts';
import type { Failing, Mutation, OpenIncident, Reason } from '../domain/incident.ts';
import { type IncidentState, severityOf } from '../domain/state.ts';
import { assertNever } from '../lib/assert.ts';
import type { Changes, Committed } from './changes.ts';
import type { Database } from './database.ts';
import { dedupKey, type EventIdentity, type EventRow, type TransitionRecord, transitionOf } from './event-records.ts';
import { failingOf, saveFailing } from './failing.ts';
import { isWatching } from './legacy.ts';
import { storable } from './metadata.ts';
import { openIncidents, openIncidentsOf } from './open-incidents.ts';
import { PROJECTED_CHECK, projectStatus } from './projection.ts';
import type { Executor, Tx } from './schema.ts';

export type AppendInput = {
  identity: EventIdentity;
  /** Applied in order. Opening what is open, and changing or closing what is not, changes nothing. */
  mutations: readonly Mutation[];
  /** How far confirmation has come after this append; dropped when nothing is open then. */
  failing: Failing | null;
  /** Names this append for ever, at most 128 characters: sending it again changes nothing. */
  opId: string;
  /** The lease it was decided under; 0 without leases. */
  epoch: number;
  atMs: number;
  /** Who saw or did it (spec/01 section 7). */
  source: string;
  /** Stored with the event and each transition, at most 64 KiB of JSON; beyond that its `evidence` is dropped. */
  metadata: object | null;
  /** Whether the status column of the legacy registry follows. */
  project: boolean;
  /**
   * Refuses the append when the endpoint is paused, removed or watches another URL by now; null: append regardless.
   * Findings of the whole site are not asked about.
   */
  onlyWhileWatching: { url: string } | null;
};

export type Appended = {
  /** The event this append was about; null when none was open and none was opened. */
  eventId: EventId | null;
  /** What is open on this identity afterwards. */
  open: OpenIncident | null;
  /** One per mutation that changed something. */
  transitions: readonly TransitionRecord[];
  /** True: this operation was committed before, and nothing was done now. */
  replayed: boolean;
  /** Why nothing was done: see `onlyWhileWatching`. Null when it was not refused. */
  refused: 'not_watched' | null;
};

export interface EventStore {
  /** Commits and then tells the bus. Rejects when nothing was committed. */
  append(input: AppendInput): Promise<Appended>;
  /** Joins the caller's transaction; the caller publishes `announcement` once that has committed. */
  appendWithin(tx: Tx, input: AppendInput): Promise<Appended & { announcement: Committed | null }>;
  /** Open incidents of every endpoint by check type, with how far confirmation has come. For the start. */
  openIncidents(): Promise<Map<EndpointId, Map<string, OpenIncident>>>;
  openIncidentsOf(endpointId: EndpointId): Promise<Map<string, OpenIncident>>;
  /** Whether an event is open on this identity, also one that belongs to no endpoint. */
  isOpen(identity: EventIdentity): Promise<boolean>;
}

export function createEvents(deps: { db: Database; changes: Changes }): EventStore {
  const { db, changes } = deps;

  async function appendWithin(tx: Tx, input: AppendInput) {
    check(input);
    const committed = await committedBy(tx, input);
    let event = await findOpen(tx, input.identity);
    if (committed.length > 0) return replay(tx, event, committed);
    if (!(await mayAppend(tx, input))) return NOT_WATCHED;
    const transitions: TransitionRecord[] = [];
    let eventId = event?.id ?? null;
    for (const mutation of input.mutations) {
      const step = stepFor(event, mutation, input);
      if (step === null) continue;
      const done = await write(tx, input, event, step, transitions.length + 1);
      transitions.push(done.transition);
      eventId = done.event.id;
      event = step.endedAtMs === null ? done.event : null;
      if (event === null) await confirm(tx, input.identity, eventId, null);
    }
    if (event !== null) await confirm(tx, input.identity, event.id, input.failing);
    await project(tx, input, transitions.at(-1));
    const open = event === null ? null : incident(event, input.failing);
    return appended(input.identity, eventId as EventId | null, open, transitions);
  }

  async function confirm(tx: Tx, { siteId, endpointId }: EventIdentity, eventId: bigint, failing: Failing | null) {
    if (endpointId === null) return;
    await saveFailing(tx, db.dialect, { siteId, endpointId }, eventId as EventId, failing);
  }

  return {
    appendWithin,
    async append(input) {
      const { announcement, ...result } = await db.transaction((tx) => appendWithin(tx, input));
      if (announcement !== null) changes.publish(announcement);
      return result;
    },
    isOpen: async (identity) => (await findOpen(db.kysely, identity)) !== null,
    openIncidents: () => openIncidents(db.kysely),
    openIncidentsOf: (endpointId) => openIncidentsOf(db.kysely, endpointId),
  };
}

const NOT_WATCHED = {
  eventId: null,
  open: null,
  transitions: [],
  replayed: false,
  refused: 'not_watched',
  announcement: null,
} as const;

/** Asked within the transaction that writes: a pause that was committed while this append waited its turn is seen. */
async function mayAppend(tx: Tx, { identity, onlyWhileWatching }: AppendInput): Promise<boolean> {
  if (onlyWhileWatching === null || identity.endpointId === null) return true;
  return isWatching(tx, identity.endpointId, onlyWhileWatching.url);
}

async function project(tx: Tx, { identity, project }: AppendInput, last: TransitionRecord | undefined): Promise<void> {
  const { siteId, endpointId, checkType } = identity;
  if (!project || endpointId === null || checkType !== PROJECTED_CHECK || last === undefined) return;
  await projectStatus(tx, endpointId, siteId, last.changedAtMs);
}

/** What a mutation makes of an event: the columns that change, and how the transition tells it. */
type Step = {
  state: IncidentState;
  /** `Resolved` when the step closes the event. */
  stateAfter: IncidentState | 'Resolved';
  startedAtMs: number;
  endedAtMs: number | null;
  changedAtMs: number;
  reason: Reason;
  /** Facts of the mutation itself that are stored beside the metadata. */
  facts: Record<string, string>;
};

/** Null when the mutation changes nothing. Time within an event never runs backwards, whatever the clock did. */
function stepFor(event: EventRow | null, mutation: Mutation, input: AppendInput): Step | null {
  const atMs = Math.trunc(input.atMs);
  if (mutation.op === 'open') {
    if (event !== null) return null;
    const startedAtMs = Math.trunc(mutation.startedAtMs);
    const changedAtMs = Math.max(startedAtMs, atMs);
    const { state, reason } = mutation;
    return { state, stateAfter: state, startedAtMs, endedAtMs: null, changedAtMs, reason, facts: {} };
  }
  if (event === null) return null;
  const changedAtMs = Math.max(Number(event.updated_at), atMs);
  const before = event.state as IncidentState;
  const { reason } = mutation;
  const same = { startedAtMs: Number(event.started_at), changedAtMs, reason };
  switch (mutation.op) {
    case 'promote': {
      if (mutation.state === before) return null;
      const facts: Record<string, string> =
        mutation.verification === undefined ? {} : { verification: mutation.verification };
      return { ...same, state: mutation.state, stateAfter: mutation.state, endedAtMs: null, facts };
    }
    case 'close':
      return { ...same, state: before, stateAfter: 'Resolved', endedAtMs: changedAtMs, facts: {} };
    default:
      return assertNever(mutation, 'mutation');
  }
}

async function write(tx: Tx, input: AppendInput, before: EventRow | null, step: Step, nth: number) {
  const metadata = storable(input.metadata, step.facts);
  const event =
    before === null ? await insertEvent(tx, input, step, metadata.text) : await updateEvent(tx, before, step);
  const row = {
    event_id: event.id,
    blog_id: event.blog_id,
    seq: event.version,
    severity_before: before?.severity ?? null,
    severity_after: step.endedAtMs === null ? event.severity : null,
    state_before: before?.state ?? null,
    state_after: step.stateAfter,
    reason: step.reason,
    source: input.source.slice(0, 255) || 'local',
    metadata: metadata.text,
    op_id: opIdOf(input, nth),
    epoch: BigInt(input.epoch),
    changed_at: BigInt(step.changedAtMs),
  };
  const { insertId } = await tx.insertInto('jetmon_event_transitions').values(row).executeTakeFirstOrThrow();
  return { event, transition: transitionOf({ id: inserted(insertId) as TransitionId, ...row }) };
}

async function insertEvent(tx: Tx, input: AppendInput, step: Step, metadata: string | null): Promise<EventRow> {
  const { siteId, endpointId, checkType, discriminator } = input.identity;
  const row = {
    blog_id: siteId,
    endpoint_id: endpointId,
    check_type: checkType,
    discriminator,
    severity: BigInt(severityOf(step.state)),
    state: step.state,
    started_at: BigInt(step.startedAtMs),
    ended_at: null,
    resolution_reason: null,
    cause_event_id: null,
    metadata,
    updated_at: BigInt(step.changedAtMs),
    version: 1n,
  };
  const { insertId } = await tx.insertInto('jetmon_events').values(row).executeTakeFirstOrThrow();
  return { id: inserted(insertId), ...row, dedup_key: dedupKey(input.identity) };
}

/** Only an open event of the version that was read may change: closed ones never do (spec/01 section 10). */
async function updateEvent(tx: Tx, before: EventRow, step: Step): Promise<EventRow> {
  const values = {
    severity: BigInt(severityOf(step.state)),
    state: step.state,
    ended_at: step.endedAtMs === null ? null : BigInt(step.endedAtMs),
    resolution_reason: step.endedAtMs === null ? null : step.reason,
    updated_at: BigInt(step.changedAtMs),
    version: before.version + 1n,
  };
  const { numUpdatedRows } = await tx
    .updateTable('jetmon_events')
    .set(values)
    .where('id', '=', before.id)
    .where('version', '=', before.version)
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow();
  if (numUpdatedRows !== 1n) throw new Error(`event ${before.id} was changed by someone else meanwhile`);
  return { ...before, ...values };
}

async function findOpen(tx: Executor, identity: EventIdentity): Promise<EventRow | null> {
  const query = tx.selectFrom('jetmon_events').selectAll().where('dedup_key', '=', dedupKey(identity));
  return (await query.executeTakeFirst()) ?? null;
}

/** What this operation committed earlier; empty when it is new. */
async function committedBy(tx: Tx, input: AppendInput): Promise<TransitionRecord[]> {
  if (input.mutations.length === 0) return [];
  const opIds = input.mutations.map((_, index) => opIdOf(input, index + 1));
  const query = tx.selectFrom('jetmon_event_transitions').selectAll().where('op_id', 'in', opIds).orderBy('id');
  return (await query.execute()).map(transitionOf);
}

async function replay(tx: Tx, event: EventRow | null, transitions: TransitionRecord[]) {
  const stored = await tx
    .selectFrom('jetmon_endpoint_runtime')
    .select(['failing_since', 'failing_attempts'])
    .where('failing_event_id', '=', event?.id ?? 0n)
    .where('source_site_id', '=', event?.endpoint_id ?? 0n)
    .executeTakeFirst();
  const open = event === null ? null : incident(event, stored === undefined ? null : failingOf(stored));
  const eventId = transitions.at(-1)?.eventId ?? null;
  return { eventId, open, transitions, replayed: true, refused: null, announcement: null };
}

function appended(
  identity: EventIdentity,
  eventId: EventId | null,
  open: OpenIncident | null,
  transitions: TransitionRecord[],
): Appended & { announcement: Committed | null } {
  const { siteId, endpointId, checkType } = identity;
  const announcement: Committed | null =
    eventId === null || transitions.length === 0
      ? null
      : { kind: 'committed', siteId, endpointId, checkType, eventId, open, transitions };
  return { eventId, open, transitions, replayed: false, refused: null, announcement };
}

function incident(event: EventRow, failing: Failing | null): OpenIncident {
  return { eventId: event.id as EventId, state: event.state as IncidentState, failing };
}

/** The place among this operation's transitions, not among its mutations: the first one always exists. */
function opIdOf(input: AppendInput, nth: number): string {
  return `${input.opId}/${nth}`;
}

function inserted(insertId: bigint | undefined): bigint {
  if (insertId === undefined) throw new Error('the database did not name the row it inserted');
  return insertId;
}

/** A `:` in the check type could make two identities look alike; the discriminator is last and may hold one. */
function check({ identity, opId }: AppendInput): void {
  if (!/^[a-z0-9_]{1,64}$/.test(identity.checkType)) throw new RangeError(`not a check type: ${identity.checkType}`);
  if ((identity.discriminator?.length ?? 0) > 128) throw new RangeError('discriminator is longer than 128 characters');
  // MySQL compares texts as if they were padded with spaces.
  if (identity.discriminator?.endsWith(' ') === true) throw new RangeError('discriminator ends with a space');
  if (opId.length < 1 || opId.length > 128) throw new RangeError('operation id must have 1 to 128 characters');
}
