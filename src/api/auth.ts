/** Who is asking: a bearer key, the local admin key, or the page's session, and whether they may. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../contracts/access.ts';
import { AppError } from '../domain/errors.ts';
import { createAuthenticateKey, unknownKey } from '../services/authenticate-key.ts';
import type { ServiceDeps } from '../services/deps.ts';
import { comesFrom } from '../services/key-sources.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { Log } from '../telemetry/log.ts';
import { createFailureThrottle } from './failure-throttle.ts';
import { createLimitRate } from './limit-rate.ts';
import { mayOpenSession, mayUseSession } from './local-request.ts';
import { type Principal, principalFor, requireAccess } from './principal.ts';
import { factsOf } from './request-facts.ts';
import { createSessions } from './session.ts';

type Deps = Pick<ServiceDeps, 'apiKeys' | 'clock'> & { log: Pick<Log, 'warn'> };

type Options = {
  /** The admin key of this machine; null leaves keys of the database as the only way in. */
  localKey: string | null;
  /** Calls a minute of each tenant, asked with every call; 0: no limit. */
  tenantPerMinute(): number;
};

export type Auth = {
  /** Throws the refusals of spec/04 sections 2 and 4, and `rate_limited`. Sets the rate headers. */
  admit(request: FastifyRequest, reply: FastifyReply, access: Access): Promise<Principal>;
  /** Rejects once whoever sent this request would not be let in any more; asks the database anew. */
  recheck(request: FastifyRequest): Promise<unknown>;
  /** A Set-Cookie value for the page; null where no session may be opened. */
  sessionFor(request: FastifyRequest): string | null;
  /** Sessions count only while nothing but this machine can reach us. */
  boundToLoopback(isLoopback: boolean): void;
};

export function createAuth(deps: Deps, { localKey, tenantPerMinute }: Options): Auth {
  const { clock } = deps;
  const authenticate = createAuthenticateKey(deps);
  const limitRate = createLimitRate(clock, tenantPerMinute);
  const throttle = createFailureThrottle(clock);
  const sessions = localKey === null ? null : createSessions(localKey, clock);
  const localDigest = localKey === null ? null : sha256(localKey);
  let loopback = false;

  /** Null: whoever holds the local key. */
  async function identify(request: FastifyRequest, anew: boolean): Promise<ApiKey | null> {
    const { authorization, cookie } = request.headers;
    if (authorization === undefined && loopback && mayUseSession(request.method, request.headers)) {
      if (sessions?.verify(cookie) === true) return null;
    }
    const token = bearerToken(authorization);
    if (localDigest !== null && timingSafeEqual(sha256(token), localDigest)) return null;
    const key = await authenticate(token, { anew });
    if (comesFrom(key.allowedFrom, request.socket.remoteAddress)) return key;
    // Who it was is for the trail: whoever found the token is not told that it is one.
    Object.assign(factsOf(request), { caller: key, note: 'not_allowed_from_here' });
    throw unknownKey();
  }

  return {
    async admit(request, reply, access) {
      const key = await identify(request, false).catch((thrown: unknown) => {
        throw slowedDown(thrown, request, reply, throttle);
      });
      const facts = factsOf(request);
      facts.caller = key ?? 'local';
      try {
        facts.principal = principalFor(key, request.headers);
        requireAccess(facts.principal, access, request.headers);
      } catch (refusal) {
        limitRate.refused(key, facts.principal ?? null, reply);
        throw refusal;
      }
      limitRate.admitted(facts.principal, access, reply);
      return facts.principal;
    },
    recheck: (request) => identify(request, true),
    sessionFor(request) {
      return loopback && sessions !== null && mayOpenSession(request.headers) ? sessions.issue() : null;
    },
    boundToLoopback(isLoopback) {
      loopback = isLoopback;
    },
  };
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

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
