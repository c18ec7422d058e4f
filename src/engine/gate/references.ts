/**
 * Targets of the operator's own choice that show whether our network works (`REFERENCE_TARGETS`). They are looked at
 * seldom while all is well, every few seconds while anything fails, and at once when a failure is to be judged.
 */
import type { Observation } from '../../domain/verdict.ts';
import { countedVerdict } from '../../domain/verdict.ts';
import type { Clock } from '../../lib/clock.ts';
import { networkOf, scopeOf } from './network.ts';

export type ReferenceParts = {
  /** Two to eight. */
  urls: readonly string[];
  /** Looks at a URL through the same guard as every probe. */
  probe(url: string, timeoutMs: number): Promise<Observation>;
};

export interface References {
  /** Two of them, in two networks, passed in the last ten seconds, and one of these after that instant. */
  prove(sinceMs: number): boolean;
  /** No two, in two networks, passed at a time for minutes: they are down themselves, or their word cannot be had. */
  areLost(): boolean;
  /** Something else was reached at that instant, when they had been lost already: it is them, not our network. */
  areDead(reachedMs: number): boolean;
  /** All of them are looked at right now, each at most once in two seconds. */
  hurry(): void;
  /** Call about once a second. */
  tick(isAnythingFailing: boolean): void;
  /** How many passed at their last look, of how many. */
  stats(): { passing: number; of: number };
  stop(): void;
}

const TIMEOUT_MS = 3_000;
const FRESH_MS = 10_000;
const EVERY_MS = { hurry: 2_000, failing: 5_000, well: 60_000 };
const LOST_WITHOUT_PROOF_MS = 5 * 60_000;
/** One that never answered is asked again: whoever probes for us broke. */
const LOST_AFTER_MS = 15_000;

type Reference = {
  url: string;
  startedMs: number;
  passedMs: number;
  isOut: boolean;
  passed: boolean;
  /** Where it was reached last; null: it never was. */
  network: number | null;
};

export function createReferences(parts: ReferenceParts & { clock: Clock; onPass(atMs: number): void }): References {
  const { clock } = parts;
  const all = parts.urls.map((url): Reference => {
    const never = Number.NEGATIVE_INFINITY;
    return { url, startedMs: never, passedMs: never, isOut: false, passed: false, network: null };
  });
  let stopped = false;
  let provenMs = clock.monotonicMs();

  /** Those that passed lately. That near ones are reached tells nothing of the way to the others. */
  function fresh(): Reference[] {
    const nowMs = clock.monotonicMs();
    const areAllNear = all.every(isNear);
    return all.filter((one) => nowMs - one.passedMs <= FRESH_MS && (areAllNear || !isNear(one)));
  }

  async function look(one: Reference): Promise<void> {
    const startedMs = clock.monotonicMs();
    one.startedMs = startedMs;
    one.isOut = true;
    const seen = await parts.probe(one.url, TIMEOUT_MS).catch(() => null);
    const passed = seen !== null && isWell(seen);
    if (stopped || one.startedMs !== startedMs) return;
    one.isOut = false;
    one.passed = passed;
    if (!passed) return;
    one.passedMs = clock.monotonicMs();
    one.network = networkOf(seen.address);
    if (areApart(fresh())) provenMs = one.passedMs;
    parts.onPass(one.passedMs);
  }

  function lookAtThoseNotSince(gapMs: number): void {
    const nowMs = clock.monotonicMs();
    for (const one of all) {
      const waitedMs = nowMs - one.startedMs;
      if (!stopped && waitedMs >= gapMs && (!one.isOut || waitedMs >= LOST_AFTER_MS)) void look(one);
    }
  }

  return {
    prove(sinceMs) {
      const passed = fresh();
      return areApart(passed) && passed.some(({ passedMs }) => passedMs >= sinceMs);
    },
    areLost: () => clock.monotonicMs() - provenMs > LOST_WITHOUT_PROOF_MS,
    areDead: (reachedMs) => reachedMs - provenMs > LOST_WITHOUT_PROOF_MS,
    hurry: () => lookAtThoseNotSince(EVERY_MS.hurry),
    tick: (isAnythingFailing) => lookAtThoseNotSince(isAnythingFailing ? EVERY_MS.failing : EVERY_MS.well),
    stats: () => ({ passing: all.filter(({ passed }) => passed).length, of: all.length }),
    stop() {
      stopped = true;
    },
  };
}

/** One that was never reached may be anywhere. */
function isNear({ network }: Reference): boolean {
  return network !== null && scopeOf(network) === 'near';
}

/** In two networks at the least: those of one may work, or fail, together. */
function areApart(references: readonly Reference[]): boolean {
  return new Set(references.map(({ network }) => network)).size >= 2;
}

/** A reply alone is not enough: a portal that wants a login answers for everybody. */
function isWell({ verdicts }: Observation): boolean {
  const { state } = countedVerdict(verdicts);
  return state !== 'Seems Down' && state !== 'Unknown';
}
