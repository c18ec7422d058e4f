import { sql } from 'kysely';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { testMariadb } from '../../../test/kit/mariadb-each.ts';
import { appendTo, databaseUrl, temporaryDatabase, temporaryFolder, temporaryStore } from '../../../test/kit/store.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { openDatabase } from '../database.ts';
import { migrate } from '../migrations/migrate.ts';
import { MIGRATIONS } from '../migrations/migrations.ts';
import { openMysql } from './mysql.ts';

async function opened(options: Parameters<typeof openMysql>[1] = {}) {
  const db = await openMysql(await databaseUrl(temporaryFolder()), options);
  onTestFinished(() => db.close());
  return db;
}

describe('values', () => {
  it('are read as on SQLite: whole numbers exact, fractions to the last bit, bytes as bytes', async () => {
    const { kysely } = await opened();
    await sql`create table v (i bigint, u bigint unsigned, s tinyint(1), d double, t mediumtext, b mediumblob, at timestamp null) default charset=utf8mb4`.execute(
      kysely,
    );
    const doubles = [0.1, 1 / 3, 5e-324, 1.7976931348623157e308, -123456.789, 2 ** 53, 1e21, 0.1 + 0.2];
    const text = `a'b"c\\d\0e\n%_ ü € \u{1f600}`;
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    for (const d of doubles)
      await sql`insert into v values (${2n ** 63n - 1n}, ${2n ** 64n - 1n}, ${1}, ${d}, ${text}, ${bytes}, ${'2026-01-02 03:04:05'})`.execute(
        kysely,
      );
    const { rows } = await sql<Record<string, unknown>>`select * from v`.execute(kysely);
    expect(rows.map((row) => row['d'])).toEqual(doubles);
    expect(rows[0]).toMatchObject({
      i: 2n ** 63n - 1n,
      u: 2n ** 64n - 1n,
      s: 1n,
      t: text,
      at: '2026-01-02 03:04:05',
    });
    expect(rows[0]?.['b']).toBeInstanceOf(Uint8Array);
    expect(Array.from(rows[0]?.['b'] as Uint8Array)).toEqual([...bytes]);
    const sums = await sql`select sum(s) as s, avg(s) as a, count(*) as c, null as n, 1 = 1 as yes from v`.execute(
      kysely,
    );
    expect(sums.rows).toEqual([{ s: BigInt(doubles.length), a: 1, c: BigInt(doubles.length), n: null, yes: 1n }]);
  });

  it('that do not fit their column are refused, not cut', async () => {
    const { kysely } = await opened();
    await sql`create table v (t varchar(3))`.execute(kysely);
    await expect(sql`insert into v values ('four')`.execute(kysely)).rejects.toMatchObject({ errno: 1406 });
  });
});

describe('the dialect', () => {
  it('tells the time of the server in ms', async () => {
    const { kysely, dialect } = await opened();
    const { rows } = await sql<{ now: bigint }>`select ${dialect.nowMs} as now`.execute(kysely);
    expect(Math.abs(Number(rows[0]?.now) - Date.now())).toBeLessThan(60_000);
    expect(typeof rows[0]?.now).toBe('bigint');
  });

  it('updates on a key that is taken, keeps what is to be kept, and may have nothing to update', async () => {
    const { kysely, dialect } = await temporaryDatabase();
    const table = 'jetmon_sequences';
    await dialect.upsert(kysely, { table, rows: [{ name: 'a', next_value: 1 }], key: ['name'] });
    await dialect.upsert(kysely, {
      table,
      rows: [
        { name: 'a', next_value: 2 },
        { name: 'b', next_value: 3 },
      ],
      key: ['name'],
    });
    await dialect.upsert(kysely, { table, rows: [{ name: 'a', next_value: 9 }], key: ['name'], keep: ['next_value'] });
    const rows = await kysely.selectFrom(table).selectAll().where('name', 'in', ['a', 'b']).orderBy('name').execute();
    expect(rows).toEqual([
      { name: 'a', next_value: 2n },
      { name: 'b', next_value: 3n },
    ]);
  });

  it('keeps identities apart that differ in case alone, and refuses a space at the end', async () => {
    const { events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const open = [{ op: 'open', state: 'Down', startedAtMs: 1, reason: 'opened' }] as const;
    const identity = { ...endpoint, checkType: 'keyword' };
    for (const discriminator of ['Word', 'word', 'wörd', 'word.']) {
      const { transitions } = await events.append(
        appendTo(endpoint, open, { identity: { ...identity, discriminator } }),
      );
      expect(transitions).toHaveLength(1);
      expect(await events.isOpen({ ...identity, discriminator })).toBe(true);
    }
    expect(await events.isOpen({ ...identity, discriminator: 'WORD' })).toBe(false);
    const padded = appendTo(endpoint, open, { identity: { ...identity, discriminator: 'word ' } });
    await expect(events.append(padded)).rejects.toThrow(RangeError);
  });

  it('reads one state in a snapshot, however much is written meanwhile, and writes nothing in it', async () => {
    const { db, addEndpoint, endpoints } = await temporaryStore();
    await addEndpoint();
    await db.snapshot(async (tx) => {
      await addEndpoint();
      expect(await endpoints.all(EVERY_SITE, tx)).toHaveLength(1);
      expect(await endpoints.all(EVERY_SITE)).toHaveLength(2);
    });
    const writing = db.snapshot((tx) => tx.deleteFrom('jetmon_sequences').execute());
    await expect(writing).rejects.toMatchObject({ code: 'db_unavailable' });
    await db.transaction(
      async (tx) => void (await tx.updateTable('jetmon_sequences').set({ next_value: 9 }).execute()),
    );
  });
});

describe('migrations', () => {
  it('of two processes at once do not get in each other’s way', async () => {
    const url = await databaseUrl(temporaryFolder());
    const databases = await Promise.all(Array.from({ length: 4 }, () => openDatabase({ url })));
    for (const db of databases) onTestFinished(() => db.close());
    const rows = await databases[0]?.kysely.selectFrom('jetmon_schema_migrations').selectAll().execute();
    expect(rows).toHaveLength(MIGRATIONS.length);
  });

  it('that were cut short at any table are completed by the next run', async () => {
    const { kysely, dialect, name } = await temporaryDatabase();
    const tables = (await kysely.introspection.getTables()).map((table) => table.name);
    for (const table of tables) {
      await kysely.schema.dropTable(table).execute();
      await sql`delete from jetmon_schema_migrations`.execute(kysely).catch(() => {});
      await migrate({ kysely, dialect, clock: createFakeClock(), name });
      expect((await kysely.introspection.getTables()).map(({ name }) => name)).toEqual(tables);
    }
  });

  it('make tables of ours that compare byte by byte, whatever the server is set to', async () => {
    const { kysely } = await temporaryDatabase();
    const { rows } = await sql<{ name: string; how: string }>`
      select table_name as name, table_collation as how from information_schema.tables
      where table_schema = database() and table_name like 'jetmon!_%' escape '!'`.execute(kysely);
    expect(rows.length).toBeGreaterThan(5);
    expect(new Set(rows.map(({ how }) => how))).toEqual(new Set(['utf8mb4_bin']));
  });
});

describe('opening', () => {
  const server = () => {
    const found = testMariadb();
    if (found === null) throw new Error('there is no MariaDB');
    return found;
  };

  it.each([
    [
      'a wrong password',
      () => server().url('jetmon_x').replace('p%40ss', 'hunter2'),
      'refuses the user or the password',
    ],
    ['a database that is not there', () => server().url('jetmon_nowhere'), 'does not exist'],
    ['a database of others', () => server().url('mysql'), 'refuses this user'],
    ['a port where nobody listens', () => 'mysql://root:hunter2@127.0.0.1:1/jetmon_x', 'refuses connections'],
    ['a host without address', () => 'mysql://root:hunter2@nowhere.invalid/jetmon_x', 'does not resolve'],
  ])('%s is refused in plain words, with the name and without the password', async (_, url, words) => {
    const error = await openMysql(url()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'database_unusable', message: expect.stringContaining(words) });
    const { message, fix } = error as { message: string; fix: string };
    expect(message).toMatch(/^database [\w.]+:\d+\/\w+ /);
    expect(fix).not.toBe('');
    for (const secret of ['hunter2', 'p@ss', 'p%40ss', 'tester', 'root']) expect(message + fix).not.toContain(secret);
  });

  it('sets every session as it needs it, whatever the server is set to', async () => {
    const { kysely } = await opened({ lockWaitSeconds: 7 });
    const { rows } = await sql`select @@tx_isolation as isolation, @@time_zone as zone, @@autocommit as auto,
      @@innodb_lock_wait_timeout as wait, @@sql_mode like '%STRICT_TRANS_TABLES%' as strict,
      @@collation_connection as how`.execute(kysely);
    expect(rows).toEqual([
      { isolation: 'READ-COMMITTED', zone: '+00:00', auto: 1n, wait: 7n, strict: 1n, how: 'utf8mb4_bin' },
    ]);
  });
});
