/** What becomes known of a request on its way, for those who note afterwards who asked and what came of it. */
import type { FastifyRequest } from 'fastify';
import type { ErrorCode } from '../domain/errors.ts';
import type { ApiKey } from '../store/api-keys.ts';
import type { Principal } from './principal.ts';

export type RequestFacts = {
  /** Whose credentials came with it; absent where there were none that are known. */
  caller?: ApiKey | 'local';
  /** The caller with all that they said of themselves; not yet a sign that they were let in. */
  principal?: Principal;
  /** Let in by the contract of the route. */
  admitted?: Principal;
  /** What it was refused with. */
  refusal?: ErrorCode;
  /** Why, where only the trail may say so. */
  note?: string;
};

/** On the request itself: a weak map that gets an entry for each request is work for the garbage collector. */
const FACTS = Symbol('facts');
type Noted = FastifyRequest & { [FACTS]?: RequestFacts };

export function factsOf(request: FastifyRequest): RequestFacts {
  const noted: Noted = request;
  noted[FACTS] ??= {};
  return noted[FACTS];
}
