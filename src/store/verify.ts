/** Looks through a database: the file as a file, its tables, and what must hold between them. Changes nothing. */
import type { DatabaseToRead } from './dialect/dialect.ts';
import { askInvariants } from './invariants.ts';
import { migrationStatus } from './migrations/migrate.ts';

export type CheckedPoint = {
  /** Short and stable, for programs. */
  id: string;
  name: string;
  outcome: 'ok' | 'failed' | 'skipped';
  /** What was found, or why it was not asked; null when all is well. */
  found: string | null;
};

/** One point after the other, each as soon as it is known. Ends early where the rest could only repeat the same. */
export async function* verify(db: DatabaseToRead, options: { projection: boolean }): AsyncGenerator<CheckedPoint> {
  if (db.inspect !== null) {
    const { isOurs, complaints } = db.inspect();
    yield point('integrity', 'the file is whole', complaints.length === 0 ? null : complaints.join('; '));
    yield point('owner', 'the file is ours', isOurs ? null : 'it holds the data of another program');
    if (!isOurs || complaints.length > 0) return;
  }
  const status = await migrationStatus(db.kysely);
  const unknown = status.filter(({ name }) => name === null).map(({ id }) => id);
  const pending = status.filter(({ appliedAtMs }) => appliedAtMs === null).map(({ id }) => id);
  const isNewer = unknown.length > 0 ? `a newer program changed it: migration ${unknown.join(', ')}` : null;
  const isOlder = pending.length > 0 ? ` (older: ${pending.join(', ')} pending)` : '';
  yield point('schema', `its tables are known${isOlder}`, isNewer);
  for await (const { invariant, ids } of askInvariants(db.kysely, options)) {
    const { id, name, finds } = invariant;
    if (ids === null) yield { id, name, outcome: 'skipped', found: 'a table is not there' };
    else yield point(id, name, ids.length === 0 ? null : `${finds} ${ids.join(', ')}`);
  }
}

function point(id: string, name: string, found: string | null): CheckedPoint {
  return { id, name, outcome: found === null ? 'ok' : 'failed', found };
}
