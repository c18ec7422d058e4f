/** Trouble of every kind with the server, on one of our own that may be hurt. */
import { readdirSync, readFileSync } from 'node:fs';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../../test/kit/eventually.ts';
import { type Mariadb, startMariadb } from '../../../test/kit/mariadb.ts';
import { testMariadb } from '../../../test/kit/mariadb-each.ts';
import { provideMariadb } from '../../../test/kit/mariadb-program.ts';
import { startMysqlProxy } from '../../../test/kit/mysql-proxy.ts';
import type { Schema } from '../schema.ts';
import { type MysqlOptions, openMysql } from './mysql.ts';

let server: Mariadb;
let databases = 0;

beforeAll(async () => {
  if (testMariadb() !== null) server = await startMariadb(await provideMariadb(), { args: ['--max-connections=30'] });
}, 120_000);
afterAll(() => server?.stop());

/** A database with a table of two rows. */
async function opened(options: MysqlOptions & { through?: number } = {}) {
  const name = `jetmon_f${++databases}`;
  await server.query(`create database ${name}`, `use ${name}`, 'create table t (id bigint primary key, n bigint)');
  await server.query(`insert into ${name}.t values (1, 0), (2, 0)`);
  const { through = server.port, ...rest } = options;
  const db = await openMysql(server.url(name).replace(`:${server.port}/`, `:${through}/`), rest);
  onTestFinished(() => db.close());
  return { db, valueIn: (id: number) => valueOfRow(name, id), name };
}

async function valueOfRow(name: string, id: number): Promise<unknown> {
  const [row] = await server.query(`select n from ${name}.t where id = ${id}`);
  return row?.['n'];
}

/** All of its threads: each stops when it next hears of the signal. */
function isStopped(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((thread) =>
    / [Tt] /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').slice(0, 60)),
  );
}

const add = (db: Kysely<Schema>, id: number) => sql`update t set n = n + 1 where id = ${id}`.execute(db);
const unavailable = { code: 'db_unavailable' };

/** Resolves when as many have arrived as were expected. */
function meeting(expected: number) {
  const { promise, resolve } = Promise.withResolvers<void>();
  let here = 0;
  return () => {
    here += 1;
    if (here >= expected) resolve();
    return promise;
  };
}

describe('a lost connection', () => {
  it('in the middle of a transaction rejects it, nothing of it is kept, and the next one works', async () => {
    const { db, valueIn } = await opened();
    const lost = db.transaction(async (tx) => {
      await add(tx, 1);
      const { rows } = await sql<{ id: bigint }>`select connection_id() as id`.execute(tx);
      await server.query(`kill connection ${rows[0]?.id}`);
      await add(tx, 2);
    });
    const error = await lost.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ ...unavailable, details: {} });
    await db.transaction(async (tx) => void (await add(tx, 2)));
    expect([await valueIn(1), await valueIn(2)]).toEqual([0, 1]);
  });

  it('in the middle of rows that are packed rejects that read, and the next one is whole', async () => {
    const { db, name } = await opened();
    const slow = sql`select id, sleep(id * 2 - 2) as n from t order by id`.compile(db.kysely);
    const lost = db.readPacked(slow, { id: 'id', n: 'number' }).catch((reason: unknown) => reason);
    const asleep = `select id from information_schema.processlist where info like '%sleep(id%' and db = '${name}'`;
    const row = await eventually('it is read', async () => (await server.query(asleep))[0]);
    await server.query(`kill connection ${row['id']}`);
    expect(await lost).toMatchObject(unavailable);
    const { columns } = await db.readPacked(sql`select id from t order by id`.compile(db.kysely), { id: 'id' });
    expect([...columns.id]).toEqual([1n, 2n]);
  });

  it.each([
    ['before the server hears it', 0],
    ['after the server heard it', 1],
  ] as const)('at the commit, %s, leaves the outcome unknown, and says so', async (when, kept) => {
    const proxy = await startMysqlProxy(server.port);
    const { db, valueIn } = await opened({ through: proxy.port });
    const lost = db.transaction(async (tx) => {
      await add(tx, 1);
      proxy.cutAt('commit', when);
    });
    await expect(lost).rejects.toMatchObject({ ...unavailable, details: { outcome: 'unknown' } });
    expect(await valueIn(1)).toBe(kept);
    await db.transaction(async (tx) => void (await add(tx, 2)));
    expect(await valueIn(2)).toBe(1);
  });

  it('killed by the server while it commits leaves the outcome unknown', async () => {
    const { db, valueIn } = await opened();
    const reached = Promise.withResolvers<bigint>();
    const go = Promise.withResolvers<void>();
    const lost = db.transaction(async (tx) => {
      await add(tx, 1);
      const { rows } = await sql<{ id: bigint }>`select connection_id() as id`.execute(tx);
      reached.resolve(rows[0]?.id ?? 0n);
      await go.promise;
    });
    const ended = lost.catch((reason: unknown) => reason);
    const id = await reached.promise;
    // It holds every commit up, for as long as it sleeps.
    const held = server.query('flush tables with read lock', 'select sleep(3)');
    const list = 'select * from information_schema.processlist where';
    await eventually('commits are held up', async () => (await server.query(`${list} info like '%sleep(3)'`))[0]);
    go.resolve();
    await eventually('the commit waits', async () => (await server.query(`${list} id = ${id} and info = 'commit'`))[0]);
    await server.query(`kill connection ${id}`);
    expect(await ended).toMatchObject({ ...unavailable, details: { outcome: 'unknown' } });
    await held;
    expect(await valueIn(1)).toBe(0);
  });

  it('of a server that was killed is forgotten once the server runs again', async () => {
    const { db, valueIn } = await opened();
    await Promise.all([1, 1, 2].map((id) => db.transaction(async (tx) => void (await add(tx, id)))));
    await server.kill();
    await expect(db.transaction(async (tx) => void (await add(tx, 1)))).rejects.toMatchObject(unavailable);
    await expect(sql`select 1`.execute(db.kysely)).rejects.toMatchObject(unavailable);
    await server.restart();
    await db.transaction(async (tx) => void (await add(tx, 2)));
    expect([await valueIn(1), await valueIn(2)]).toEqual([2, 2]);
  });
});

describe('transactions in each other’s way', () => {
  it('that meet in a deadlock are both carried out, one of them at its second try', async () => {
    const { db, valueIn } = await opened();
    const both = meeting(2);
    const cross = (first: number, second: number) =>
      db.transaction(async (tx) => {
        await add(tx, first);
        await both();
        await add(tx, second);
      });
    await Promise.all([cross(1, 2), cross(2, 1)]);
    expect([await valueIn(1), await valueIn(2)]).toEqual([2, 2]);
    expect(db.retries()).toBe(1);
  });

  it('that wait too long for a lock are begun again, whole', async () => {
    const { db, valueIn } = await opened({ lockWaitSeconds: 1 });
    const holding = Promise.withResolvers<void>();
    const done = Promise.withResolvers<void>();
    const holder = db.transaction(async (tx) => {
      await add(tx, 1);
      holding.resolve();
      await done.promise;
    });
    await holding.promise;
    const waiter = db.transaction(async (tx) => {
      await add(tx, 2);
      await add(tx, 1);
    });
    await eventually('the waiter was begun again', () => db.retries() > 0);
    done.resolve();
    await Promise.all([holder, waiter]);
    expect([await valueIn(1), await valueIn(2)]).toEqual([2, 1]);
  });

  it('that insert the same key try again only where the caller asks for it', async () => {
    const { db } = await opened();
    let calls = 0;
    const insert = (retryDuplicates: boolean) =>
      db.transaction(
        async (tx) => {
          calls += 1;
          const id = calls === 1 || !retryDuplicates ? 1 : 3;
          await sql`insert into t values (${id}, 0)`.execute(tx);
        },
        { retryDuplicates },
      );
    await insert(true);
    expect(calls).toBe(2);
    await expect(insert(false)).rejects.toMatchObject({ errno: 1062 });
    expect(calls).toBe(3);
  });
});

describe('a server', () => {
  it('that becomes read-only refuses writes in plain words, and takes them again afterwards', async () => {
    const { db, valueIn, name } = await opened();
    await server.query('set global read_only = 1');
    try {
      const writing = db.transaction(async (tx) => void (await add(tx, 1)));
      await expect(writing).rejects.toMatchObject({ ...unavailable, message: expect.stringContaining('read-only') });
      const opening = openMysql(server.url(name));
      await expect(opening).rejects.toMatchObject({
        code: 'database_unusable',
        message: expect.stringContaining('read-only'),
      });
    } finally {
      await server.query('set global read_only = 0');
    }
    await db.transaction(async (tx) => void (await add(tx, 1)));
    expect(await valueIn(1)).toBe(1);
  });

  it('that follows another is refused', async () => {
    const { name } = await opened();
    await server.query("change master to master_host = '127.0.0.1', master_port = 1, master_user = 'x'");
    try {
      // A user who may not ask is not told.
      await (await openMysql(server.url(name))).close();
      await server.query("grant replica monitor on *.* to tester@'%'");
      await expect(openMysql(server.url(name))).rejects.toMatchObject({
        message: expect.stringContaining('a replica'),
      });
    } finally {
      await server.query('reset slave all', "revoke replica monitor on *.* from tester@'%'");
    }
  });

  it('that has no connection left says so, and gives one again later', async () => {
    const { db } = await opened();
    const others = await openMysql(server.url('jetmon_f1'), { size: 40 });
    onTestFinished(() => others.close());
    const hold = Promise.withResolvers<void>();
    const held = Array.from({ length: 35 }, () =>
      others.transaction(() => hold.promise).catch((error: unknown) => error),
    );
    const refused = await Promise.race([...held]);
    expect(refused).toMatchObject({ ...unavailable, message: expect.stringContaining('too many connections') });
    hold.resolve();
    await Promise.all(held);
    await others.close();
    await eventually('a connection is free', () =>
      Promise.all(Array.from({ length: 4 }, () => sql`select sleep(0.1)`.execute(db.kysely))).catch(() => null),
    );
  });

  it('that hangs is given up by the deadline, for those who wait for a connection, too', async () => {
    const { db, valueIn } = await opened({ deadlineMs: 1_000, connectTimeoutMs: 1_000, size: 2 });
    await sql`select 1`.execute(db.kysely);
    process.kill(server.pid(), 'SIGSTOP');
    try {
      await eventually('the server stands still', () => isStopped(server.pid()));
      const asked = Array.from({ length: 8 }, () => sql`select 1`.execute(db.kysely));
      for (const answer of await Promise.allSettled(asked)) {
        expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'db_unavailable' } });
      }
    } finally {
      process.kill(server.pid(), 'SIGCONT');
    }
    await eventually('it answers again', () => sql`select 1`.execute(db.kysely).catch(() => null));
    await db.transaction(async (tx) => void (await add(tx, 1)));
    expect(await valueIn(1)).toBe(1);
  });
});
