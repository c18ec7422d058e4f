/** Looks that could not tell, of which others can say whether the site or we are at fault. Pure. */
import type { Observation, Verdict } from '../../domain/verdict.ts';

export function isForOthers({ state, othersCanTell }: Verdict): boolean {
  return state === 'Unknown' && othersCanTell !== undefined;
}

/** The look as the failure that it is if it is not we who fail. */
export function asFailed(observation: Observation): Observation {
  return { ...observation, verdicts: observation.verdicts.map(failedIfSuspect) };
}

function failedIfSuspect(verdict: Verdict): Verdict {
  const { othersCanTell, followUp: _, ...rest } = verdict;
  if (verdict.state !== 'Unknown' || othersCanTell === undefined) return verdict;
  return { ...rest, state: 'Seems Down', shape: othersCanTell };
}
