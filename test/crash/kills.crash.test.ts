/** A process that is killed around its statements, and a server that is killed under it: nothing acknowledged is lost or doubled. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, type TestContext } from 'vitest';
import { type Mariadb, startMariadb } from '../kit/mariadb.ts';
import { provideMariadb } from '../kit/mariadb-program.ts';
import { seedOf } from '../kit/seeded.ts';
import { wantOf } from '../kit/services.ts';
import { crashLoop } from './crash-loop.ts';
import { serverLoop } from './server-loop.ts';

/** For a machine that has more to do. */
const LIMIT_MS = 300_000;

const CLEAN = { lost: [], doubled: [], broken: [] };

/** Without a server the test is skipped by name, or fails where `CI` is set. */
async function mariadb(context: TestContext): Promise<Mariadb> {
  const program = await provideMariadb().catch((error: unknown) => {
    if (wantOf(null, process.env['CI']) === 'fail') throw error;
    return context.skip(`needs MariaDB: ${error instanceof Error ? error.message : error}`);
  });
  const server = await startMariadb(program);
  onTestFinished(() => server.stop());
  return server;
}

describe('a process that is killed around its statements and at random', () => {
  it(
    'keeps everything it acknowledged, once, on SQLite',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'jetmon2-crash-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const plan = {
        url: join(folder, 'jetmon.db'),
        seed: seedOf('kills on SQLite'),
        kills: 20,
        bursts: 4,
        atRandom: 0.3,
      };
      expect(await crashLoop(plan)).toMatchObject({ kills: 20, ...CLEAN });
    },
    LIMIT_MS,
  );

  it(
    'keeps everything it acknowledged, once, on MariaDB',
    async (context) => {
      const server = await mariadb(context);
      const plan = {
        url: server.url('jetmon_kills'),
        seed: seedOf('kills on MariaDB'),
        kills: 14,
        bursts: 4,
        atRandom: 0.3,
      };
      await server.query('create database jetmon_kills');
      expect(await crashLoop(plan)).toMatchObject({ kills: 14, ...CLEAN });
    },
    LIMIT_MS,
  );
});

describe('a database server that is killed under a process', () => {
  it(
    'has everything that was acknowledged, once, and the process goes on',
    async (context) => {
      const server = await mariadb(context);
      await server.query('create database jetmon_server');
      const report = await serverLoop({
        url: server.url('jetmon_server'),
        seed: seedOf('kills of the server'),
        kills: 16,
        async killAndRestart() {
          await server.kill();
          await server.restart();
        },
      });
      expect(report).toMatchObject({ kills: 16, ...CLEAN });
    },
    LIMIT_MS,
  );
});
