/**
 * What a contract is: one HTTP operation of the public API, as data. Handlers, the typed client and the
 * documentation all come from the same object, so that none of them can drift.
 */
import { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';
import type { CoarseScope, Resource } from '../domain/grants.ts';
import type { Id } from './values.ts';

export type Scope = CoarseScope;

/** `tenants`: a tenant and the operator; `operator`: not a tenant; `every_key`: whoever has a valid key, whatever it may. */
export type Audience = 'tenants' | 'operator' | 'every_key';

/** What an operation is about: the heading it stands under, and by which keys are kept to some of them. */
export type Tag =
  | 'Sites'
  | 'Endpoints'
  | 'Checks'
  | 'Maintenance'
  | 'Events'
  | 'Statistics'
  | 'Fleet'
  | 'Identity'
  | 'Utility';

export type Contract = {
  operationId: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with `:name` parameters; every parameter is an id. */
  path: `/api/v1/${string}`;
  summary: string;
  /** What else a caller has to know of it, in a few plain sentences. */
  description?: string;
  tag: Tag;
  /** Scope a key needs; `none` is open to everyone. */
  scope: Scope | 'none';
  /** What it is about, where its tag does not say it; a key with granular scopes needs that of each. */
  resources?: readonly Resource[];
  /** Who may call it beside what scopes say. Absent: tenants, too, unless it is about the server itself. */
  audience?: Audience;
  /** A low limit of its own, for each key or, where there is one, each tenant; beside the limits of all calls. */
  rateLimit?: {
    perMinute: number;
    /** Operations of one such name share the limit; absent: it is this operation's alone. */
    countedAs?: string;
  };
  /** Absent: no query member is known. Whoever asks an operation that is open to everyone may add any. */
  query?: z.ZodObject;
  /** Absent: no body, or an empty object. */
  body?: z.ZodObject;
  /** A request without a body counts as one with an empty object. */
  isBodyOptional?: true;
  /** With the header `Idempotency-Key` a request is carried out once, however often it is sent (spec/04 section 7). */
  isIdempotent?: true;
  /**
   * The reply holds a secret that is shown once: it is not kept under an idempotency key. A repetition is refused with
   * `idempotency_already_done`, whose details repeat these members and no others.
   */
  secretReply?: { repeats: readonly string[] };
  /** The reply comes with an `ETag`; who names it in `If-None-Match` is answered 304 while it holds. */
  hasEtag?: true;
  /** Status of success. */
  status: 200 | 201 | 204;
  /** Shape of the reply; absent when it has no body (204) or is a stream. */
  reply?: z.ZodType;
  /** Messages of a stream of server-sent events, one schema per `event:` name; the reply is such a stream then. */
  messages?: Readonly<Record<string, z.ZodType>>;
  /** Codes this operation can answer with, beside those every operation shares. */
  errors: readonly ErrorCode[];
  /** A request that works where there is a site 1 with an endpoint 1 that has had an event 1. Path ids are 1 unless given. */
  example?: {
    params?: Readonly<Record<string, number>>;
    query?: object;
    body?: object;
    /** Ids of operations whose own examples have to have been carried out before, in this order. */
    after?: readonly string[];
  };
};

/** What an operation with `isIdempotent` can answer with beside its own codes, to a request that has a key. */
export const IDEMPOTENCY_ERRORS = [
  'invalid_idempotency_key',
  'idempotency_conflict',
  'idempotency_in_progress',
  'idempotency_already_done',
  'too_many_idempotency_keys',
] as const satisfies readonly ErrorCode[];

/** The query and the body of operations that state none. */
export const NO_MEMBERS = z.strictObject({});

/** What query members are taken by; null: any, and none is heeded. */
export function querySchemaOf({ query, scope }: Pick<Contract, 'query' | 'scope'>): z.ZodObject | null {
  return query ?? (scope === 'none' ? null : NO_MEMBERS);
}

/** Keeps the literal types of a contract. */
export function defineContract<const C extends Contract>(contract: C): C {
  return contract;
}

/** Whether a member of a body may hold a secret: it is never sent back, not even in a refusal of it. */
export function isWriteOnly(member: z.ZodType | undefined): boolean {
  const inner = member?.def.type === 'optional' ? (member as z.ZodOptional<z.ZodType>).unwrap() : member;
  return inner?.meta()?.['writeOnly'] === true;
}

/** Parsed query of a contract, defaults applied. */
export type QueryOf<C extends Contract> = C['query'] extends z.ZodType ? z.output<C['query']> : Record<string, never>;
/** Query as a caller writes it. */
export type QueryInputOf<C extends Contract> = C['query'] extends z.ZodType
  ? z.input<C['query']>
  : Record<string, never>;
export type BodyOf<C extends Contract> = C['body'] extends z.ZodType ? z.output<C['body']> : undefined;
export type BodyInputOf<C extends Contract> = C['body'] extends z.ZodType ? z.input<C['body']> : undefined;
export type ReplyOf<C extends Contract> = C['reply'] extends z.ZodType ? z.output<C['reply']> : undefined;

type ParamNames<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Name | ParamNames<Rest>
  : Path extends `${string}:${infer Name}`
    ? Name
    : never;
/** Ids in the path of a contract, by name. */
export type ParamsOf<C extends Contract> = Record<ParamNames<C['path']>, Id>;
