/** Who makes a request: what they may do, and whose sites they may see. */
import type { Access } from '../contracts/access.ts';
import { AppError } from '../domain/errors.ts';
import { allows, bothAllow, type Grants, grantsOf, wordsOf } from '../domain/grants.ts';
import { EVERY_SITE, NO_SITE, type SiteScope } from '../domain/site-scope.ts';
import type { ApiKey } from '../store/api-keys.ts';
import { type GatewayContext, gatewayContext, missingContext, refuseGatewayContext } from './gateway-context.ts';

type Headers = Parameters<typeof refuseGatewayContext>[0];

export type Principal =
  /** A key of the database. */
  | {
      kind: 'key';
      key: ApiKey;
      /** For whom a gateway asks; null for every other key, and for a gateway that does not say it. */
      gateway: GatewayContext | null;
      /** The tenant that is asked for, by the key or by its gateway; null: none. */
      tenantId: string | null;
      /** What this call may do: what the key and, behind a gateway, the public scopes allow. */
      grants: Grants;
    }
  /** Someone who can read this machine's local key, or their browser. Not rate limited. */
  | { kind: 'local' };

/** Whose sites a caller may see and change. Nobody's where nothing says whose. */
export function scopeOf(principal: Principal | null): SiteScope {
  if (principal === null) return NO_SITE;
  if (principal.kind === 'local') return EVERY_SITE;
  if (principal.tenantId !== null) return { kind: 'tenant', tenantId: principal.tenantId };
  return principal.key.isGateway ? NO_SITE : EVERY_SITE;
}

/** Throws `forbidden_gateway_context` or `invalid_gateway_context`. */
export function principalFor(key: ApiKey | null, headers: Headers): Principal {
  if (key?.isGateway !== true) refuseGatewayContext(headers);
  if (key === null) return { kind: 'local' };
  const held = grantsOf(key.scopes);
  const gateway = key.isGateway ? gatewayContext(headers) : null;
  if (gateway === null) return { kind: 'key', key, gateway, tenantId: key.tenantId, grants: held };
  return { kind: 'key', key, gateway, tenantId: gateway.tenantId, grants: bothAllow(held, gateway.publicGrants) };
}

/** Throws `forbidden_gateway_context`, `operator_only` or `insufficient_scope`. */
export function requireAccess(principal: Principal, access: Access, headers: Headers): void {
  if (principal.kind === 'local') return;
  const { key, gateway, tenantId } = principal;
  if (key.isGateway && gateway === null && access.audience !== 'every_key') throw missingContext(headers);
  if (tenantId !== null && access.audience === 'operator') {
    throw new AppError('operator_only', 'this is about the server itself, which no tenant sees', {
      fix: 'use a key that is bound to no tenant',
    });
  }
  if (!allows(principal.grants, access.needs)) throw insufficientScope(principal.grants, access, gateway !== null);
}

function insufficientScope(grants: Grants, { scope, granular }: Access, isPublic: boolean): AppError {
  const held = wordsOf(grants).join(' ') || 'none';
  const needed = [`scope ${scope}`, ...(granular.length === 0 ? [] : [`of ${granular.join(' and ')}`])].join(', or ');
  const whose = isPublic ? 'the key and the public scopes together allow' : 'the key has scope';
  return new AppError('insufficient_scope', `this needs a key of ${needed}; ${whose} ${held}`, {
    fix: `use a key of ${needed}`,
    details: { required: scope, ...(granular.length === 0 ? {} : { required_granular: granular }), held },
  });
}
