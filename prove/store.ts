/** Topic `store`: that nothing is lost or doubled, whatever is killed, and how much the store takes. */
import { createServers } from './database-servers.ts';
import { inFolder, measureRows } from './rows.ts';
import type { Row } from './store/row.ts';
import { APPEND_ROWS } from './store/rows-append.ts';
import { HISTORY_ROWS } from './store/rows-history.ts';
import { KILL_ROWS } from './store/rows-kills.ts';
import { MODEL_ROWS } from './store/rows-model.ts';
import type { Topic } from './topic.ts';

/** A short log has it write pages while it is killed, and start again as soon at the thousandth kill as at the first. */
const SERVER_TO_KILL = ['--innodb-log-file-size=8M'];

const ROWS: readonly Row[] = [...APPEND_ROWS, ...HISTORY_ROWS, ...KILL_ROWS, ...MODEL_ROWS];

export const store: Topic = {
  name: 'store',
  title: 'The event store: nothing lost, on SQLite and on MariaDB',
  run: (context) =>
    inFolder(async function* (folder) {
      const servers = createServers(context);
      const serverToKill = () => servers.start(SERVER_TO_KILL);
      try {
        yield* measureRows(ROWS, { ...context, folder, server: servers.shared, serverToKill });
      } finally {
        await servers.stop();
      }
    }),
};
