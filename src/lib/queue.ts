/** First in, first out. Holds on to no more than twice what it had to hold at once, however long it is in use. */
export interface Queue<T> {
  push(item: T): void;
  /** Takes out the oldest item; undefined when there is none. */
  shift(): T | undefined;
  size(): number;
}

/** Two arrays: one is filled while the other is emptied, so that no item ever moves. */
export function createQueue<T>(): Queue<T> {
  let filling: T[] = [];
  let emptying: T[] = [];
  let taken = 0;
  return {
    push: (item) => void filling.push(item),
    shift() {
      if (taken === emptying.length) {
        emptying = filling;
        filling = [];
        taken = 0;
      }
      if (taken === emptying.length) return undefined;
      const item = emptying[taken];
      taken += 1;
      return item;
    },
    size: () => filling.length + emptying.length - taken,
  };
}
