/**
 * How much one verifier is asked at a time, found from how soon it answers: what is sent beyond that waits over there until
 * nobody waits for it here any more, and the work was for nothing. And over how many requests questions are spread, as a
 * request costs both sides more than a question in it.
 */

export interface Pace {
  /** Questions that may be under way. */
  questions(): number;
  /** Requests that may go out now, beside those that are full; the looks they ask for may take `lookMs`. */
  requests(nowMs: number, lookMs: number): number;
  /** One of these went out. */
  sent(): void;
  /** So many questions, sent then, waited so long over there for their turn, ms; `wasShort`: more would have been asked. */
  answered(count: number, waitedMs: number, sentMs: number, nowMs: number, wasShort: boolean): void;
  /** What was sent then was not answered in time, or turned away. */
  overloaded(sentMs: number, nowMs: number): void;
}

/** At first: a moderate verifier is through with so many in a second. */
const FIRST_QUESTIONS = 400;
const LONG_WAIT_MS = 1_500;
const SHORT_WAIT_MS = 750;
const AFTER_LONG_WAIT = 0.7;
const AFTER_OVERLOAD = 0.5;

/** How requests that are not full are spread over time. */
export type RequestPace = {
  /** After a rest. */
  atOnce: number;
  /** After these, where a look may take so long, ms. */
  perSecond(lookMs: number): number;
};

/** Few sites are asked about one by one, so that none waits for another that hangs. */
export const DEFAULT_REQUEST_PACE: RequestPace = { atOnce: 16, perSecond: () => 20 };

export function createPace(bounds: { least: number; most: number; requestPace?: RequestPace }): Pace {
  const { least, most, requestPace = DEFAULT_REQUEST_PACE } = bounds;
  let questions = Math.min(most, Math.max(least, FIRST_QUESTIONS));
  let requests = requestPace.atOnce;
  let countedMs: number | null = null;
  let slowedMs = Number.NEGATIVE_INFINITY;

  /** Once for all that went out before it could take effect. */
  function slowDown(by: number, sentMs: number, nowMs: number): void {
    if (sentMs <= slowedMs) return;
    slowedMs = nowMs;
    questions = Math.max(least, Math.floor(questions * by));
  }

  return {
    questions: () => questions,
    requests(nowMs, lookMs) {
      const added = ((nowMs - (countedMs ?? nowMs)) * requestPace.perSecond(lookMs)) / 1_000;
      countedMs = nowMs;
      requests = Math.min(requestPace.atOnce, requests + added);
      return Math.floor(requests);
    },
    sent() {
      requests = Math.max(0, requests - 1);
    },
    answered(count, waitedMs, sentMs, nowMs, wasShort) {
      if (waitedMs > LONG_WAIT_MS) slowDown(AFTER_LONG_WAIT, sentMs, nowMs);
      else if (waitedMs < SHORT_WAIT_MS && wasShort) questions = Math.min(most, questions + count);
    },
    overloaded: (sentMs, nowMs) => slowDown(AFTER_OVERLOAD, sentMs, nowMs),
  };
}
