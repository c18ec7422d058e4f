/** The clock of a database in the hands of a test: leases run out when the test says so, not when time passes. */
import { sql } from 'kysely';
import type { Database } from '../../src/store/database.ts';

export type MovableDatabase = { db: Database; advance(ms: number): void; nowMs(): number };

/** The same database with a clock that stands still until it is moved. */
export function withMovableClock(db: Database, startMs = 1_800_000_000_000): MovableDatabase {
  let nowMs = startMs;
  const dialect = {
    ...db.dialect,
    get nowMs() {
      return sql<bigint>`${sql.lit(BigInt(nowMs))}`;
    },
  };
  return {
    db: { ...db, dialect },
    advance(ms) {
      nowMs += ms;
    },
    nowMs: () => nowMs,
  };
}
