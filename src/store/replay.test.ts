import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import type { Decided as Mutation } from '../domain/incident.ts';
import type { Database } from './database.ts';
import { type DeriveSiteState, replay } from './replay.ts';

const OPEN = { op: 'open', state: 'Seems Down', startedAtMs: 900, reason: 'opened' } as const;
const PROMOTE = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
const CLOSE = { op: 'close', reason: 'verifier_cleared' } as const;

/** Event 1 is closed (transitions 1 to 3), event 2 is open and Down (4 and 5, then a link to event 1 as 6). */
async function storeWithLog() {
  const store = await temporaryStore();
  const [first, second] = [await store.addEndpoint(), await store.addEndpoint()];
  await store.events.append(appendTo(first, [OPEN, PROMOTE, CLOSE]));
  await store.events.append(appendTo(second, [OPEN, PROMOTE]));
  await run(
    store.db,
    `insert into jetmon_event_transitions (event_id, blog_id, seq, severity_before, severity_after, state_before,
      state_after, reason, metadata, op_id, changed_at) values (2, 2, 3, 4, 4, 'Down', 'Down', 'cause_linked',
      '{"cause_event_id_before":null,"cause_event_id_after":1}', 'link/1', 1200)`,
  );
  await run(store.db, 'update jetmon_events set cause_event_id = 1, version = 3, updated_at = 1200 where id = 2');
  return store;
}

async function run(db: Database, statement: string): Promise<void> {
  await sql.raw(statement).execute(db.kysely);
}

/** Each difference as `row id column: folded / stored`. */
async function differencesIn(db: Database, options: Parameters<typeof replay>[1] = {}): Promise<string[]> {
  const { differences } = await replay(db, options);
  return differences.map(({ kind, row, id, column, folded, stored }) => {
    const odd = kind === 'unreadable' ? 'unreadable ' : '';
    return `${odd}${row} ${id} ${column}: ${folded} / ${stored}`;
  });
}

describe('a replay', () => {
  it('finds nothing where nothing is wrong, whatever the pages', async () => {
    const { db } = await storeWithLog();
    for (const pageRows of [1, 2, 3, 1_000]) {
      expect(await replay(db, { pageRows })).toMatchObject({
        events: 2,
        transitions: 6,
        endpoints: 2,
        sites: null,
        differenceCount: 0,
      });
    }
  });

  const EVENT = 'update jetmon_events set';
  const TRANSITION = 'update jetmon_event_transitions set';
  it.each<[statement: string, ...found: string[]]>([
    [`${EVENT} state = 'Degraded' where id = 1`, 'event 1 state: Down / Degraded'],
    [`${EVENT} severity = 3 where id = 2`, 'event 2 severity: 4 / 3'],
    [`${EVENT} ended_at = 1001 where id = 1`, 'event 1 ended_at: 1000 / 1001'],
    [`${EVENT} ended_at = 1200 where id = 2`, 'event 2 ended_at: null / 1200'],
    [
      `${EVENT} resolution_reason = 'superseded' where id = 1`,
      'event 1 resolution_reason: verifier_cleared / superseded',
    ],
    [`${EVENT} cause_event_id = null where id = 2`, 'event 2 cause_event_id: 1 / null'],
    [`${EVENT} version = 4 where id = 1`, 'event 1 version: 3 / 4'],
    [`${EVENT} updated_at = 7 where id = 2`, 'event 2 updated_at: 1200 / 7'],
    [`${TRANSITION} state_before = 'Warning' where id = 5`, 'transition 5 state_before: Seems Down / Warning'],
    [`${TRANSITION} severity_before = 1 where id = 4`, 'transition 4 severity_before: null / 1'],
    [`${TRANSITION} blog_id = 8 where id = 6`, 'transition 6 blog_id: 2 / 8'],
    [`${TRANSITION} changed_at = 999 where id = 5`, 'transition 5 changed_at: 1000 / 999'],
    [`${TRANSITION} seq = 9 where id = 3`, 'transition 3 seq: 3 / 9'],
    ['delete from jetmon_events where id = 1', 'transition 1 event_id: no such event / 1'],
    [
      'update jetpack_monitor_sites set site_status = 0 where jetpack_monitor_site_id = 2',
      'endpoint 2 legacy_status: 2 / 0',
    ],
    [
      "update jetmon_event_transitions set metadata = '{' where id = 1",
      'unreadable transition 1 metadata: JSON / no JSON',
    ],
    ["update jetmon_events set metadata = 'x' where id = 2", 'unreadable event 2 metadata: JSON / no JSON'],
    ["update jetmon_event_transitions set metadata = '{' where id = 6", 'unreadable transition 6 metadata: null / {'],
    ["update jetmon_event_transitions set metadata = '{}' where id = 6", 'unreadable transition 6 metadata: null / {}'],
    [`${TRANSITION} state_after = 'Sleepy' where id = 2`, 'unreadable transition 2 state_after: null / Sleepy'],
    [`${TRANSITION} severity_after = null where id = 2`, 'unreadable transition 2 severity_after: null / null'],
    [`${EVENT} state = 'Sleepy' where id = 2`, 'unreadable event 2 state: Down / Sleepy'],
    [
      `${TRANSITION} id = 9223372036854775807 where id = 6`,
      'unreadable transition 9223372036854775807 id: null / 9223372036854775807',
    ],
  ])('tells what it folded and what stands there after %s, and nothing else', async (statement, ...found) => {
    const { db } = await storeWithLog();
    await run(db, statement);
    for (const pageRows of [1, 1_000]) expect(await differencesIn(db, { pageRows })).toEqual(found);
  });

  it('goes on behind rows that cannot be read, up to the last id there is', async () => {
    const { db } = await storeWithLog();
    await run(db, "update jetmon_event_transitions set metadata = '{', state_after = 'Sleepy' where id = 1");
    await run(db, 'update jetmon_event_transitions set event_id = 9223372036854775807 where event_id = 2');
    await run(db, 'update jetmon_events set id = 9223372036854775807, severity = 1 where id = 2');
    expect(await differencesIn(db, { pageRows: 2 })).toEqual([
      'unreadable transition 1 metadata: JSON / no JSON',
      'unreadable transition 1 state_after: null / Sleepy',
      'unreadable event 9223372036854775807 id: null / 9223372036854775807',
      'event 9223372036854775807 severity: 4 / 1',
    ]);
  });

  it('keeps the first differences and counts them all', async () => {
    const { db } = await storeWithLog();
    await run(db, "update jetmon_events set state = 'Warning', severity = 1, updated_at = 5");
    const { differenceCount, differences } = await replay(db, { limitDifferences: 2 });
    expect(differenceCount).toBe(6);
    expect(differences.map(({ column }) => column)).toEqual(['state', 'severity']);
  });

  it('leaves the legacy status alone where nobody writes it', async () => {
    const { db } = await storeWithLog();
    await run(db, 'update jetpack_monitor_sites set site_status = 1');
    expect(await replay(db, { projection: false })).toMatchObject({ differenceCount: 0, endpoints: null });
  });

  it('says how far it is', async () => {
    const { db } = await storeWithLog();
    const told: number[] = [];
    await replay(db, { pageRows: 2, onProgress: ({ transitions }) => void told.push(transitions) });
    expect(told.at(-1)).toBe(6);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });
});

describe('the state of a site', () => {
  /** The worst that is open on it. */
  const worst: DeriveSiteState = async (_, sites) => {
    const states = new Map<SiteId, { state: string; severity: number }>();
    for (const [siteId, [first]] of sites) if (first !== undefined) states.set(siteId, first);
    return states;
  };
  const siteState = (id: number, site: number, state: string, severity: number) => [
    `insert into jetmon_events (id, blog_id, check_type, severity, state, started_at, updated_at, version)
      values (${id}, ${site}, 'site_state', ${severity}, '${state}', 1, 1, 1)`,
    `insert into jetmon_event_transitions (event_id, blog_id, seq, severity_after, state_after, reason, op_id, changed_at)
      values (${id}, ${site}, 1, ${severity}, '${state}', 'opened', 'site-${id}/1', 1)`,
  ];

  it.each<[statements: string[], found: string[]]>([
    [siteState(7, 2, 'Down', 4), []],
    [[], ['site 2 site_state: Down (4) / none open']],
    [siteState(7, 2, 'Warning', 1), ['site 2 site_state: Down (4) / Warning (1)']],
    [[...siteState(7, 2, 'Down', 4), ...siteState(8, 1, 'Down', 4)], ['site 1 site_state: none open / Down (4)']],
  ])('is compared with the event that tells it: %#', async (statements, found) => {
    const { db } = await storeWithLog();
    for (const statement of statements) await run(db, statement);
    expect((await differencesIn(db, { deriveSiteState: worst })).toSorted()).toEqual(found);
  });
});

describe('whatever is appended', () => {
  const state = fc.constantFrom('Warning', 'Degraded', 'Seems Down', 'Down');
  const mutation: fc.Arbitrary<Mutation> = fc.oneof(
    fc.record({ op: fc.constant('open'), state, startedAtMs: fc.nat(2_000), reason: fc.constant('opened') }),
    fc.record({ op: fc.constant('promote'), state, reason: fc.constant('local_confirmed') }),
    fc.record({ op: fc.constant('close'), reason: fc.constant('probe_cleared') }),
  );
  const appends = fc.array(
    fc.record({ who: fc.nat(2), mutations: fc.array(mutation, { maxLength: 3 }), atMs: fc.nat(2_000) }),
    { minLength: 1, maxLength: 15 },
  );
  /** Each value is one that no good row holds in that place. */
  const CORRUPTIONS: readonly [table: string, column: string, value: string][] = [
    ['jetmon_events', 'state', "case state when 'Down' then 'Warning' else 'Down' end"],
    ['jetmon_events', 'severity', 'severity + 1'],
    ['jetmon_events', 'ended_at', 'coalesce(ended_at, 0) + 1'],
    ['jetmon_events', 'resolution_reason', "concat(coalesce(resolution_reason, ''), 'x')"],
    ['jetmon_events', 'cause_event_id', '1'],
    ['jetmon_events', 'version', 'version + 1'],
    ['jetmon_events', 'updated_at', 'updated_at + 1'],
    ['jetmon_event_transitions', 'state_before', "'Paused'"],
    ['jetmon_event_transitions', 'state_after', "'Paused'"],
    ['jetmon_event_transitions', 'severity_after', 'coalesce(severity_after, 0) + 5'],
    ['jetmon_event_transitions', 'seq', 'seq + 100'],
  ];

  it('replays without a difference, and one column that is changed by hand is found', async () => {
    const property = fc.asyncProperty(
      appends,
      fc.constantFrom(...CORRUPTIONS),
      fc.nat(1_000),
      fc.integer({ min: 1, max: 5 }),
      async (drawn, [table, column, value], nth, pageRows) => {
        const { db, events, addEndpoint } = await temporaryStore();
        const endpoints = [await addEndpoint(), await addEndpoint(), await addEndpoint()];
        for (const { who, mutations, atMs } of drawn) {
          const endpoint = endpoints[who];
          if (endpoint !== undefined) await events.append(appendTo(endpoint, mutations, { atMs }));
        }
        expect(await differencesIn(db, { pageRows })).toEqual([]);
        const { rows } = await sql<{ id: bigint }>`select id from ${sql.table(table)} order by id`.execute(db.kysely);
        const row = rows[nth % Math.max(1, rows.length)];
        if (row !== undefined) {
          await run(db, `update ${table} set ${column} = ${value} where id = ${row.id}`);
          expect((await replay(db, { pageRows })).differenceCount).toBeGreaterThan(0);
        }
        await db.close();
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });
});
