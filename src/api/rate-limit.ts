/** Token buckets in this process: of keys, of tenants, and of operations with a low limit of their own (spec/04 section 6). */
import type { Clock } from '../lib/clock.ts';

export type BucketLimit = {
  /** Whose bucket; buckets of one name are one. */
  bucket: string;
  /** Above 0. */
  perMinute: number;
};

export type RateDecision = {
  allowed: boolean;
  /** The bucket that is told of: the one that keeps a caller waiting longest, or else the one with the least left. */
  bucket: string;
  limit: number;
  /** Whole requests left after this one. */
  remaining: number;
  /** Seconds until the bucket is full, before this request is counted. */
  fullInSeconds: number;
  /** Seconds until a request that was refused would be allowed; 0 when this one was. */
  allowedInSeconds: number;
};

export type RateLimiter = {
  /** Takes one from each bucket, or from none: who is refused for one limit uses up no other. At least one is named. */
  take(limits: readonly [BucketLimit, ...BucketLimit[]]): RateDecision;
};

type Bucket = { tokens: number; seenMs: number };
type Level = BucketLimit & { tokens: number };

const IDLE_MS = 10 * 60_000;
const SWEEP_MS = 5 * 60_000;
/** The one that was used longest ago is forgotten first. */
const MAX_BUCKETS = 100_000;

/** Capacity is a minute's worth; refill is continuous; a changed limit applies at once. */
export function createRateLimiter(clock: Clock): RateLimiter {
  const buckets = new Map<string, Bucket>();
  let sweptMs = clock.monotonicMs();

  function sweep(nowMs: number): void {
    if (nowMs - sweptMs < SWEEP_MS) return;
    sweptMs = nowMs;
    for (const [bucket, { seenMs }] of buckets) if (nowMs - seenMs > IDLE_MS) buckets.delete(bucket);
  }

  function levelOf({ bucket, perMinute }: BucketLimit, nowMs: number): Level {
    const known = buckets.get(bucket) ?? { tokens: perMinute, seenMs: nowMs };
    const tokens = Math.min(perMinute, known.tokens + ((nowMs - known.seenMs) * perMinute) / 60_000);
    return { bucket, perMinute, tokens };
  }

  function keep(bucket: string, tokens: number, nowMs: number): void {
    buckets.delete(bucket);
    const oldest = buckets.keys().next();
    if (buckets.size >= MAX_BUCKETS && !oldest.done) buckets.delete(oldest.value);
    buckets.set(bucket, { tokens, seenMs: nowMs });
  }

  return {
    take(limits) {
      const nowMs = clock.monotonicMs();
      sweep(nowMs);
      const [first, ...others] = limits;
      const levels = [levelOf(first, nowMs), ...others.map((limit) => levelOf(limit, nowMs))] as const;
      const allowed = levels.every(({ tokens }) => tokens >= 1);
      for (const { bucket, tokens } of levels) keep(bucket, allowed ? tokens - 1 : tokens, nowMs);
      const told = levels.reduce((one, other) => (isTighter(other, one, allowed) ? other : one), levels[0]);
      const { bucket, perMinute, tokens } = told;
      return {
        allowed,
        bucket,
        limit: perMinute,
        remaining: Math.floor(allowed ? tokens - 1 : tokens),
        fullInSeconds: ((perMinute - tokens) * 60) / perMinute,
        allowedInSeconds: allowed ? 0 : waitSeconds(told),
      };
    },
  };
}

function waitSeconds({ tokens, perMinute }: Level): number {
  return tokens >= 1 ? 0 : ((1 - tokens) * 60) / perMinute;
}

function isTighter(one: Level, other: Level, allowed: boolean): boolean {
  return allowed ? one.tokens < other.tokens : waitSeconds(one) > waitSeconds(other);
}
