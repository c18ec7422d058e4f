/** What concerns one target is done one after another, as looks and answers of others may come at once. */
import type { Target } from './target.ts';

export interface Turns {
  /** Done when what is under way for the target is done; not at all once it was replaced, or after `end`. */
  take(target: Target, work: () => Promise<void>): void;
  /** Nothing new is begun: what comes now belongs to nobody. */
  end(): void;
  /** Resolves when nothing is being done any more. */
  settled(): Promise<void>;
}

export function createTurns(parts: {
  /** The work on a target failed, and it may have been replaced meanwhile. */
  failed(target: Target, error: unknown): void;
  /** Nothing waits for the target any more. */
  idle(target: Target): void;
}): Turns {
  const underWay = new Set<Promise<void>>();
  let isOver = false;

  return {
    take(target, work) {
      if (isOver) return;
      const done: Promise<void> = target.turn
        .then(() => (target.retired ? undefined : work()))
        .catch((error: unknown) => parts.failed(target, error))
        .finally(() => {
          underWay.delete(done);
          // Whatever is decided next must find this very target.
          if (target.turn === done) parts.idle(target);
        });
      target.turn = done;
      underWay.add(done);
    },
    end() {
      isOver = true;
    },
    settled: async () => void (await Promise.all(underWay)),
  };
}
