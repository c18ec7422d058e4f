/** Topic `store`: that nothing is lost or doubled, whatever is killed, and how much the store takes. */
import { type Mariadb, startMariadb } from '../test/kit/mariadb.ts';
import { provideMariadb } from '../test/kit/mariadb-program.ts';
import { inFolder, measureRows } from './rows.ts';
import type { DatabaseServer, Row } from './store/row.ts';
import { APPEND_ROWS } from './store/rows-append.ts';
import { HISTORY_ROWS } from './store/rows-history.ts';
import { KILL_ROWS } from './store/rows-kills.ts';
import { MODEL_ROWS } from './store/rows-model.ts';
import type { Topic } from './topic.ts';

/** What a server of its own would have for a fleet of some size; every commit waits for the disk. */
const SERVER = ['--innodb-buffer-pool-size=512M', '--innodb-log-file-size=512M'];

const ROWS: readonly Row[] = [...APPEND_ROWS, ...HISTORY_ROWS, ...KILL_ROWS, ...MODEL_ROWS];

export const store: Topic = {
  name: 'store',
  title: 'The event store: nothing lost, on SQLite and on MariaDB',
  run: (context) =>
    inFolder(async function* (folder) {
      let running: Mariadb | null = null;
      const server = async (): Promise<DatabaseServer> => {
        context.progress('a private MariaDB');
        running ??= await startMariadb(await provideMariadb(), { onDisk: true, args: SERVER });
        return serverOf(running);
      };
      try {
        yield* measureRows(ROWS, { ...context, folder, server });
      } finally {
        await (running as Mariadb | null)?.stop();
      }
    }),
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
