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
/** A short log has it write pages while it is killed, and start again as soon at the thousandth kill as at the first. */
const SERVER_TO_KILL = ['--innodb-log-file-size=8M'];

const ROWS: readonly Row[] = [...APPEND_ROWS, ...HISTORY_ROWS, ...KILL_ROWS, ...MODEL_ROWS];

export const store: Topic = {
  name: 'store',
  title: 'The event store: nothing lost, on SQLite and on MariaDB',
  run: (context) =>
    inFolder(async function* (folder) {
      const running: Mariadb[] = [];
      const start = async (args: readonly string[]): Promise<DatabaseServer> => {
        context.progress('a private MariaDB');
        const started = await startMariadb(await provideMariadb(), { onDisk: true, args: [...args] });
        running.push(started);
        return serverOf(started);
      };
      let shared: Promise<DatabaseServer> | null = null;
      const server = () => {
        shared ??= start(SERVER);
        return shared;
      };
      const serverToKill = () => start(SERVER_TO_KILL);
      try {
        yield* measureRows(ROWS, { ...context, folder, server, serverToKill });
      } finally {
        await Promise.all(running.map((one) => one.stop()));
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
