/** How a key is told of: to programs as a document, to people in words. Never its token. */
import { type ApiKey, keyStatus } from '../store/api-keys.ts';

export function documentOf(key: ApiKey): object {
  const [first] = key.scopes;
  return {
    id: Number(key.keyId),
    consumer_name: key.consumerName,
    scope: first !== undefined && !first.includes(':') ? first : null,
    scopes: key.scopes,
    is_gateway: key.isGateway,
    allowed_from: key.allowedFrom,
    tenant_id: key.tenantId,
    rate_limit_per_minute: key.rateLimitPerMinute,
    expires_at: instant(key.expiresAtMs),
    revoked_at: instant(key.revokedAtMs),
    last_used_at: instant(key.lastUsedAtMs),
    created_at: instant(key.createdAtMs),
    created_by: key.createdBy,
  };
}

/** What follows its scopes. */
export function tenantWords({ isGateway, allowedFrom, tenantId }: ApiKey): string {
  if (isGateway) return allowedFrom === null ? ', gateway' : `, gateway from ${allowedFrom.join(' ')}`;
  return tenantId === null ? '' : `, tenant ${tenantId}`;
}

export function statusWords(key: ApiKey, nowMs: number): string {
  const status = keyStatus(key, nowMs);
  if (status === 'active') return key.revokedAtMs === null ? 'active' : `revokes at ${instant(key.revokedAtMs)}`;
  return status === 'revoked' ? `revoked ${instant(key.revokedAtMs)}` : 'expired';
}

export function instant(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
