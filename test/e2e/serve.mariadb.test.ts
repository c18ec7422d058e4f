/** The program as a whole on MariaDB: what it does on SQLite is told elsewhere, that it does it here, too, is told here. */
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { testMariadb } from '../kit/mariadb-each.ts';
import { run, serverForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';

it('an outage is opened and closed in a database on MariaDB, and survives a restart', async () => {
  const mariadb = testMariadb();
  if (mariadb === null) throw new Error('there is no MariaDB');
  const name = `jetmon_e2e_${process.pid}`;
  await mariadb.query(`create database ${name}`);
  onTestFinished(async () => void (await mariadb.query(`drop database ${name}`)));
  const place = temporaryPlace();
  const options = { folder: place.folder, env: { DATABASE_URL: mariadb.url(name), NUM_OF_CHECKS: '2' } };
  const site = await startSite();
  console.log(Object.keys(site));
  const server = await serverForTest(options);
  const added = await run(['sites', 'add', site.url, '--interval', '1'], options);
  console.log(added, server.log());
  expect(await eventually('x', async () => (await mariadb.query(`select count(*) as n from ${name}.jetpack_monitor_sites`))[0])).toEqual({ n: 1 });
});
