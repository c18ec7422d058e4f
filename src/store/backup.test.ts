import { linkSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo, temporaryDatabase, temporaryFolder, temporaryStore } from '../../test/kit/store.ts';
import { backupFile } from './backup.ts';
import { openToRead } from './database.ts';

const OPEN = { op: 'open', state: 'Down', startedAtMs: 900, reason: 'opened' } as const;

function backup(source: string, target: string, force = false) {
  return backupFile({ source, target, force, suffix: 'test' });
}

describe('a backup', () => {
  it('holds what was committed when it began, also what still stands in the log, while writing goes on', async () => {
    const store = await temporaryStore();
    const endpoint = await store.addEndpoint();
    await store.events.append(appendTo(endpoint, [OPEN]));
    const target = join(temporaryFolder(), 'copy.db');
    const shares: number[] = [];
    const copy = { onProgress: (share: number) => void shares.push(share) };
    const running = backupFile({ source: store.db.name, target, force: false, suffix: 'test', copy });
    for (let turn = 0; turn < 20; turn++) await store.addEndpoint();
    const { bytes } = await running;
    expect(bytes).toBe(statSync(target).size);
    expect(statSync(target).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(target, '..'))).toEqual(['copy.db']);
    const db = await openToRead(target);
    const events = db.kysely.selectFrom('jetmon_events').select(['check_type', 'state']);
    expect(await events.where('endpoint_id', '=', endpoint.endpointId).execute()).toEqual([
      { check_type: 'http', state: 'Down' },
    ]);
    expect((await sql`select 1 from jetpack_monitor_sites`.execute(db.kysely)).rows).toHaveLength(1);
    await db.close();
  });

  it('can be opened and goes on where it stopped', async () => {
    const store = await temporaryStore();
    const endpoint = await store.addEndpoint();
    await store.events.append(appendTo(endpoint, [OPEN]));
    const folder = temporaryFolder();
    await backup(store.db.name, join(folder, 'jetmon.db'));
    const copy = await temporaryStore(folder);
    await copy.events.append(appendTo(endpoint, [{ op: 'close', reason: 'verifier_cleared' }]));
    expect(await brokenInvariants(copy.db)).toEqual([]);
  });

  it('replaces a file only when it is told to, and never in part', async () => {
    const { name } = await temporaryDatabase();
    const folder = temporaryFolder();
    const target = join(folder, 'copy.db');
    writeFileSync(target, 'mine');
    await expect(backup(name, target)).rejects.toMatchObject({
      code: 'copy_failed',
      fix: expect.stringContaining('--force'),
    });
    expect(readFileSync(target, 'utf8')).toBe('mine');
    await backup(name, target, true);
    expect(readFileSync(target).subarray(0, 15).toString()).toBe('SQLite format 3');
    expect(readdirSync(folder)).toEqual(['copy.db']);
  });

  it.each<[what: string, target: (source: string, folder: string) => string, words: string]>([
    ['the database itself', (source) => source, 'the database itself'],
    ['its log', (source) => `${source}-wal`, 'the database itself'],
    ['its lock', (source) => `${source}.lock`, 'the database itself'],
    ['a link to it', (source, folder) => linked(symlinkSync, source, join(folder, 'soft')), 'the database itself'],
    ['another name of it', (source, folder) => linked(linkSync, source, join(folder, 'hard')), 'the database itself'],
    ['a folder', (_, folder) => folder, 'that is a folder'],
    ['a name in a folder that is missing', (_, folder) => join(folder, 'no', 'x.db'), 'does not exist'],
    ['a database in use', (_, folder) => inUse(join(folder, 'x.db')), 'x.db-wal lies beside it'],
  ])('refuses %s, even by force', async (_, target, words) => {
    // A hard link stays on its disk.
    const { name } = await temporaryDatabase(temporaryFolder());
    const path = target(name, temporaryFolder());
    await expect(backup(name, path, true)).rejects.toMatchObject({
      code: 'copy_failed',
      message: expect.stringContaining(words),
    });
  });

  it('leaves nothing behind when the original is damaged', async () => {
    const source = join(temporaryFolder(), 'jetmon.db');
    await temporaryDatabase(join(source, '..')).then((db) => db.close());
    const content = readFileSync(source);
    content.fill(0x5a, 4_096 * 3, 4_096 * 5);
    writeFileSync(source, content);
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'sub'));
    await expect(backup(source, join(folder, 'sub', 'copy.db'))).rejects.toMatchObject({
      code: 'copy_failed',
      message: expect.stringContaining('damaged'),
    });
    expect(readdirSync(join(folder, 'sub'))).toEqual([]);
  });
});

function linked(link: (source: string, target: string) => void, source: string, target: string): string {
  link(source, target);
  return target;
}

function inUse(path: string): string {
  writeFileSync(path, '');
  writeFileSync(`${path}-wal`, 'frames');
  return path;
}
