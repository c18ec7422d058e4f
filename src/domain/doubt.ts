/** Whether looks that fail are believed, as far as it weighs on what is done about a failure that nobody could verify. */
import { isFailing, type Known } from './incident.ts';

/** The same, once a failed look of it was believed, or came into doubt because the trouble may be ours. */
export function inDoubt(known: Known, isDoubted: boolean, nowMs: number): Known {
  const { open, suspicion, recent } = known;
  const { believedSinceMs } = recent;
  if (!isDoubted) return believedSinceMs === null ? { ...known, recent: { ...recent, believedSinceMs: nowMs } } : known;
  const isAnything = suspicion !== null || (open !== null && isFailing(open));
  return isAnything && believedSinceMs !== null ? { ...known, recent: { ...recent, believedSinceMs: null } } : known;
}
