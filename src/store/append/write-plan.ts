/** Writes a planned batch: a fixed number of statements whatever its size, each for many rows, in an order that no unique key minds. */
import type { EventId, TransitionId } from '../../domain/ids.ts';
import type { Dialect } from '../dialect/dialect.ts';
import { dedupKey, type TransitionRow } from '../event-records.ts';
import { saveVerifications } from '../event-verifications.ts';
import { saveFailing, settleFailing } from '../failing.ts';
import { recordFalsePositives } from '../false-positives.ts';
import { insertFailures } from '../history/failures.ts';
import { legacyInstant, writeStatus } from '../legacy.ts';
import type { Tx } from '../schema.ts';
import type { AppendPlan, StatusWrite } from './append-plan.ts';
import type { LoggedEvent } from './log-view.ts';
import type { PlannedTransition } from './planned-transition.ts';
import { insertInto, padded } from './statements.ts';

const insertEvents = insertInto('jetmon_events', [
  'blog_id',
  'endpoint_id',
  'check_type',
  'discriminator',
  'severity',
  'state',
  'started_at',
  'cause_event_id',
  'metadata',
  'updated_at',
  'version',
]);
const insertTransitions = insertInto('jetmon_event_transitions', [
  'event_id',
  'blog_id',
  'seq',
  'severity_before',
  'severity_after',
  'state_before',
  'state_after',
  'reason',
  'source',
  'metadata',
  'op_id',
  'epoch',
  'changed_at',
  'began_at',
]);

/** Gives the events and transitions of the plan their ids on the way; returns the transitions as rows by operation. */
export async function writePlan(tx: Tx, dialect: Dialect, plan: AppendPlan): Promise<Map<string, TransitionRow>> {
  // What is closed makes room for what opens on the same identity.
  await updateEvents(tx, dialect, [...plan.changed]);
  for (const wave of plan.opened) await openEvents(tx, dialect, wave);
  const rows = await writeTransitions(tx, plan);
  await writeStatuses(tx, plan.statuses.values());
  await settleFailing(tx, plan.settled);
  await saveFailing(tx, dialect, [...plan.failing.values()]);
  await insertFailures(tx, dialect, plan.failedChecks);
  await recordFalsePositives(tx, plan.falsePositives);
  const verifications = [...plan.verifications].map(([event, verification]) => ({ event, verification }));
  await saveVerifications(tx, dialect, verifications);
  return rows;
}

async function openEvents(tx: Tx, dialect: Dialect, wave: AppendPlan['opened'][number]): Promise<void> {
  await insertEvents(
    tx,
    wave.map(({ event, metadata }) => [
      event.identity.siteId,
      event.identity.endpointId,
      event.identity.checkType,
      event.identity.discriminator,
      event.severity,
      event.state,
      event.startedAtMs,
      event.causeEventId,
      metadata,
      event.changedAtMs,
      event.version,
    ]),
  );
  const events = new Map(wave.map(({ event }) => [dedupKey(event.identity), event]));
  // All were inserted as open, so each has its key; not every database names the rows of one statement otherwise.
  const named = await tx
    .selectFrom('jetmon_events')
    .select(['id', 'dedup_key'])
    .where('dedup_key', 'in', padded([...events.keys()]))
    .execute();
  for (const row of named) {
    const event = events.get(row.dedup_key ?? '');
    if (event !== undefined) event.id = row.id as EventId;
  }
  const lost = wave.find(({ event }) => event.id === 0n);
  if (lost !== undefined) throw new Error(`the database does not find ${dedupKey(lost.event.identity)} again`);
  const closed = wave.filter(({ event }) => event.endedAtMs !== null).map(({ event }) => event);
  await updateEvents(tx, dialect, closed);
}

const ROWS_PER_UPDATE = 128;

/** The rows are there and locked, so that each of these inserts becomes the update of its row. */
async function updateEvents(tx: Tx, dialect: Dialect, events: readonly LoggedEvent[]): Promise<void> {
  for (let from = 0; from < events.length; from += ROWS_PER_UPDATE) {
    await dialect.upsert(tx, {
      table: 'jetmon_events',
      rows: padded(events.slice(from, from + ROWS_PER_UPDATE)).map(rowOf),
      key: ['id'],
      keep: ['blog_id', 'endpoint_id', 'check_type', 'discriminator', 'started_at'],
    });
  }
}

function rowOf(event: LoggedEvent) {
  const { identity } = event;
  return {
    id: event.id,
    blog_id: identity.siteId,
    endpoint_id: identity.endpointId,
    check_type: identity.checkType,
    discriminator: identity.discriminator,
    started_at: event.startedAtMs,
    severity: event.severity,
    state: event.state,
    ended_at: event.endedAtMs,
    resolution_reason: event.resolutionReason,
    cause_event_id: event.causeEventId,
    updated_at: event.changedAtMs,
    version: event.version,
  };
}

async function writeTransitions(tx: Tx, plan: AppendPlan): Promise<Map<string, TransitionRow>> {
  const answered = plan.answers.filter(({ replayed }) => !replayed).flatMap(({ transitions }) => transitions);
  const planned = [...answered, ...plan.siteTransitions];
  const rows = new Map(planned.map((transition) => [transition.opId, transitionRow(transition)]));
  // The database would refuse it, but rows by operation would hide it: a mutation without its transition.
  if (rows.size !== planned.length) throw new Error('two transitions of one batch have the same operation id');
  if (rows.size === 0) return rows;
  await insertTransitions(
    tx,
    [...rows.values()].map((row) => [
      row.event_id,
      row.blog_id,
      row.seq,
      row.severity_before,
      row.severity_after,
      row.state_before,
      row.state_after,
      row.reason,
      row.source,
      row.metadata,
      row.op_id,
      row.epoch,
      row.changed_at,
      row.began_at,
    ]),
  );
  const named = await tx
    .selectFrom('jetmon_event_transitions')
    .select(['id', 'op_id'])
    .where('op_id', 'in', padded([...rows.keys()]))
    .execute();
  for (const { id, op_id } of named) {
    const row = rows.get(op_id);
    if (row !== undefined) row.id = id;
  }
  return rows;
}

function transitionRow({ event, seq, before, step, source, metadata, opId, epoch }: PlannedTransition): TransitionRow {
  return {
    id: 0n as TransitionId,
    event_id: event.id,
    blog_id: event.identity.siteId,
    seq: BigInt(seq),
    severity_before: before === null ? null : BigInt(before.severity),
    severity_after: step.severityAfter === null ? null : BigInt(step.severityAfter),
    state_before: before?.state ?? null,
    state_after: step.stateAfter,
    reason: step.reason,
    source: source.slice(0, 255) || 'local',
    metadata,
    op_id: opId,
    epoch: BigInt(epoch),
    changed_at: BigInt(step.changedAtMs),
    began_at: step.beganAtMs === undefined ? null : BigInt(step.beganAtMs),
  };
}

/** Endpoints that go the same way in the same second are written together. */
async function writeStatuses(tx: Tx, writes: Iterable<StatusWrite>): Promise<void> {
  const groups = new Map<string, { write: StatusWrite; endpointIds: StatusWrite['endpointId'][] }>();
  for (const write of writes) {
    const key = `${write.status} ${legacyInstant(write.atMs)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { write, endpointIds: [write.endpointId] });
    else group.endpointIds.push(write.endpointId);
  }
  for (const { write, endpointIds } of groups.values()) {
    await writeStatus(tx, padded(endpointIds), { status: write.status, changedAt: legacyInstant(write.atMs) });
  }
}
