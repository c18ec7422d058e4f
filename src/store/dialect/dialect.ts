/** What differs between the databases, and nothing else: the rest of the store does not know which one it speaks to. */
import type { Insertable, RawBuilder } from 'kysely';
import type { Executor, Schema } from '../schema.ts';

export interface Dialect {
  readonly name: 'sqlite' | 'mysql';
  /** Column type of a 64-bit id that is a primary key. */
  readonly idType: 'integer' | 'bigint';
  /** The same in the legacy registry, where ids are unsigned. */
  readonly legacyIdType: RawBuilder<unknown>;
  /** An unsigned column type with display width, as the legacy schema spells it. */
  unsigned(type: 'bigint' | 'smallint' | 'tinyint', width: number): RawBuilder<unknown>;
  /** Creates an index unless it is there already. */
  ensureIndex(db: Executor, name: string, table: string, columns: readonly string[]): Promise<void>;
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
