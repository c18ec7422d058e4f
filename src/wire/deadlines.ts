/**
 * Timers for many short exchanges: everything due within the same tick shares one timer of the clock, so that a
 * thousand checks in flight do not cost a thousand timers. Never early, at most one tick late while this thread runs.
 */
import type { Clock, Timer } from '../lib/clock.ts';

export interface Deadlines {
  /** Runs `run` once when the monotonic clock has reached `atMs`. */
  at(atMs: number, run: () => void): Timer;
  /** Runs `run` once after `delayMs`. */
  after(delayMs: number, run: () => void): Timer;
}

const TICK_MS = 10;
/** A tick that is later than this was kept from running by a pause of ours. */
const STALL_MS = 100;

export function createDeadlines(clock: Clock): Deadlines {
  const ticks = new Map<number, Tick>();

  function armTick(number: number, nowMs: number): Tick {
    const delayMs = Math.max(0, Math.ceil(number * TICK_MS - nowMs));
    const tick: Tick = new Tick(() => {
      if (ticks.get(number) === tick) ticks.delete(number);
    });
    tick.timer = clock.after(delayMs, () => due(number));
    ticks.set(number, tick);
    return tick;
  }

  /** Timers run before sockets are read: after a pause, what has come meanwhile is read before it is called late. */
  function due(number: number): void {
    const tick = ticks.get(number);
    if (tick === undefined) return;
    if (clock.monotonicMs() - number * TICK_MS > STALL_MS) tick.timer = clock.after(TICK_MS, () => fire(number));
    else fire(number);
  }

  function fire(number: number): void {
    const tick = ticks.get(number);
    ticks.delete(number);
    for (let entry = tick?.take(); entry !== undefined; entry = tick?.take()) run(entry);
  }

  /** One that throws is our own mistake: it is thrown on by itself, and the others of its tick still run. */
  function run(entry: Entry): void {
    try {
      entry.run();
    } catch (error) {
      clock.after(0, () => {
        throw error;
      });
    }
  }

  function at(atMs: number, run: () => void): Timer {
    const nowMs = clock.monotonicMs();
    const number = Math.ceil(Math.max(atMs, nowMs) / TICK_MS);
    return (ticks.get(number) ?? armTick(number, nowMs)).add(run);
  }

  return { at, after: (delayMs, run) => at(clock.monotonicMs() + delayMs, run) };
}

/** The entries of one tick as a linked list: adding and cancelling is all that nearly every entry sees. */
class Tick {
  timer: Timer | null = null;
  readonly #onEmpty: () => void;
  #first: Entry | null = null;
  #last: Entry | null = null;

  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  add(run: () => void): Entry {
    const entry = new Entry(this, run, this.#last);
    if (this.#last === null) this.#first = entry;
    else this.#last.next = entry;
    this.#last = entry;
    return entry;
  }

  take(): Entry | undefined {
    const entry = this.#first;
    if (entry === null) return undefined;
    this.#unlink(entry);
    return entry;
  }

  cancel(entry: Entry): void {
    this.#unlink(entry);
    if (this.#first !== null) return;
    this.timer?.cancel();
    this.#onEmpty();
  }

  #unlink(entry: Entry): void {
    if (entry.previous === null) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === null) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    entry.tick = null;
  }
}

class Entry implements Timer {
  tick: Tick | null;
  readonly run: () => void;
  previous: Entry | null;
  next: Entry | null = null;

  constructor(tick: Tick, run: () => void, previous: Entry | null) {
    this.tick = tick;
    this.run = run;
    this.previous = previous;
  }

  cancel(): void {
    this.tick?.cancel(this);
  }
}
