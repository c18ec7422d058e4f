import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../test/kit/store.ts';
import { AppError } from '../domain/errors.ts';
import { lockDataDir, openDataDir } from './data-dir.ts';

const LOCK_HOLDER = fileURLToPath(new URL('../../test/kit/lock-holder.ts', import.meta.url));
const us = { pid: process.pid, command: 'jetmon2 serve' };

async function refusal(attempt: () => unknown): Promise<AppError> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

/** What stands in the folder about its holder. */
function readHolder(folder: string): unknown {
  const path = join(folder, 'serve.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null;
}

async function holderProcess(folder: string) {
  const child = spawn(process.execPath, [LOCK_HOLDER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('the data folder', () => {
  it('is made for its user alone', () => {
    const folder = join(temporaryFolder(), 'deep', 'data');
    expect(openDataDir(folder)).toBe(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(openDataDir(folder)).toBe(folder);
  });

  it('is refused when a file is in the way', async () => {
    const file = join(temporaryFolder(), 'data');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')]) {
      const error = await refusal(() => openDataDir(path));
      expect(error.code).toBe('data_dir_unusable');
      expect(error.message).toContain(path);
      expect(error.fix).toContain('JETMON_DATA_DIR');
    }
  });

  it.skipIf(process.getuid?.() === 0)('is refused when it may only be read', async () => {
    const folder = join(temporaryFolder(), 'data');
    mkdirSync(folder, { mode: 0o500 });
    expect((await refusal(() => openDataDir(folder))).message).toContain('permission is denied');
    chmodSync(folder, 0o700);
  });
});

describe('the lock', () => {
  it('refuses a second taker, naming who holds it and what to do', async () => {
    const folder = temporaryFolder();
    const lock = await lockDataDir(folder, us);
    lock.announce('http://127.0.0.1:8080');
    const error = await refusal(() => lockDataDir(folder, { pid: 1, command: 'other' }));
    expect(error.code).toBe('data_dir_locked');
    expect(error.message).toContain(`process ${process.pid} (jetmon2 serve, http://127.0.0.1:8080)`);
    expect(error.fix).toContain(`kill ${process.pid}`);
    expect(error.details).toMatchObject({ ...us, address: 'http://127.0.0.1:8080' });
    lock.release();
  });

  it('is free again after it is released, and releasing twice does no harm', async () => {
    const folder = temporaryFolder();
    const first = await lockDataDir(folder, us);
    first.release();
    expect(readHolder(folder)).toBeNull();
    const second = await lockDataDir(folder, us);
    first.release();
    expect(readHolder(folder)).toMatchObject(us);
    await refusal(() => lockDataDir(folder, us));
    second.release();
  });

  it('can be waited for', async () => {
    const folder = temporaryFolder();
    const first = await lockDataDir(folder, us);
    const waiting = lockDataDir(folder, { ...us, waitMs: 10_000 });
    setTimeout(() => first.release(), 100);
    (await waiting).release();
  });

  it('keeps the facts about its holder from other users', async () => {
    const folder = temporaryFolder();
    const lock = await lockDataDir(folder, us);
    const file = join(folder, 'serve.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ ...us, startedAt: expect.any(String) });
    lock.release();
  });

  it('holds against another process, and frees itself when that is killed', async () => {
    const folder = temporaryFolder();
    const child = await holderProcess(folder);
    const error = await refusal(() => lockDataDir(folder, us));
    expect(error.details).toMatchObject({ pid: child.pid, address: 'http://127.0.0.1:8080' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(readHolder(folder)).toMatchObject({ pid: child.pid });
    const lock = await lockDataDir(folder, us);
    expect(readHolder(folder)).toMatchObject(us);
    lock.release();
  });

  it('still says that it is held when the facts about its holder are gone or damaged', async () => {
    const folder = temporaryFolder();
    const lock = await lockDataDir(folder, us);
    for (const text of ['', '{"pid":', '[]', '{"pid":"1","command":2}']) {
      writeFileSync(join(folder, 'serve.json'), text);
      const error = await refusal(() => lockDataDir(folder, us));
      expect(error.message).toContain('another process');
    }
    lock.release();
  });

  it('is refused where a file that is no lock is in its place', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'serve.lock'), 'something else entirely\n'.repeat(100));
    expect((await refusal(() => lockDataDir(folder, us))).code).toBe('data_dir_unusable');
  });
});
