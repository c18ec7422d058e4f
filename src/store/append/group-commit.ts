/**
 * Group commit: what is asked for while a transaction is under way goes into the next one, and each asker is answered
 * after the commit of its own. Items of one site keep their order. While the database is away, everything waits here, up
 * to a stated cap, and is tried again; one item that the database will not take fails alone.
 */
import { AppError } from '../../domain/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { createQueue } from '../../lib/queue.ts';
import type { Random } from '../../lib/random.ts';
import type { Log } from '../../telemetry/log.ts';

export type GroupCommitSettings = {
  /** Transactions at the same time. */
  lanes: number;
  /** Most items of one transaction. */
  batch: number;
  /** Most items that wait, and most bytes they may come to; the next one is refused with `store_overloaded`. */
  capacity: number;
  capacityBytes: number;
};

export interface GroupCommit<Item, Answer> {
  submit(item: Item): Promise<Answer>;
  /** Items that were submitted and are not answered. */
  waiting(): number;
  /** Commits of groups, and items in them; attempts that failed because the database was away, or one item was held up. */
  stats(): Readonly<GroupCommitStats>;
  /**
   * Nobody waits any more for a database that is away: what it does not take now is rejected. Resolves when everything
   * that waited is answered.
   */
  settle(): Promise<void>;
  /** The same, and nothing new is taken. */
  close(): Promise<void>;
}

export type GroupCommitStats = {
  commits: number;
  items: number;
  outages: number;
  heldUp: number;
  refused: number;
  poisoned: number;
};

type Entry<Item, Answer> = {
  item: Item;
  bytes: number;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
};

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;
const HELD_UP_WAIT_MS = 1_000;

export function createGroupCommit<Item, Answer>(parts: {
  settings: GroupCommitSettings;
  /** Items that share a key are committed one after the other. */
  keyOf(item: Item): bigint;
  /** About how much memory it holds while it waits. */
  bytesOf(item: Item): number;
  /** The trouble is with one of the items, such as a row that somebody else holds: the others need not wait for it. */
  isOfOneItem(error: unknown): boolean;
  /** Commits all or nothing; the answers are in the order of the items. May be called again with the same items. */
  commit(items: readonly Item[]): Promise<readonly Answer[]>;
  /** These are tried again, because the database was away or one of them was held up. */
  onRetry?(items: readonly Item[]): void;
  clock: Clock;
  random: Random;
  log: Pick<Log, 'warn' | 'info' | 'error'>;
}): GroupCommit<Item, Answer> {
  const { settings, keyOf, bytesOf, isOfOneItem, commit, clock, random, log } = parts;
  type OwnEntry = Entry<Item, Answer>;
  const ready = createQueue<OwnEntry>();
  /** Behind another item of the same key. A key that is here, even with none, has an item that is ready or under way. */
  const behind = new Map<bigint, OwnEntry[]>();
  const stats: GroupCommitStats = { commits: 0, items: 0, outages: 0, heldUp: 0, refused: 0, poisoned: 0 };
  let waiting = 0;
  let waitingBytes = 0;
  let busyLanes = 0;
  let failuresInARow = 0;
  let isWoken = false;
  let isClosed = false;
  /** While somebody settles: why nothing is tried any more, once the database was found away. */
  let settling: { givenUp: unknown; done: PromiseWithResolvers<void> } | null = null;
  let begun = Promise.withResolvers<void>();

  function submit(item: Item): Promise<Answer> {
    if (isClosed) return Promise.reject(new AppError('db_unavailable', 'the store is being closed'));
    const bytes = bytesOf(item);
    if (waiting >= settings.capacity || waitingBytes + bytes > settings.capacityBytes) {
      stats.refused += 1;
      return Promise.reject(overloaded(waiting));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    waiting += 1;
    waitingBytes += bytes;
    enqueue({ item, bytes, resolve, reject });
    return promise;
  }

  function enqueue(entry: OwnEntry): void {
    const key = keyOf(entry.item);
    const line = behind.get(key);
    if (line !== undefined) {
      line.push(entry);
      return;
    }
    behind.set(key, []);
    ready.push(entry);
    wake();
  }

  /** Only after those who ask in the same turn have asked. */
  function wake(): void {
    if (isWoken || busyLanes >= lanesNow()) return;
    isWoken = true;
    queueMicrotask(() => {
      isWoken = false;
      while (busyLanes < lanesNow() && ready.size() > 0) void turn();
    });
  }

  /** One lane finds out whether a database that was away is back. */
  function lanesNow(): number {
    return failuresInARow > 0 ? 1 : settings.lanes;
  }

  async function turn(): Promise<void> {
    busyLanes += 1;
    const group: OwnEntry[] = [];
    while (group.length < settings.batch) {
      const entry = ready.shift();
      if (entry === undefined) break;
      group.push(entry);
    }
    await settle(group);
    busyLanes -= 1;
    wake();
  }

  async function settle(group: readonly OwnEntry[]): Promise<void> {
    for (;;) {
      if (settling?.givenUp !== undefined) {
        const { givenUp } = settling;
        for (const entry of group) finish(entry, () => entry.reject(givenUp));
        return;
      }
      try {
        const answers = await commit(group.map(({ item }) => item));
        recovered(group.length);
        for (const [index, entry] of group.entries()) finish(entry, () => entry.resolve(answers[index] as Answer));
        return;
      } catch (error) {
        if (isOfOneItem(error)) return oneByOne(group, error);
        if (!isTransient(error)) return split(group, error);
        stats.outages += 1;
        if (settling !== null) settling.givenUp = error;
        else {
          parts.onRetry?.(group.map(({ item }) => item));
          await pause(error);
        }
      }
    }
  }

  /** Each for itself; one that is alone already comes again later and keeps nobody waiting meanwhile. */
  async function oneByOne(group: readonly OwnEntry[], error: unknown): Promise<void> {
    const [first] = group;
    if (group.length > 1) for (const entry of group) await settle([entry]);
    else if (first !== undefined && settling !== null) finish(first, () => first.reject(error));
    else if (first !== undefined) void again(first);
  }

  async function again(entry: OwnEntry): Promise<void> {
    stats.heldUp += 1;
    parts.onRetry?.([entry.item]);
    await waitFor(HELD_UP_WAIT_MS);
    ready.push(entry);
    wake();
  }

  /** Halves it until what the database will not take stands alone. */
  async function split(group: readonly OwnEntry[], error: unknown): Promise<void> {
    const [first] = group;
    if (group.length === 1 && first !== undefined) {
      stats.poisoned += 1;
      finish(first, () => first.reject(error));
      return;
    }
    const middle = group.length >> 1;
    await settle(group.slice(0, middle));
    await settle(group.slice(middle));
  }

  function finish(entry: OwnEntry, answer: () => void): void {
    waiting -= 1;
    waitingBytes -= entry.bytes;
    const key = keyOf(entry.item);
    const next = behind.get(key)?.shift();
    if (next === undefined) behind.delete(key);
    else ready.push(next);
    answer();
    if (waiting === 0) settling?.done.resolve();
  }

  function recovered(items: number): void {
    stats.commits += 1;
    stats.items += items;
    if (failuresInARow > 0) log.info({ waiting }, 'the database answers again; what waited is being written');
    failuresInARow = 0;
  }

  async function pause(error: unknown): Promise<void> {
    failuresInARow += 1;
    if (failuresInARow === 1)
      log.warn({ err: error, waiting }, 'the event log cannot be written; decisions wait and are tried again');
    const most = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failuresInARow, 10));
    await waitFor(most);
  }

  /** Half of it at least; less only when somebody settles. */
  async function waitFor(mostMs: number): Promise<void> {
    const jitter = (random.bytes(1)[0] ?? 0) / 256;
    const { promise: isOver, resolve } = Promise.withResolvers<void>();
    const timer = clock.after(mostMs * (0.5 + jitter / 2), resolve);
    await Promise.race([isOver, begun.promise]);
    timer.cancel();
  }

  async function settleAll(): Promise<void> {
    if (settling === null) {
      settling = { givenUp: undefined, done: Promise.withResolvers() };
      begun.resolve();
      if (waiting === 0) settling.done.resolve();
    }
    await settling.done.promise;
    if (settling === null) return;
    settling = null;
    begun = Promise.withResolvers();
  }

  return {
    submit,
    waiting: () => waiting,
    stats: () => ({ ...stats }),
    settle: settleAll,
    close() {
      isClosed = true;
      return settleAll();
    },
  };
}

/** The database was away or too busy: the same may go through later. Anything else is wrong with what was sent. */
function isTransient(error: unknown): boolean {
  return error instanceof AppError && error.kind === 'unavailable';
}

function overloaded(capacity: number): AppError {
  return new AppError('store_overloaded', `${capacity} decisions wait for the database already`, {
    fix: 'see why the database does not answer; sites are looked at again once it does',
  });
}
