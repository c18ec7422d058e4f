/** By which numbers it is decided: those of the server, and those of the endpoint. */

/** A span that follows the interval of the endpoint, within bounds. */
export type Span = { intervals: number; minMs: number; maxMs: number };

export type DecisionPolicy = {
  /** Fresh local failures that confirm an outage, the first included (`NUM_OF_CHECKS`). */
  attemptsToConfirm: number;
  /** When each retry is due, ms after the first failure was known; the last gap repeats. */
  retryOffsetsMs: readonly number[];
  /** The least time a retry is given, unless the endpoint itself is given less. */
  minRetryTimeoutMs: number;
  /** While a failure is open, recovery is looked for at least this often. */
  recoveryProbeMs: number;
  /** `none`: local evidence has the last word. */
  verifiers: 'none' | 'configured';
  /** How long after an answer that settles nothing the verifiers are asked again. */
  verifyAgainMs: number;
  /** What is done about a failure that nobody could verify for `afterMs`: nothing, or its severity becomes that of Down. */
  unverified: { afterMs: number; policy: 'hold' | 'page' };
  /** An endpoint that began to fail `starts` times within `withinMs` is flapping until it was well for `well`. */
  flap: { starts: number; withinMs: number; well: Span };
  /** How long weak evidence is distrusted. */
  dampening: { afterRecovery: Span; afterFalseAlarm: Span };
  /** The endpoint's own interval. */
  intervalMs: number;
  /** The endpoint's own deadline. */
  timeoutMs: number;
  /** How long its last healthy look took; null: not known. */
  usualMs: number | null;
};

/** What holds for all endpoints alike. */
export type ServerPolicy = Omit<DecisionPolicy, 'intervalMs' | 'timeoutMs' | 'usualMs'>;

const MINUTE_MS = 60_000;

/** All but the number of checks: quick fresh retries 2, 5 and 10 s after the first failure, recovery looked for every 15 s. */
export const DEFAULT_POLICY: Omit<ServerPolicy, 'attemptsToConfirm'> = {
  retryOffsetsMs: [2_000, 5_000, 10_000],
  minRetryTimeoutMs: 5_000,
  recoveryProbeMs: 15_000,
  verifiers: 'none',
  verifyAgainMs: 30_000,
  unverified: { afterMs: 5 * MINUTE_MS, policy: 'hold' },
  flap: {
    starts: 4,
    withinMs: 60 * MINUTE_MS,
    well: { intervals: 2, minMs: 2 * MINUTE_MS, maxMs: Number.POSITIVE_INFINITY },
  },
  dampening: {
    afterRecovery: { intervals: 1, minMs: MINUTE_MS, maxMs: 5 * MINUTE_MS },
    afterFalseAlarm: { intervals: 2, minMs: 5 * MINUTE_MS, maxMs: 10 * MINUTE_MS },
  },
};

export function spanMs({ intervals, minMs, maxMs }: Span, intervalMs: number): number {
  return Math.min(maxMs, Math.max(minMs, intervals * intervalMs));
}
