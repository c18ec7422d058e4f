/** The program as a whole on MariaDB. What an outage must look like in detail is told on SQLite. */
import { expect, it, onTestFinished } from 'vitest';
import { openDatabase } from '../../src/store/database.ts';
import { brokenInvariants } from '../kit/broken-invariants.ts';
import { eventually } from '../kit/eventually.ts';
import { testMariadb } from '../kit/mariadb-each.ts';
import { serverForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';

it('an outage is opened and closed in a database on MariaDB, by a server that is started anew meanwhile', async () => {
  const mariadb = testMariadb();
  if (mariadb === null) throw new Error('there is no MariaDB');
  const name = `jetmon_e2e_${process.pid}`;
  await mariadb.query(`create database ${name}`);
  onTestFinished(async () => void (await mariadb.query(`drop database ${name}`)));
  const options = { folder: temporaryPlace().folder, env: { DATABASE_URL: mariadb.url(name) } };
  const site = await startSite();
  onTestFinished(() => site.stop());

  const first = await serverForTest(options);
  const { id } = await first.client.sites.create({ monitor_url: site.url, check_interval_seconds: 1 });
  const stateOn = async ({ client }: typeof first) => (await client.sites.get(Number(id))).current_state;
  const statusIs = async (status: number) => {
    const [row] = await mariadb.query(`select site_status from ${name}.jetpack_monitor_sites`);
    return row?.['site_status'] === status;
  };
  await eventually('the site is Up', async () => (await stateOn(first)) === 'Up');
  site.behave({ kind: 'status', code: 500 });
  await eventually('the site is Down', async () => (await stateOn(first)) === 'Down');
  expect(await statusIs(2)).toBe(true);
  await first.end('SIGKILL');

  const second = await serverForTest(options);
  expect(second.log()).not.toContain('p@ss');
  site.behave({ kind: 'up' });
  await eventually('the site is Up again', async () => (await stateOn(second)) === 'Up');
  expect(await statusIs(1)).toBe(true);
  const events = [];
  for await (const event of second.client.events.list({ site_id: Number(id) })) events.push(event);
  expect(events).toMatchObject([{ state: 'Down', resolution_reason: 'verifier_cleared', transition_count: 3 }]);
  expect(await second.end('SIGTERM')).toMatchObject({ code: 0, signal: null });

  const db = await openDatabase({ url: mariadb.url(name) });
  onTestFinished(() => db.close());
  expect(await brokenInvariants(db)).toEqual([]);
});
