/** The delay of a prober thread's event loop, told across the thread border through shared memory. */

/** Key of the memory in the environment data of threads. */
export const SHARED_DELAY = 'prove: delay of the loop';

export interface SharedDelay {
  memory: SharedArrayBuffer;
  /** Has the thread begin anew. */
  restart(): void;
  p99Ms(): number;
}

export function createSharedDelay(memory = new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT)): SharedDelay {
  const cells = new Float64Array(memory);
  return {
    memory,
    restart() {
      cells[0] = (cells[0] ?? 0) + 1;
    },
    p99Ms: () => cells[1] ?? Number.NaN,
  };
}

/** For the thread: calls `measure` often, with whether to begin anew, and keeps what it returns. */
export function keepDelay(memory: SharedArrayBuffer, measure: (anew: boolean) => number): void {
  const cells = new Float64Array(memory);
  let known = cells[0];
  const look = setInterval(() => {
    const anew = cells[0] !== known;
    known = cells[0];
    cells[1] = measure(anew);
  }, LOOK_EVERY_MS);
  look.unref();
}

const LOOK_EVERY_MS = 100;
