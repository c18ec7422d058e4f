/** Each invariant is broken by hand, and must be the one that is found. */
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import { INVARIANTS } from './invariants.ts';

/** An event of `http`, with its transitions in their order. */
type Logged = { eventId: bigint; siteId: bigint; endpointId: bigint; transitions: bigint[] };

/** `closed` has three transitions, `open` is Down and has two. Each site has an event of its own beside it. */
async function storeWithLog() {
  const store = await temporaryStore();
  const [first, second] = [await store.addEndpoint(), await store.addEndpoint()];
  const open = { op: 'open', state: 'Seems Down', startedAtMs: 900, reason: 'opened' } as const;
  const promote = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
  const failing = { sinceMs: 900, attempts: 3 };
  const appended = [
    await store.events.append(appendTo(first, [open, promote], { failing })),
    await store.events.append(appendTo(first, [{ op: 'close', reason: 'verifier_cleared' }], { atMs: 2_000 })),
    await store.events.append(appendTo(second, [open, promote], { failing, atMs: 1_500 })),
  ];
  const logged = ({ siteId, endpointId }: typeof first): Logged => {
    const transitions = appended.flatMap((one) => one.transitions).filter((one) => one.siteId === siteId);
    const ids = transitions.map(({ transitionId }) => transitionId);
    return { eventId: transitions[0]?.eventId ?? 0n, siteId, endpointId, transitions: ids };
  };
  return { ...store, log: { closed: logged(first), open: logged(second) } };
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

type Break = [statements: string[], found: string];

/** By name of the invariant: the statements that break it, and the id that is found. Others may break with it. */
const BREAKS: Readonly<Record<string, (log: { closed: Logged; open: Logged }) => Break>> = {
  'every change of an event has one transition': ({ open }) => [
    [`delete from jetmon_event_transitions where event_id = ${open.eventId}`],
    `event ${open.eventId}`,
  ],
  'every transition has its event, of the same site': ({ open: { transitions } }) => [
    [`update jetmon_event_transitions set blog_id = 9 where id = ${transitions[0]}`],
    `transition ${transitions[0]}`,
  ],
  'the newest transition tells the event': ({ closed: { eventId } }) => [
    [`update jetmon_events set state = 'Degraded' where id = ${eventId}`],
    `event ${eventId}`,
  ],
  'each transition begins where the one before it ended': ({ closed: { transitions } }) => [
    [`update jetmon_event_transitions set state_before = 'Degraded' where id = ${transitions[1]}`],
    `transition ${transitions[1]}`,
  ],
  'one open event per identity': ({ open: { eventId } }) => [
    [
      ...unguarded('jetmon_events'),
      `insert into jetmon_events select 99, blog_id, endpoint_id, check_type, discriminator, severity, state, started_at,
        ended_at, resolution_reason, cause_event_id, metadata, updated_at, version, dedup_key from jetmon_events where id = ${eventId}`,
    ],
    'event 99',
  ],
  'who asked for everything has a delivery of each transition': ({ open: { transitions } }) => [
    [
      `insert into jetmon_webhooks (url, events, site_filter, state_filter, secret, secret_preview, created_by, created_at,
        updated_at) values ('u', '[]', '{}', '{}', 's', 's', 'test', -100000, -100000)`,
      `insert into jetmon_deliveries (family, subscriber_id, transition_id, event_id, blog_id, event_type, severity, payload,
        status, attempt, created_at) select 'webhook', 1, id, event_id, blog_id, 'event.opened', 3, '{}', 'pending', 0, 1
        from jetmon_event_transitions where id <> ${transitions[0]}`,
    ],
    `transition ${transitions[0]}`,
  ],
  'an operation is there once': ({ open: { eventId } }) => [
    [
      ...unguarded('jetmon_event_transitions'),
      `update jetmon_event_transitions set op_id = 'same/1' where event_id = ${eventId}`,
    ],
    'operation same/1',
  ],
  'nothing happens to a closed event': ({ closed: { eventId, siteId } }) => [
    [
      `insert into jetmon_event_transitions (id, event_id, blog_id, ${ONE_MORE})
        values (99, ${eventId}, ${siteId}, 4, null, 4, 'Resolved', 'Down', 'local_confirmed', 'local', 'late/1', 0, 2000)`,
    ],
    'transition 99',
  ],
  'a closed event says why, an open one does not': ({ open: { eventId } }) => [
    [`update jetmon_events set resolution_reason = 'manual_override' where id = ${eventId}`],
    `event ${eventId}`,
  ],
  'the legacy status follows the open events': ({ open: { endpointId } }) => [
    [`update jetpack_monitor_sites set site_status = 1 where jetpack_monitor_site_id = ${endpointId}`],
    `endpoint ${endpointId}`,
  ],
  'every delivery belongs to a transition': () => [
    [...DELIVERIES, "insert into jetmon_deliveries values (1, 'webhook', 1, 77)"],
    'delivery 1',
  ],
  'no delivery is there twice': ({ open: { transitions } }) => [
    [
      ...DELIVERIES,
      ...['webhook', 'contact', 'webhook'].map(
        (family, index) => `insert into jetmon_deliveries values (${index + 1}, '${family}', 1, ${transitions[0]})`,
      ),
    ],
    'delivery 3',
  ],
  'no older lease writes after a newer one': ({ open: { transitions } }) => [
    [
      `update jetmon_event_transitions set epoch = 5 where id = ${transitions[0]}`,
      `update jetmon_event_transitions set epoch = 4 where id = ${transitions[1]}`,
    ],
    `transition ${transitions[1]}`,
  ],
  'no event lasts less than nothing': ({ closed: { eventId } }) => [
    [`update jetmon_events set started_at = 5000 where id = ${eventId}`],
    `event ${eventId}`,
  ],
  'the spans between the transitions of an event do not overlap': ({ open: { transitions } }) => [
    [`update jetmon_event_transitions set changed_at = 1400 where id = ${transitions[1]}`],
    `transition ${transitions[1]}`,
  ],
  'transitions happen between the start and the end of their event': ({ closed: { transitions } }) => [
    [`update jetmon_event_transitions set changed_at = 899 where id = ${transitions[0]}`],
    `transition ${transitions[0]}`,
  ],
  'one open state per site': ({ open: { siteId } }) => [
    [
      `insert into jetmon_events (id, blog_id, check_type, discriminator, severity, state, started_at, updated_at, version)
        values (99, ${siteId}, 'site_state', 'second', 4, 'Down', 1, 1, 0)`,
    ],
    `site ${siteId}`,
  ],
  'a confirmation belongs to an open event': ({ closed, open }) => [
    [
      `update jetmon_endpoint_runtime set failing_event_id = ${closed.eventId} where source_site_id = ${open.endpointId}`,
    ],
    `endpoint ${open.endpointId}`,
  ],
};

describe('the invariants', () => {
  it('hold in a log that was written as it should be', async () => {
    expect(await brokenInvariants((await storeWithLog()).db)).toEqual([]);
  });

  it.each(INVARIANTS)('$id: $name', async ({ id, name }) => {
    const { db, log } = await storeWithLog();
    const [statements, found] = BREAKS[name]?.(log) ?? [[], 'a way to break it'];
    for (const statement of statements) await sql.raw(statement).execute(db.kysely);
    expect(await brokenInvariants(db)).toContain(`${id} ${name}: ${found}`);
  });

  it('concern what is not watched, too, where the legacy status is concerned', async () => {
    const { db, log } = await storeWithLog();
    await sql.raw('update jetpack_monitor_sites set monitor_active = 0').execute(db.kysely);
    expect(await brokenInvariants(db)).toEqual([]);
    await sql.raw('update jetpack_monitor_sites set site_status = 1').execute(db.kysely);
    expect(await brokenInvariants(db)).toEqual([
      `I6 the legacy status follows the open events: endpoint ${log.open.endpointId}`,
    ]);
  });
});
