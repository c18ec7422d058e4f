/** Every limit that a call counts against, and the headers that tell of the tightest (spec/04 section 6). */
import type { FastifyReply } from 'fastify';
import type { Access } from '../contracts/access.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Principal } from './principal.ts';
import { type BucketLimit, createRateLimiter, type RateDecision } from './rate-limit.ts';

type Headers = Pick<FastifyReply, 'header'>;

/** Throws `rate_limited`. */
export type LimitRate = (principal: Principal, access: Access, reply: Headers) => void;

/** `tenantPerMinute`: calls of each tenant, whatever keys they come by; 0: no limit. */
export function createLimitRate(clock: Clock, tenantPerMinute: () => number): LimitRate {
  const limiter = createRateLimiter(clock);

  function tell(rate: RateDecision, reply: Headers): void {
    reply.header('x-ratelimit-limit', rate.limit);
    reply.header('x-ratelimit-remaining', rate.remaining);
    reply.header('x-ratelimit-reset', Math.ceil(clock.nowMs() / 1000 + rate.fullInSeconds));
    // The header is for programs, which do well to come back to a full bucket; the words say what is possible at once.
    if (!rate.allowed) reply.header('retry-after', Math.max(1, Math.ceil(rate.fullInSeconds)));
  }

  return (principal, access, reply) => {
    if (principal.kind === 'local') return;
    const { key, tenantId } = principal;
    const own: BucketLimit = { bucket: `key ${key.keyId}`, perMinute: key.rateLimitPerMinute };
    const others: BucketLimit[] = [];
    const perTenant = tenantPerMinute();
    if (tenantId !== null && perTenant > 0) others.push({ bucket: `tenant ${tenantId}`, perMinute: perTenant });
    if (access.perMinute !== null) {
      const whose = tenantId === null ? own.bucket : `tenant ${tenantId}`;
      others.push({ bucket: `${access.name} ${whose}`, perMinute: access.perMinute });
    }
    const rate = limiter.take([own, ...others]);
    tell(rate, reply);
    if (rate.allowed) return;
    const wait = Math.ceil(rate.allowedInSeconds);
    throw new AppError(
      'rate_limited',
      `${whoMay(rate.bucket)} ${rate.limit} requests a minute${ofWhat(rate, access)}`,
      {
        fix: rate.bucket === own.bucket ? `wait ${wait} s, or use a key with a higher limit` : `wait ${wait} s`,
      },
    );
  };
}

function whoMay(bucket: string): string {
  return bucket.includes('tenant ') ? 'this tenant may make' : 'this key may make';
}

function ofWhat({ bucket }: RateDecision, { name }: Access): string {
  return bucket.startsWith(`${name} `) ? ` of this kind (${name})` : '';
}
