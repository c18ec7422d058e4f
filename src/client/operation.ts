/**
 * An operation of the API as the packaged client knows it: all that a contract says but the schemas, which live on as types
 * alone. Calls take whole contracts and operations alike.
 */
import type { Contract, ReplyOf } from '../contracts/contract.ts';

declare const CONTRACT: unique symbol;

/** What a call needs of an operation while it runs. */
export type Callable = Pick<Contract, 'method' | 'path' | 'status' | 'isIdempotent'>;

export type Operation<C extends Contract> = Omit<C, 'query' | 'body' | 'reply' | 'example'> & {
  /** Never there: it carries the types of query, body and reply. */
  readonly [CONTRACT]?: C;
};

/** The contract that an operation stands for. */
export type ContractOf<O extends Callable> = typeof CONTRACT extends keyof O
  ? Extract<O[typeof CONTRACT], Contract>
  : Extract<O, Contract>;

/** One row of the list that an operation answers with; never where it answers with something else. */
export type RowOf<O extends Callable> =
  ReplyOf<ContractOf<O>> extends { data: (infer Row)[]; page: { next: string | null } } ? Row : never;
