import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { appendTo, onSqliteOnly, temporaryStore } from '../../test/kit/store.ts';
import type { EventId } from '../domain/ids.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { IncidentState } from '../domain/state.ts';
import type { EventFilter } from './event-queries.ts';

const open = (state: IncidentState, startedAtMs: number): Mutation => ({
  op: 'open',
  state,
  startedAtMs,
  reason: 'opened',
});
const close: Mutation = { op: 'close', reason: 'probe_cleared' };

/** Two sites; events 1 (closed), 2 and 3 on the first, 4 on the second. */
async function history() {
  const store = await temporaryStore();
  const { events, addEndpoint } = store;
  const one = await addEndpoint();
  const two = await addEndpoint();
  await events.append(appendTo(one, [open('Down', 1_000)]));
  await events.append(appendTo(one, [close], { atMs: 2_000 }));
  await events.append(appendTo(one, [open('Seems Down', 3_000)]));
  const identity = { ...appendTo(one, []).identity, checkType: 'tls_expiry' };
  await events.append(appendTo(one, [open('Warning', 4_000)], { identity }));
  await events.append(appendTo(two, [open('Down', 5_000)]));
  return { ...store, one, two };
}

describe('listing events', () => {
  it.each<[string, Partial<EventFilter>, bigint[]]>([
    ['everything, newest first', {}, [6n, 5n, 3n, 1n]],
    ['some states', { states: ['Down', 'Warning'] }, [6n, 5n, 1n]],
    ['a check', { checkTypes: ['tls_expiry'] }, [5n]],
    ['what is open', { active: true }, [6n, 5n, 3n]],
    ['what is closed', { active: false }, [1n]],
    ['what began from an instant on', { startedFromMs: 3_000 }, [6n, 5n, 3n]],
    ['what began before an instant', { startedBeforeMs: 3_000 }, [1n]],
    ['the next page', { beforeId: 5n as EventId, limit: 1 }, [3n]],
  ])('finds %s', async (_, filter, ids) => {
    const { queries, one } = await history();
    const found = await queries.list(EVERY_SITE, { limit: 10, ...filter });
    expect(found.map((event) => event.eventId)).toEqual(ids);
    const ofSite = await queries.list(EVERY_SITE, { siteId: one.siteId, limit: 10, ...filter });
    const expected = filter.limit === 1 ? ids : ids.filter((id) => id !== 6n);
    expect(ofSite.map((event) => event.eventId)).toEqual(expected);
  });

  onSqliteOnly.it('reads the open events of the whole fleet from an index, not from the history', async () => {
    const { db } = await history();
    const plan = sql<{ detail: string }>`explain query plan select * from jetmon_events where ended_at is null
      and id in (select id from jetmon_events where dedup_key > '') order by id desc limit 5`;
    const { rows } = await plan.execute(db.kysely);
    expect(rows.map((row) => row.detail).join()).not.toContain('SCAN');
  });

  it('counts the transitions of each event', async () => {
    const { db, queries } = await history();
    for (const event of await queries.list(EVERY_SITE, { limit: 10 })) {
      const counted = await db.kysely
        .selectFrom('jetmon_event_transitions')
        .select(({ fn }) => fn.countAll<bigint>().as('n'))
        .where('event_id', '=', event.eventId)
        .executeTakeFirstOrThrow();
      expect(event.transitionCount).toBe(Number(counted.n));
    }
  });
});

describe('transitions', () => {
  it('come in order, in pages', async () => {
    const { queries } = await history();
    const [first] = await queries.transitions(EVERY_SITE, 1n as EventId, { limit: 1 });
    expect(first).toMatchObject({ seq: 1, reason: 'opened' });
    const rest =
      first && (await queries.transitions(EVERY_SITE, 1n as EventId, { afterId: first.transitionId, limit: 5 }));
    expect(rest).toMatchObject([{ seq: 2, reason: 'probe_cleared', stateAfter: 'Resolved' }]);
    expect(await queries.transitions(EVERY_SITE, 99n as EventId, { limit: 5 })).toEqual([]);
  });
});

describe('the last transitions', () => {
  it('are the newest, in the order they happened', async () => {
    const { queries } = await history();
    expect(await queries.lastTransitions(EVERY_SITE, 1n as EventId, 1)).toMatchObject([{ seq: 2 }]);
    expect(await queries.lastTransitions(EVERY_SITE, 1n as EventId, 5)).toMatchObject([{ seq: 1 }, { seq: 2 }]);
    expect(await queries.lastTransitions(EVERY_SITE, 99n as EventId, 5)).toEqual([]);
  });
});

describe('open events of sites', () => {
  it('come worst first, for as many sites as asked for', async () => {
    const { queries, one, two } = await history();
    const many = Array.from({ length: 500 }, (_, index) => BigInt(1_000 + index) as typeof one.siteId);
    const found = await queries.openBySites(EVERY_SITE, [one.siteId, ...many, two.siteId]);
    const shown = [...found].map(([siteId, events]) => [siteId, events.map((event) => event.state)]);
    expect(shown).toEqual([
      [one.siteId, ['Seems Down', 'Warning']],
      [two.siteId, ['Down']],
    ]);
    expect(await queries.openBySites(EVERY_SITE, [])).toEqual(new Map());
  });
});

it('reports stored metadata that cannot be read, and reads the rest', async () => {
  const { db, queries } = await history();
  await db.kysely.updateTable('jetmon_events').set({ metadata: '{"a":' }).where('id', '=', 1n).execute();
  await db.kysely
    .updateTable('jetmon_event_transitions')
    .set({ metadata: 'nope' })
    .where('event_id', '=', 1n)
    .execute();
  expect(await queries.byId(EVERY_SITE, 1n as EventId)).toMatchObject({
    eventId: 1n,
    metadata: null,
    metadataError: true,
  });
  const [first] = await queries.transitions(EVERY_SITE, 1n as EventId, { limit: 1 });
  expect(first).toMatchObject({ seq: 1, metadata: null, metadataError: true });
  expect(await queries.byId(EVERY_SITE, 2n as EventId)).not.toHaveProperty('metadataError');
});
