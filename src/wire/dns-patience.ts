/**
 * Waiting that nearly always ends before it is over: all that wait for the same time share one timer, which is neither
 * set nor cleared when one of them begins or ends.
 */
import type { Clock } from '../lib/clock.ts';
import type { Deadlines } from './deadlines.ts';

export interface Waiting {
  /** The time is over; called once, unless `done` was called before. */
  onPatienceEnd(): void;
}

export class Patience {
  readonly #delayMs: number;
  readonly #clock: Clock;
  readonly #deadlines: Deadlines;
  /** In the order in which their time ends. */
  readonly #untilMs = new Map<Waiting, number>();
  #isArmed = false;

  constructor(delayMs: number, clock: Clock, deadlines: Deadlines) {
    this.#delayMs = delayMs;
    this.#clock = clock;
    this.#deadlines = deadlines;
  }

  /** How many are waiting. */
  get size(): number {
    return this.#untilMs.size;
  }

  begin(waiting: Waiting): void {
    const untilMs = this.#clock.monotonicMs() + this.#delayMs;
    this.#untilMs.set(waiting, untilMs);
    this.#arm(untilMs);
  }

  done(waiting: Waiting): void {
    this.#untilMs.delete(waiting);
  }

  #arm(atMs: number): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#deadlines.at(atMs, () => this.#due());
  }

  #due(): void {
    this.#isArmed = false;
    const nowMs = this.#clock.monotonicMs();
    for (const [waiting, untilMs] of this.#untilMs) {
      if (untilMs > nowMs) {
        this.#arm(untilMs);
        return;
      }
      this.#untilMs.delete(waiting);
      waiting.onPatienceEnd();
    }
  }
}
