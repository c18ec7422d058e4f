import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { sharedThreads, temporaryDatabase, temporaryFolder, temporaryStore } from '../../test/kit/store.ts';
import type { Clock } from '../lib/clock.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLog } from '../telemetry/log.ts';
import { copyAside } from './copy-aside.ts';
import { openDatabase, openToRead } from './database.ts';
import { openSqlite } from './dialect/sqlite.ts';
import { migrate } from './migrations/migrate.ts';
import { MIGRATIONS } from './migrations/migrations.ts';

function copiesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.includes('.before-'))
    .sort();
}

/** A database that only has the first migration, and something in it. */
async function olderDatabase(folder: string): Promise<string> {
  const path = join(folder, 'jetmon.db');
  const { kysely, dialect, close } = await openSqlite(path, { threads: sharedThreads });
  const migrations = MIGRATIONS.slice(0, 1);
  await migrate({ kysely, dialect, clock: systemClock, name: path, migrations });
  await kysely.insertInto('jetmon_sequences').values({ name: 'mine', next_value: 7 }).execute();
  await close();
  return path;
}

const at = (timeMs: number): Clock => ({ ...systemClock, nowMs: () => timeMs });

describe('an embedded database that is about to be changed', () => {
  it('is copied aside as it is, for its owner alone, and the log says where', async () => {
    const folder = temporaryFolder();
    const path = await olderDatabase(folder);
    const said: unknown[] = [];
    const log = { ...silentLog, info: (facts: unknown) => void said.push(facts) };
    await (await openDatabase({ url: path, log, clock: at(Date.UTC(2026, 10, 26, 18, 4, 5, 6)) })).close();
    expect(copiesIn(folder)).toEqual(['jetmon.db.before-1-20261126T180405006Z']);
    const copy = join(folder, copiesIn(folder)[0] ?? '');
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    expect(said[0]).toMatchObject({ copy });
    const file = new DatabaseSync(copy, { readOnly: true });
    expect(file.prepare('select id from jetmon_schema_migrations').all()).toEqual([{ id: 1 }]);
    expect(file.prepare("select next_value from jetmon_sequences where name = 'mine'").all()).toEqual([
      { next_value: 7 },
    ]);
    file.close();
  });

  it('is not copied when it is new, or when there is nothing to change', async () => {
    const folder = temporaryFolder();
    for (let turn = 0; turn < 2; turn++) await (await openDatabase({ url: join(folder, 'jetmon.db') })).close();
    expect(copiesIn(folder)).toEqual([]);
  });

  it('stays as it is when the copy cannot be made', async () => {
    const folder = temporaryFolder();
    const path = await olderDatabase(folder);
    const clock = at(Date.UTC(2026, 10, 26));
    writeFileSync(`${path}.before-1-20261126T000000000Z`, 'mine');
    await expect(openDatabase({ url: path, clock })).rejects.toMatchObject({
      code: 'copy_failed',
      message: expect.stringContaining('is there already'),
    });
    const db = await openToRead(path);
    expect(await db.kysely.selectFrom('jetmon_schema_migrations').select('id').execute()).toEqual([{ id: 1n }]);
    await db.close();
  });

  it('is not copied where there is no room, and that is said before anything is written', async () => {
    const { db } = await temporaryStore();
    const before = readdirSync(join(db.name, '..'));
    const freeBytes = () => 1024 * 1024;
    await expect(copyAside(db, { newestApplied: 2, clock: systemClock, freeBytes })).rejects.toMatchObject({
      code: 'copy_failed',
      message: expect.stringMatching(/it needs \d+ MiB and 1 MiB are free/),
    });
    expect(readdirSync(join(db.name, '..'))).toEqual(before);
  });

  it('keeps its three newest copies, the one just made in any case, and every other file', async () => {
    const folder = temporaryFolder();
    const db = await temporaryDatabase(folder);
    writeFileSync(join(folder, 'jetmon.db.before-the-flood'), '');
    for (const day of [11, 12, 13, 14, 2]) {
      await copyAside(db, { newestApplied: 2, clock: at(Date.UTC(2026, 10, day)) });
    }
    expect(copiesIn(folder)).toEqual([
      'jetmon.db.before-2-20261102T000000000Z',
      'jetmon.db.before-2-20261113T000000000Z',
      'jetmon.db.before-2-20261114T000000000Z',
      'jetmon.db.before-the-flood',
    ]);
  });
});
