import type { Evidence } from './evidence.ts';
import { type State, severityOf } from './state.ts';
import type { Timings } from './timings.ts';

/**
 * What one check concluded from one probe. Checks return verdicts for anything the site did; trouble of our own is
 * the state Unknown, never a failure of the site.
 */
export type Verdict = {
  /** The check that speaks, such as `http`. */
  check: string;
  /**
   * The state this finding suggests: Up; Warning or Degraded (advisory); Seems Down (a failure that wants
   * confirmation); Unknown (we could not tell).
   */
  state: Extract<State, 'Up' | 'Warning' | 'Degraded' | 'Seems Down' | 'Unknown'>;
  /** Stable public code from the check's closed map of findings; `ok` when nothing is wrong. */
  reason: string;
  /** One plain sentence of cause for people. */
  summary: string;
  /**
   * Unknown alone: `interval` when another look soon would tell nothing new, or would itself be the trouble; otherwise
   * `soon`.
   */
  followUp?: 'soon' | 'interval';
  /** Seems Down alone: how it failed, which says how much one look proves. */
  shape?: FailureShape;
  /**
   * Unknown alone: how the site fails if it is not we who fail. Only others can tell, and what they confirm is an outage
   * that begins with this look.
   */
  othersCanTell?: FailureShape;
  /** Small facts that belong to this finding alone, such as days until expiry. */
  details?: Readonly<Record<string, string | number | boolean>>;
};

/**
 * How a look failed. `answered`: the site, or something in its place, replied, by HTTP or in the handshake. `refused`: a
 * packet came back, and no more. `silent`: nothing came back in time. `name`: the name has no address. The last two can
 * also be trouble of our own network, and `name` is the weakest proof of all.
 */
export type FailureShape = 'answered' | 'refused' | 'silent' | 'name';

/** Everything one probe of one endpoint brought back. */
export type Observation = {
  /** Wall clock at the start of the probe, ms since the epoch. */
  startedAtMs: number;
  timings: Timings;
  /** Status of the last reply; null when none arrived. */
  httpCode: number | null;
  /** Address the last request went to. */
  address: string | null;
  /** End of the leaf certificate's validity, ms since the epoch; null when none was shown. */
  certificateExpiresAtMs: number | null;
  /** One per check that ran; never empty. */
  verdicts: Verdict[];
  /** Present on anything but a healthy result, and when the caller asked for it. */
  evidence: Evidence | null;
};

/**
 * What silence means: a check that has an open incident and nothing to say of a look that went all the way has nothing
 * to complain of any more, as when a site no longer speaks TLS.
 */
export function clearedBySilence(openChecks: Iterable<string>, verdicts: readonly Verdict[]): Verdict[] {
  if (verdicts.some(({ state }) => state === 'Seems Down' || state === 'Unknown')) return [];
  const silent = [...openChecks].filter((check) => verdicts.every((verdict) => verdict.check !== check));
  return silent.map((check) => ({
    check,
    state: 'Up',
    reason: 'ok',
    summary: 'there is nothing to check here any more',
  }));
}

/** The look as it counts where some checks are not wanted. One verdict stays: that of the check nobody can do without. */
export function withoutChecks(observation: Observation, checks: readonly string[]): Observation {
  const verdicts = observation.verdicts.filter(({ check }) => !checks.includes(check));
  return verdicts.length === 0 ? observation : { ...observation, verdicts };
}

/** The verdict that speaks for the whole observation: the most severe; among equals Unknown before Up, then the first. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict {
  let worst: Verdict | null = null;
  for (const verdict of verdicts) if (worst === null || weight(verdict) > weight(worst)) worst = verdict;
  if (worst === null) throw new TypeError('an observation carries at least one verdict');
  return worst;
}

/** The verdict by which an observation counts: beside what nobody can tell, an advisory is no word on how the site fares. */
export function countedVerdict(verdicts: readonly Verdict[]): Verdict {
  const worst = worstVerdict(verdicts);
  if (worst.state === 'Seems Down') return worst;
  return verdicts.find(({ state }) => state === 'Unknown') ?? worst;
}

function weight(verdict: Verdict): number {
  return severityOf(verdict.state) + (verdict.state === 'Unknown' ? 0.5 : 0);
}
