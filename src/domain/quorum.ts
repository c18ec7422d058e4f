/**
 * What the regions say together (reliability.md 3.4). The quorum is fixed by how many regions are configured: one that is
 * silent is no vote, and makes it no smaller. With the default quorum, f of 2f+1 regions may lie in any manner and neither
 * have an outage confirmed that is none, nor one refuted that is.
 */
import type { Outcome, Vote } from './verification.ts';

export type QuorumRule = {
  /** The distinct regions that are configured. */
  regions: readonly string[];
  /** How many of them must agree. */
  quorum: number;
};

/** Who has no vote yet. */
export type Awaited = { verifier: string; region: string; quarantined: boolean };

/**
 * Whether a verifier has been right often enough to be believed when it is alone with what it says. False for one in
 * quarantine.
 */
export type InGoodStanding = (verifier: string) => boolean;

export type Tally = {
  outcome: Outcome;
  /** In the order of the rule. */
  downRegions: string[];
};

/** More than half of the regions, or what is wanted instead, within 1 and all of them. */
export function quorumOf(regions: number, wanted: number | null): number {
  const quorum = wanted ?? Math.floor(regions / 2) + 1;
  return Math.max(1, Math.min(quorum, regions));
}

/** The distinct regions of verifiers, in their order. */
export function regionsOf(verifiers: readonly { region: string }[]): string[] {
  return [...new Set(verifiers.map(({ region }) => region))];
}

/** What follows from the votes there are; whoever has none is silent. */
export function tally(votes: readonly Vote[], rule: QuorumRule, isGood: InGoodStanding): Tally {
  const counts = countsOf(votes, [], rule, isGood);
  const downRegions = rule.regions.filter((region) => sayOf(counts.get(region)) === 'down');
  // Nothing is awaited, so nothing is open.
  return { outcome: decided([...counts.values()], rule.quorum) ?? 'no_verdict', downRegions };
}

/** The outcome that stands whatever those say who are still awaited; null while it depends on them. */
export function settledOutcome(
  votes: readonly Vote[],
  awaited: readonly Awaited[],
  rule: QuorumRule,
  isGood: InGoodStanding,
): Outcome | null {
  return decided([...countsOf(votes, awaited, rule, isGood).values()], rule.quorum);
}

/** What each region that was heard says: what most of its verifiers say, apart from those in quarantine. */
export function regionSays(votes: readonly Vote[], rule: QuorumRule): Map<string, 'down' | 'up'> {
  const says = new Map<string, 'down' | 'up'>();
  for (const [region, count] of countsOf(votes, [], rule, () => false)) {
    const say = sayOf(count);
    if (say !== 'none') says.set(region, say);
  }
  return says;
}

/** Of one region. `good...`: how many of them are in good standing. */
type Count = { down: number; up: number; awaited: number; goodDown: number; goodUp: number; goodAwaited: number };

function countsOf(
  votes: readonly Vote[],
  awaited: readonly Awaited[],
  { regions }: QuorumRule,
  isGood: InGoodStanding,
): Map<string, Count> {
  const counts = new Map<string, Count>();
  for (const region of regions)
    counts.set(region, { down: 0, up: 0, awaited: 0, goodDown: 0, goodUp: 0, goodAwaited: 0 });
  const heard = new Set<string>();
  for (const { verifier, region, says, quarantined } of votes) {
    const count = counts.get(region);
    // Nobody votes twice.
    if (count === undefined || quarantined || heard.has(verifier)) continue;
    heard.add(verifier);
    if (says === 'none') continue;
    count[says] += 1;
    if (isGood(verifier)) count[says === 'down' ? 'goodDown' : 'goodUp'] += 1;
  }
  for (const { verifier, region, quarantined } of awaited) {
    const count = counts.get(region);
    if (count === undefined || quarantined || heard.has(verifier)) continue;
    count.awaited += 1;
    if (isGood(verifier)) count.goodAwaited += 1;
  }
  return counts;
}

function sayOf(count: Count | undefined): 'down' | 'up' | 'none' {
  if (count === undefined || count.down === count.up) return 'none';
  return count.down > count.up ? 'down' : 'up';
}

const isDown = ({ down, up, awaited }: Count) => down > up + awaited;
const isUp = ({ down, up, awaited }: Count) => up > down + awaited;
const mayBeDown = ({ down, up, awaited }: Count) => down + awaited > up;
const mayBeUp = ({ down, up, awaited }: Count) => up + awaited > down;

/**
 * Works on what is certain and what is still possible; with nobody awaited both are the same, and the answer is never
 * null.
 */
function decided(counts: readonly Count[], quorum: number): Outcome | null {
  const number = (is: (count: Count) => boolean) => counts.filter(is).length;
  if (number(isDown) >= quorum) return 'confirmed';
  if (number(mayBeDown) >= quorum) return null;
  const goodDown = counts.some((count) => isDown(count) && count.goodDown > 0);
  const maybeGoodDown = counts.some((count) => mayBeDown(count) && count.goodDown + count.goodAwaited > 0);
  if (number(isUp) >= quorum) {
    if (goodDown) return 'regional';
    return maybeGoodDown ? null : 'refuted';
  }
  // Without a quorum on either side, only what can be believed shows that they differ: liars make up neither side of it.
  const goodUp = counts.some((count) => isUp(count) && count.goodUp > 0);
  const heard = number(isDown) + number(isUp);
  if (goodDown && goodUp && heard >= quorum) return 'regional';
  if (number(mayBeUp) >= quorum) return null;
  const maybeGoodUp = counts.some((count) => mayBeUp(count) && count.goodUp + count.goodAwaited > 0);
  const maybeHeard = number((count) => mayBeDown(count) || mayBeUp(count));
  return maybeGoodDown && maybeGoodUp && maybeHeard >= quorum ? null : 'no_verdict';
}
