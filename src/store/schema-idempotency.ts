/** The table of idempotency keys as Kysely sees it. */
import type { Int, NullableInt, NullableText } from './column-types.ts';

export type IdempotencyTable = {
  /** Names who asked for what under which key. */
  slot: string;
  /** Empty: no tenant. */
  tenant_id: string;
  /** Id of the API key, or `local`. */
  caller: string;
  request_hash: string;
  /** `in_flight`, `done`, or `withheld`: done, with a reply that is not to be sent again. */
  state: string;
  /** Id of the request that carries it out, or did. */
  owner: string;
  /** Until then, nobody else carries it out. */
  lease_until: Int;
  status: NullableInt;
  /** JSON; of a reply that is withheld, what may be said of it. */
  reply: NullableText;
  created_at: Int;
  expires_at: Int;
};

export type IdempotencySchema = { jetmon_idempotency: IdempotencyTable };
