import fc from 'fast-check';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { Decided as Mutation } from '../domain/incident.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Database } from './database.ts';
import { replay } from './replay.ts';
import type { Difference } from './replay-fold.ts';

const OPEN = { op: 'open', state: 'Seems Down', startedAtMs: 900, reason: 'opened' } as const;
const PROMOTE = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
const CLOSE = { op: 'close', reason: 'verifier_cleared' } as const;

/**
 * One event of `http` is closed after three transitions, one is open and Down: two transitions and a link to the other
 * as the third. `named` puts ids in a text: `#closed` and `#open` are the events, `#open.2` the second transition of
 * one; `#site` and `#endpoint` are those of the open one.
 */
async function storeWithLog() {
  const store = await temporaryStore();
  const [first, second] = [await store.addEndpoint(), await store.addEndpoint()];
  const closed = await store.events.append(appendTo(first, [OPEN, PROMOTE, CLOSE]));
  const open = await store.events.append(appendTo(second, [OPEN, PROMOTE]));
  const ids = new Map<string, bigint | null>([
    ['#closed', closed.eventId],
    ['#open', open.eventId],
    ['#site', second.siteId],
    ['#endpoint', second.endpointId],
    ['#open.3', 60n],
    ...closed.transitions.map(({ transitionId }, index) => [`#closed.${index + 1}`, transitionId] as const),
    ...open.transitions.map(({ transitionId }, index) => [`#open.${index + 1}`, transitionId] as const),
  ]);
  const named = (text: string) => text.replace(/#[a-z]+(\.\d)?/g, (name) => String(ids.get(name) ?? name));
  await run(
    store.db,
    named(`insert into jetmon_event_transitions (id, event_id, blog_id, seq, severity_before, severity_after,
      state_before, state_after, reason, metadata, op_id, changed_at) values (#open.3, #open, #site, 3, 4, 4, 'Down',
      'Down', 'cause_linked', '{"cause_event_id_before":null,"cause_event_id_after":#closed}', 'link/1', 1200)`),
  );
  await run(
    store.db,
    named('update jetmon_events set cause_event_id = #closed, version = 3, updated_at = 1200 where id = #open'),
  );
  return { ...store, first, second, named };
}

async function run(db: Database, statement: string): Promise<void> {
  await sql.raw(statement).execute(db.kysely);
}

/** Each difference as `row id column: folded / stored`. */
async function differencesIn(db: Database, options: Parameters<typeof replay>[1] = {}): Promise<string[]> {
  return (await replay(db, options)).differences.map(wordsOf);
}

function wordsOf({ kind, row, id, column, folded, stored }: Difference): string {
  const odd = kind === 'unreadable' ? 'unreadable ' : '';
  return `${odd}${row} ${id} ${column}: ${folded} / ${stored}`;
}

describe('a replay', () => {
  it('finds nothing where nothing is wrong, whatever the pages', async () => {
    const { db } = await storeWithLog();
    for (const pageRows of [1, 2, 3, 1_000]) {
      expect(await replay(db, { pageRows })).toMatchObject({
        // Each site has one of its own.
        events: 4,
        transitions: 10,
        endpoints: 2,
        sites: 2,
        differenceCount: 0,
        driftCount: 0,
      });
    }
  });

  const EVENT = 'update jetmon_events set';
  const TRANSITION = 'update jetmon_event_transitions set';
  it.each<[statement: string, ...found: string[]]>([
    [`${EVENT} state = 'Degraded' where id = #closed`, 'event #closed state: Down / Degraded'],
    [`${EVENT} severity = 3 where id = #open`, 'event #open severity: 4 / 3'],
    [`${EVENT} ended_at = 1001 where id = #closed`, 'event #closed ended_at: 1000 / 1001'],
    [`${EVENT} ended_at = 1200 where id = #open`, 'event #open ended_at: null / 1200'],
    [
      `${EVENT} resolution_reason = 'superseded' where id = #closed`,
      'event #closed resolution_reason: verifier_cleared / superseded',
    ],
    [`${EVENT} cause_event_id = null where id = #open`, 'event #open cause_event_id: #closed / null'],
    [`${EVENT} version = 4 where id = #closed`, 'event #closed version: 3 / 4'],
    [`${EVENT} updated_at = 7 where id = #open`, 'event #open updated_at: 1200 / 7'],
    [
      `${TRANSITION} state_before = 'Warning' where id = #open.2`,
      'transition #open.2 state_before: Seems Down / Warning',
    ],
    [`${TRANSITION} severity_before = 1 where id = #open.1`, 'transition #open.1 severity_before: null / 1'],
    [`${TRANSITION} blog_id = 8 where id = #open.3`, 'transition #open.3 blog_id: #site / 8'],
    [`${TRANSITION} changed_at = 999 where id = #open.2`, 'transition #open.2 changed_at: 1000 / 999'],
    [`${TRANSITION} seq = 9 where id = #closed.3`, 'transition #closed.3 seq: 3 / 9'],
    ['delete from jetmon_events where id = #closed', 'transition #closed.1 event_id: no such event / #closed'],
    [
      'update jetpack_monitor_sites set site_status = 0 where jetpack_monitor_site_id = #endpoint',
      'endpoint #endpoint legacy_status: 2 / 0',
    ],
    [
      "update jetmon_event_transitions set metadata = '{' where id = #closed.1",
      'unreadable transition #closed.1 metadata: JSON / no JSON',
    ],
    ["update jetmon_events set metadata = 'x' where id = #open", 'unreadable event #open metadata: JSON / no JSON'],
    [
      "update jetmon_event_transitions set metadata = '{' where id = #open.3",
      'unreadable transition #open.3 metadata: null / {',
    ],
    [
      "update jetmon_event_transitions set metadata = '{}' where id = #open.3",
      'unreadable transition #open.3 metadata: null / {}',
    ],
    [
      `${TRANSITION} state_after = 'Sleepy' where id = #closed.2`,
      'unreadable transition #closed.2 state_after: null / Sleepy',
    ],
    [
      `${TRANSITION} severity_after = null where id = #closed.2`,
      'unreadable transition #closed.2 severity_after: null / null',
    ],
    [`${EVENT} state = 'Sleepy' where id = #open`, 'unreadable event #open state: Down / Sleepy'],
    [
      `${TRANSITION} id = 9223372036854775807 where id = #open.3`,
      'unreadable transition 9223372036854775807 id: null / 9223372036854775807',
    ],
  ])('tells what it folded and what stands there after %s, and nothing else', async (statement, ...found) => {
    const { db, named } = await storeWithLog();
    await run(db, named(statement));
    for (const pageRows of [1, 1_000]) expect(await differencesIn(db, { pageRows })).toEqual(found.map(named));
  });

  it('goes on behind rows that cannot be read, up to the last id there is', async () => {
    const { db, named } = await storeWithLog();
    await run(
      db,
      named("update jetmon_event_transitions set metadata = '{', state_after = 'Sleepy' where id = #closed.1"),
    );
    await run(db, named('update jetmon_event_transitions set event_id = 9223372036854775807 where event_id = #open'));
    await run(db, named('update jetmon_events set id = 9223372036854775807, severity = 1 where id = #open'));
    expect(await differencesIn(db, { pageRows: 2 })).toEqual([
      named('unreadable transition #closed.1 metadata: JSON / no JSON'),
      named('unreadable transition #closed.1 state_after: null / Sleepy'),
      'unreadable event 9223372036854775807 id: null / 9223372036854775807',
      'event 9223372036854775807 severity: 4 / 1',
    ]);
  });

  it('keeps the first differences and counts them all', async () => {
    const { db } = await storeWithLog();
    await run(db, "update jetmon_events set state = 'Warning', severity = 1, updated_at = 5 where check_type = 'http'");
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
    expect(told.at(-1)).toBe(10);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });
});

describe('the legacy status', () => {
  it('of what is paused or removed is compared too', async () => {
    const { db, endpoints, first } = await storeWithLog();
    await endpoints.update(EVERY_SITE, first.endpointId, { active: false, removedAtMs: 1_500 });
    expect(await differencesIn(db)).toEqual([]);
    await run(
      db,
      `update jetpack_monitor_sites set site_status = 2 where jetpack_monitor_site_id = ${first.endpointId}`,
    );
    expect(await differencesIn(db)).toEqual([`endpoint ${first.endpointId} legacy_status: 1 / 2`]);
  });
});

describe('the state of a site', () => {
  const OWN = "(select id from jetmon_events where check_type = 'site_state' and blog_id = #site)";
  const siteState = (discriminator: string, site: string) => [
    `insert into jetmon_events (id, blog_id, check_type, discriminator, severity, state, started_at, updated_at, version)
      values (77, ${site}, 'site_state', ${discriminator}, 4, 'Down', 1, 1, 1)`,
    `insert into jetmon_event_transitions (event_id, blog_id, seq, severity_after, state_after, reason, op_id, changed_at)
      values (77, ${site}, 1, 4, 'Down', 'opened', 'site-77/1', 1)`,
  ];
  const ACTIVE = 'update jetpack_monitor_sites set monitor_active';

  async function replayAfter(statements: readonly string[], log: Awaited<ReturnType<typeof storeWithLog>>) {
    for (const statement of statements) await run(log.db, log.named(statement));
    const { differences, drifts, sites } = await replay(log.db);
    return { differences: differences.map(wordsOf), drifts: drifts.map(wordsOf), sites };
  }

  it.each<[what: string, statements: string[], found: string[]]>([
    ['as it should be', [], []],
    [
      'missing',
      [
        `delete from jetmon_event_transitions where event_id = ${OWN}`,
        "delete from jetmon_events where check_type = 'site_state' and blog_id = #site",
      ],
      ['site #site site_state: Down (4) / none open'],
    ],
    [
      'another one',
      [
        `update jetmon_event_transitions set state_after = 'Warning', severity_after = 1
          where event_id = ${OWN} and seq = 2`,
        "update jetmon_events set state = 'Warning', severity = 1 where check_type = 'site_state' and blog_id = #site",
      ],
      ['site #site site_state: Down (4) / Warning (1)'],
    ],
    ['there twice', siteState("'second'", '#site'), ['site #site site_state: Down (4) / 2 open']],
    [
      'not that of its rules',
      [`insert into jetmon_site_rollup_rules values (#site, '{"site_checks":{"http":{"mode":"cap:Degraded"}}}', 1)`],
      ['site #site site_state: Degraded (2) / Down (4)'],
    ],
  ])('is compared with the event that tells it: %s', async (_, statements, found) => {
    const log = await storeWithLog();
    expect(await replayAfter(statements, log)).toEqual({ differences: found.map(log.named), drifts: [], sites: 2 });
  });

  it('is wrong where an event is open and the site is up', async () => {
    const log = await storeWithLog();
    const { siteId } = log.first;
    const found = [`site ${siteId} site_state: none open / Down (4)`];
    expect(await replayAfter(siteState('null', String(siteId)), log)).toMatchObject({ differences: found, drifts: [] });
  });

  it.each<[what: string, statements: string[], found: string[]]>([
    ['paused a site', [`${ACTIVE} = 0 where blog_id = #site`], ['site #site site_state: Paused (0) / Down (4)']],
    [
      'took a site out of the registry',
      ['delete from jetpack_monitor_sites where blog_id = #site'],
      ['site #site site_state: not in the registry / Down (4)'],
    ],
  ])('has drifted, and is no fault of ours, when another program %s', async (_, statements, found) => {
    const log = await storeWithLog();
    expect(await replayAfter(statements, log)).toMatchObject({ differences: [], drifts: found.map(log.named) });
  });

  it('has drifted when another program pauses a site in good order, and until our next write after it resumed', async () => {
    const log = await storeWithLog();
    const { db, events, first } = log;
    const paused = `${ACTIVE} = 0 where blog_id = ${first.siteId}`;
    const found = [`site ${first.siteId} site_state: Paused (0) / none open`];
    expect(await replayAfter([paused], log)).toMatchObject({ differences: [], drifts: found });
    const cue = { siteId: first.siteId, opId: 'follow', epoch: 0, atMs: 3_000, source: 'local' };
    await db.transaction((tx) => events.appendWithin(tx, [], [cue]));
    expect(await replayAfter([], log)).toMatchObject({ differences: [], drifts: [] });
    const resumed = `${ACTIVE} = 1 where blog_id = ${first.siteId}`;
    const over = [`site ${first.siteId} site_state: none open / Paused (0)`];
    expect(await replayAfter([resumed], log)).toMatchObject({ differences: [], drifts: over });
    await events.append(appendTo(first, [OPEN], { atMs: 4_000 }));
    expect(await replayAfter([], log)).toMatchObject({ differences: [], drifts: [] });
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
        const first = await addEndpoint();
        const endpoints = [first, await addEndpoint({ siteId: first.siteId }), await addEndpoint()];
        for (const { who, mutations, atMs } of drawn) {
          const endpoint = endpoints[who];
          if (endpoint !== undefined) await events.append(appendTo(endpoint, mutations, { atMs }));
        }
        expect(await replay(db, { pageRows })).toMatchObject({ differences: [], drifts: [] });
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
