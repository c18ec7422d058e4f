/**
 * Follows what other programs write into the registry: page after page it is read and compared with the fleet, round and
 * round, so slowly that nobody notices. What differs is followed like a change that was told.
 */
import type { EndpointId } from '../../domain/ids.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import { BEFORE_ALL, type FleetPage, type FleetRows } from '../../store/fleet-rows.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { type Fleet, MARK } from './fleet.ts';

export interface Sweep {
  start(): void;
  /** A slot that has just been read needs not be found by the sweep that is under way. */
  greet(slot: number): void;
  /** Resolves when nothing is being read any more. */
  stop(): Promise<void>;
}

const ROWS_PER_PAGE = 2_000;
/** A small fleet is one page, which may be read more often than once a sweep. */
const MAX_PAUSE_MS = 10_000;
/** Endpoints followed at a time: while they wait to be read they are not watched. */
const FOLLOWED_AT_ONCE = 500;

export function createSweep(parts: {
  rows: FleetRows;
  fleet: Fleet;
  /** A whole sweep takes so long at most, as far as the database keeps up; infinite for none at all. */
  everyMs: number;
  /** Resolves when the endpoints have been read and taken in, or are known to be tried again. */
  follow(endpointIds: readonly EndpointId[]): Promise<void>;
  metrics: Pick<Metrics, 'count'>;
  clock: Clock;
  log: Log;
}): Sweep {
  const { rows, fleet, metrics, clock, log } = parts;
  let timer: Timer | null = null;
  let working: Promise<void> = Promise.resolve();
  let isStopped = false;
  /** Sweeps are odd and even by turns: a slot whose mark is that of the last one was not seen by this one. */
  let isOdd = true;
  let after = BEFORE_ALL;
  let isInTrouble = false;

  function pauseMs(): number {
    const pages = Math.ceil((fleet.size() + 1) / ROWS_PER_PAGE);
    return Math.min(parts.everyMs / pages, MAX_PAUSE_MS);
  }

  function schedule(sinceMs: number): void {
    if (isStopped) return;
    const waitMs = Math.max(0, sinceMs + pauseMs() - clock.monotonicMs());
    timer = clock.after(waitMs, () => {
      const beganMs = clock.monotonicMs();
      working = step().then(() => schedule(beganMs));
    });
  }

  async function step(): Promise<void> {
    try {
      const page = await rows.page(after, ROWS_PER_PAGE);
      if (isStopped) return;
      await followAll(differing(page));
      if (page.next === null) await endSweep();
      else after = page.next;
      if (isInTrouble) log.info('the registry can be read again');
      isInTrouble = false;
    } catch (error) {
      metrics.count('registry_unread');
      if (!isInTrouble)
        log.warn({ err: error }, 'the registry could not be compared with what is watched; tried again');
      isInTrouble = true;
    }
  }

  function differing(page: FleetPage): EndpointId[] {
    const found: EndpointId[] = [];
    const { endpointIds } = page;
    const halves = new Int32Array(endpointIds.buffer, endpointIds.byteOffset, endpointIds.length * 2);
    for (let row = 0; row < page.count; row += 1) {
      const slot = fleet.findHalves(halves[2 * row] ?? 0, halves[2 * row + 1] ?? 0);
      const isWatched = slot !== -1;
      if (isWatched !== page.isActive(row) || (isWatched && !fleet.isAsIn(page, row, slot))) {
        found.push(endpointIds[row] as EndpointId);
      } else if (isWatched) greet(slot);
    }
    return found;
  }

  async function endSweep(): Promise<void> {
    const gone: EndpointId[] = [];
    for (let slot = 0; slot < fleet.extent(); slot += 1) {
      if (fleet.isUsed(slot) && fleet.has(slot, MARK.odd) !== isOdd) gone.push(fleet.endpointId(slot));
    }
    await followAll(gone);
    after = BEFORE_ALL;
    isOdd = !isOdd;
  }

  async function followAll(endpointIds: readonly EndpointId[]): Promise<void> {
    for (let from = 0; from < endpointIds.length && !isStopped; from += FOLLOWED_AT_ONCE) {
      await parts.follow(endpointIds.slice(from, from + FOLLOWED_AT_ONCE));
    }
  }

  function greet(slot: number): void {
    fleet.mark(slot, MARK.odd, isOdd);
  }

  return {
    start() {
      if (Number.isFinite(parts.everyMs)) schedule(clock.monotonicMs());
    },
    greet,
    async stop() {
      isStopped = true;
      timer?.cancel();
      await working;
    },
  };
}
