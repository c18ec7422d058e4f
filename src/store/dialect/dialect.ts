/** What differs between the databases, and nothing else: the rest of the store does not know which one it speaks to. */
import type { CompiledQuery, Insertable, Kysely, RawBuilder, SelectQueryBuilder } from 'kysely';
import type { AppError } from '../../domain/errors.ts';
import type { Executor, Schema, Tx } from '../schema.ts';
import type { Packed, PackedKinds } from './packed.ts';

export interface Dialect {
  readonly name: 'sqlite' | 'mysql';
  /** Transactions that write at the same time: where some wait for the disk, others can be made ready. */
  readonly writersAtOnce: number;
  /** Column type of a 64-bit id that is a primary key. */
  readonly idType: 'integer' | 'bigint';
  /** The same in the legacy registry, where ids are unsigned. */
  readonly legacyIdType: RawBuilder<unknown>;
  /** An unsigned column type with display width, as the legacy schema spells it. */
  unsigned(type: 'bigint' | 'smallint' | 'tinyint', width: number): RawBuilder<unknown>;
  /** Column type of bytes up to 16 MiB, and of text up to as much. */
  readonly blobType: RawBuilder<unknown>;
  readonly longTextType: RawBuilder<unknown>;
  /** What stands at the end of `create table` for tables of ours: texts compare byte by byte on every database. */
  readonly tableOptions: RawBuilder<unknown>;
  /** The clock of the database in ms since the epoch: it alone rules leases and claims, whatever our hosts think. */
  readonly nowMs: RawBuilder<bigint>;
  /** Locks what a query finds until the transaction ends. Nothing to do where one writer is alone anyway. */
  lockForUpdate<DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>): SelectQueryBuilder<DB, TB, O>;
  /** The same, shared with others that only read. */
  lockForShare<DB, TB extends keyof DB, O>(query: SelectQueryBuilder<DB, TB, O>): SelectQueryBuilder<DB, TB, O>;
  /**
   * Runs a step that changes tables: no other process does meanwhile, and a step that fails leaves nothing behind where
   * the database can undo such changes.
   */
  migrationStep<T>(kysely: Kysely<Schema>, run: (db: Executor) => Promise<T>): Promise<T>;
  /**
   * An alias for a table that says by which index it is read: a server that has not counted the rows of a table that
   * grows would read all of it.
   */
  readBy(alias: string, index: string): RawBuilder<unknown>;
  /** Creates an index unless it is there already. */
  ensureIndex(db: Executor, name: string, table: string, columns: readonly string[]): Promise<void>;
  /** Lets the ids of a table go on from the highest that is there, where a higher one was. */
  countFrom(db: Executor, table: string): Promise<void>;
  /** Inserts rows; where the key is taken, updates every other column given. */
  upsert<Table extends keyof Schema>(db: Executor, upsert: Upsert<Table>): Promise<void>;
}

export type Upsert<Table extends keyof Schema> = {
  table: Table;
  /** At most a few hundred, all with the same members. */
  rows: readonly Insertable<Schema[Table]>[];
  /** The unique columns that decide whether a row exists. */
  key: readonly (keyof Insertable<Schema[Table]> & string)[];
  /** Columns that keep their value on a row that exists. */
  keep?: readonly (keyof Insertable<Schema[Table]> & string)[];
};

export type TransactionOptions = {
  /** Runs it again also when a row with a unique key of its own came to be meanwhile. */
  retryDuplicates?: boolean;
};

/** A database that was opened: what `database.ts` hands out once the tables are there. */
export interface OpenedDatabase {
  readonly kysely: Kysely<Schema>;
  readonly dialect: Dialect;
  /** What to call it in messages: the file, or `host:port/name`; never credentials. */
  readonly name: string;
  /** The file, absolute; null for a server. */
  readonly path: string | null;
  /** See `Database.transaction`. */
  transaction<T>(run: (tx: Tx) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Runs reads that all see one state of the database, however long they take; they hold up no writer. */
  snapshot<T>(run: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * What a query finds that is committed, in columns; `kinds` names what it selects, in that order. With `within`: what
   * that snapshot sees.
   */
  readPacked<Kinds extends PackedKinds>(query: CompiledQuery, kinds: Kinds, within?: Tx): Promise<Packed<Kinds>>;
  /**
   * Copies the database as it is at one moment into a file that does not exist yet, whole and on the disk when this
   * resolves. Null for a server, which has tools of its own for that. Rejects with `copy_failed`.
   */
  readonly copyTo: ((target: string, options?: CopyOptions) => Promise<CopyFacts>) | null;
  /** Resolves when the database can never be used again by this process, with the reason. A server may always come back. */
  readonly lost: Promise<AppError>;
  /** Rows that statements changed since it was opened, those of transactions that failed among them. */
  rowsWritten(): number;
  close(): Promise<void>;
}

export type CopyOptions = {
  /** Told the share that is done, 0 to 1, from time to time. */
  onProgress?: ((share: number) => void) | undefined;
  /** Bytes that are free where a folder lies; the operating system's answer unless a test gives another. */
  freeBytes?: ((folder: string) => number) | undefined;
};

export type CopyFacts = { bytes: number };

/** A database that is looked at and never changed, not even by bringing its tables up to date. */
export interface DatabaseToRead {
  readonly kysely: Executor;
  readonly dialect: Dialect;
  /** What to call it in messages; never credentials. */
  readonly name: string;
  /** See `OpenedDatabase.snapshot`. */
  snapshot<T>(run: (tx: Executor) => Promise<T>): Promise<T>;
  /** Reads the whole file and says what is wrong with it as a file; null for a server. */
  readonly inspect: (() => FileFacts) | null;
  close(): Promise<void>;
}

export type FileFacts = {
  isOurs: boolean;
  /** What the integrity check complains about, at most a few; empty when the file is whole. */
  complaints: readonly string[];
};
