import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDatabase, temporaryFolder, temporaryStore } from '../../../test/kit/store.ts';
import { openSqliteToRead } from './sqlite-read.ts';

const asRoot = process.getuid?.() === 0;

describe('a database that is opened to be read', () => {
  it('shows one state, also what still stands in the log, and holds up no writer', async () => {
    const store = await temporaryStore();
    await store.addEndpoint();
    const reading = openSqliteToRead(store.db.name);
    onTestFinished(() => reading.close());
    const count = async () => (await reading.kysely.selectFrom('jetmon_sequences').select('next_value').execute())[0];
    const before = await count();
    await store.addEndpoint();
    expect(before).toEqual({ next_value: 2n });
    expect(await count()).toEqual(before);
  });

  it('cannot be written', async () => {
    const { name } = await temporaryDatabase();
    const reading = openSqliteToRead(name);
    onTestFinished(() => reading.close());
    await expect(reading.kysely.deleteFrom('jetmon_sequences').execute()).rejects.toThrow('readonly');
  });

  it('tells damage instead of stopping at it', async () => {
    const folder = temporaryFolder();
    const db = await temporaryDatabase(folder);
    await db.close();
    const content = readFileSync(db.name);
    content.fill(0x5a, 200, 4_096);
    const broken = join(folder, 'broken.db');
    writeFileSync(broken, content);
    const reading = openSqliteToRead(broken);
    onTestFinished(() => reading.close());
    expect(reading.inspect?.().complaints.length).toBeGreaterThan(0);
  });

  it('is refused where there is none, and none is made', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'sub'));
    for (const path of [join(folder, 'x.db'), join(folder, 'no', 'x.db')]) {
      expect(() => openSqliteToRead(path)).toThrow(expect.objectContaining({ code: 'database_missing' }));
    }
    expect(() => openSqliteToRead(join(folder, 'sub'))).toThrow('is a folder');
    expect(readdirSync(folder)).toEqual(['sub']);
  });

  it.skipIf(asRoot)('may lie in a folder that may only be read', async () => {
    const folder = temporaryFolder();
    const db = await temporaryDatabase(folder);
    await db.close();
    chmodSync(folder, 0o500);
    onTestFinished(() => chmodSync(folder, 0o700));
    const reading = openSqliteToRead(db.name);
    onTestFinished(() => reading.close());
    expect(reading.inspect?.()).toEqual({ isOurs: true, complaints: [] });
  });
});
