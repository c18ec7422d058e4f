/**
 * Decisions with liars among the verifiers: f of 2f+1 regions lie as they like, and each outcome is held against what is
 * true. Small worlds one after the other, so that one that goes wrong can be had again by its seed.
 */
import { quorumOf, tally } from '../../src/domain/quorum.ts';
import { createTrust, type Truth } from '../../src/domain/trust.ts';
import type { Outcome, Vote } from '../../src/domain/verification.ts';
import { seeded } from '../kit/seeded.ts';

export const STRATEGIES = ['always_down', 'always_up', 'flip', 'random', 'sly', 'careful', 'silent'] as const;
/**
 * `sly`: honest for long, then flips. `careful`: knows a canary when it sees one, and lies only while it is believed.
 */
export type Strategy = (typeof STRATEGIES)[number];

export type Lies = {
  decisions: number;
  worlds: number;
  elapsedMs: number;
  /** Confirmed although it was up, or refuted although it was down. Must be 0. */
  wrong: number;
  /** A verdict other than the right one although every honest region was heard and no liar was believed. Must be 0. */
  missed: number;
  /** Called regional although it was up everywhere, by who had never earned any standing. Must be 0. */
  madeUp: number;
  /** The same by who had been honest for long: what no rule can tell from a region in trouble. */
  madeUpByTrusted: number;
  /** Up everywhere: what `madeUpByTrusted` is out of. */
  decidedUp: number;
  honestQuarantined: number;
  liarsQuarantined: number;
  /** The seeds of worlds in which something was wrong or missed; at most 10. */
  badSeeds: number[];
};

const DECISIONS_PER_WORLD = 400;
const CANARY_EVERY = 10;
const HONEST_FOR = 150;
const WORLDS_PER_TURN = 50;

export async function lyingVerifiers(options: {
  seed: number;
  decisions: number;
  signal?: AbortSignal;
  onProgress?: (done: Lies) => void;
}): Promise<Lies> {
  const startedMs = performance.now();
  const lies: Lies = {
    decisions: 0,
    worlds: 0,
    elapsedMs: 0,
    wrong: 0,
    missed: 0,
    madeUp: 0,
    madeUpByTrusted: 0,
    decidedUp: 0,
    honestQuarantined: 0,
    liarsQuarantined: 0,
    badSeeds: [],
  };
  while (lies.decisions < options.decisions && !options.signal?.aborted) {
    for (let turn = 0; turn < WORLDS_PER_TURN && lies.decisions < options.decisions; turn += 1) {
      playLies((options.seed + lies.worlds) >>> 0, lies);
    }
    lies.elapsedMs = performance.now() - startedMs;
    options.onProgress?.(lies);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return lies;
}

type Speaker = { name: string; region: string; strategy: Strategy | 'honest' };
/** `regional`: down for some honest regions. Nothing is held against what is decided of those. */
type Site = Truth | 'regional';

/** One world: 2f+1 regions of one or two verifiers, of which f regions lie with one strategy each. */
export function playLies(seed: number, lies: Lies): void {
  const random = seeded(seed);
  const speakers = newSpeakers(random);
  const regions = [...new Set(speakers.map(({ region }) => region))];
  const rule = { regions, quorum: quorumOf(regions.length, null) };
  const trust = createTrust(speakers, rule);
  const before = lies.wrong + lies.missed + lies.madeUp;
  const note = (turns: ReturnType<typeof trust.judge>) => {
    for (const { verifier, to } of turns) {
      if (to !== 'quarantined') continue;
      const isLiar = speakers.some(({ name, strategy }) => name === verifier && strategy !== 'honest');
      lies[isLiar ? 'liarsQuarantined' : 'honestQuarantined'] += 1;
    }
  };
  for (let step = 0; step < DECISIONS_PER_WORLD; step += 1) {
    const ask = (site: Site, isCanary: boolean) =>
      speakers.map((speaker) => voteOf(speaker, site, { random, step, isCanary, trust }));
    if (step % CANARY_EVERY === 0)
      for (const truth of ['down', 'up'] as const) note(trust.judgeCanary(truth, ask(truth, true), step));
    const site = drawSite(random);
    const votes = ask(site, false);
    const { outcome } = tally(votes, rule, trust.isGood);
    if (site !== 'regional') hold(lies, site, outcome, votes, speakers);
    note(trust.judge(votes, step, BigInt(step)));
    lies.decisions += 1;
  }
  lies.worlds += 1;
  if (lies.wrong + lies.missed + lies.madeUp > before && lies.badSeeds.length < 10) lies.badSeeds.push(seed);
}

function newSpeakers(random: () => number): Speaker[] {
  const f = 1 + Math.floor(random() * 4);
  return Array.from({ length: 2 * f + 1 }, (_, region) => {
    const strategy: Speaker['strategy'] =
      region < f ? (STRATEGIES[Math.floor(random() * STRATEGIES.length)] ?? 'flip') : 'honest';
    const verifiers = random() < 0.2 ? 2 : 1;
    return Array.from({ length: verifiers }, (_, at) => ({ name: `${region}.${at}`, region: `r${region}`, strategy }));
  }).flat();
}

/** Most sites that somebody failed to reach are down. */
function drawSite(random: () => number): Site {
  const drawn = random();
  if (drawn < 0.02) return 'regional';
  return drawn < 0.7 ? 'down' : 'up';
}

type Scene = { random: () => number; step: number; isCanary: boolean; trust: ReturnType<typeof createTrust> };

function voteOf({ name, region, strategy }: Speaker, site: Site, scene: Scene): Vote {
  // Which regions a regional outage is seen from differs from site to site.
  const truth: Truth = site === 'regional' ? (scene.random() < 0.3 ? 'down' : 'up') : site;
  const says = sayOf(strategy, truth, name, scene);
  const seen = { reason: says, httpCode: null, errorCode: 0, failureClass: null, rttMs: null, tookMs: 1 };
  return { verifier: name, region, says, quarantined: scene.trust.isQuarantined(name), ...seen };
}

function sayOf(strategy: Speaker['strategy'], truth: Truth, name: string, scene: Scene): Vote['says'] {
  const lie = truth === 'down' ? 'up' : 'down';
  switch (strategy) {
    case 'honest':
      return scene.random() < 0.02 ? 'none' : truth;
    case 'always_down':
      return 'down';
    case 'always_up':
      return 'up';
    case 'flip':
      return lie;
    case 'random':
      return scene.random() < 0.5 ? 'down' : 'up';
    case 'sly':
      return scene.step < HONEST_FOR ? truth : lie;
    case 'careful':
      return !scene.isCanary && scene.trust.isGood(name) ? lie : truth;
    case 'silent':
      return 'none';
  }
}

function hold(lies: Lies, truth: Truth, outcome: Outcome, votes: readonly Vote[], speakers: readonly Speaker[]): void {
  const isWrong = truth === 'up' ? outcome === 'confirmed' : outcome === 'refuted';
  if (isWrong) lies.wrong += 1;
  const honest = speakers.filter(({ strategy }) => strategy === 'honest').map(({ name }) => name);
  const allHeard = honest.every((name) => votes.some((vote) => vote.verifier === name && vote.says !== 'none'));
  const couldBeBelieved = speakers.some(({ strategy }) => strategy === 'sly' || strategy === 'careful');
  if (truth === 'up') lies.decidedUp += 1;
  if (truth === 'up' && outcome === 'regional') lies[couldBeBelieved ? 'madeUpByTrusted' : 'madeUp'] += 1;
  const right = truth === 'down' ? 'confirmed' : 'refuted';
  if (allHeard && outcome !== right && outcome !== 'regional') lies.missed += 1;
}
