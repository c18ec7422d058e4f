/** Whether what must hold in a store does: asked at the end of tests, and by what is run outside of them. */
import type { Database } from '../../src/store/database.ts';
import { askInvariants } from '../../src/store/invariants.ts';

/** The invariants that do not hold, each with the first ids that break it; empty when all is well. */
export async function brokenInvariants(db: Database): Promise<string[]> {
  const broken: string[] = [];
  for await (const { invariant, ids } of askInvariants(db.kysely)) {
    if (ids !== null && ids.length > 0) broken.push(`${invariant.id} ${invariant.name}: ${invariant.finds} ${ids}`);
  }
  return broken;
}
