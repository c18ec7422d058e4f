/** A private MariaDB: its own folder, port and files, nothing shared with one that may run on the machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection, type RowDataPacket } from 'mysql2';
import { eventually } from './eventually.ts';
import { FILE_SETTINGS, type MariadbProgram } from './mariadb-program.ts';
import { quickFolder } from './quick-folder.ts';

/** A server that runs, whoever started it. */
export type MariadbAccess = {
  port: number;
  /** Runs statements as root, one after the other, and returns the rows of the last one. */
  query(...statements: string[]): Promise<RowDataPacket[]>;
  /** `mysql://...` of a database of this name, as a user who may do everything there, and nothing to the server. */
  url(database: string): string;
};

export type Mariadb = MariadbAccess & {
  /** Of the server process: it changes with `restart`. */
  pid(): number;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Starts again, on the same files and the same port. */
  restart(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
};

/** Who the tests are on the server. */
const USER = 'tester';
const PASSWORD = 'p@ss:w/rd';

export type MariadbOptions = {
  /** Settings of the server that come last, such as `--max-connections=5`. */
  args?: readonly string[];
  /** As in production: files on a disk, and a commit waits for it. For what is measured; tests need not wait. */
  onDisk?: boolean;
};

/** Whoever starts it stops it; it ends with this process in any case. */
export async function startMariadb(program: MariadbProgram, options: MariadbOptions = {}): Promise<Mariadb> {
  const { onDisk = false } = options;
  const folder = mkdtempSync(join(onDisk ? tmpdir() : quickFolder(), 'jetmon2-mariadb-'));
  const args = [...(onDisk ? [] : ['--innodb-flush-method=nosync']), ...(options.args ?? [])];
  const port = await freePort();
  try {
    cpSync(program.template, join(folder, 'data'), { recursive: true });
    let running = await start(program, folder, port, args);
    await ask(port, [
      `create user ${USER}@'%' identified by '${PASSWORD}'`,
      `grant all on \`jetmon%\`.* to ${USER}@'%'`,
    ]);
    return {
      ...mariadbAt(port),
      pid: () => running.pid,
      async kill() {
        process.kill(running.pid, 'SIGKILL');
        await running.ended;
      },
      async restart() {
        running = await start(program, folder, port, args);
      },
      async stop() {
        running.guard.stdin?.end();
        await running.ended;
        rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    throw error;
  }
}

export function mariadbAt(port: number): MariadbAccess {
  return {
    port,
    query: (...statements) => ask(port, statements),
    url: (database) =>
      `mysql://${USER}:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
  };
}

type Running = { guard: ChildProcess; pid: number; ended: Promise<void> };

async function start(program: MariadbProgram, folder: string, port: number, args: readonly string[]): Promise<Running> {
  const log = join(folder, 'server.log');
  const settings = [
    ...program.args,
    ...FILE_SETTINGS,
    `--datadir=${join(folder, 'data')}`,
    `--socket=${join(folder, 'socket')}`,
    `--pid-file=${join(folder, 'pid')}`,
    `--log-error=${log}`,
    `--tmpdir=${folder}`,
    '--bind-address=127.0.0.1',
    `--port=${port}`,
    '--skip-name-resolve',
    '--innodb-flush-log-at-trx-commit=1',
    '--innodb-buffer-pool-size=64M',
    '--innodb-fast-shutdown=2',
    '--performance-schema=off',
    '--max-connections=200',
    // As old servers have it, so that nothing relies on a modern default.
    '--character-set-server=latin1',
    '--collation-server=latin1_swedish_ci',
    ...args,
  ];
  const guardFile = join(import.meta.dirname, 'mariadb-guard.ts');
  const guard = spawn(process.execPath, [guardFile, folder, program.server, ...settings], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'], ...program.env },
  });
  guard.stdin?.on('error', () => {});
  let over = false;
  const ended = new Promise<void>((resolve, reject) => {
    guard.once('error', reject);
    guard.once('close', () => {
      over = true;
      resolve();
    });
  });
  let said = '';
  guard.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  try {
    await eventually('MariaDB takes connections', async () => {
      if (over) throw new Error(`MariaDB ended as it started: ${lastLines(log)}`);
      if (!said.includes('\n')) return null;
      return ask(port, ['select 1']).then(
        () => true,
        () => null,
      );
    });
  } catch (error) {
    guard.stdin?.end();
    await ended;
    throw error;
  }
  return { guard, pid: Number(said), ended };
}

async function ask(port: number, statements: readonly string[]): Promise<RowDataPacket[]> {
  const connection: Connection = createConnection({ host: '127.0.0.1', port, user: 'root', connectTimeout: 5_000 });
  connection.on('error', () => {});
  try {
    let rows: RowDataPacket[] = [];
    for (const statement of statements) {
      rows = await new Promise((resolve, reject) => {
        connection.query<RowDataPacket[]>(statement, (error, result) => (error ? reject(error) : resolve(result)));
      });
    }
    return rows;
  } finally {
    connection.destroy();
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-5).join('; ');
  } catch {
    return 'it wrote no log';
  }
}

async function freePort(): Promise<number> {
  return await new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
