import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';

const OPEN: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' };
const LAST = 2n ** 63n - 1n;

it.each([
  [
    'an event',
    'jetmon_events',
    'update jetmon_events set id = :last where id = :event; update jetmon_event_transitions set event_id = :last where event_id = :event',
  ],
  [
    'a transition',
    'jetmon_event_transitions',
    'update jetmon_event_transitions set id = :last where event_id = :event and seq = 1',
  ],
])('%s with the highest id there is stops nothing: it is set aside with what belongs to it', async (_, table, slip) => {
  const { db, events, queries, addEndpoint } = await temporaryStore();
  const [poisoned, other] = [await addEndpoint(), await addEndpoint()];
  const { eventId } = await events.append(appendTo(poisoned, [OPEN], { project: false }));
  for (const statement of slip.split('; ')) {
    await sql.raw(statement.replaceAll(':last', String(LAST)).replaceAll(':event', String(eventId))).execute(db.kysely);
  }
  if (db.dialect.name === 'sqlite')
    await sql`update sqlite_sequence set seq = ${LAST} where name = ${table}`.execute(db.kysely);

  const { transitions } = await events.append(appendTo(other, [OPEN]));
  expect(transitions).toHaveLength(1);
  expect((await queries.list(EVERY_SITE, { limit: 9 })).map(({ siteId }) => siteId)).toEqual([other.siteId]);
  const parked = await db.kysely.selectFrom('jetmon_parked_rows').select(['table_name', 'row_id', 'body']).execute();
  expect(parked.map((row) => row.table_name).sort()).toEqual(['jetmon_event_transitions', 'jetmon_events']);
  expect(parked.some((row) => row.row_id === String(LAST))).toBe(true);
  // The state of the site was made of it, and follows with the next change of that site.
  expect((await brokenInvariants(db)).filter((name) => !name.includes('site'))).toEqual([]);
});
