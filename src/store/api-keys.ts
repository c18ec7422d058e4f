/** API keys: who may call, what, for whom, until when. Tokens are shown once and stored as hashes. */
import { timingSafeEqual } from 'node:crypto';
import type { Insertable, Selectable } from 'kysely';
import { type CoarseScope, isScopeWord, type ScopeWord } from '../domain/grants.ts';
import type { ApiKeyId } from '../domain/ids.ts';
import { isTenantId } from '../domain/tenant-id.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { hashToken, newToken } from './api-token.ts';
import type { Database } from './database.ts';
import { databaseNow } from './database-clock.ts';
import type { ApiKeysTable, Executor } from './schema.ts';

export type ApiKey = {
  keyId: ApiKeyId;
  consumerName: string;
  /** One coarse word, or granular ones; empty when a newer program wrote words that this one does not know. */
  scopes: readonly ScopeWord[];
  /** Speaks for tenants, each call for the one it names, and for nobody else. */
  isGateway: boolean;
  /** Networks from which a gateway is taken, as `10.0.0.0/8`; null: from everywhere. */
  allowedFrom: readonly string[] | null;
  /** The one tenant it is bound to; null: none. Never together with `isGateway`. */
  tenantId: string | null;
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
  /** One coarse word, or one or more granular ones. */
  scope: ScopeWord | readonly ScopeWord[];
  isGateway?: boolean;
  /** Only of a gateway, one to some thirty. */
  allowedFrom?: readonly string[] | null;
  tenantId?: string | null;
  /** Absent, zero or less: the default of the scope. */
  rateLimitPerMinute?: number;
  /** Absent, zero or less: never expires. */
  ttlMs?: number;
  createdBy?: string;
};

export type Rotated =
  | { kind: 'rotated'; token: string; key: ApiKey; replaced: ApiKey }
  | { kind: 'not_found' }
  /** Revoked, or on its way to be, or expired: nothing is left to carry over. */
  | { kind: 'not_active'; status: 'revoked' | 'expired' | 'replaced' };

const DEFAULT_RATE_LIMITS: Readonly<Record<CoarseScope, number>> = { read: 60, write: 30, admin: 60 };

/** The use of a key is noted at most this often, so that reading through the API does not write at every call. */
const TOUCH_EVERY_MS = 60_000;

export interface ApiKeys {
  /** The token is not kept: this is the only time it is seen. Throws RangeError for what no key can be. */
  create(key: NewKey): Promise<{ token: string; key: ApiKey }>;
  /** By id. Revoked keys only when asked for. */
  list(options?: { includeRevoked?: boolean }): Promise<ApiKey[]>;
  /** From now on; a key revoked earlier keeps its instant. Null when there is no such key. */
  revoke(keyId: ApiKeyId): Promise<ApiKey | null>;
  /** A key like it with a token of its own, until the same instant; the one before is refused `graceMs` from now. */
  rotate(keyId: ApiKeyId, options: { graceMs: number; createdBy?: string }): Promise<Rotated>;
  /** In any status; see `keyStatus`. */
  findByHash(hash: string): Promise<ApiKey | null>;
  /** The clock of the database, by which keys begin and end on every server. */
  nowMs(): Promise<number>;
  /** Notes that the key was used. Best effort: a caller may go on when it rejects. */
  touch(key: ApiKey): Promise<void>;
}

/** Cutoffs are half-open: at the very instant the key is no longer valid. */
export function keyStatus(key: Pick<ApiKey, 'revokedAtMs' | 'expiresAtMs'>, nowMs: number): KeyStatus {
  if (key.revokedAtMs !== null && nowMs >= key.revokedAtMs) return 'revoked';
  return key.expiresAtMs !== null && nowMs >= key.expiresAtMs ? 'expired' : 'active';
}

export function createApiKeys(deps: {
  db: Database;
  clock: Clock;
  random: Random;
  /** What time the database has, unless a test says otherwise. */
  databaseNowMs?: () => number;
}): ApiKeys {
  const { db, clock, random } = deps;
  /** A key is revoked by one host and refused by others: the clock of whoever revokes it must not decide from when on. */
  const sharedNowMs = async (tx: Executor): Promise<number> =>
    deps.databaseNowMs?.() ?? Number(await databaseNow(tx, db.dialect));
  const keys = () => db.kysely.selectFrom('jetmon_api_keys').selectAll();

  async function byId(keyId: bigint, tx: Executor = db.kysely): Promise<ApiKey | null> {
    const row = await tx.selectFrom('jetmon_api_keys').selectAll().where('id', '=', keyId).executeTakeFirst();
    return row === undefined ? null : keyOf(row);
  }

  async function insert(tx: Executor, row: Insertable<ApiKeysTable>): Promise<ApiKey> {
    const { insertId } = await tx.insertInto('jetmon_api_keys').values(row).executeTakeFirstOrThrow();
    const key = insertId === undefined ? null : await byId(insertId, tx);
    if (key === null) throw new Error('the key is not there after it was inserted');
    return key;
  }

  return {
    async create(wanted) {
      const token = newToken(random);
      const key = await insert(db.kysely, rowOf(wanted, hashToken(token), await sharedNowMs(db.kysely)));
      return { token, key };
    },
    async list(options = {}) {
      const nowMs = await sharedNowMs(db.kysely);
      const all = (await keys().orderBy('id').execute()).map(keyOf);
      return options.includeRevoked === true ? all : all.filter((key) => keyStatus(key, nowMs) !== 'revoked');
    },
    async revoke(keyId) {
      const nowMs = BigInt(await sharedNowMs(db.kysely));
      await db.kysely
        .updateTable('jetmon_api_keys')
        .set({ revoked_at: nowMs })
        .where('id', '=', keyId)
        .where(({ or, eb }) => or([eb('revoked_at', 'is', null), eb('revoked_at', '>', nowMs)]))
        .execute();
      return byId(keyId);
    },
    async rotate(keyId, { graceMs, createdBy = 'cli' }) {
      const token = newToken(random);
      return db.transaction(async (tx) => {
        const query = tx.selectFrom('jetmon_api_keys').selectAll().where('id', '=', keyId);
        const row = await db.dialect.lockForUpdate(query).executeTakeFirst();
        if (row === undefined) return { kind: 'not_found' };
        const nowMs = await sharedNowMs(tx);
        const status = keyStatus(keyOf(row), nowMs);
        if (status !== 'active') return { kind: 'not_active', status };
        if (row.revoked_at !== null) return { kind: 'not_active', status: 'replaced' };
        const { id: _, ...same } = row;
        const key = await insert(tx, {
          ...same,
          key_hash: hashToken(token),
          last_used_at: null,
          created_at: nowMs,
          created_by: createdBy.slice(0, 128),
        });
        const revokedAtMs = nowMs + Math.max(0, Math.trunc(graceMs));
        await tx.updateTable('jetmon_api_keys').set({ revoked_at: revokedAtMs }).where('id', '=', keyId).execute();
        return { kind: 'rotated', token, key, replaced: { ...keyOf(row), revokedAtMs } };
      });
    },
    async findByHash(hash) {
      const row = await keys().where('key_hash', '=', hash).executeTakeFirst();
      return row === undefined || !isSameHash(row.key_hash, hash) ? null : keyOf(row);
    },
    nowMs: () => sharedNowMs(db.kysely),
    async touch(key) {
      const nowMs = clock.nowMs();
      if (key.lastUsedAtMs !== null && nowMs - key.lastUsedAtMs < TOUCH_EVERY_MS) return;
      await db.kysely.updateTable('jetmon_api_keys').set({ last_used_at: nowMs }).where('id', '=', key.keyId).execute();
    },
  };
}

/** An index compares as it likes, and a server may be set up not to tell capitals apart: this decides. */
function isSameHash(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function rowOf(wanted: NewKey, hash: string, nowMs: number): Insertable<ApiKeysTable> {
  const { consumerName, rateLimitPerMinute = 0, ttlMs = 0, createdBy = 'cli' } = wanted;
  const { isGateway = false, tenantId = null, allowedFrom = null } = wanted;
  const scopes = typeof wanted.scope === 'string' ? [wanted.scope] : [...new Set(wanted.scope)];
  if (consumerName.length < 1 || consumerName.length > 128)
    throw new RangeError('consumer must have 1 to 128 characters');
  if (scopes.length === 0 || (scopes.length > 1 && scopes.some(isCoarse)))
    throw new RangeError('scope must be one coarse word, or granular ones');
  if (isGateway && tenantId !== null) throw new RangeError('a gateway is not bound to one tenant');
  if (!isGateway && allowedFrom !== null) throw new RangeError('a gateway alone is limited to networks');
  if (allowedFrom !== null && !areNetworks(allowedFrom)) throw new RangeError('those are no networks, or too many');
  if (tenantId !== null && !isTenantId(tenantId)) throw new RangeError('that is no id of a tenant');
  return {
    key_hash: hash,
    consumer_name: consumerName,
    scope: scopes.join(' '),
    is_gateway: isGateway ? 1 : 0,
    allowed_from: allowedFrom?.join(' ') ?? null,
    tenant_id: tenantId,
    rate_limit_per_minute: rateLimitPerMinute > 0 ? Math.trunc(rateLimitPerMinute) : defaultLimit(scopes),
    expires_at: ttlMs > 0 ? nowMs + Math.trunc(ttlMs) : null,
    revoked_at: null,
    last_used_at: null,
    created_at: nowMs,
    created_by: createdBy.slice(0, 128),
  };
}

/** As long as the column. */
const MAX_NETWORKS_LENGTH = 1_024;

function areNetworks(texts: readonly string[]): boolean {
  const isWhole = texts.length > 0 && texts.every((text) => /^[0-9a-f.:]+\/[0-9]{1,3}$/.test(text));
  return isWhole && texts.join(' ').length <= MAX_NETWORKS_LENGTH;
}

function isCoarse(word: ScopeWord): word is CoarseScope {
  return word in DEFAULT_RATE_LIMITS;
}

/** Who may write anything has the limit of who may write. */
function defaultLimit(scopes: readonly ScopeWord[]): number {
  const coarse = scopes.find(isCoarse) ?? (scopes.some((word) => word.endsWith(':write')) ? 'write' : 'read');
  return DEFAULT_RATE_LIMITS[coarse];
}

function keyOf(row: Selectable<ApiKeysTable>): ApiKey {
  return {
    keyId: row.id as ApiKeyId,
    consumerName: row.consumer_name,
    scopes: row.scope.split(' ').filter(isScopeWord),
    isGateway: row.is_gateway !== 0n,
    // Of an empty text there is no network that lets anybody in.
    allowedFrom: row.allowed_from?.split(' ') ?? null,
    tenantId: row.tenant_id,
    rateLimitPerMinute: Number(row.rate_limit_per_minute),
    expiresAtMs: numberOrNull(row.expires_at),
    revokedAtMs: numberOrNull(row.revoked_at),
    lastUsedAtMs: numberOrNull(row.last_used_at),
    createdAtMs: Number(row.created_at),
    createdBy: row.created_by,
  };
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
