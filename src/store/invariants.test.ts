/** Each invariant is broken by hand, and must be the one that is found. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { appendTo, brokenInvariants, temporaryStore } from '../../test/kit/store.ts';
import { INVARIANTS } from './invariants.ts';

/** Event 1 is closed after three transitions, event 2 is open and Down. Endpoint 2 and site 2 are those of event 2. */
async function storeWithLog() {
  const store = await temporaryStore();
  const [first, second] = [await store.addEndpoint(), await store.addEndpoint()];
  const open = { op: 'open', state: 'Seems Down', startedAtMs: 900, reason: 'opened' } as const;
  const promote = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
  const failing = { sinceMs: 900, attempts: 3 };
  await store.events.append(appendTo(first, [open, promote], { failing }));
  await store.events.append(appendTo(first, [{ op: 'close', reason: 'verifier_cleared' }], { atMs: 2_000 }));
  await store.events.append(appendTo(second, [open, promote], { failing, atMs: 1_500 }));
  return store;
}

/** A table whose unique constraints are gone; its rows stay. */
function unguarded(table: string): string[] {
  return [`create table copy as select * from ${table}`, `drop table ${table}`, `alter table copy rename to ${table}`];
}

const ONE_MORE =
  'seq, severity_before, severity_after, state_before, state_after, reason, source, op_id, epoch, changed_at';
/** What the invariants ask of the outbox, and no constraint that would refuse what breaks them. */
const DELIVERIES = [
  'drop table if exists jetmon_deliveries',
  'create table jetmon_deliveries (id bigint, family varchar(16), subscriber_id bigint, transition_id bigint)',
];

/** By name of the invariant: the statements that break it, and the id that is found. Others may break with it. */
const BREAKS: Readonly<Record<string, [statements: string[], found: string]>> = {
  'every change of an event has one transition': [
    ['delete from jetmon_event_transitions where event_id = 2'],
    'event 2',
  ],
  'every transition has its event, of the same site': [
    ['update jetmon_event_transitions set blog_id = 9 where id = 4'],
    'transition 4',
  ],
  'the newest transition tells the event': [["update jetmon_events set state = 'Degraded' where id = 1"], 'event 1'],
  'each transition begins where the one before it ended': [
    ["update jetmon_event_transitions set state_before = 'Degraded' where id = 2"],
    'transition 2',
  ],
  'one open event per identity': [
    [
      ...unguarded('jetmon_events'),
      `insert into jetmon_events select 3, blog_id, endpoint_id, check_type, discriminator, severity, state, started_at,
        ended_at, resolution_reason, cause_event_id, metadata, updated_at, version, dedup_key from jetmon_events where id = 2`,
    ],
    'event 3',
  ],
  'an operation is there once': [
    [...unguarded('jetmon_event_transitions'), "update jetmon_event_transitions set op_id = 'same/1' where id > 3"],
    'operation same/1',
  ],
  'nothing happens to a closed event': [
    [
      `insert into jetmon_event_transitions (event_id, blog_id, ${ONE_MORE})
        values (1, 1, 4, null, 4, 'Resolved', 'Down', 'local_confirmed', 'local', 'late/1', 0, 2000)`,
    ],
    'transition 6',
  ],
  'a closed event says why, an open one does not': [
    ["update jetmon_events set resolution_reason = 'manual_override' where id = 2"],
    'event 2',
  ],
  'the legacy status of what is watched follows the open events': [
    ['update jetpack_monitor_sites set site_status = 1 where jetpack_monitor_site_id = 2'],
    'endpoint 2',
  ],
  'every delivery belongs to a transition': [
    [...DELIVERIES, "insert into jetmon_deliveries values (1, 'webhook', 1, 77)"],
    'delivery 1',
  ],
  'no delivery is there twice': [
    [
      ...DELIVERIES,
      "insert into jetmon_deliveries values (1, 'webhook', 1, 2), (2, 'contact', 1, 2), (3, 'webhook', 1, 2)",
    ],
    'delivery 3',
  ],
  'no older lease writes after a newer one': [
    ['update jetmon_event_transitions set epoch = 5 where id = 4'],
    'transition 5',
  ],
  'no event lasts less than nothing': [['update jetmon_events set started_at = 5000 where id = 1'], 'event 1'],
  'the spans between the transitions of an event do not overlap': [
    ['update jetmon_event_transitions set changed_at = 1400 where id = 5'],
    'transition 5',
  ],
  'transitions happen between the start and the end of their event': [
    ['update jetmon_event_transitions set changed_at = 899 where id = 1'],
    'transition 1',
  ],
  'one open state per site': [
    [
      `insert into jetmon_events (id, blog_id, check_type, discriminator, severity, state, started_at, updated_at, version)
        values (10, 2, 'site_state', null, 4, 'Down', 1, 1, 0), (11, 2, 'site_state', 'b', 4, 'Down', 1, 1, 0)`,
    ],
    'site 2',
  ],
  'a confirmation belongs to an open event': [
    ['update jetmon_endpoint_runtime set failing_event_id = 1 where source_site_id = 2'],
    'endpoint 2',
  ],
};

describe('the invariants', () => {
  it('hold in a log that was written as it should be', async () => {
    expect(await brokenInvariants((await storeWithLog()).db)).toEqual([]);
  });

  it.each(INVARIANTS)('$id: $name', async ({ id, name }) => {
    const { db } = await storeWithLog();
    const [statements, found] = BREAKS[name] ?? [[], 'a way to break it'];
    for (const statement of statements) await sql.raw(statement).execute(db.kysely);
    expect(await brokenInvariants(db)).toContain(`${id} ${name}: ${found}`);
  });

  it('leave out what is not watched, where the legacy status is concerned', async () => {
    const { db } = await storeWithLog();
    await sql.raw('update jetpack_monitor_sites set site_status = 1, monitor_active = 0').execute(db.kysely);
    expect(await brokenInvariants(db)).toEqual([]);
  });
});
