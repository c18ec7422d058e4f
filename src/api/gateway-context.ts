/**
 * For whom a gateway asks. Five headers say it, believed from keys that are flagged as a gateway's and from nobody else;
 * without all that is needed such a key speaks for nobody, so that a proxy that drops a header opens nothing.
 */
import type { FastifyRequest } from 'fastify';
import { AppError } from '../domain/errors.ts';
import { type Grants, grantsOf } from '../domain/grants.ts';
import { isTenantId, TENANT_ID_RULE } from '../domain/tenant-id.ts';

export type GatewayContext = {
  tenantId: string;
  /** As they were sent; words that are not ours grant nothing. */
  publicScopes: readonly string[];
  publicGrants: Grants;
  gatewayRequestId: string;
  /** The person or program behind the gateway, and what they pay for; only noted. */
  actorId: string | null;
  plan: string | null;
};

type Headers = FastifyRequest['headers'];

const TENANT = 'x-jetmon-tenant-id';
const SCOPES = 'x-jetmon-public-scopes';
const REQUEST = 'x-jetmon-gateway-request-id';
const ACTOR = 'x-jetmon-actor-id';
const PLAN = 'x-jetmon-plan';
const NEEDED = [TENANT, SCOPES, REQUEST] as const;
const ALL = [...NEEDED, ACTOR, PLAN] as const;
type Name = (typeof ALL)[number];

/** No comma anywhere: that is what a header sent twice, or a list, looks like by now. */
const SCOPE_LIST = /^[\w.:*-]{1,64}(?:[ \t]+[\w.:*-]{1,64}){0,63}$/;
const ONE_WORD = /^[!-+\--~]{1,128}$/;
const SHAPES: Readonly<Record<Name, { test(text: string): boolean; rule: string }>> = {
  [TENANT]: { test: isTenantId, rule: TENANT_ID_RULE },
  [SCOPES]: { test: (text) => SCOPE_LIST.test(text), rule: '1 to 64 words with spaces between them' },
  [REQUEST]: { test: (text) => ONE_WORD.test(text), rule: 'one word of at most 128 characters' },
  [ACTOR]: { test: (text) => ONE_WORD.test(text), rule: 'one word of at most 128 characters' },
  [PLAN]: { test: (text) => ONE_WORD.test(text), rule: 'one word of at most 128 characters' },
};

/** Throws `forbidden_gateway_context` where someone who is no gateway speaks like one. */
export function refuseGatewayContext(headers: Headers): void {
  const sent = ALL.find((name) => sentIn(headers, name) !== null);
  if (sent === undefined) return;
  throw new AppError('forbidden_gateway_context', `the header ${sent} is believed from a gateway alone`, {
    fix: 'leave it out, or use a key made with `jetmon2 keys create --gateway`',
    details: { header: sent },
  });
}

/** Null where one that is needed is missing. Throws `invalid_gateway_context` for one that is sent twice or is malformed. */
export function gatewayContext(headers: Headers): GatewayContext | null {
  for (const name of ALL) {
    const value = sentIn(headers, name);
    if (value !== null && !SHAPES[name].test(value)) throw malformed(name);
  }
  const [tenantId, scopes, gatewayRequestId] = NEEDED.map((name) => sentIn(headers, name));
  if (tenantId == null || scopes == null || gatewayRequestId == null) return null;
  const publicScopes = scopes.split(/[ \t]+/);
  return {
    tenantId,
    publicScopes,
    publicGrants: grantsOf(publicScopes),
    gatewayRequestId,
    actorId: sentIn(headers, ACTOR),
    plan: sentIn(headers, PLAN),
  };
}

/** What a gateway is told that does not say for whom it asks. */
export function missingContext(headers: Headers): AppError {
  const missing = NEEDED.filter((name) => sentIn(headers, name) === null);
  return new AppError('forbidden_gateway_context', 'this key is a gateway: it has to say for whom it asks', {
    fix: `send ${missing.join(', ')}`,
    details: { missing },
  });
}

function malformed(name: Name): AppError {
  return new AppError('invalid_gateway_context', `the header ${name} is not what it has to be, or was sent twice`, {
    fix: `send it once, as ${SHAPES[name].rule}`,
    details: { header: name },
  });
}

/** An empty one is as good as none. */
function sentIn(headers: Headers, name: Name): string | null {
  const value = headers[name];
  const text = (Array.isArray(value) ? value.join(',') : value)?.trim();
  return text === undefined || text === '' ? null : text;
}
