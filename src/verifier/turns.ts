/**
 * Questions that wait until verifiers have room for them, in the order they came. Their time begins with their turn: asked
 * all at once, those of a whole fleet would run out of it together, and be asked again for nothing.
 */
import type { Clock, Timer } from '../lib/clock.ts';

export type Turn = {
  begin(): void;
  /** Whether anybody still wants to know when its turn comes. */
  isWanted(): boolean;
  /** It is not asked, for this reason. */
  missed(reason: 'overloaded' | 'withdrawn' | 'stopped'): void;
};

export interface Turns {
  /** Begins at once while there is room. The function it returns takes it back. */
  take(turn: Turn): () => void;
  waiting(): number;
  /** None begins any more. */
  stop(): void;
}

/** The next one is turned away. */
const CAPACITY = 100_000;
const MOST_WAIT_MS = 60_000;
const LOOK_EVERY_MS = 20;

export function createTurns({ clock, haveRoom }: { clock: Clock; haveRoom(): boolean }): Turns {
  const waiting = new Map<Turn, number>();
  let timer: Timer | null = null;

  function next(): void {
    timer = null;
    const nowMs = clock.monotonicMs();
    for (const [turn, sinceMs] of waiting) {
      const isLate = nowMs - sinceMs > MOST_WAIT_MS;
      const isWanted = turn.isWanted();
      if (!isLate && isWanted && !haveRoom()) break;
      waiting.delete(turn);
      if (!isWanted) turn.missed('withdrawn');
      else if (isLate) turn.missed('overloaded');
      else turn.begin();
    }
    if (waiting.size > 0) timer = clock.after(LOOK_EVERY_MS, next);
  }

  return {
    take(turn) {
      if (waiting.size === 0 && haveRoom()) turn.begin();
      else if (waiting.size >= CAPACITY) turn.missed('overloaded');
      else {
        waiting.set(turn, clock.monotonicMs());
        timer ??= clock.after(LOOK_EVERY_MS, next);
      }
      return () => void waiting.delete(turn);
    },
    waiting: () => waiting.size,
    stop() {
      timer?.cancel();
      const left = [...waiting.keys()];
      waiting.clear();
      for (const turn of left) turn.missed('stopped');
    },
  };
}
