/** The operator's commands on the store, as a person or a script uses them. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../src/store/migrations/migrations.ts';
import { eventually } from '../kit/eventually.ts';
import { type Finished, rowsOf, run, serverForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';

function document(finished: Finished): Record<string, unknown> {
  return JSON.parse(finished.out) as Record<string, unknown>;
}

/** Runs statements on a file, as no command of ours would. */
function tamper(path: string, ...statements: string[]): void {
  const file = new DatabaseSync(path);
  for (const statement of statements) file.exec(statement);
  file.close();
}

/** A data folder with one site that is down, left by a server in good order. */
async function placeWithOutage() {
  const place = temporaryPlace();
  const site = await startSite({ behaviour: { kind: 'status', code: 500 } });
  const env = { NUM_OF_CHECKS: '1' };
  const server = await serverForTest({ folder: place.folder, args: ['--site', site.url, '--every', '2s'], env });
  await eventually(
    'the site is down',
    () => rowsOf(server.dataDir, "select 1 from jetmon_events where state = 'Down'")[0],
  );
  await server.end('SIGTERM');
  await site.stop();
  return { ...place, path: join(place.dataDir, 'jetmon.db') };
}

const NEWEST = MIGRATIONS.at(-1)?.id ?? 0;

describe('migrate', () => {
  it('--status lists what is pending where nothing is yet, and makes nothing', async () => {
    const { folder, dataDir } = temporaryPlace();
    const finished = await run(['migrate', '--status', '--json'], { folder });
    expect(finished).toMatchObject({ code: 0, err: '' });
    expect(document(finished)['migrations']).toEqual(
      MIGRATIONS.map(({ id, name }) => ({ id, name, known: true, applied_at: null })),
    );
    expect(existsSync(dataDir)).toBe(false);
  });

  it('brings a new database up to date, a line a migration, and says so when it is', async () => {
    const { folder, dataDir } = temporaryPlace();
    const lines = MIGRATIONS.map(({ id, name }) => `migration ${id} (${name}) is applied\n`).join('');
    const done = `${join(dataDir, 'jetmon.db')} is up to date\n`;
    expect(await run(['migrate'], { folder })).toMatchObject({ code: 0, err: '', out: lines + done });
    expect(await run(['migrate'], { folder })).toMatchObject({ code: 0, err: '', out: done });
    expect(document(await run(['migrate', '--json'], { folder }))['applied']).toEqual([]);
    expect((await run(['migrate', '--status'], { folder })).out).toMatch(
      /^ID +NAME +APPLIED\n1 +first tables +20\d\d-/,
    );
  });

  it('copies an older database aside before it changes it, and says where', async () => {
    const { folder, dataDir } = temporaryPlace();
    await run(['migrate'], { folder });
    const path = join(dataDir, 'jetmon.db');
    tamper(path, `delete from jetmon_schema_migrations where id = ${NEWEST}`);
    const { code, out, err } = await run(['migrate'], { folder });
    expect({ code, out }).toMatchObject({ code: 0, out: expect.stringContaining(`migration ${NEWEST} (`) });
    const [copy = ''] = readdirSync(dataDir).filter((name) => name.includes('.before-'));
    expect(copy).toMatch(/^jetmon\.db\.before-\d+-\d{8}T\d{9}Z$/);
    expect(err).toContain(join(dataDir, copy));
    expect((await run(['verify-db', join(dataDir, copy)], { folder })).code).toBe(0);
  });

  it('names what a newer program did, and changes nothing', async () => {
    const { folder, dataDir } = temporaryPlace();
    await run(['migrate'], { folder });
    tamper(join(dataDir, 'jetmon.db'), 'insert into jetmon_schema_migrations values (999, 1000)');
    const status = await run(['migrate', '--status', '--json'], { folder });
    expect(status.code).toBe(0);
    const newer = { id: 999, name: null, known: false, applied_at: '1970-01-01T00:00:01.000Z' };
    expect(document(status)['migrations']).toContainEqual(newer);
    expect((await run(['migrate', '--status'], { folder })).out).toContain('not known to this program');
    const refused = await run(['migrate'], { folder });
    expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringContaining('changed by a newer program') });
    expect((await run(['verify-db'], { folder })).out).toContain('a newer program changed it: migration 999');
    expect((await run(['replay', '--verify'], { folder })).code).toBe(2);
  });

  it('waits for no server: one that holds an older database must stop first', async () => {
    const { folder } = temporaryPlace();
    const server = await serverForTest({ folder });
    expect(await run(['migrate'], { folder })).toMatchObject({ code: 0, err: '' });
    tamper(join(server.dataDir, 'jetmon.db'), `delete from jetmon_schema_migrations where id = ${NEWEST}`);
    const refused = await run(['migrate'], { folder });
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining(`process ${server.pid}`) });
    expect((await run(['replay', '--verify'], { folder })).err).toContain('run `jetmon2 migrate`');
  });
});

describe('backup', () => {
  it('beside a running server makes a whole file, from which another server goes on', async () => {
    const { folder } = temporaryPlace();
    const server = await serverForTest({ folder });
    const added = await run(['sites', 'add', 'https://kept.example/'], { folder });
    expect(added.code).toBe(0);
    const finished = await run(['backup', 'copy.db'], { folder });
    expect(finished).toMatchObject({ code: 0, err: '' });
    const target = join(folder, 'copy.db');
    expect(finished.out).toMatch(/copy\.db holds the database: \d+ bytes, copied and checked in \d+ ms\n$/);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect((await run(['verify-db', 'copy.db'], { folder })).code).toBe(0);
    await run(['sites', 'add', 'https://late.example/'], { folder });
    await server.end('SIGTERM');

    const other = temporaryPlace();
    mkdirSync(other.dataDir, { mode: 0o700 });
    cpSync(target, join(other.dataDir, 'jetmon.db'));
    const restored = await serverForTest({ folder: other.folder });
    const urls: string[] = [];
    for await (const one of restored.client.sites.list()) urls.push(...one.endpoints.map((part) => part.monitor_url));
    expect(urls).toEqual(['https://kept.example/']);
  });

  it('works when no server runs, and replaces a file by force alone', async () => {
    const { folder } = temporaryPlace();
    await run(['migrate'], { folder });
    const told = document(await run(['backup', 'copy.db', '--json'], { folder }));
    const target = join(folder, 'copy.db');
    expect(told).toEqual({ file: target, bytes: statSync(target).size, duration_ms: expect.any(Number) });
    const refused = await run(['backup', 'copy.db'], { folder });
    expect(refused).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringMatching(/is there already\. Fix: .*--force\.\n$/),
    });
    expect(await run(['backup', '--force', 'copy.db'], { folder })).toMatchObject({ code: 0, err: '' });
    expect(readdirSync(folder).sort()).toEqual(['copy.db', 'data']);
  });

  it.each<[args: string[], words: string]>([
    [['backup'], "missing required argument 'file'"],
    [['backup', 'a.db', 'b.db'], 'too many arguments'],
    [['backup', '--forse', 'a.db'], "unknown option '--forse'"],
    [['backup', 'a.db'], 'there is no database'],
    [['backup', 'missing/a.db'], 'does not exist'],
    [['backup', '.'], 'that is a folder'],
  ])('%j is refused, and nothing is made', async (args, words) => {
    const { folder } = temporaryPlace();
    const { code, out, err } = await run(args, { folder });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error: .+ Fix: .+\n$/);
    expect(err).toContain(words);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(process.getuid?.() === 0)('into a folder that may only be read is refused', async () => {
    const { folder } = temporaryPlace();
    await run(['migrate'], { folder });
    mkdirSync(join(folder, 'shelf'), { mode: 0o500 });
    const refused = await run(['backup', 'shelf/a.db'], { folder });
    expect(refused).toMatchObject({ code: 2, out: '' });
    chmodSync(join(folder, 'shelf'), 0o700);
    expect(readdirSync(join(folder, 'shelf'))).toEqual([]);
  });

  it('of a database that is a server is left to the tools of that server', async () => {
    const { folder } = temporaryPlace();
    const env = { DATABASE_URL: 'mysql://jetmon:secret@db.example/jetmon' };
    const refused = await run(['backup', 'a.db'], { folder, env });
    expect(refused).toMatchObject({ code: 2, err: expect.stringContaining('mariadb-dump --single-transaction') });
    expect(refused.err).not.toContain('secret');
  });
});

describe('verify-db', () => {
  it('finds nothing in what a server left, and names what was changed by hand', async () => {
    const { folder, path } = await placeWithOutage();
    const good = await run(['verify-db', '--json'], { folder });
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(document(good)['ok']).toBe(true);
    tamper(path, "update jetmon_events set state = 'Warning' where check_type = 'http'");
    const bad = await run(['verify-db'], { folder });
    expect(bad).toMatchObject({ code: 1, err: '' });
    expect(bad.out).toContain('I2: the newest transition tells the event: FAILED (event 1)\n');
    expect(bad.out).toContain('integrity: the file is whole: ok\n');
    expect(bad.out).toMatch(/\n\d+ of \d+ checks failed\n$/);
  });

  it('tells damage and strangers, and leaves a file as it was', async () => {
    const { folder, path } = await placeWithOutage();
    await run(['backup', 'copy.db'], { folder });
    const copy = join(folder, 'copy.db');
    const content = readFileSync(copy);
    content.fill(0x5a, 4_096 * 3, 4_096 * 5);
    writeFileSync(copy, content);
    const damaged = await run(['verify-db', 'copy.db'], { folder });
    expect(damaged).toMatchObject({ code: 1, out: expect.stringContaining('the file is whole: FAILED') });
    expect(readFileSync(copy).equals(content)).toBe(true);
    tamper(join(folder, 'other.db'), 'create table bookmarks (url text)');
    const foreign = await run(['verify-db', 'other.db', '--json'], { folder });
    expect(foreign.code).toBe(1);
    expect(document(foreign)).toMatchObject({
      ok: false,
      checks: [{ outcome: 'ok' }, { id: 'owner', outcome: 'failed' }],
    });
    expect((await run(['verify-db', path], { folder })).code).toBe(0);
  });

  it.each<[args: string[], words: string]>([
    [['verify-db'], 'there is no database'],
    [['verify-db', 'missing.db'], 'there is no database'],
    [['verify-db', 'text.db'], 'is not a SQLite database'],
    [['verify-db', '.'], 'is a folder'],
    [['verify-db', 'a.db', 'b.db'], 'too many arguments'],
  ])('%j cannot be looked at', async (args, words) => {
    const { folder, dataDir } = temporaryPlace();
    writeFileSync(join(folder, 'text.db'), 'hello, this is text\n'.repeat(500));
    const { code, out, err } = await run(args, { folder });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error: .+ Fix: .+\n$/);
    expect(err).toContain(words);
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe('replay --verify', () => {
  it('agrees with what a server left, and shows what was changed by hand', async () => {
    const { folder, path } = await placeWithOutage();
    const good = await run(['replay', '--verify'], { folder });
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toMatch(/^\d+ transitions of \d+ events: 0 differences \(\d+ ms\)\n$/);
    const change = "severity = 1, resolution_reason = 'manual_override'";
    tamper(path, `update jetmon_events set ${change} where check_type = 'http'`);
    const bad = await run(['replay', '--verify', '--limit-differences', '1'], { folder });
    expect(bad).toMatchObject({ code: 1, err: '' });
    expect(bad.out).toMatch(/^EVENT +ROW +COLUMN +FOLDED +STORED\n1 +event 1 +severity +4 +1\n\.\.\. and 1 more\n/);
    expect(bad.out).toMatch(/: 2 differences \(\d+ ms\)\n$/);
    const told = document(await run(['replay', '--verify', '--json'], { folder }));
    expect(told).toMatchObject({
      difference_count: 2,
      drift_count: 0,
      differences: [
        { kind: 'event', row: 'event', id: '1', event_id: '1', column: 'severity', folded: '4', stored: '1' },
        { column: 'resolution_reason', folded: null, stored: 'manual_override' },
      ],
    });
  });

  it('counts a site that was paused behind our back, and does not call it a fault', async () => {
    const { folder, path } = await placeWithOutage();
    tamper(path, 'update jetpack_monitor_sites set monitor_active = 0');
    const found = await run(['replay', '--verify'], { folder });
    expect(found).toMatchObject({ code: 0, err: '' });
    expect(found.out).toMatch(
      /\n- +site 1 +site_state \(drift\) +Paused \(0\) +Down \(4\)\n.*: 0 differences, 1 drift \(/,
    );
    const told = document(await run(['replay', '--verify', '--json'], { folder }));
    expect(told).toMatchObject({ difference_count: 0, drift_count: 1, drifts: [{ kind: 'site_state', id: '1' }] });
  });

  it.each<[args: string[], words: string]>([
    [['replay'], 'not told what to do'],
    [['replay', '--verify'], 'there is no database'],
    [['replay', '--verify', '--limit-differences', 'all'], '--limit-differences "all"'],
    [['replay', '--verify', '--limit-differences', '0'], '--limit-differences "0"'],
    [['replay', '--verify', 'x'], 'too many arguments'],
  ])('%j is refused', async (args, words) => {
    const { folder, dataDir } = temporaryPlace();
    const { code, out, err } = await run(args, { folder });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^error: .+ Fix: .+\n$/);
    expect(err).toContain(words);
    expect(existsSync(dataDir)).toBe(false);
  });
});

it.each(['migrate', 'backup', 'verify-db', 'replay'])('`%s --help` shows an example', async (command) => {
  const { code, out, err } = await run([command, '--help'], temporaryPlace());
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(new RegExp(`\\nExamples:\\n(  \\$ .*\\n)*  \\$ jetmon2 ${command}`));
});
