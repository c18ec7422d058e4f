import { execFile } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CompiledQuery, sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { sharedThreads, temporaryDatabase, temporaryFolder } from '../../../test/kit/store.ts';
import { openDatabase } from '../database.ts';
import type { Executor } from '../schema.ts';
import { openSqlite } from './sqlite.ts';
import { startSqliteThread } from './sqlite-link.ts';

const run = promisify(execFile);

const put = (db: Executor, name: string, value = 0) =>
  db.insertInto('jetmon_sequences').values({ name, next_value: value }).execute();

/** Those the tests put there. */
async function names(db: Executor): Promise<string[]> {
  const found = db.selectFrom('jetmon_sequences').select('name').where('name', 'like', 'n%').orderBy('name');
  return (await found.execute()).map(({ name }) => name);
}

/** Takes as long as the turns it counts. */
const counting = (turns: number) =>
  sql`with recursive n(i) as (select 1 union all select i + 1 from n where i < ${turns}) select count(*) as c from n`;

describe('a slow query', () => {
  it('holds up nothing on the main thread', async () => {
    const { kysely } = await temporaryDatabase();
    let lastMs = 0;
    let longestGapMs = 0;
    const timer = setInterval(() => {
      const nowMs = performance.now();
      longestGapMs = Math.max(longestGapMs, nowMs - lastMs);
      lastMs = nowMs;
    }, 1);
    let tookMs = 0;
    for (let turns = 300_000; tookMs < 300; turns *= 3) {
      const startedMs = performance.now();
      lastMs = startedMs;
      longestGapMs = 0;
      await counting(turns).execute(kysely);
      tookMs = performance.now() - startedMs;
      longestGapMs = Math.max(longestGapMs, performance.now() - lastMs);
    }
    clearInterval(timer);
    expect(longestGapMs).toBeLessThan(tookMs / 2);
  });
});

describe('while a transaction is open', () => {
  it('reads outside of it do not wait, and see what is committed', async () => {
    const db = await temporaryDatabase();
    await put(db.kysely, 'n1');
    await db.transaction(async (tx) => {
      await put(tx, 'n2');
      expect(await names(db.kysely)).toEqual(['n1']);
      expect(await names(tx)).toEqual(['n1', 'n2']);
    });
    expect(await names(db.kysely)).toEqual(['n1', 'n2']);
  });

  it('other transactions and single writes wait for their turn, in the order in which they came', async () => {
    const db = await temporaryDatabase();
    const seen: string[] = [];
    const turn = (name: string) =>
      db.transaction(async (tx) => {
        seen.push(`${name} begins`);
        await put(tx, name);
        await names(tx);
        seen.push(`${name} ends`);
      });
    const single = put(db.kysely, 'n0').then(() => void seen.push('n0'));
    const all = [single, turn('n1'), turn('n2'), put(db.kysely, 'n3').then(() => void seen.push('n3')), turn('n4')];
    await Promise.all(all);
    const order = ['n0', 'n1 begins', 'n1 ends', 'n2 begins', 'n2 ends', 'n3', 'n4 begins', 'n4 ends'];
    expect(seen).toEqual(order);
  });

  it('one that fails passes the turn on, and so does one that cannot begin or end', async () => {
    const db = await temporaryDatabase();
    const failing = db.transaction(async (tx) => {
      await put(tx, 'n1');
      throw new Error('no');
    });
    const ended = db.transaction(async (tx) => {
      await put(tx, 'n2');
      await sql`rollback`.execute(tx);
    });
    const next = db.transaction((tx) => put(tx, 'n3'));
    await expect(failing).rejects.toThrow('no');
    await expect(ended).rejects.toThrow('no transaction is active');
    await next;
    expect(await names(db.kysely)).toEqual(['n3']);
  });
});

describe('a snapshot', () => {
  it('sees one state while writers go on, and other reads see theirs', async () => {
    const db = await temporaryDatabase();
    await put(db.kysely, 'n1');
    await db.snapshot(async (tx) => {
      await put(db.kysely, 'n2');
      await db.transaction((other) => put(other, 'n3'));
      expect(await names(tx)).toEqual(['n1']);
      expect(await names(db.kysely)).toEqual(['n1', 'n2', 'n3']);
      await db.snapshot(async (later) => expect(await names(later)).toEqual(['n1', 'n2', 'n3']));
      expect(await names(tx)).toEqual(['n1']);
    });
  });

  it('sees what is there when it begins, also after others ended', async () => {
    const db = await temporaryDatabase();
    for (const name of ['n1', 'n2', 'n3']) {
      await put(db.kysely, name);
      const seen = () => db.snapshot(names);
      const [first, second] = await Promise.all([seen(), seen()]);
      expect([first.at(-1), second.at(-1)]).toEqual([name, name]);
    }
  });

  it('writes nothing', async () => {
    const db = await temporaryDatabase();
    await expect(db.snapshot((tx) => put(tx, 'n1'))).rejects.toMatchObject({ code: 'db_unavailable' });
    expect(await names(db.kysely)).toEqual([]);
  });

  it('lets the log be written back once it has ended', async () => {
    const db = await temporaryDatabase();
    const logBytes = () => statSync(`${db.path}-wal`).size;
    const checkpoint = async () => {
      const { rows } = await sql<{ log: bigint; checkpointed: bigint }>`pragma wal_checkpoint`.execute(db.kysely);
      return rows[0];
    };
    await db.snapshot(async (tx) => {
      await names(tx);
      for (let turn = 0; turn < 20; turn++) await put(db.kysely, `n${turn}`);
      const held = await checkpoint();
      expect(held?.checkpointed).toBeLessThan(held?.log ?? 0n);
    });
    const free = await checkpoint();
    expect(free?.checkpointed).toBe(free?.log);
    const before = logBytes();
    for (let turn = 20; turn < 40; turn++) await put(db.kysely, `n${turn}`);
    expect(logBytes()).toBe(before);
  });
});

describe('what crosses the border', () => {
  it('arrives as it was sent, whatever its type, and thousands at a time', async () => {
    const { kysely } = await temporaryDatabase();
    const sent = [9_007_199_254_740_993n, -1.5, 'ü\0x', null, new Uint8Array([0, 255, 7])];
    const { rows } = await kysely.executeQuery(
      CompiledQuery.raw('select ? as a, ? as b, ? as c, ? as d, ? as e', sent),
    );
    expect(rows).toEqual([{ a: sent[0], b: sent[1], c: sent[2], d: null, e: sent[4] }]);
    const many = Array.from({ length: 30_000 }, (_, index) => index);
    const text = `select count(*) as c from (values ${many.map(() => '(?)').join(',')})`;
    expect((await kysely.executeQuery(CompiledQuery.raw(text, many))).rows).toEqual([{ c: 30_000n }]);
  });

  it('keeps the codes of an error, and says what cannot be sent', async () => {
    const { kysely } = await temporaryDatabase();
    await put(kysely, 'n1');
    await expect(put(kysely, 'n1')).rejects.toMatchObject({ errcode: 1555, code: 'ERR_SQLITE_ERROR' });
    await expect(sql`select 1 from nowhere`.execute(kysely)).rejects.toThrow('no such table: nowhere');
    await expect(kysely.executeQuery(CompiledQuery.raw('select ?', [() => 1]))).rejects.toThrow('could not be cloned');
    await expect(kysely.executeQuery(CompiledQuery.raw('select ?, ?', [1, {}]))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    });
    expect(await names(kysely)).toEqual(['n1']);
  });

  it('sends what may write to the connection that writes, even when it looks like a read', async () => {
    const { kysely } = await temporaryDatabase();
    await sql`with new(name) as (select 'n1') insert into jetmon_sequences (name, next_value) select name, 1 from new`.execute(
      kysely,
    );
    await sql`  insert into jetmon_sequences (name, next_value) values ('n2', 1)`.execute(kysely);
    expect(await names(kysely)).toEqual(['n1', 'n2']);
  });

  it('gives the names that a table has now, not those it had when the statement was prepared', async () => {
    const { kysely } = await temporaryDatabase();
    await sql`create table things (a integer)`.execute(kysely);
    await sql`insert into things values (1)`.execute(kysely);
    const all = async () => (await sql`select * from things`.execute(kysely)).rows;
    expect(await all()).toEqual([{ a: 1n }]);
    await sql`alter table things add column b text default 'x'`.execute(kysely);
    expect(await all()).toEqual([{ a: 1n, b: 'x' }]);
    await sql`alter table things rename column a to c`.execute(kysely);
    expect(await all()).toEqual([{ c: 1n, b: 'x' }]);
  });

  it('streams in portions, and ends the stream that is left early', async () => {
    const { kysely } = await temporaryDatabase();
    const rows = Array.from({ length: 250 }, (_, index) => ({ name: `n${1000 + index}`, next_value: index }));
    await kysely.insertInto('jetmon_sequences').values(rows).execute();
    const query = kysely.selectFrom('jetmon_sequences').select('name').where('name', 'like', 'n%').orderBy('name');
    const all: string[] = [];
    for await (const { name } of query.stream(100)) all.push(name);
    expect(all).toEqual(rows.map(({ name }) => name));
    for await (const { name } of query.stream(100)) if (name === 'n1120') break;
    const { rows: after } = await sql<{ busy: bigint; log: bigint; checkpointed: bigint }>`
      pragma wal_checkpoint`.execute(kysely);
    expect(after[0]?.checkpointed).toBe(after[0]?.log);
  });
});

describe('closing', () => {
  it('finishes what is under way and what waits, and leaves one file', async () => {
    const folder = temporaryFolder();
    const db = await openDatabase({ url: join(folder, 'x.db'), threads: sharedThreads });
    const work = [
      db.transaction(async (tx) => {
        await put(tx, 'n1');
        await names(tx);
        await put(tx, 'n2');
      }),
      put(db.kysely, 'n3'),
      db.transaction((tx) => put(tx, 'n4')),
    ];
    await Promise.all([db.close(), db.close(), ...work]);
    expect(readdirSync(folder)).toEqual(['x.db']);
    await expect(put(db.kysely, 'n5')).rejects.toThrow('closed');
    await expect(db.snapshot(names)).rejects.toThrow('closed');
    const again = await openDatabase({ url: join(folder, 'x.db'), threads: sharedThreads });
    expect(await names(again.kysely)).toEqual(['n1', 'n2', 'n3', 'n4']);
    await again.close();
  });

  it('leaves no thread behind, however often', async () => {
    const folder = temporaryFolder();
    const before = threads();
    for (let turn = 0; turn < 4; turn++) await (await openSqlite(join(folder, `${turn}.db`))).close();
    await expect(openSqlite(join(folder, 'missing', 'x.db'))).rejects.toMatchObject({ code: 'database_unusable' });
    // Node itself may have started its four for the file system meanwhile.
    expect(threads() - before).toBeLessThanOrEqual(4);
  });

  it('is not needed for the process to end, which answers what was asked first', async () => {
    const path = join(temporaryFolder(), 'x.db');
    const program = fileURLToPath(new URL('../../../test/kit/open-and-end.ts', import.meta.url));
    const { stdout } = await run(process.execPath, [program, path]);
    expect(stdout).toBe('answered');
    expect(existsSync(path)).toBe(true);
  });
});

describe('a thread that dies', () => {
  it('makes every query say so, at once and later, and closing is no trouble', async () => {
    const module = new URL('../../../test/kit/dying-database-thread.ts', import.meta.url);
    const db = await openSqlite('x.db', {
      threads: { take: () => startSqliteThread(module), giveBack: (thread) => thread.end() },
    });
    const pending = [names(db.kysely), put(db.kysely, 'n1'), db.transaction(names), db.snapshot(names)];
    for (const outcome of await Promise.allSettled([...pending, db.transaction(names)])) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'db_unavailable' } });
      if (outcome.status === 'rejected') expect(outcome.reason.cause.message).toBe('the thread was killed');
    }
    await expect(names(db.kysely)).rejects.toMatchObject({ code: 'db_unavailable' });
    await expect(put(db.kysely, 'n1')).rejects.toMatchObject({ code: 'db_unavailable' });
    expect(await db.lost).toMatchObject({ code: 'db_unavailable' });
    await db.close();
  });

  it('while it opens a file refuses that file', async () => {
    const module = new URL('data:text/javascript,throw new Error("no")');
    const opening = openSqlite('x.db', {
      threads: { take: () => startSqliteThread(module), giveBack: (thread) => thread.end() },
    });
    await expect(opening).rejects.toMatchObject({ code: 'db_unavailable' });
  });
});

/** Threads of this process by the count of the operating system. */
function threads(): number {
  return readdirSync('/proc/self/task').length;
}
