/** What must always hold in the store, as queries that find what breaks it. For tests, `verify-db` and the proofs. */
import { type RawBuilder, sql } from 'kysely';
import { registry } from './legacy.ts';
import type { Executor } from './schema.ts';

export type Invariant = {
  /** Its number in the list of invariants; several may share one. */
  id: string;
  name: string;
  /** Asked only where all of these tables are there. */
  tables: readonly string[];
  /** What the ids are of. */
  finds: 'event' | 'transition' | 'endpoint' | 'site' | 'operation' | 'delivery';
  /** Holds only while the legacy status is written. */
  isOfProjection?: true;
  query(db: Executor): RawBuilder<{ id: bigint | string }>;
};

export type Finding = {
  invariant: Invariant;
  /** The first that break it, ascending; null when it was not asked, because a table of it is not there. */
  ids: readonly string[] | null;
};

const EVENTS = ['jetmon_events'];
const LOG = ['jetmon_events', 'jetmon_event_transitions'];
const TRANSITIONS = ['jetmon_event_transitions'];
const DELIVERIES = ['jetmon_deliveries', 'jetmon_event_transitions'];

type Row = { id: bigint | string };

export const INVARIANTS: readonly Invariant[] = [
  {
    id: 'I1',
    name: 'every change of an event has one transition',
    tables: LOG,
    finds: 'event',
    query: () => sql<Row>`
      select e.id as id from jetmon_events e
      left join (select event_id, count(*) as c, max(seq) as m, min(seq) as f
        from jetmon_event_transitions group by event_id) t on t.event_id = e.id
      where e.version <> coalesce(t.c, 0) or e.version <> coalesce(t.m, 0) or coalesce(t.f, 0) <> 1`,
  },
  {
    id: 'I1',
    name: 'every transition has its event, of the same site',
    tables: LOG,
    finds: 'transition',
    query: () => sql<Row>`
      select t.id as id from jetmon_event_transitions t left join jetmon_events e on e.id = t.event_id
      where e.id is null or e.blog_id <> t.blog_id`,
  },
  {
    id: 'I2',
    name: 'the newest transition tells the event',
    tables: LOG,
    finds: 'event',
    query: () => sql<Row>`
      select e.id as id from jetmon_events e
      join jetmon_event_transitions t on t.event_id = e.id and t.seq = e.version
      where e.updated_at <> t.changed_at or t.state_after is null
        or (e.ended_at is null and (t.state_after = 'Resolved' or e.state <> t.state_after
          or t.severity_after is null or e.severity <> t.severity_after))
        or (e.ended_at is not null and (t.state_after <> 'Resolved' or t.severity_after is not null
          or t.state_before is null or e.state <> t.state_before
          or t.severity_before is null or e.severity <> t.severity_before
          or e.ended_at <> t.changed_at or e.resolution_reason is null or e.resolution_reason <> t.reason))`,
  },
  {
    id: 'I2',
    name: 'each transition begins where the one before it ended',
    tables: TRANSITIONS,
    finds: 'transition',
    query: () => sql<Row>`
      select t.id as id from jetmon_event_transitions t
      left join jetmon_event_transitions p on p.event_id = t.event_id and p.seq = t.seq - 1
      where coalesce(t.state_before, '-') <> coalesce(p.state_after, '-')
        or coalesce(t.severity_before, -1) <> coalesce(p.severity_after, -1)`,
  },
  {
    id: 'I3',
    name: 'one open event per identity',
    tables: EVENTS,
    finds: 'event',
    query: () => sql<Row>`
      select max(id) as id from jetmon_events where ended_at is null
      group by blog_id, coalesce(endpoint_id, 0), check_type, coalesce(discriminator, '') having count(*) > 1`,
  },
  {
    id: 'I4',
    name: 'an operation is there once',
    tables: TRANSITIONS,
    finds: 'operation',
    query: () => sql<Row>`
      select op_id as id from jetmon_event_transitions group by op_id having count(*) > 1`,
  },
  {
    id: 'I5',
    name: 'nothing happens to a closed event',
    tables: TRANSITIONS,
    finds: 'transition',
    query: () => sql<Row>`
      select t.id as id from jetmon_event_transitions t
      join jetmon_event_transitions p on p.event_id = t.event_id and p.seq = t.seq - 1
      where p.state_after = 'Resolved'`,
  },
  {
    id: 'I5',
    name: 'a closed event says why, an open one does not',
    tables: EVENTS,
    finds: 'event',
    query: () => sql<Row>`
      select id from jetmon_events
      where (ended_at is null and resolution_reason is not null)
        or (ended_at is not null and (resolution_reason is null or updated_at <> ended_at))`,
  },
  {
    id: 'I6',
    name: 'the legacy status follows the open events',
    tables: ['jetmon_events'],
    finds: 'endpoint',
    isOfProjection: true,
    query: (db) => sql<Row>`
      select r.endpoint_id as id from ${registry(db, 'r')}
      left join (select endpoint_id, max(case state when 'Down' then 2 when 'Seems Down' then 1 else 0 end) as worst
        from jetmon_events where dedup_key is not null and check_type = 'http' and endpoint_id is not null
        group by endpoint_id) o on o.endpoint_id = r.endpoint_id
      where r.legacy_status <> case coalesce(o.worst, 0) when 2 then 2 when 1 then 0 else 1 end`,
  },
  {
    id: 'I7',
    name: 'every delivery belongs to a transition',
    tables: DELIVERIES,
    finds: 'delivery',
    query: () => sql<Row>`
      select d.id as id from jetmon_deliveries d
      left join jetmon_event_transitions t on t.id = d.transition_id where t.id is null`,
  },
  {
    // Only of webhooks that take everything and have not been changed since well before: of others, what they asked for
    // at the commit is not written down.
    id: 'I7',
    name: 'who asked for everything has a delivery of each transition',
    tables: [...DELIVERIES, 'jetmon_webhooks', 'jetmon_events'],
    finds: 'transition',
    query: () => sql<Row>`
      select t.id as id from jetmon_event_transitions t
      join jetmon_webhooks w on w.active = 1 and w.events = '[]' and w.site_filter = '{}' and w.state_filter = '{}'
        and w.updated_at + 60000 < t.changed_at
      join jetmon_events e on e.id = t.event_id
      left join jetmon_deliveries d
        on d.family = 'webhook' and d.subscriber_id = w.id and d.transition_id = t.id
      where d.id is null and e.check_type not in ('site_state', 'monitor') and t.blog_id <> 0`,
  },
  {
    id: 'I7',
    name: 'no delivery is there twice',
    tables: DELIVERIES,
    finds: 'delivery',
    query: () => sql<Row>`
      select max(id) as id from jetmon_deliveries
      group by family, subscriber_id, transition_id having count(*) > 1`,
  },
  {
    id: 'I9',
    // What is written without a lease, such as by an operator, has epoch 0.
    name: 'no older lease writes after a newer one',
    tables: TRANSITIONS,
    finds: 'transition',
    query: () => sql<Row>`
      select t.id as id from jetmon_event_transitions t
      join jetmon_event_transitions p on p.event_id = t.event_id and p.seq < t.seq
      where t.epoch > 0 and t.epoch < p.epoch`,
  },
  {
    id: 'I12',
    name: 'no event lasts less than nothing',
    tables: EVENTS,
    finds: 'event',
    query: () => sql<Row>`
      select id from jetmon_events where updated_at < started_at or (ended_at is not null and ended_at < started_at)`,
  },
  {
    id: 'I12',
    name: 'the spans between the transitions of an event do not overlap',
    tables: TRANSITIONS,
    finds: 'transition',
    query: () => sql<Row>`
      select t.id as id from jetmon_event_transitions t
      join jetmon_event_transitions p on p.event_id = t.event_id and p.seq = t.seq - 1
      where t.changed_at < p.changed_at`,
  },
  {
    id: 'I17',
    name: 'transitions happen between the start and the end of their event',
    tables: LOG,
    finds: 'transition',
    query: () => sql<Row>`
      select t.id as id from jetmon_event_transitions t join jetmon_events e on e.id = t.event_id
      where t.changed_at < e.started_at or t.changed_at > coalesce(e.ended_at, t.changed_at)`,
  },
  {
    id: 'site state',
    name: 'one open state per site',
    tables: EVENTS,
    finds: 'site',
    query: () => sql<Row>`
      select blog_id as id from jetmon_events where ended_at is null and check_type = 'site_state'
      group by blog_id having count(*) > 1`,
  },
  {
    id: 'confirmation',
    name: 'a confirmation belongs to an open event',
    tables: ['jetmon_endpoint_runtime', 'jetmon_events'],
    finds: 'endpoint',
    query: () => sql<Row>`
      select r.source_site_id as id from jetmon_endpoint_runtime r left join jetmon_events e on e.id = r.failing_event_id
      where r.failing_event_id is not null and (e.id is null or e.ended_at is not null)`,
  },
];

/** Ids that are shown of what breaks an invariant. */
const SHOWN = 5;

/**
 * Asks every invariant, one after the other, so that a caller can tell of each. Give it a snapshot where others write
 * meanwhile. `projection` false leaves out what holds only while the legacy status is written.
 */
export async function* askInvariants(
  db: Executor,
  options: { projection?: boolean; invariants?: readonly Invariant[] } = {},
): AsyncGenerator<Finding> {
  const { projection = true, invariants = INVARIANTS } = options;
  const there = new Set((await db.introspection.getTables()).map((table) => table.name));
  for (const invariant of invariants) {
    if (invariant.isOfProjection && !projection) continue;
    const canAsk = invariant.tables.every((table) => there.has(table));
    yield { invariant, ids: canAsk ? await findIn(db, invariant) : null };
  }
}

async function findIn(db: Executor, invariant: Invariant): Promise<string[]> {
  const query = sql<Row>`select v.id as id from (${invariant.query(db)}) v order by v.id limit ${sql.lit(SHOWN)}`;
  return (await query.execute(db)).rows.map((row) => String(row.id));
}
