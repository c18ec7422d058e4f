/**
 * The correlation brake, pure: sites do not begin to fail all at once and everywhere, so when they seem to, it is more
 * likely us. Counts by the second over the last half minute; a network has a capped say, so that one big host that
 * really fails, with the usual few others beside it, is no mass failure however many sites it holds.
 */

export interface BrakeCounts {
  /** A look ended, however. */
  looked(nowMs: number): void;
  /** A target newly fails. `network` is any number that is the same for what may fail together. */
  onset(network: number, nowMs: number): void;
  /** More than 20 onsets, and more than 5 % of the looks that ended, of which no four networks can be the whole. */
  holds(nowMs: number): boolean;
  counts(nowMs: number): { looks: number; onsets: number; networks: number };
}

const WINDOW_S = 30;
/** A power of two above the window. */
const SLOTS = 32;
const LEAST_ONSETS = 20;
const SHARE_OF_LOOKS = 0.05;
/** What one network can be of what trips the brake: five are needed. */
const SHARE_OF_NETWORK = 1 / 4;
const MAX_NETWORKS = 8_192;
/** Stands for every network beyond those. */
const ANY_OTHER = Number.MIN_SAFE_INTEGER;

export function createBrakeCounts(): BrakeCounts {
  const looksIn = new Uint32Array(SLOTS);
  const onsetsIn = Array.from({ length: SLOTS }, () => new Map<number, number>());
  const byNetwork = new Map<number, number>();
  let looks = 0;
  let onsets = 0;
  let second = 0;

  /** Lets go of the seconds that left the window. Time that runs backwards is taken as standing still. */
  function advance(nowMs: number): number {
    const now = Math.max(second, Math.floor(nowMs / 1000));
    for (let left = Math.min(now - second, SLOTS); left > 0; left -= 1)
      empty((now - left + 1 - WINDOW_S) & (SLOTS - 1));
    second = now;
    return now & (SLOTS - 1);
  }

  function empty(slot: number): void {
    looks -= looksIn[slot] ?? 0;
    looksIn[slot] = 0;
    const gone = onsetsIn[slot];
    if (gone === undefined || gone.size === 0) return;
    for (const [network, count] of gone) {
      const left = (byNetwork.get(network) ?? 0) - count;
      if (left > 0) byNetwork.set(network, left);
      else byNetwork.delete(network);
      onsets -= count;
    }
    gone.clear();
  }

  return {
    looked(nowMs) {
      const slot = advance(nowMs);
      looksIn[slot] = (looksIn[slot] ?? 0) + 1;
      looks += 1;
    },
    onset(network, nowMs) {
      const slot = advance(nowMs);
      const counted = byNetwork.size < MAX_NETWORKS || byNetwork.has(network) ? network : ANY_OTHER;
      const here = onsetsIn[slot];
      here?.set(counted, (here.get(counted) ?? 0) + 1);
      byNetwork.set(counted, (byNetwork.get(counted) ?? 0) + 1);
      onsets += 1;
    },
    holds(nowMs) {
      advance(nowMs);
      const limit = Math.max(LEAST_ONSETS, looks * SHARE_OF_LOOKS);
      if (onsets <= limit) return false;
      let weighed = 0;
      for (const count of byNetwork.values()) {
        weighed += Math.min(count, limit * SHARE_OF_NETWORK);
        if (weighed > limit) return true;
      }
      return false;
    },
    counts(nowMs) {
      advance(nowMs);
      return { looks, onsets, networks: byNetwork.size };
    },
  };
}
