/** API keys: who may call, with which scope, until when. Tokens are shown once and stored as hashes. */
import type { Selectable } from 'kysely';
import type { ApiKeyId } from '../domain/ids.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { hashToken, newToken } from './api-token.ts';
import type { Database } from './database.ts';
import type { ApiKeysTable } from './schema.ts';

export type KeyScope = 'read' | 'write' | 'admin';

export type ApiKey = {
  keyId: ApiKeyId;
  consumerName: string;
  scope: KeyScope;
  rateLimitPerMinute: number;
  /** Valid strictly before; null: for ever. */
  expiresAtMs: number | null;
  /** Valid strictly before; may lie in the future while a key is being replaced. */
  revokedAtMs: number | null;
  lastUsedAtMs: number | null;
  createdAtMs: number;
  createdBy: string;
};

export type KeyStatus = 'active' | 'revoked' | 'expired';

export type NewKey = {
  /** 1 to 128 characters. */
  consumerName: string;
  scope: KeyScope;
  /** Absent, zero or less: the default of the scope. */
  rateLimitPerMinute?: number;
  /** Absent, zero or less: never expires. */
  ttlMs?: number;
  createdBy?: string;
};

const DEFAULT_RATE_LIMITS: Readonly<Record<KeyScope, number>> = { read: 60, write: 30, admin: 60 };

/** The use of a key is noted at most this often, so that reading through the API does not write at every call. */
const TOUCH_EVERY_MS = 60_000;

export interface ApiKeys {
  /** The token is not kept: this is the only time it is seen. */
  create(key: NewKey): Promise<{ token: string; key: ApiKey }>;
  /** By id. Revoked keys only when asked for. */
  list(options?: { includeRevoked?: boolean }): Promise<ApiKey[]>;
  /** From now on; a key revoked earlier keeps its instant. Null when there is no such key. */
  revoke(keyId: ApiKeyId): Promise<ApiKey | null>;
  /** In any status; see `keyStatus`. */
  findByHash(hash: string): Promise<ApiKey | null>;
  /** Notes that the key was used. Best effort: a caller may go on when it rejects. */
  touch(key: ApiKey): Promise<void>;
}

/** Cutoffs are half-open: at the very instant the key is no longer valid. */
export function keyStatus(key: Pick<ApiKey, 'revokedAtMs' | 'expiresAtMs'>, nowMs: number): KeyStatus {
  if (key.revokedAtMs !== null && nowMs >= key.revokedAtMs) return 'revoked';
  return key.expiresAtMs !== null && nowMs >= key.expiresAtMs ? 'expired' : 'active';
}

export function createApiKeys(deps: { db: Database; clock: Clock; random: Random }): ApiKeys {
  const { db, clock, random } = deps;
  const keys = () => db.kysely.selectFrom('jetmon_api_keys').selectAll();

  async function byId(keyId: bigint): Promise<ApiKey | null> {
    const row = await keys().where('id', '=', keyId).executeTakeFirst();
    return row === undefined ? null : keyOf(row);
  }

  return {
    async create(wanted) {
      const token = newToken(random);
      const row = rowOf(wanted, hashToken(token), clock.nowMs());
      const { insertId } = await db.kysely.insertInto('jetmon_api_keys').values(row).executeTakeFirstOrThrow();
      const key = insertId === undefined ? null : await byId(insertId);
      if (key === null) throw new Error('the key is not there after it was inserted');
      return { token, key };
    },
    async list(options = {}) {
      const nowMs = clock.nowMs();
      const all = (await keys().orderBy('id').execute()).map(keyOf);
      return options.includeRevoked === true ? all : all.filter((key) => keyStatus(key, nowMs) !== 'revoked');
    },
    async revoke(keyId) {
      const nowMs = BigInt(clock.nowMs());
      await db.kysely
        .updateTable('jetmon_api_keys')
        .set({ revoked_at: nowMs })
        .where('id', '=', keyId)
        .where(({ or, eb }) => or([eb('revoked_at', 'is', null), eb('revoked_at', '>', nowMs)]))
        .execute();
      return byId(keyId);
    },
    async findByHash(hash) {
      const row = await keys().where('key_hash', '=', hash).executeTakeFirst();
      return row === undefined ? null : keyOf(row);
    },
    async touch(key) {
      const nowMs = clock.nowMs();
      if (key.lastUsedAtMs !== null && nowMs - key.lastUsedAtMs < TOUCH_EVERY_MS) return;
      await db.kysely.updateTable('jetmon_api_keys').set({ last_used_at: nowMs }).where('id', '=', key.keyId).execute();
    },
  };
}

function rowOf(wanted: NewKey, hash: string, nowMs: number) {
  const { consumerName, scope, rateLimitPerMinute = 0, ttlMs = 0, createdBy = 'cli' } = wanted;
  if (consumerName.length < 1 || consumerName.length > 128)
    throw new RangeError('consumer must have 1 to 128 characters');
  return {
    key_hash: hash,
    consumer_name: consumerName,
    scope,
    rate_limit_per_minute: rateLimitPerMinute > 0 ? Math.trunc(rateLimitPerMinute) : DEFAULT_RATE_LIMITS[scope],
    expires_at: ttlMs > 0 ? nowMs + Math.trunc(ttlMs) : null,
    revoked_at: null,
    last_used_at: null,
    created_at: nowMs,
    created_by: createdBy.slice(0, 128),
  };
}

function keyOf(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    keyId: row.id as ApiKeyId,
    consumerName: row.consumer_name,
    scope: scopeOf(row.scope),
    rateLimitPerMinute: Number(row.rate_limit_per_minute),
    expiresAtMs: numberOrNull(row.expires_at),
    revokedAtMs: numberOrNull(row.revoked_at),
    lastUsedAtMs: numberOrNull(row.last_used_at),
    createdAtMs: Number(row.created_at),
    createdBy: row.created_by,
  };
}

/** A scope this program does not know is worth no more than the least. */
function scopeOf(text: string): KeyScope {
  return text === 'admin' || text === 'write' ? text : 'read';
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
