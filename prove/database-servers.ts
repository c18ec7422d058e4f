/** Private database servers for as long as a topic takes. */
import { type Mariadb, startMariadb } from '../test/kit/mariadb.ts';
import { provideMariadb } from '../test/kit/mariadb-program.ts';
import type { ProofContext } from './topic.ts';

export type DatabaseServer = {
  /** What it calls itself, such as `MariaDB 10.11.19`. */
  version: string;
  newDatabase(): Promise<string>;
  /** Ends the server as a power cut would, and starts it again on what it left. */
  killAndRestart(): Promise<void>;
};

/** What a server of its own would have for a fleet of some size; every commit waits for the disk. */
const SHARED = ['--innodb-buffer-pool-size=512M', '--innodb-log-file-size=512M'];

export function createServers(context: Pick<ProofContext, 'progress'>) {
  const running: Mariadb[] = [];
  let shared: Promise<DatabaseServer> | null = null;

  async function start(args: readonly string[]): Promise<DatabaseServer> {
    context.progress('a private MariaDB');
    const started = await startMariadb(await provideMariadb(), { onDisk: true, args: [...args] });
    running.push(started);
    return serverOf(started);
  }

  return {
    /** One of its own. */
    start,
    /** The one that rows share; started when first asked for. */
    shared(): Promise<DatabaseServer> {
      shared ??= start(SHARED);
      return shared;
    },
    async stop(): Promise<void> {
      await Promise.all(running.map((one) => one.stop()));
    },
  };
}

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
