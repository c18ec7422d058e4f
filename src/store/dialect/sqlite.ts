/** The embedded database: how it is opened. */
import { type CompiledQuery, Kysely } from 'kysely';
import { LEGACY_TABLE } from '../legacy.ts';
import type { Schema, Tx } from '../schema.ts';
import type { OpenedDatabase } from './dialect.ts';
import type { Packed, PackedKinds } from './packed.ts';
import { createRowCounter } from './row-counter.ts';
import { copySqliteFile } from './sqlite-copy.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import { connectionsOn, type PackedQuery } from './sqlite-driver.ts';
import { freshThreads, type SqliteThreads } from './sqlite-link.ts';
import { asUnusable } from './sqlite-trouble.ts';
import { type StatementWatcher, watchedDialect } from './watched-dialect.ts';

/**
 * Opens a file in a thread of its own and hands it out as it is: its tables are not looked at. Throws AppError
 * `database_unusable`, or `db_unavailable` when the thread ends.
 */
export async function openSqlite(
  path: string,
  {
    threads = freshThreads,
    onStatement,
  }: { threads?: SqliteThreads | undefined; onStatement?: StatementWatcher | undefined } = {},
): Promise<OpenedDatabase> {
  const thread = threads.take();
  try {
    await thread.ask({ kind: 'open', path, companion: LEGACY_TABLE });
  } catch (error) {
    await threads.giveBack(thread);
    throw asUnusable(path, error);
  }
  const connections = connectionsOn(thread);
  const { plugin, rowsWritten } = createRowCounter();
  const kysely = new Kysely<Schema>({ dialect: watchedDialect(connections.dialect, onStatement), plugins: [plugin] });
  const snapshots = new Kysely<Schema>({ dialect: connections.snapshots });
  let closing: Promise<void> | null = null;

  async function readPacked<Kinds extends PackedKinds>(query: CompiledQuery, kinds: Kinds, within?: Tx) {
    const packed: PackedQuery = { ...query, packedAs: kinds };
    const { rows } = await (within ?? kysely).executeQuery<Packed<Kinds>>(packed as CompiledQuery<Packed<Kinds>>);
    const [found] = rows;
    if (found === undefined) throw new Error('a query that was to be packed was answered otherwise');
    return found;
  }

  async function close(): Promise<void> {
    await connections.drain();
    try {
      if (thread.isAlive()) await thread.ask({ kind: 'close' });
    } finally {
      await threads.giveBack(thread);
    }
  }

  return {
    kysely,
    dialect: sqliteDialect,
    name: path,
    path,
    transaction: (run) => kysely.transaction().execute(run),
    snapshot: (run) => snapshots.transaction().execute(run),
    readPacked,
    lost: thread.lost,
    copyTo: (target, options) => copySqliteFile(path, target, options),
    rowsWritten,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
