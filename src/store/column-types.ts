/** What a column is written as and read as. */
import type { ColumnType } from 'kysely';

/** A whole number: written as either, read as bigint. */
export type Int = ColumnType<bigint, bigint | number, bigint | number>;
/** The same with a default of the database's. */
export type DefaultedInt = ColumnType<bigint, bigint | number | undefined, bigint | number>;
export type NullableInt = ColumnType<bigint | null, bigint | number | null | undefined, bigint | number | null>;
export type NullableText = ColumnType<string | null, string | null | undefined, string | null>;
export type DefaultedText = ColumnType<string, string | undefined, string>;
export type NullableReal = ColumnType<number | null, number | null | undefined, number | null>;
