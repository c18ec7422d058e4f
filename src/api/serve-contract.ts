/**
 * Binds a contract to its handler: who may call, ids, query, body, status. Every route passes through here, so every
 * route refuses the same way.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accessOf } from '../contracts/access.ts';
import {
  type BodyOf,
  type Contract,
  type ParamsOf,
  type QueryOf,
  querySchemaOf,
  type ReplyOf,
} from '../contracts/contract.ts';
import { codesOf } from '../contracts/operation-codes.ts';
import { AppError } from '../domain/errors.ts';
import { MAX_ID } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Auth } from './auth.ts';
import { parseBody } from './body.ts';
import { refusalOf } from './errors.ts';
import type { Idempotency } from './idempotency.ts';
import { MAX_LIMIT } from './paging.ts';
import { type Principal, scopeOf } from './principal.ts';
import { filterRefusal } from './refused-input.ts';
import { factsOf } from './request-facts.ts';

/** What a handler gets: everything parsed and allowed. */
export type Call<C extends Contract> = {
  /** Null where the contract is open to everyone. */
  principal: Principal | null;
  /** Whose sites the caller may see and change. */
  scope: SiteScope;
  ids: Record<keyof ParamsOf<C>, bigint>;
  query: QueryOf<C>;
  body: BodyOf<C>;
  /** Names the request where it may come again after it was carried out in part; null: nobody repeats it. */
  requestSlot: string | null;
};

export type Handler<C extends Contract> = (call: Call<C>) => Promise<ReplyOf<C>>;

/** A contract with its handler, types checked at `route` and then put away so that routes fit one list. */
export type Route = { contract: Contract; handle: (call: Call<Contract>) => Promise<unknown> };

export function route<C extends Contract>(contract: C, handle: Handler<C>): Route {
  // serveContract parses the call by this same contract before it gets here.
  return { contract, handle: (call) => handle(call as unknown as Call<C>) };
}

export type ServeOptions = {
  auth: Auth;
  idempotency: Idempotency;
  /** Checks what handlers return, and the codes of what they refuse, against the contract; for tests. */
  validateReplies: boolean;
};

/** Who sent a request that `guard` admitted; null where the contract is open to everyone. */
export function principalOf(request: FastifyRequest): Principal | null {
  return factsOf(request).admitted ?? null;
}

/** Admits or refuses a request before its body is read. */
export function guard(contract: Contract, auth: Auth) {
  const access = accessOf(contract);
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (access !== null) factsOf(request).admitted = await auth.admit(request, reply, access);
    const encoding = request.headers['content-encoding'];
    if (contract.method !== 'GET' && encoding !== undefined && encoding !== 'identity') {
      throw new AppError('unsupported_encoding', 'the request body is compressed', { fix: 'send it as it is' });
    }
  };
}

export function serveContract(app: FastifyInstance, { contract, handle }: Route, options: ServeOptions): void {
  app.route({
    method: contract.method,
    url: contract.path,
    onRequest: guard(contract, options.auth),
    async handler(request, reply) {
      try {
        return await answer(request, reply);
      } catch (thrown) {
        if (options.validateReplies) requirePromisedCode(contract, thrown);
        throw thrown;
      }
    },
  });

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const ids = idsOf(request.params as Record<string, string>);
    const query = queryOf(contract, request.query);
    const body = parseBody(contract, request.body);
    const principal = principalOf(request);
    const scope = scopeOf(principal);
    const call = { contract, request, reply, principal, scope, ids };
    const { status, body: answered } = await options.idempotency.once(call, async (requestSlot) => {
      const result = await handle({ principal, scope, ids, query, body, requestSlot } as unknown as Call<Contract>);
      if (options.validateReplies) requirePromised(contract, result);
      return result;
    });
    reply.code(status);
    return status === 204 ? reply.send() : answered;
  }
}

const ID_REFUSALS = {
  site_id: 'invalid_site_id',
  event_id: 'invalid_event_id',
  endpoint_id: 'invalid_endpoint_id',
  check_id: 'invalid_check_id',
  window_id: 'invalid_window_id',
} as const;

function idsOf(params: Record<string, string>): Record<string, bigint> {
  return Object.fromEntries(
    Object.entries(params).map(([name, text]) => {
      const id = /^[1-9]\d{0,18}$/.test(text) ? BigInt(text) : 0n;
      if (id >= 1n && id <= MAX_ID) return [name, id];
      const code = name in ID_REFUSALS ? ID_REFUSALS[name as keyof typeof ID_REFUSALS] : 'invalid_filter';
      throw new AppError(code, `the ${name} in the path is not a positive 64-bit integer`, {
        fix: `put a number where the path says ${name}`,
      });
    }),
  );
}

/** Throws what the contract promises for a query that is not as it says. */
export function queryOf(contract: Contract, given: unknown): unknown {
  const query = querySchemaOf(contract);
  if (query === null) return {};
  const parsed = query.safeParse(given);
  if (!parsed.success) {
    throw filterRefusal({ error: parsed.error, sent: given, schema: query }, contract.errors);
  }
  const { limit } = parsed.data;
  return typeof limit === 'number' ? { ...parsed.data, limit: Math.min(limit, MAX_LIMIT) } : parsed.data;
}

function requirePromised(contract: Contract, result: unknown): void {
  const checked = contract.reply?.safeParse(result);
  if (checked?.success === false) {
    throw new Error(`${contract.operationId} broke its contract: ${checked.error.message}`);
  }
}

function requirePromisedCode(contract: Contract, thrown: unknown): void {
  const code = refusalOf(thrown)?.code;
  if (code === undefined || codesOf(contract).includes(code)) return;
  throw new Error(`${contract.operationId} broke its contract: ${code} is not among its codes`, { cause: thrown });
}
