/** The operator's commands on a database that is a server. What they say in detail is told on SQLite. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { MIGRATIONS } from '../../src/store/migrations/migrations.ts';
import { eventually } from '../kit/eventually.ts';
import { testMariadb } from '../kit/mariadb-each.ts';
import { run, serverForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';

/** A folder to run commands in, with an empty database of its own on the server. */
async function placeOnServer(name: string) {
  const mariadb = testMariadb();
  if (mariadb === null) throw new Error('there is no MariaDB');
  const database = `jetmon_${name}_${process.pid}`;
  await mariadb.query(`create database ${database}`);
  onTestFinished(async () => void (await mariadb.query(`drop database ${database}`)));
  const { folder, dataDir } = temporaryPlace();
  const options = { folder, env: { DATABASE_URL: mariadb.url(database), NUM_OF_CHECKS: '1' } };
  return {
    options,
    dataDir,
    /** Ends by itself, and never says the password. */
    async command(...args: string[]) {
      const finished = await run(args, options);
      expect(finished.out + finished.err).not.toContain('p@ss');
      return finished;
    },
    tamper: (statement: string) => mariadb.query(`use ${database}`, statement),
  };
}

it('`migrate` brings the tables up to date, and says how far they are', async () => {
  const { command } = await placeOnServer('migrate');
  const before = JSON.parse((await command('migrate', '--status', '--json')).out);
  expect(before.migrations).toEqual(MIGRATIONS.map(({ id, name }) => ({ id, name, known: true, applied_at: null })));
  const lacking = await command('replay', '--verify');
  expect(lacking).toMatchObject({ code: 2, out: '', err: expect.stringContaining('run `jetmon2 migrate`') });
  const lines = MIGRATIONS.map(({ id, name }) => `migration ${id} (${name}) is applied\n`).join('');
  const first = await command('migrate');
  expect(first).toMatchObject({ code: 0, err: '' });
  expect(first.out.startsWith(lines)).toBe(true);
  expect(first.out.slice(lines.length)).toMatch(/^127\.0\.0\.1:\d+\/jetmon_migrate_\d+ is up to date\n$/);
  expect(JSON.parse((await command('migrate', '--json')).out).applied).toEqual([]);
  expect((await command('migrate', '--status')).out).not.toContain('pending');
});

it('`verify-db`, `replay` and `audit` agree with what a server left, and show what was changed by hand', async () => {
  const { command, options, tamper } = await placeOnServer('verify');
  const site = await startSite({ behaviour: { kind: 'status', code: 500 } });
  onTestFinished(() => site.stop());
  const server = await serverForTest(options);
  const { id } = await server.client.sites.create({ monitor_url: site.url, check_interval_seconds: 1 });
  await eventually(
    'the site is Down',
    async () => (await server.client.sites.get(Number(id))).current_state === 'Down',
  );
  const beside = await command('replay', '--verify');
  expect(beside).toMatchObject({ code: 0, err: '', out: expect.stringContaining(' 0 differences (') });
  await server.end('SIGTERM');

  const good = await command('verify-db');
  expect(good).toMatchObject({ code: 0, err: '' });
  expect(good.out).toMatch(/^schema: its tables are known: ok\n(?:.*: ok\n)+all is well\n$/);
  const trail = await command('audit', '--blog-id', String(id));
  expect(trail).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/http: (?:Up|Seems Down) -> Down/) });
  expect(trail.out).not.toContain('site_state');

  await tamper('update jetpack_monitor_sites set monitor_active = 0');
  const drifted = await command('replay', '--verify', '--json');
  expect(drifted.code).toBe(0);
  expect(JSON.parse(drifted.out)).toMatchObject({ difference_count: 0, drift_count: 1 });
  await tamper("update jetmon_events set state = 'Warning' where check_type = 'http'");
  expect(await command('verify-db')).toMatchObject({
    code: 1,
    err: '',
    out: expect.stringContaining('FAILED (event '),
  });
  expect(await command('replay', '--verify')).toMatchObject({
    code: 1,
    out: expect.stringMatching(/: 1 difference, 1 drift/),
  });
});

it('`backup` is left to the tools of the server, and a file can be looked at all the same', async () => {
  const { command, options, dataDir } = await placeOnServer('backup');
  const refused = await command('backup', 'copy.db');
  expect(refused).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('mariadb-dump --single-transaction'),
  });
  expect(existsSync(join(options.folder, 'copy.db'))).toBe(false);
  expect(existsSync(dataDir)).toBe(false);
  const embedded = temporaryPlace();
  await run(['migrate'], { folder: embedded.folder });
  const looked = await command('verify-db', join(embedded.dataDir, 'jetmon.db'));
  expect(looked).toMatchObject({ code: 0, out: expect.stringContaining('the file is whole: ok') });
});

it('a server that is not there is told, by each of them', async () => {
  const { folder } = temporaryPlace();
  const env = { DATABASE_URL: 'mysql://jetmon:secret@127.0.0.1:1/jetmon' };
  for (const args of [
    ['migrate'],
    ['migrate', '--status'],
    ['verify-db'],
    ['replay', '--verify'],
    ['audit', '--blog-id', '1'],
  ]) {
    const refused = await run(args, { folder, env });
    expect({ args, code: refused.code, out: refused.out }).toEqual({ args, code: 2, out: '' });
    expect(refused.err).toMatch(/^error: .*127\.0\.0\.1:1\/jetmon.* Fix: .+\n$/);
    expect(refused.err).not.toContain('secret');
  }
});
