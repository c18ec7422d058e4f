/** Topic `store`: that nothing is lost or doubled, whatever is killed, and how much the store takes. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mariadb, startMariadb } from '../test/kit/mariadb.ts';
import { provideMariadb } from '../test/kit/mariadb-program.ts';
import type { DatabaseServer, Row } from './store/row.ts';
import { APPEND_ROWS } from './store/rows-append.ts';
import { HISTORY_ROWS } from './store/rows-history.ts';
import { KILL_ROWS } from './store/rows-kills.ts';
import { MODEL_ROWS } from './store/rows-model.ts';
import { type Claim, isWanted, notMeasured, type Topic } from './topic.ts';

/** What a server of its own would have for a fleet of some size; every commit waits for the disk. */
const SERVER = ['--innodb-buffer-pool-size=512M', '--innodb-log-file-size=512M'];

const ROWS: readonly Row[] = [...APPEND_ROWS, ...HISTORY_ROWS, ...KILL_ROWS, ...MODEL_ROWS];

export const store: Topic = {
  name: 'store',
  title: 'The event store: nothing lost, on SQLite and on MariaDB',
  async *run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'jetmon2-prove-'));
    let running: Mariadb | null = null;
    const server = async (): Promise<DatabaseServer> => {
      context.progress('a private MariaDB');
      running ??= await startMariadb(await provideMariadb(), { onDisk: true, args: SERVER });
      return serverOf(running);
    };
    try {
      for (const row of ROWS) {
        if (!isWanted(context, row.what)) continue;
        const claim = await claimOf(row, { ...context, folder, server });
        // What was cut off says nothing.
        if (context.signal.aborted) return;
        yield claim;
      }
    } finally {
      await (running as Mariadb | null)?.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

async function serverOf(running: Mariadb): Promise<DatabaseServer> {
  const [row] = await running.query('select version() as version');
  return {
    version: `MariaDB ${row?.['version']}`,
    async newDatabase() {
      const name = `jetmon_${crypto.randomUUID().replaceAll('-', '')}`;
      await running.query(`create database ${name}`);
      return running.url(name);
    },
    async killAndRestart() {
      await running.kill();
      await running.restart();
    },
  };
}

async function claimOf(row: Row, place: Parameters<Row['measure']>[0]): Promise<Claim> {
  const claim = { what: row.what, goal: row.goal };
  try {
    return { ...claim, ...(await row.measure(place)) };
  } catch (error) {
    return notMeasured(claim, error);
  }
}
