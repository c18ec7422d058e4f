/** Removes idempotency keys that have run out, a few at a time, for as long as the server listens. */
import type { Clock, Timer } from '../lib/clock.ts';
import type { IdempotencyStore } from '../store/idempotency.ts';
import type { Log } from '../telemetry/log.ts';

export interface Upkeep {
  start(): void;
  /** Resolves when nothing of it is under way any more. */
  stop(): Promise<void>;
}

const EVERY_MS = 60_000;
/** Small, so that no writer waits for it long; ten lots a minute are more than one caller may make. */
const LOT = 200;
const LOTS = 10;

export function createIdempotencyUpkeep(deps: {
  store: Pick<IdempotencyStore, 'removeExpired'>;
  clock: Pick<Clock, 'after'>;
  log: Pick<Log, 'warn'>;
}): Upkeep {
  const { store, clock, log } = deps;
  let timer: Timer | null = null;
  let underWay: Promise<void> = Promise.resolve();
  let isStopped = false;

  async function tidy(): Promise<void> {
    for (let lot = 0; lot < LOTS && !isStopped; lot += 1) {
      if ((await store.removeExpired(LOT)) < LOT) return;
    }
  }

  function wait(): void {
    timer = clock.after(EVERY_MS, () => {
      underWay = tidy()
        .catch((error: unknown) => log.warn({ err: error }, 'idempotency keys that ran out could not be removed'))
        .finally(() => {
          if (!isStopped) wait();
        });
    });
  }

  return {
    start: wait,
    async stop() {
      isStopped = true;
      timer?.cancel();
      await underWay;
    },
  };
}
