/** Token buckets: one per API key, in this process (spec/04 section 6). */
import type { Clock } from '../lib/clock.ts';

export type RateDecision = {
  allowed: boolean;
  limit: number;
  /** Whole requests left after this one. */
  remaining: number;
  /** Seconds until the bucket is full, before this request is counted. */
  fullInSeconds: number;
  /** Seconds until a request that was refused would be allowed; 0 when this one was. */
  allowedInSeconds: number;
};

export type RateLimiter = { take(keyId: bigint, perMinute: number): RateDecision };

type Bucket = { tokens: number; seenMs: number };

const IDLE_MS = 10 * 60_000;
const SWEEP_MS = 5 * 60_000;

/** Capacity is a minute's worth; refill is continuous; a changed limit applies at once. */
export function createRateLimiter(clock: Clock): RateLimiter {
  const buckets = new Map<bigint, Bucket>();
  let sweptMs = clock.monotonicMs();

  function sweep(nowMs: number): void {
    if (nowMs - sweptMs < SWEEP_MS) return;
    sweptMs = nowMs;
    for (const [keyId, bucket] of buckets) if (nowMs - bucket.seenMs > IDLE_MS) buckets.delete(keyId);
  }

  return {
    take(keyId, perMinute) {
      const nowMs = clock.monotonicMs();
      sweep(nowMs);
      const known = buckets.get(keyId) ?? { tokens: perMinute, seenMs: nowMs };
      const tokens = Math.min(perMinute, known.tokens + ((nowMs - known.seenMs) * perMinute) / 60_000);
      const fullInSeconds = ((perMinute - tokens) * 60) / perMinute;
      const allowed = tokens >= 1;
      const allowedInSeconds = allowed ? 0 : ((1 - tokens) * 60) / perMinute;
      const left = allowed ? tokens - 1 : tokens;
      buckets.set(keyId, { tokens: left, seenMs: nowMs });
      return { allowed, limit: perMinute, remaining: Math.floor(left), fullInSeconds, allowedInSeconds };
    },
  };
}
