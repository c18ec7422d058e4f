/** The moments of one reply, and the phases between them. The same for both versions of HTTP. */
import type { Clock } from '../lib/clock.ts';
import type { Reply, WireFailure } from './exchange.ts';

/** Phases of `Timings` from the ready connection on, ms; absent when it did not come so far. */
export type ReplyTimings = { sent?: number; ttfb?: number; headers?: number; body?: number };

export type ReplyOutcome = { reply: Reply | null; failure: WireFailure | null };

export class ReplyMoments {
  readonly startMs: number;
  readonly #clock: Clock;
  #sentMs: number | null = null;
  #firstByteMs: number | null = null;
  #headDoneMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.startMs = clock.monotonicMs();
  }

  /** The request was handed to the kernel whole. */
  noteSent(atMs: number): void {
    this.#sentMs ??= atMs;
  }

  noteByte(): void {
    this.#firstByteMs ??= this.#clock.monotonicMs();
  }

  noteHead(): void {
    this.#headDoneMs ??= this.#clock.monotonicMs();
  }

  get isHeadNoted(): boolean {
    return this.#headDoneMs !== null;
  }

  /** To be asked when the outcome is known. */
  timings({ reply, failure }: ReplyOutcome): ReplyTimings {
    const timings: ReplyTimings = {};
    const [sentMs, firstByteMs] = [this.#sentMs, this.#firstByteMs];
    if (sentMs !== null) timings.sent = sentMs - this.startMs;
    if (firstByteMs === null) return timings;
    // A server may speak before it was asked.
    if (sentMs !== null && firstByteMs >= sentMs) timings.ttfb = firstByteMs - sentMs;
    const nowMs = this.#clock.monotonicMs();
    // A reply that comes whole in one read ends before anybody asks whether its head is done.
    const headDoneMs = this.#headDoneMs ?? (reply === null ? null : nowMs);
    if (headDoneMs === null) return timings;
    timings.headers = headDoneMs - firstByteMs;
    if (failure === null && reply !== null && reply.body.mode !== 'skipped') timings.body = nowMs - headDoneMs;
    return timings;
  }
}
