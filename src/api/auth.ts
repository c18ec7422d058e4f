/** Who is asking: a bearer key, the local admin key, or the page's session, and whether the scope is enough. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Scope } from '../contracts/contract.ts';
import { AppError } from '../domain/errors.ts';
import { EVERY_SITE, type SiteScope } from '../domain/site-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { authenticateKey } from '../services/authenticate-key.ts';
import type { ServiceDeps } from '../services/deps.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { Log } from '../telemetry/log.ts';
import { createFailureThrottle } from './failure-throttle.ts';
import { mayOpenSession, mayUseSession } from './local-request.ts';
import { createRateLimiter } from './rate-limit.ts';
import { createSessions } from './session.ts';

export type Principal =
  /** A key of the database. */
  | { kind: 'key'; key: ApiKey }
  /** Someone who can read this machine's local key, or their browser. Not rate limited. */
  | { kind: 'local' };

/** Whose sites a caller may see and change. */
export function scopeOf(_principal: Principal | null): SiteScope {
  return EVERY_SITE;
}

type Deps = Pick<ServiceDeps, 'apiKeys' | 'clock'> & { log: Pick<Log, 'warn'> };

export type Auth = {
  /** Throws the refusals of spec/04 section 2, and `rate_limited`. Sets the rate headers. */
  admit(request: FastifyRequest, reply: FastifyReply, scope: Scope): Promise<Principal>;
  /** Rejects once whoever sent this request would not be let in any more. */
  recheck(request: FastifyRequest): Promise<unknown>;
  /** A Set-Cookie value for the page; null where no session may be opened. */
  sessionFor(request: FastifyRequest): string | null;
  /** Sessions count only while nothing but this machine can reach us. */
  boundToLoopback(isLoopback: boolean): void;
};

const RANK: Readonly<Record<Scope, number>> = { read: 1, write: 2, admin: 3 };

/** `localKey` is the admin key of this machine; null leaves keys of the database as the only way in. */
export function createAuth(deps: Deps, localKey: string | null): Auth {
  const { clock } = deps;
  const limiter = createRateLimiter(clock);
  const throttle = createFailureThrottle(clock);
  const sessions = localKey === null ? null : createSessions(localKey, clock);
  const localDigest = localKey === null ? null : sha256(localKey);
  let loopback = false;

  async function identify(request: FastifyRequest): Promise<Principal> {
    const { authorization, cookie } = request.headers;
    if (authorization === undefined && loopback && mayUseSession(request.method, request.headers)) {
      if (sessions?.verify(cookie) === true) return { kind: 'local' };
    }
    const token = bearerToken(authorization);
    if (localDigest !== null && timingSafeEqual(sha256(token), localDigest)) return { kind: 'local' };
    const key = await authenticateKey(deps, token);
    await noteUse(deps, key);
    return { kind: 'key', key };
  }

  return {
    async admit(request, reply, scope) {
      const principal = await identify(request).catch((thrown: unknown) => {
        throw slowedDown(thrown, request, reply, throttle);
      });
      if (principal.kind === 'local') return principal;
      requireScope(principal.key, scope);
      limitRate(principal.key, limiter, clock, reply);
      return principal;
    },
    recheck: identify,
    sessionFor(request) {
      return loopback && sessions !== null && mayOpenSession(request.headers) ? sessions.issue() : null;
    },
    boundToLoopback(isLoopback) {
      loopback = isLoopback;
    },
  };
}

/** Losing a note of use costs nothing; refusing the request for it would. */
async function noteUse({ apiKeys, log }: Deps, key: ApiKey): Promise<void> {
  await apiKeys.touch(key).catch((error: unknown) => log.warn({ err: error }, 'the use of a key could not be noted'));
}

/** The scheme is matched without regard to case (RFC 9110 section 11.1). */
const BEARER = /^bearer +(\S.*)$/i;

function bearerToken(authorization: string | undefined): string {
  const [, token] = BEARER.exec(authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw new AppError('missing_token', 'the request carries no API key', {
    fix: 'send the header "Authorization: Bearer <key>"; `jetmon2 keys create` makes a key',
  });
}

/**
 * The refusal to answer with. Credentials that were tried and refused are counted per address; a request without any
 * guesses nothing and is not.
 */
function slowedDown(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  throttle: ReturnType<typeof createFailureThrottle>,
): unknown {
  if (!(thrown instanceof AppError) || thrown.kind !== 'unauthenticated') return thrown;
  reply.header('www-authenticate', 'Bearer');
  const waitSeconds = thrown.code === 'missing_token' ? null : throttle.refused(request.socket.remoteAddress ?? '');
  if (waitSeconds === null) return thrown;
  reply.header('retry-after', waitSeconds);
  return new AppError('rate_limited', 'too many refused keys came from this address', {
    fix: `wait ${waitSeconds} s, then try a valid key`,
  });
}

function requireScope(key: ApiKey, scope: Scope): void {
  if (RANK[key.scope] >= RANK[scope]) return;
  throw new AppError('insufficient_scope', `this needs a key of scope ${scope}; the key has scope ${key.scope}`, {
    fix: `use a key of scope ${scope}`,
    details: { required: scope, held: key.scope },
  });
}

function limitRate(
  key: ApiKey,
  limiter: ReturnType<typeof createRateLimiter>,
  clock: Clock,
  reply: FastifyReply,
): void {
  const rate = limiter.take(key.keyId, key.rateLimitPerMinute);
  reply.header('x-ratelimit-limit', rate.limit);
  reply.header('x-ratelimit-remaining', rate.remaining);
  reply.header('x-ratelimit-reset', Math.ceil(clock.nowMs() / 1000 + rate.fullInSeconds));
  if (rate.allowed) return;
  // The header is for programs, which do well to come back to a full bucket; the words say what is possible at once.
  reply.header('retry-after', Math.max(1, Math.ceil(rate.fullInSeconds)));
  throw new AppError('rate_limited', `this key may make ${rate.limit} requests a minute`, {
    fix: `wait ${Math.ceil(rate.allowedInSeconds)} s, or use a key with a higher limit`,
  });
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
