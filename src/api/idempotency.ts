/**
 * Doing it once: a request with an idempotency key is carried out by one, and everyone else who sends it gets the same
 * answer. Comes after authentication and parsing, so that nothing that was refused there is ever kept.
 */
import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Contract } from '../contracts/contract.ts';
import type { ErrorEnvelope } from '../contracts/values.ts';
import { AppError } from '../domain/errors.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { parseJson, stringifyJson } from '../lib/json.ts';
import { isOutcomeUnknown } from '../store/dialect/trouble.ts';
import type { IdempotencyStore, Outcome, Reservation, Reserved, WantedReservation } from '../store/idempotency.ts';
import type { Log } from '../telemetry/log.ts';
import { errorReply } from './errors.ts';
import type { Principal } from './principal.ts';

/** A call that was admitted and parsed. */
export type AdmittedCall = {
  contract: Contract;
  request: FastifyRequest;
  reply: FastifyReply;
  principal: Principal | null;
  scope: SiteScope;
  ids: Readonly<Record<string, bigint>>;
};

export type Answer = { status: number; body: unknown };

type Run = (slot: string | null) => Promise<unknown>;

export interface Idempotency {
  /**
   * Runs a handler, or answers what it answered before. `slot` names the request to whoever carries it out; null: it has no
   * key. Throws what the handler throws, and of its own the codes of `IDEMPOTENCY_ERRORS`.
   */
  once(call: AdmittedCall, run: Run): Promise<Answer>;
}

/** A reply that is longer is not kept; a repetition is told that it was carried out. */
const MAX_KEPT_BYTES = 256 * 1024;
const KEY = /^[\x20-\x7e]{1,255}$/;
/** Refusals of who asks and how often, whoever says them: they speak of that moment alone. */
const NEVER_KEPT: readonly number[] = [401, 403, 429];

export function createIdempotency(deps: { store: IdempotencyStore; log: Pick<Log, 'warn'> }): Idempotency {
  const { store } = deps;

  /** What was done is done: that it could not be noted must not turn its answer into a failure. */
  async function settle(reservation: Reservation, how: () => Promise<boolean>): Promise<void> {
    const facts = { request_id: reservation.owner };
    try {
      if (!(await how())) deps.log.warn(facts, 'a request took so long that a repetition of it was carried out, too');
    } catch (error) {
      deps.log.warn({ err: error, ...facts }, 'what became of a request with an idempotency key could not be noted');
    }
  }

  async function settleFailure(reservation: Reservation, thrown: unknown): Promise<void> {
    // Left to run out: by then the database has kept the change or undone it, and a repetition finds out which.
    if (isOutcomeUnknown(thrown)) return;
    const { status, body } = errorReply(thrown, reservation.owner);
    const isKept = status < 500 && !NEVER_KEPT.includes(status);
    await settle(reservation, async () => {
      if (isKept) return store.keep(reservation, keptReply(status, body));
      await store.release(reservation);
      return true;
    });
  }

  async function carryOut(reservation: WantedReservation, contract: Contract, run: Run): Promise<Answer> {
    const { slot, requestHash } = reservation;
    const body = await run(digest([slot, requestHash])).catch(async (thrown: unknown) => {
      await settleFailure(reservation, thrown);
      throw thrown;
    });
    await settle(reservation, () => store.keep(reservation, outcomeOf(contract, body)));
    return { status: contract.status, body };
  }

  return {
    async once(call, run) {
      const { contract } = call;
      const wanted = contract.isIdempotent === true ? wantedBy(call) : null;
      if (wanted === null) return { status: contract.status, body: await run(null) };
      const reserved = await store.reserve(wanted);
      if (reserved.kind === 'reserved') return carryOut(wanted, contract, run);
      return answered(reserved, call);
    },
  };
}

/** Null: the request has no key. Throws `invalid_idempotency_key`. */
function wantedBy({ contract, request, principal, scope, ids }: AdmittedCall): WantedReservation | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (isSentTwice(request.raw.rawHeaders, 'idempotency-key')) {
    throw new AppError('invalid_idempotency_key', 'the header Idempotency-Key was sent more than once', {
      fix: 'send it once: which of them counts is not for us to choose',
    });
  }
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new AppError('invalid_idempotency_key', 'the Idempotency-Key is not 1 to 255 printable ASCII characters', {
      fix: 'send a new random UUID with each new request, and the same one with its repetitions',
    });
  }
  const tenant = scope.kind === 'tenant' ? scope.tenantId : '';
  const caller = principal?.kind === 'key' ? String(principal.key.keyId) : 'local';
  const path = contract.path.replace(/:(\w+)/g, (_, name: string) => String(ids[name]));
  const query = request.url.split('?').slice(1).join('?');
  return {
    slot: digest([tenant, caller, contract.method, contract.path, path, key]),
    owner: request.id,
    tenant,
    caller,
    requestHash: digest([contract.method, path, query], request.body),
  };
}

/** By now the values of such a header are one text, joined by commas, which one value may hold, too. */
function isSentTwice(rawHeaders: readonly string[], name: string): boolean {
  return rawHeaders.filter((text, n) => n % 2 === 0 && text.toLowerCase() === name).length > 1;
}

function digest(parts: readonly string[], bytes?: unknown): string {
  const hash = createHash('sha256').update(JSON.stringify(parts));
  if (bytes instanceof Uint8Array) hash.update(bytes);
  return hash.digest('hex');
}

/** What is kept of a success: nothing that may be a secret. */
function outcomeOf({ status, secretReply }: Contract, body: unknown): Outcome {
  if (secretReply === undefined) return keptReply(status, body);
  const members = Object.entries(body ?? {}).filter(([name]) => secretReply.repeats.includes(name));
  return { state: 'withheld', status, facts: stringifyJson(Object.fromEntries(members)) };
}

function keptReply(status: number, body: unknown): Outcome {
  const reply = status === 204 ? null : stringifyJson(body);
  const isTooLong = reply !== null && Buffer.byteLength(reply) > MAX_KEPT_BYTES;
  return isTooLong ? { state: 'withheld', status, facts: '{}' } : { state: 'done', status, reply };
}

function answered(reserved: Exclude<Reserved, { kind: 'reserved' }>, { request, reply }: AdmittedCall): Answer {
  switch (reserved.kind) {
    case 'done':
      reply.header('idempotency-replayed', 'true');
      return { status: reserved.status, body: repeatedBody(reserved, request.id) };
    case 'withheld':
      throw new AppError('idempotency_already_done', 'this request was carried out, and its reply is not sent again', {
        fix: 'look at what is there now; a secret that was lost has to be made anew',
        details: reserved.facts === '{}' ? {} : (parsed(reserved.facts) as Record<string, unknown>),
      });
    case 'in_flight': {
      // As long again as it has taken so far, and never past the moment at which it may be taken over.
      const waitMs = Math.min(Math.max(reserved.forMs, 1_000), reserved.leftMs);
      reply.header('retry-after', Math.ceil(waitMs / 1_000));
      throw new AppError('idempotency_in_progress', 'a request with this Idempotency-Key is being carried out', {
        fix: 'send it again after the time that Retry-After says',
      });
    }
    case 'conflict':
      throw new AppError('idempotency_conflict', 'this Idempotency-Key stands for another request to the same path', {
        fix: 'use a new key for a new request; a repetition has to be the same to the byte',
      });
    case 'full': {
      const waitSeconds = Math.max(1, Math.ceil(reserved.freeInMs / 1_000));
      reply.header('retry-after', waitSeconds);
      throw new AppError('too_many_idempotency_keys', 'too many Idempotency-Keys of the last day are still kept', {
        fix: `wait ${waitSeconds} s, or send what may be repeated without harm without a key`,
      });
    }
  }
}

/** The reply as it was, but for the id of the request: that is this one's. */
function repeatedBody({ status, reply }: Extract<Reserved, { kind: 'done' }>, requestId: string): unknown {
  if (reply === null) return undefined;
  const body = parsed(reply);
  if (status < 400) return body;
  const { error } = body as ErrorEnvelope;
  return { error: { ...error, request_id: requestId } };
}

/** Ours, and as deep as any reply may be. */
function parsed(text: string): unknown {
  const json = parseJson(text, { maxDepth: 64 });
  if (json.ok) return json.value;
  throw new Error('a reply that was kept cannot be read');
}
