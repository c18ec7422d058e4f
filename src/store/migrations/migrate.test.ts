import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { onSqliteOnly, temporaryDatabase, temporaryFolder, temporaryStore } from '../../../test/kit/store.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { systemClock } from '../../lib/clock.ts';
import { openSqlite } from '../dialect/sqlite.ts';
import type { Executor } from '../schema.ts';
import { migrate, migrationStatus } from './migrate.ts';
import { MIGRATIONS, type Migration } from './migrations.ts';

/** The registry as version 1 made it, in the words of SQLite, with one site in it. */
const VERSION_1 = `
  create table jetpack_monitor_sites (
    jetpack_monitor_site_id integer primary key autoincrement, blog_id unsigned bigint not null,
    bucket_no unsigned smallint not null, monitor_url varchar(300) not null,
    monitor_active unsigned tinyint not null default 1, site_status unsigned tinyint not null default 1,
    last_status_change timestamp null default current_timestamp, check_interval unsigned tinyint not null default 5);
  create index blog_id_monitor_url on jetpack_monitor_sites (blog_id, monitor_url);
  insert into jetpack_monitor_sites (blog_id, bucket_no, monitor_url, last_status_change, site_status)
    values (4711, 3, 'https://old.example/', '2020-01-02 03:04:05', 2);`;

/** The id of the migration that nobody has written yet. */
const NEXT = Math.max(...MIGRATIONS.map(({ id }) => id)) + 1;

function shapeOf(path: string): unknown {
  const file = new DatabaseSync(path, { readOnly: true });
  const shape = file.prepare(
    "select name, sql from sqlite_master where tbl_name = 'jetpack_monitor_sites' order by name",
  );
  const rows = shape.all();
  file.close();
  return rows;
}

describe('the first migration', () => {
  onSqliteOnly.it('makes the registry in the exact columns and indexes of version 1 when there is none', async () => {
    const { name } = await temporaryDatabase();
    const file = new DatabaseSync(name, { readOnly: true });
    const columns = file.prepare('pragma table_info(jetpack_monitor_sites)').all();
    expect(columns.map(({ name, type, notnull, dflt_value }) => [name, type, notnull, dflt_value])).toEqual([
      ['jetpack_monitor_site_id', 'INTEGER', 0, null],
      ['blog_id', 'unsigned bigint(20)', 1, null],
      ['bucket_no', 'unsigned smallint(2)', 1, null],
      ['monitor_url', 'varchar(300)', 1, null],
      ['monitor_active', 'unsigned tinyint(1)', 1, '1'],
      ['site_status', 'unsigned tinyint(1)', 1, '1'],
      ['last_status_change', 'timestamp', 0, 'current_timestamp'],
      ['check_interval', 'unsigned tinyint(1)', 1, '5'],
    ]);
    const indexes = file.prepare('pragma index_list(jetpack_monitor_sites)').all();
    expect(indexes.map(({ name }) => name).sort()).toEqual([
      'blog_id_monitor_url',
      'bucket_no_monitor_active_check_interval',
    ]);
    file.close();
  });

  onSqliteOnly.it('leaves a registry that was there as it is, and hands out no ids in it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'jetmon.db');
    const file = new DatabaseSync(path);
    file.exec(VERSION_1);
    file.close();
    const before = shapeOf(path);
    const { endpoints } = await temporaryStore(folder);
    expect(shapeOf(path)).toEqual(before);
    const wanted = { url: 'https://new.example/', active: true, bucketNo: 0, intervalSeconds: 60 };
    expect(await endpoints.create(EVERY_SITE, { ...wanted, siteId: null })).toEqual({ kind: 'site_id_required' });
    expect(await endpoints.create(EVERY_SITE, { ...wanted, siteId: 12n as never })).toMatchObject({ kind: 'created' });
    expect(await endpoints.bySite(EVERY_SITE, 4711n as never)).toMatchObject([
      {
        url: 'https://old.example/',
        intervalSeconds: 300,
        legacyStatus: 2,
        statusChangedAtMs: Date.UTC(2020, 0, 2, 3, 4, 5),
      },
    ]);
  });

  it('may run again on tables that are there', async () => {
    const { db, addEndpoint, endpoints } = await temporaryStore();
    await addEndpoint();
    for (const migration of MIGRATIONS) await migration.up(db.kysely, db.dialect);
    expect(await endpoints.all(EVERY_SITE)).toHaveLength(1);
    await addEndpoint();
    expect(await endpoints.all(EVERY_SITE)).toHaveLength(2);
  });
});

onSqliteOnly.describe('the second migration', () => {
  it('gives a database that is in use its columns, and leaves what stands in it', async () => {
    const folder = temporaryFolder();
    const opened = await openSqlite(join(folder, 'jetmon.db'));
    const { kysely: older, dialect } = opened;
    const parts = { kysely: older, dialect, clock: systemClock, name: 'x' };
    await migrate({ ...parts, migrations: MIGRATIONS.slice(0, 1) });
    await older
      .insertInto('jetmon_endpoint_check_config')
      .values({ source_site_id: 1n, blog_id: 1n, timeout_seconds: 7, created_at: 1, updated_at: 1 })
      .execute();
    await sql`alter table jetmon_endpoint_check_config add column custom_headers text`.execute(older);
    await opened.close();
    const { kysely } = await temporaryDatabase(folder);
    const rows = await kysely.selectFrom('jetmon_endpoint_check_config').selectAll().execute();
    expect(rows).toMatchObject([{ timeout_seconds: 7n, custom_headers: null, http2: null }]);
  });
});

describe('migrate', () => {
  const steps = (ids: number[], ran: number[]): Migration[] =>
    ids.map((id) => ({ id, name: `step ${id}`, up: async (_: Executor) => void ran.push(id) }));

  it('runs what is missing, in order, once', async () => {
    const { kysely, dialect } = await temporaryDatabase();
    const ran: number[] = [];
    const common = { kysely, dialect, clock: systemClock, name: 'x' };
    const ids = MIGRATIONS.map(({ id }) => id);
    await migrate({ ...common, migrations: steps([...ids, NEXT, NEXT + 1], ran) });
    await migrate({ ...common, migrations: steps([...ids, NEXT, NEXT + 1, NEXT + 2], ran) });
    expect(ran).toEqual([NEXT, NEXT + 1, NEXT + 2]);
    await expect(migrate({ ...common, migrations: steps([...ids, NEXT], ran) })).rejects.toMatchObject({
      code: 'database_newer',
      details: { unknown: [NEXT + 1, NEXT + 2] },
    });
  });

  it('records nothing of a step that fails, and takes it up again', async () => {
    const { kysely, dialect } = await temporaryDatabase();
    const ran: number[] = [];
    const failing: Migration = {
      id: NEXT,
      name: 'fails',
      async up(db) {
        await db.schema.createTable('half').addColumn('a', 'integer').execute();
        throw new Error('cut short');
      },
    };
    const common = { kysely, dialect, clock: systemClock, name: 'x' };
    await expect(migrate({ ...common, migrations: [...MIGRATIONS, failing] })).rejects.toThrow('cut short');
    await migrate({ ...common, migrations: [...MIGRATIONS, ...steps([NEXT], ran)] });
    expect(ran).toEqual([NEXT]);
    // Where the database can undo changes of tables, nothing of the step is left; elsewhere it was completed.
    if (dialect.name !== 'sqlite') return;
    const tables = await kysely.introspection.getTables();
    expect(tables.map(({ name }) => name)).not.toContain('half');
  });
});

describe('what has been applied', () => {
  it('is told with names and times, and what is pending or unknown too', async () => {
    const { kysely } = await temporaryDatabase();
    await kysely.insertInto('jetmon_schema_migrations').values({ id: 9_999, applied_at: 5 }).execute();
    const pending: Migration = { id: NEXT, name: 'later', up: async () => {} };
    const status = await migrationStatus(kysely, [...MIGRATIONS, pending]);
    expect(status.map(({ id, name }) => [id, name])).toEqual([
      ...MIGRATIONS.map(({ id, name }) => [id, name]),
      [NEXT, 'later'],
      [9_999, null],
    ]);
    expect(status.map(({ appliedAtMs }) => appliedAtMs)).toEqual([
      ...MIGRATIONS.map(() => expect.any(Number)),
      null,
      5,
    ]);
  });
});

describe('before the first change', () => {
  it('of tables that are there, and only then, the caller is asked; a refusal stops everything', async () => {
    const { kysely, dialect } = await temporaryDatabase();
    const asked: number[] = [];
    const ran: number[] = [];
    const step: Migration = { id: NEXT, name: 'step', up: async () => void ran.push(asked.length) };
    const common = { kysely, dialect, clock: systemClock, name: 'x' };
    const refusing = async () => {
      throw new Error('no room');
    };
    await expect(migrate({ ...common, migrations: [...MIGRATIONS, step], beforeChange: refusing })).rejects.toThrow(
      'no room',
    );
    expect(ran).toEqual([]);
    const beforeChange = async (newest: number) => void asked.push(newest);
    await migrate({ ...common, beforeChange });
    const done = await migrate({ ...common, migrations: [...MIGRATIONS, step], beforeChange });
    expect({ asked, ran, done }).toEqual({ asked: [NEXT - 1], ran: [1], done: [step] });
  });
});

describe('the third migration', () => {
  it('leaves buckets that somebody owns as they are when it runs again', async () => {
    const { db } = await temporaryStore();
    const owned = { owner: 'host-a', epoch: 7n, expires_at: 9n };
    await db.kysely.updateTable('jetmon_buckets').set(owned).where('bucket', '=', 3n).execute();
    for (const migration of MIGRATIONS) await migration.up(db.kysely, db.dialect);
    const rows = await db.kysely.selectFrom('jetmon_buckets').selectAll().orderBy('bucket').execute();
    expect(rows.map(({ bucket }) => Number(bucket))).toEqual(Array.from({ length: 1_024 }, (_, bucket) => bucket));
    expect(rows[3]).toEqual({ bucket: 3n, ...owned });
  });

  it('keeps one check of a kind per endpoint, and one for the whole site', async () => {
    const { kysely } = await temporaryDatabase();
    const row = { blog_id: 1n, check_type: 'dns', settings: '{}', created_at: 1, updated_at: 1 };
    const insert = (endpointId: bigint | null) =>
      kysely
        .insertInto('jetmon_checks')
        .values({ ...row, endpoint_id: endpointId })
        .execute();
    await insert(null);
    await insert(5n);
    await expect(insert(null)).rejects.toThrow();
    await expect(insert(5n)).rejects.toThrow();
  });
});
