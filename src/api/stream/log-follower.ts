/**
 * Follows the log of transitions, whichever process writes to it. Commits of this process are noted as they happen; those
 * of others are found within half a second. A row that appears late, below one that is known, is found as well.
 */

import { MAX_ID } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import type { Clock } from '../../lib/clock.ts';
import type { LoggedTransition, TransitionLog } from '../../store/transition-log.ts';
import type { Log } from '../../telemetry/log.ts';
import { createSeenIds, type SeenIds } from './seen-ids.ts';

export type LogFollower = {
  /** Resolves once the end of the log is known; rejects when it cannot be read. */
  ready: Promise<void>;
  /** False when it was told of already, or will be. */
  note(id: bigint): boolean;
  /** All up to this id were told of; null until that is known. */
  position(): bigint | null;
  stop(): void;
};

type Deps = { transitionLog: TransitionLog; clock: Clock; log: Pick<Log, 'warn'> };

const LOOK_EVERY_MS = 500;
/** No transaction of ours lasts longer; an id that has not appeared by then never will. */
const WAIT_FOR_MISSING_MS = 60_000;
/** How far back rows are looked for that may still be in the making when following begins. */
const LOOK_BACK = 200n;
const IDS_AT_ONCE = 1_000;
const RANGES_AT_ONCE = 100;

/** `tell` hears of each transition of another process once, with the position after it. */
export function createLogFollower(
  { transitionLog, clock, log }: Deps,
  tell: (found: readonly { logged: LoggedTransition; position: bigint }[]) => void,
): LogFollower {
  let seen: SeenIds | null = null;
  let isStopped = false;
  let isLooking = false;
  let isInTrouble = false;
  /** What was committed here before the end of the log was known. */
  let early: bigint[] = [];
  /** Where among the missing ranges the next look goes on. */
  let nextRange = 0;

  async function begin(): Promise<void> {
    const newest = await transitionLog.newestId();
    const from = newest > LOOK_BACK ? newest - LOOK_BACK : 0n;
    const present = await transitionLog.idsIn([{ from: from + 1n, to: newest }], Number(LOOK_BACK));
    const begun = createSeenIds(from);
    for (const id of [...present, ...early].sort(ascending)) begun.note(id, clock.nowMs());
    early = [];
    seen = begun;
  }

  async function look(ids: SeenIds): Promise<void> {
    ids.giveUp(clock.nowMs() - WAIT_FOR_MISSING_MS);
    for (let isMore = true; isMore && !isStopped; ) {
      const found = await transitionLog.idsIn([...someMissing(ids), { from: ids.top() + 1n, to: MAX_ID }], IDS_AT_ONCE);
      isMore = found.length === IDS_AT_ONCE;
      await take(ids, found);
    }
  }

  function someMissing(ids: SeenIds) {
    const missing = ids.missing();
    if (nextRange >= missing.length) nextRange = 0;
    const some = missing.slice(nextRange, nextRange + RANGES_AT_ONCE);
    nextRange += RANGES_AT_ONCE;
    return some;
  }

  /** Noted only once they are read, so that trouble in between loses none. */
  async function take(ids: SeenIds, found: readonly bigint[]): Promise<void> {
    const awaited = found.filter((id) => ids.awaits(id));
    const logged = new Map(
      (await transitionLog.byIds(EVERY_SITE, awaited)).map((one) => [one.transition.transitionId as bigint, one]),
    );
    const told: { logged: LoggedTransition; position: bigint }[] = [];
    for (const id of awaited) {
      if (!ids.note(id, clock.nowMs())) continue;
      const one = logged.get(id);
      if (one !== undefined) told.push({ logged: one, position: ids.settled() });
    }
    if (told.length > 0 && !isStopped) tell(told);
  }

  async function lookNow(): Promise<void> {
    if (seen === null || isLooking) return;
    isLooking = true;
    try {
      await look(seen);
      isInTrouble = false;
    } catch (error) {
      // Nothing is lost: the next look finds it. One word an outage is enough.
      if (!isInTrouble && !isStopped)
        log.warn({ err: error }, 'the live stream cannot read what other processes wrote');
      isInTrouble = true;
    } finally {
      isLooking = false;
    }
  }

  const tick = (): void => {
    timer = clock.after(LOOK_EVERY_MS, tick);
    void lookNow();
  };
  let timer = clock.after(LOOK_EVERY_MS, tick);

  return {
    ready: begin(),
    note(id) {
      if (seen !== null) return seen.note(id, clock.nowMs());
      early.push(id);
      return true;
    },
    position: () => seen?.settled() ?? null,
    stop() {
      isStopped = true;
      timer.cancel();
    },
  };
}

function ascending(one: bigint, other: bigint): number {
  return one < other ? -1 : Number(one > other);
}
