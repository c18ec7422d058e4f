/** Every limit that a call counts against, and the headers that tell of the tightest (spec/04 section 6). */
import type { FastifyReply } from 'fastify';
import type { Access } from '../contracts/access.ts';
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { Principal } from './principal.ts';
import { type BucketLimit, createRateLimiter, type RateDecision } from './rate-limit.ts';

type Headers = Pick<FastifyReply, 'header'>;

export type LimitRate = {
  /** Counts a call that is let in. Throws `rate_limited`. */
  admitted(principal: Principal, access: Access, reply: Headers): void;
  /**
   * Counts one that is not: a known key answers for its refusals, too, and so does the tenant that is asked for, where that
   * much is known. Throws `rate_limited`.
   */
  refused(key: ApiKey | null, principal: Principal | null, reply: Headers): void;
};

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

  function take(own: BucketLimit, others: readonly BucketLimit[], name: string | null, reply: Headers): void {
    const rate = limiter.take([own, ...others]);
    tell(rate, reply);
    if (rate.allowed) return;
    const wait = Math.ceil(rate.allowedInSeconds);
    throw new AppError('rate_limited', `${whoMay(rate.bucket)} ${rate.limit} requests a minute${ofWhat(rate, name)}`, {
      fix: rate.bucket === own.bucket ? `wait ${wait} s, or use a key with a higher limit` : `wait ${wait} s`,
    });
  }

  function ofTenant(tenantId: string | null): BucketLimit[] {
    const perMinute = tenantPerMinute();
    return tenantId === null || perMinute <= 0 ? [] : [{ bucket: `tenant ${tenantId}`, perMinute }];
  }

  return {
    admitted(principal, access, reply) {
      if (principal.kind === 'local') return;
      const { key, tenantId } = principal;
      const own = ofKey(key);
      const others = ofTenant(tenantId);
      if (access.perMinute !== null) {
        const whose = tenantId === null ? own.bucket : `tenant ${tenantId}`;
        others.push({ bucket: `${access.name} ${whose}`, perMinute: access.perMinute });
      }
      take(own, others, access.name, reply);
    },
    refused(key, principal, reply) {
      if (key === null) return;
      take(ofKey(key), ofTenant(principal?.kind === 'key' ? principal.tenantId : null), null, reply);
    },
  };
}

function ofKey({ keyId, rateLimitPerMinute }: ApiKey): BucketLimit {
  return { bucket: `key ${keyId}`, perMinute: rateLimitPerMinute };
}

function whoMay(bucket: string): string {
  return bucket.includes('tenant ') ? 'this tenant may make' : 'this key may make';
}

function ofWhat({ bucket }: RateDecision, name: string | null): string {
  return name !== null && bucket.startsWith(`${name} `) ? ` of this kind (${name})` : '';
}
