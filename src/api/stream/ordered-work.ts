/** Runs pieces of work one after another, in the order they came; a bounded number may wait. */

export type OrderedWork = {
  /** False when too many wait already: the work is not taken on. */
  add(work: () => Promise<void>): boolean;
};

/** `onFailure` hears of work that rejects; the work after it goes on. */
export function createOrderedWork(maxWaiting: number, onFailure: (error: unknown) => void): OrderedWork {
  let tail: Promise<void> = Promise.resolve();
  let waiting = 0;
  return {
    add(work) {
      if (waiting >= maxWaiting) return false;
      waiting += 1;
      tail = tail
        .then(work)
        .catch(onFailure)
        // A turn of the event loop lets sockets drain, so that a burst is not taken for a slow reader.
        .then(() => new Promise<void>((resolve) => setImmediate(resolve)))
        .finally(() => {
          waiting -= 1;
        });
      return true;
    },
  };
}
