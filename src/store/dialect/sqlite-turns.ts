/** One at a time, in the order of asking. */
import { createQueue } from '../../lib/queue.ts';

export interface Turns {
  /** Resolves when it is our turn, which ends when the function it resolves with is called. */
  take(): Promise<() => void>;
}

export function createTurns(): Turns {
  const queue = createQueue<(pass: () => void) => void>();
  let isTaken = false;

  function next(): void {
    const give = queue.shift();
    isTaken = give !== undefined;
    give?.(once(next));
  }

  return {
    take() {
      return new Promise((resolve) => {
        queue.push(resolve);
        if (!isTaken) next();
      });
    },
  };
}

function once(run: () => void): () => void {
  let hasRun = false;
  return () => {
    if (!hasRun) run();
    hasRun = true;
  };
}
