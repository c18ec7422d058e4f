/** The log while its file cannot be written: nothing is lost, nothing is invented, and all is consistent afterwards. */
import { sql } from 'kysely';
import { expect } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { appendTo, onSqliteOnly, temporaryStore } from '../../test/kit/store.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';

const OPEN: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' };
const SITES = 12;

/** Appends that come while `trouble` holds, which `end` ends. */
async function throughTrouble(trouble: string, end: string): Promise<void> {
  const { db, events, queries, addEndpoint } = await temporaryStore();
  const endpoints = await Promise.all(Array.from({ length: SITES }, () => addEndpoint()));
  await sql.raw(trouble).execute(db.kysely);
  const metadata = { evidence: { body: 'x'.repeat(50_000) } };
  const answers = endpoints.map((endpoint) => events.append(appendTo(endpoint, [OPEN], { metadata })));
  await eventually('the database was found away', () => events.stats().outages > 1 || null);
  expect(events.waiting()).toBeGreaterThan(0);
  await sql.raw(end).execute(db.kysely);
  expect((await Promise.all(answers)).map(({ transitions }) => transitions.length)).toEqual(endpoints.map(() => 1));
  expect(await queries.list(EVERY_SITE, { limit: 100 })).toHaveLength(SITES);
  expect(events.waiting()).toBe(0);
  expect(await brokenInvariants(db)).toEqual([]);
}

onSqliteOnly.describe('decisions wait for a file', () => {
  onSqliteOnly.it('on a disk that is full', () =>
    throughTrouble('pragma max_page_count = 1', 'pragma max_page_count = 1000000'),
  );

  onSqliteOnly.it('that may only be read', () => throughTrouble('pragma query_only = 1', 'pragma query_only = 0'));
});
