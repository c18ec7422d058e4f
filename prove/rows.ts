/** Topics that are lists of rows, each measured by itself: what one row cannot measure does not cost the others theirs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Claim, isWanted, notMeasured, type ProofContext } from './topic.ts';

export type Row<Place> = {
  what: string;
  goal: string;
  /** True: it mostly waits, so those beside it in the list that do, too, are measured at the same time. */
  waits?: boolean;
  measure(place: Place): Promise<Pick<Claim, 'measured' | 'held' | 'detail'>>;
};

/** A place with a folder that is gone afterwards. */
export type Folder = ProofContext & { folder: string };

export async function* measureRows<Place extends Pick<ProofContext, 'only' | 'signal'>>(
  rows: readonly Row<Place>[],
  place: Place,
): AsyncIterable<Claim> {
  const wanted = rows.filter(({ what }) => isWanted(place, what));
  for (const group of groupsOf(wanted)) {
    const claims = await Promise.all(group.map((row) => claimOf(row, place)));
    // What was cut off says nothing.
    if (place.signal.aborted) return;
    yield* claims;
  }
}

function groupsOf<Place>(rows: readonly Row<Place>[]): Row<Place>[][] {
  const groups: Row<Place>[][] = [];
  for (const row of rows) {
    const last = groups.at(-1);
    if (row.waits && last?.at(-1)?.waits) last.push(row);
    else groups.push([row]);
  }
  return groups;
}

export async function* inFolder<T>(run: (folder: string) => AsyncIterable<T>): AsyncIterable<T> {
  const folder = await mkdtemp(join(tmpdir(), 'jetmon2-prove-'));
  try {
    yield* run(folder);
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function claimOf<Place>(row: Row<Place>, place: Place): Promise<Claim> {
  const claim = { what: row.what, goal: row.goal };
  try {
    return { ...claim, ...(await row.measure(place)) };
  } catch (error) {
    return notMeasured(claim, error);
  }
}
