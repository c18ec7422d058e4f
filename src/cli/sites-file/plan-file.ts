/** From the rows of a file to what has to be done: everything that is asked of the server before anything is changed. */
import type { Client } from '../../client/client.ts';
import type { Entry } from './entry.ts';
import { limitsOf } from './limits.ts';
import { matchEntries } from './match.ts';
import { notWatched } from './not-watched.ts';
import { needsDetails, planSites } from './plan.ts';
import { refuse } from './read-entries.ts';
import type { Plan, PlanOptions } from './step.ts';
import { detailsFor, readWatched } from './watched.ts';

export type FileOptions = Omit<PlanOptions, 'limits'> & {
  /** As messages call it. */
  file: string;
  /** See `minIntervalOf`. */
  ownMinSeconds: number;
  /** What is watched already stays as it is. */
  onlyNew?: boolean;
};

/** Throws `invalid_arguments` where the server would refuse any of it. */
export async function planFile(client: Client, all: readonly Entry[], options: FileOptions): Promise<Plan> {
  const { file, ownMinSeconds, onlyNew = false, ...wanted } = options;
  const limits = await limitsOf(client, all, ownMinSeconds);
  const sites = await readWatched(client);
  const entries = onlyNew ? notWatched(all, sites) : all;
  const matches = matchEntries(entries, sites);
  const details = await detailsFor(client, matches.filter(needsDetails));
  const plan = planSites(matches, sites, details, { ...wanted, limits });
  refuse(file, plan.problems);
  return { ...plan, unchanged: plan.unchanged + all.length - entries.length };
}
