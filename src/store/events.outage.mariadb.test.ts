/** The log while its server is gone, or takes no writes: nothing is lost, nothing is invented, and all is consistent afterwards. */
import { expect, it, onTestFinished } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { type Mariadb, startMariadb } from '../../test/kit/mariadb.ts';
import { provideMariadb } from '../../test/kit/mariadb-program.ts';
import { appendTo, storeOn } from '../../test/kit/store.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { openDatabase } from './database.ts';

const OPEN: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' };
const SITES = 12;

async function throughTrouble(
  begin: (server: Mariadb) => Promise<unknown>,
  end: (server: Mariadb) => Promise<unknown>,
) {
  const server = await startMariadb(await provideMariadb());
  onTestFinished(() => server.stop());
  await server.query('create database jetmon_outage');
  const db = await openDatabase({ url: server.url('jetmon_outage') });
  const { events, queries, addEndpoint } = storeOn(db);
  const endpoints = await Promise.all(Array.from({ length: SITES }, () => addEndpoint()));
  await begin(server);
  const answers = endpoints.map((endpoint) => events.append(appendTo(endpoint, [OPEN])));
  await eventually('the database was found away', () => events.stats().outages > 2 || null);
  expect(events.waiting()).toBe(SITES);
  await end(server);
  expect((await Promise.all(answers)).map(({ transitions }) => transitions.length)).toEqual(endpoints.map(() => 1));
  expect(await queries.list(EVERY_SITE, { limit: 100 })).toHaveLength(SITES);
  expect(await brokenInvariants(db)).toEqual([]);
  await events.close();
  await db.close();
}

it('decisions wait for a server that was killed', () =>
  throughTrouble(
    (server) => server.kill(),
    (server) => server.restart(),
  ));

it('decisions wait for a server that only lets read', () =>
  throughTrouble(
    (server) => server.query('set global read_only = 1'),
    (server) => server.query('set global read_only = 0'),
  ));

it('a stop does not wait for a server that is gone, and nothing half-written is left', async () => {
  const server = await startMariadb(await provideMariadb());
  onTestFinished(() => server.stop());
  await server.query('create database jetmon_outage');
  const db = await openDatabase({ url: server.url('jetmon_outage') });
  const { events, addEndpoint } = storeOn(db);
  const endpoint = await addEndpoint();
  await server.kill();
  const answer = events.append(appendTo(endpoint, [OPEN])).catch((error: { code: string }) => error.code);
  await eventually('the database was found away', () => events.stats().outages > 0 || null);
  await events.settle();
  expect(await answer).toBe('db_unavailable');
  await server.restart();
  await db.close();
  const after = await openDatabase({ url: server.url('jetmon_outage') });
  const again = storeOn(after);
  expect(await again.queries.list(EVERY_SITE, { limit: 9 })).toEqual([]);
  expect(await brokenInvariants(after)).toEqual([]);
  await after.close();
});
