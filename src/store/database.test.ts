import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import {
  onSqliteOnly,
  sharedThreads,
  temporaryDatabase,
  temporaryFolder,
  temporaryStore,
} from '../../test/kit/store.ts';
import { AppError } from '../domain/errors.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { type Database, openDatabase } from './database.ts';
import { MIGRATIONS } from './migrations/migrations.ts';

async function refusal(url: string): Promise<AppError> {
  const error = await open(url).then(
    () => new Error('it was opened'),
    (cause: unknown) => cause,
  );
  if (!(error instanceof AppError)) throw error;
  return error;
}

function open(url: string): Promise<Database> {
  return openDatabase({ url, threads: sharedThreads });
}

const asRoot = process.getuid?.() === 0;

describe('opening a database', () => {
  it('takes sqlite: URLs and bare paths, and makes a file for its owner alone', async () => {
    const folder = temporaryFolder();
    for (const url of [join(folder, 'a.db'), `sqlite:${join(folder, 'b.db')}`, `sqlite://${join(folder, 'c.db')}`]) {
      const db = await open(url);
      expect(statSync(db.name).mode & 0o777).toBe(0o600);
      await db.close();
    }
    expect(['a.db', 'b.db', 'c.db'].every((name) => existsSync(join(folder, name)))).toBe(true);
  });

  onSqliteOnly.it('keeps every commit through a power cut', async () => {
    const { kysely } = await temporaryDatabase();
    expect((await sql`pragma journal_mode`.execute(kysely)).rows).toEqual([{ journal_mode: 'wal' }]);
    expect((await sql`pragma synchronous`.execute(kysely)).rows).toEqual([{ synchronous: 2n }]);
  });

  it('finds what was there when it is opened again, and two may have it open at once', async () => {
    const folder = temporaryFolder();
    const one = await temporaryStore(folder);
    const endpoint = await one.addEndpoint();
    const two = await temporaryStore(folder);
    expect(await two.endpoints.byId(EVERY_SITE, endpoint.endpointId)).toEqual(endpoint);
    const siteIds = new Set([endpoint.siteId]);
    for (const store of [two, one, two]) siteIds.add((await store.addEndpoint()).siteId);
    expect(siteIds.size).toBe(4);
  });

  it('answers a ping until it is closed', async () => {
    const db = await temporaryDatabase();
    await db.ping();
    await db.close();
    await expect(db.ping()).rejects.toThrow();
  });

  it.each([
    ['mysql://user:hunter2@host/', 'no database'],
    ['mysql://user:hunter2#x@host/db', 'not a URL'],
    ['mysql://user:hunter2@host/db?debug=hunter2', 'parameter'],
    ['postgres://user:hunter2@host/db', 'postgres:'],
    ['sqlite:', 'no file'],
    ['', 'no file'],
  ])('refuses %s without showing a password', async (url, words) => {
    const error = await refusal(url);
    expect(error.code).toBe('database_unsupported');
    expect(error.message).toContain(words);
    expect(`${error.message} ${error.fix}`).not.toContain('hunter2');
  });
});

onSqliteOnly.describe('a file that cannot be used', () => {
  const cases: [name: string, words: string, prepare: (path: string) => void][] = [
    ['is text', 'not a SQLite database', (path) => writeFileSync(path, 'hello, this is text\n'.repeat(500))],
    ['is a folder', 'is a folder', (path) => mkdirSync(path)],
    ['belongs to another program', 'another program', (path) => foreign(path, 'create table bookmarks (url text)')],
    ['is marked by another program', 'another program', (path) => foreign(path, 'pragma application_id = 77')],
  ];
  it.each(cases)('is refused when it %s, and left as it was', async (_, words, prepare) => {
    const path = join(temporaryFolder(), 'x.db');
    prepare(path);
    const before = statSync(path).isFile() ? readFileSync(path) : null;
    const error = await refusal(path);
    expect(error.code).toBe('database_unusable');
    expect(error.message).toContain(path);
    expect(error.message).toContain(words);
    expect(error.fix).not.toBeNull();
    if (before !== null) expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('is refused when its folder is missing', async () => {
    const path = join(temporaryFolder(), 'missing', 'x.db');
    expect((await refusal(path)).message).toContain('folder does not exist');
  });

  it.each([
    ['cut short', (path: string) => truncateSync(path, statSync(path).size - 8_192)],
    ['overwritten in the middle', (path: string) => overwrite(path, 4_096 * 3, Buffer.alloc(8_192, 0x5a))],
  ])('is refused when it was %s', async (_, damage) => {
    const path = join(temporaryFolder(), 'x.db');
    await (await open(path)).close();
    damage(path);
    const error = await refusal(path);
    expect(error.code).toBe('database_unusable');
    expect(error.message).toContain('is damaged');
    expect(error.fix).toContain('backup');
  });

  it.skipIf(asRoot)('is refused when it or its folder may only be read', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'x.db');
    await (await open(path)).close();
    chmodSync(path, 0o400);
    expect((await refusal(path)).code).toBe('database_unusable');
    chmodSync(path, 0o600);
    chmodSync(folder, 0o500);
    expect((await refusal(path)).code).toBe('database_unusable');
    expect((await refusal(join(folder, 'new.db'))).code).toBe('database_unusable');
    chmodSync(folder, 0o700);
  });

  it('is refused when a newer program has changed it, naming both, and left as it was', async () => {
    const db = await temporaryDatabase();
    await db.kysely.insertInto('jetmon_schema_migrations').values({ id: 999, applied_at: 1 }).execute();
    await db.close();
    const before = readFileSync(db.name);
    const error = await refusal(db.name);
    expect(error.code).toBe('database_newer');
    expect(error.message).toContain('migration 999');
    expect(error.message).toContain(`up to ${MIGRATIONS.at(-1)?.id}`);
    expect(readFileSync(db.name).equals(before)).toBe(true);
  });
});

describe('a transaction', () => {
  it('counts the rows that it changes, and none that it reads', async () => {
    const db = await temporaryDatabase();
    const before = db.rowsWritten();
    const names = ['one', 'two', 'three'];
    await db.transaction(async (tx) => {
      await tx
        .insertInto('jetmon_sequences')
        .values(names.map((name) => ({ name, next_value: 1 })))
        .execute();
      await tx.selectFrom('jetmon_sequences').selectAll().execute();
      await tx.deleteFrom('jetmon_sequences').where('name', '=', 'two').execute();
    });
    expect(db.rowsWritten() - before).toBe(4);
  });

  it('that fails leaves nothing, and the next one works', async () => {
    const { db, addEndpoint, endpoints } = await temporaryStore();
    const failing = db.transaction(async (tx) => {
      await endpoints.create(
        EVERY_SITE,
        { siteId: null, url: 'https://a/', active: true, bucketNo: 0, intervalSeconds: 60 },
        tx,
      );
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await endpoints.all(EVERY_SITE)).toEqual([]);
    await addEndpoint();
    expect(await endpoints.all(EVERY_SITE)).toHaveLength(1);
  });

  onSqliteOnly.it('reports a full disk as such, and goes on when there is room again', async () => {
    const { db, addEndpoint } = await temporaryStore();
    const { rows } = await sql<{ page_count: bigint }>`pragma page_count`.execute(db.kysely);
    await sql`pragma max_page_count = ${sql.raw(String(rows[0]?.page_count))}`.execute(db.kysely);
    const url = (turn: number) => `https://example.com/${turn}/${'x'.repeat(250)}`;
    const fill = async () => {
      for (let turn = 0; turn < 1_000; turn++) await addEndpoint({ url: url(turn) });
    };
    await expect(fill()).rejects.toMatchObject({ code: 'db_unavailable', message: expect.stringContaining('full') });
    await sql`pragma max_page_count = 100000`.execute(db.kysely);
    await addEndpoint();
  });
});

function foreign(path: string, statement: string): void {
  const file = new DatabaseSync(path);
  file.exec(statement);
  file.exec('pragma user_version = 3');
  file.close();
}

function overwrite(path: string, at: number, bytes: Buffer): void {
  const content = readFileSync(path);
  bytes.copy(content, at);
  writeFileSync(path, content);
}
