/** Topics that are lists of rows, each measured by itself: what one row cannot measure does not cost the others theirs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Claim, isWanted, notMeasured, type ProofContext } from './topic.ts';

export type Row<Place> = {
  what: string;
  goal: string;
  measure(place: Place): Promise<Pick<Claim, 'measured' | 'held' | 'detail'>>;
};

/** A place with a folder that is gone afterwards. */
export type Folder = ProofContext & { folder: string };

export async function* measureRows<Place extends Pick<ProofContext, 'only' | 'signal'>>(
  rows: readonly Row<Place>[],
  place: Place,
): AsyncIterable<Claim> {
  for (const row of rows) {
    if (!isWanted(place, row.what)) continue;
    const claim = await claimOf(row, place);
    // What was cut off says nothing.
    if (place.signal.aborted) return;
    yield claim;
  }
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
