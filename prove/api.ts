/** Topic `api`: how fast machines are answered, and that none is ever answered wrongly. */
import { GENERATED_ROWS } from './api/rows-generated.ts';
import { LIST_ROWS } from './api/rows-lists.ts';
import { READ_ROWS } from './api/rows-reads.ts';
import { STATISTICS_ROWS } from './api/rows-statistics.ts';
import { createServers } from './database-servers.ts';
import { inFolder, measureRows } from './rows.ts';
import type { Topic } from './topic.ts';

const ROWS = [...LIST_ROWS, ...READ_ROWS, ...STATISTICS_ROWS, ...GENERATED_ROWS];

export const api: Topic = {
  name: 'api',
  title: 'The API: fast, and the same for everybody who may ask',
  run: (context) =>
    inFolder(async function* (folder) {
      const servers = createServers(context);
      try {
        yield* measureRows(ROWS, { ...context, folder, server: servers.shared });
      } finally {
        await servers.stop();
      }
    }),
};
