/**
 * The event log, and the only writer of events and transitions. Appends that come together are one transaction: the
 * events, their transitions, the sites' own events, the confirmation state and the legacy projection become durable
 * together or not at all, and each caller is answered after the commit of its own.
 */
import type { EndpointId } from '../domain/ids.ts';
import { type Failing, type OpenIncident, openIncident } from '../domain/incident.ts';
import type { IncidentState } from '../domain/state.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Random, systemRandom } from '../lib/random.ts';
import { type Log, silentLog } from '../telemetry/log.ts';
import { type Appended, type AppendInput, checkInput, type SiteCue } from './append/append-input.ts';
import { type AppendPlan, type PlannedAnswer, planAppends } from './append/append-plan.ts';
import { createGroupCommit, type GroupCommitStats } from './append/group-commit.ts';
import { type LoggedEvent, type LogView, readLog, siteOpIdOf } from './append/log-view.ts';
import { createRetryCounts, type RetryCounts } from './append/retry-counts.ts';
import { writePlan } from './append/write-plan.ts';
import type { Change, Changes } from './changes.ts';
import type { Database } from './database.ts';
import { isDamage, isLockConflict, isRefusedInsert } from './dialect/trouble.ts';
import { dedupKey, type EventIdentity, type TransitionRecord, transitionOf } from './event-records.ts';
import { failingOf } from './failing.ts';
import { storableText } from './metadata.ts';
import { openIncidents, openIncidentsOf } from './open-incidents.ts';
import { type CommittedTransition, createOutbox } from './outbox.ts';
import { parkOverflow } from './overflow.ts';
import type { Tx } from './schema.ts';

export interface EventStore {
  /** Commits and then tells the bus. Rejects when nothing was committed. */
  append(input: AppendInput): Promise<Appended>;
  /** Joins the caller's transaction; the caller publishes `changes` once that has committed. */
  appendWithin(
    tx: Tx,
    inputs: readonly AppendInput[],
    cues?: readonly SiteCue[],
  ): Promise<{ appended: Appended[]; changes: Change[] }>;
  /** Open incidents of every endpoint by check type, with how far confirmation has come. For the start. */
  openIncidents(): Promise<Map<EndpointId, Map<string, OpenIncident>>>;
  openIncidentsOf(endpointId: EndpointId): Promise<Map<string, OpenIncident>>;
  /** Whether an event is open on this identity, also one that belongs to no endpoint. */
  isOpen(identity: EventIdentity): Promise<boolean>;
  /** Appends that wait for their commit. */
  waiting(): number;
  stats(): Readonly<GroupCommitStats>;
  /** Changes that were tried again since the start, by what they change. */
  retried: RetryCounts['read'];
  /** Nobody waits any more for a database that is away; resolves when every append that waited is answered. */
  settle(): Promise<void>;
  /** The same, and nothing new is taken. */
  close(): Promise<void>;
}

/** Items of one transaction: enough that a commit costs each little, few enough that none waits long for the others. */
const BATCH = 1_024;
/** What may wait while the database is away: a storm over a large fleet. */
const CAPACITY = 200_000;
const CAPACITY_BYTES = 512 * 1024 * 1024;
const OVERFLOW_EVERY_MS = 10_000;
/** Of one without metadata, roughly. */
const BYTES_OF_AN_APPEND = 600;
/** Of a few votes, roughly. */
const BYTES_OF_A_VERIFICATION = 4_000;

export function createEvents(deps: {
  db: Database;
  changes: Changes;
  clock?: Clock;
  random?: Random;
  log?: Log;
  capacity?: number;
}): EventStore {
  const { db, changes, clock = systemClock, random = systemRandom, log = silentLog } = deps;
  const retries = createRetryCounts();
  const outbox = createOutbox({ db });
  let lookedForOverflowMs = Number.NEGATIVE_INFINITY;
  /** What an attempt wrote of which nobody knows whether it was committed: when it was, it has not been told yet. */
  const unsure = new WeakSet<AppendInput>();
  const queue = createGroupCommit<AppendInput, Appended>({
    settings: {
      lanes: db.dialect.writersAtOnce,
      batch: BATCH,
      capacity: deps.capacity ?? CAPACITY,
      capacityBytes: CAPACITY_BYTES,
    },
    keyOf: ({ identity }) => identity.siteId,
    // Its words are needed anyway, and are made once.
    bytesOf: ({ metadata, verification }) =>
      BYTES_OF_AN_APPEND + 2 * (storableText(metadata)?.length ?? 0) + (verification ? BYTES_OF_A_VERIFICATION : 0),
    // Where there is one writer at a time, whoever is in the way is in everybody's.
    isOfOneItem: (error) => isDamage(error) || (db.dialect.writersAtOnce > 1 && isLockConflict(error)),
    async commit(inputs) {
      // Another writer that opened the same meanwhile is seen at the second look.
      const again = { retryDuplicates: true };
      const done = await db
        .transaction((tx) => appendWithin(tx, inputs, [], unsure), again)
        .catch(async (error: unknown) => {
          // A full disk looks the same as a table that cannot count any further.
          if (!(await mayBeOverflow(error))) throw error;
          return db.transaction((tx) => appendWithin(tx, inputs, [], unsure), again);
        });
      for (const input of inputs) unsure.delete(input);
      for (const change of done.changes) changes.publish(change);
      return done.appended;
    },
    onRetry: retries.saw,
    clock,
    random,
    log,
  });

  /** Asked now and then, not at every failure: true when the way is free again. */
  async function mayBeOverflow(error: unknown): Promise<boolean> {
    const nowMs = clock.monotonicMs();
    if (!isRefusedInsert(error) || nowMs - lookedForOverflowMs < OVERFLOW_EVERY_MS) return false;
    lookedForOverflowMs = nowMs;
    return (await parkOverflow(db, log)) > 0;
  }

  async function appendWithin(
    tx: Tx,
    inputs: readonly AppendInput[],
    cues: readonly SiteCue[] = [],
    attempted: WeakSet<AppendInput> | null = null,
  ) {
    const view = await readLog(tx, db.dialect, inputs, cues);
    const plan = planAppends(inputs, cues, view);
    const rows = await writePlan(tx, db.dialect, plan);
    const written: Written = new Map([...rows].map(([opId, row]) => [opId, transitionOf(row)]));
    await outbox.enqueue(tx, committedBy(plan, written));
    const appended: Appended[] = [];
    const toPublish: Change[] = [];
    const ofSites = plan.siteTransitions.flatMap(({ opId }) => written.get(opId) ?? []);
    for (const answer of plan.answers) {
      const replayed = answer.replayed ? await replay(tx, view, answer, written) : null;
      const done = replayed ?? appendedOf(answer, written);
      appended.push(done);
      const isUntold = replayed === null || attempted?.has(answer.input) === true;
      if (!isUntold || done.eventId === null || done.transitions.length === 0) continue;
      attempted?.add(answer.input);
      const { siteId, endpointId, checkType } = answer.input.identity;
      const { eventId, open, transitions } = done;
      toPublish.push({ kind: 'committed', siteId, endpointId, checkType, eventId, open, transitions });
      if (replayed !== null) ofSites.push(...(await siteTransitionsOf(tx, answer.input)));
    }
    for (const transition of ofSites) toPublish.push({ kind: 'site_state', siteId: transition.siteId, transition });
    return { appended, changes: toPublish };
  }

  return {
    async append(input) {
      checkInput(input);
      return queue.submit(input);
    },
    async appendWithin(tx, inputs, cues) {
      for (const input of inputs) checkInput(input);
      return appendWithin(tx, inputs, cues);
    },
    async isOpen(identity) {
      const open = db.kysely.selectFrom('jetmon_events').select('id').where('dedup_key', '=', dedupKey(identity));
      return (await open.executeTakeFirst()) !== undefined;
    },
    openIncidents: () => openIncidents(db.kysely, log),
    openIncidentsOf: (endpointId) => openIncidentsOf(db.kysely, endpointId, log),
    waiting: queue.waiting,
    stats: queue.stats,
    retried: retries.read,
    settle: queue.settle,
    close: queue.close,
  };
}

type Written = ReadonlyMap<string, TransitionRecord>;

/** What subscribers may be told of. */
function committedBy({ answers }: AppendPlan, written: Written): CommittedTransition[] {
  return answers.flatMap((answer) =>
    recordsOf(answer, written).map((transition) => ({ identity: answer.input.identity, transition })),
  );
}

function recordsOf({ transitions }: PlannedAnswer, written: Written): TransitionRecord[] {
  return transitions.flatMap(({ opId }) => written.get(opId) ?? []);
}

function appendedOf(answer: PlannedAnswer, written: Written): Appended {
  const { refused, event, open } = answer;
  return {
    eventId: event?.id ?? null,
    open: open === null ? null : incidentOf(open, answer.input.failing),
    transitions: recordsOf(answer, written),
    replayed: false,
    refused,
  };
}

/** What this operation committed before, and what is open on its identity now. */
async function replay(tx: Tx, { committed }: LogView, answer: PlannedAnswer, written: Written): Promise<Appended> {
  const { input, open } = answer;
  const transitions = committed.get(input.opId)?.map(transitionOf) ?? recordsOf(answer, written);
  const eventId = transitions.at(-1)?.eventId ?? null;
  const failing = open === null ? null : await storedFailing(tx, open.event);
  return {
    eventId,
    open: open === null ? null : incidentOf(open, failing),
    transitions,
    replayed: true,
    refused: null,
  };
}

/** How the site's own event followed an operation that was committed before. */
async function siteTransitionsOf(tx: Tx, { opId, mutations }: AppendInput): Promise<TransitionRecord[]> {
  const opIds = mutations.map((_, index) => siteOpIdOf(opId, index + 1));
  const query = tx.selectFrom('jetmon_event_transitions').selectAll().where('op_id', 'in', opIds).orderBy('id');
  return (await query.execute()).map(transitionOf);
}

async function storedFailing(tx: Tx, event: LoggedEvent): Promise<Failing | null> {
  const stored = await tx
    .selectFrom('jetmon_endpoint_runtime')
    .select(['failing_since', 'failing_attempts'])
    .where('failing_event_id', '=', event.id)
    .where('source_site_id', '=', event.identity.endpointId ?? 0n)
    .executeTakeFirst();
  return stored === undefined ? null : failingOf(stored);
}

type Open = NonNullable<PlannedAnswer['open']>;

function incidentOf({ event, state, severity }: Open, failing: Failing | null): OpenIncident {
  return openIncident(event.id, state as IncidentState, severity, failing);
}
