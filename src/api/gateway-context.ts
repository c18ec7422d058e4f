/**
 * For whom a gateway asks. Five headers say it, believed from keys that are flagged as a gateway's and from nobody else;
 * without all that is needed such a key speaks for nobody, so that a proxy that drops a header opens nothing.
 */
import type { FastifyRequest } from 'fastify';
import { GATEWAY_HEADERS, type GatewayHeader } from '../contracts/gateway-headers.ts';
import { AppError } from '../domain/errors.ts';
import { type Grants, grantsOf } from '../domain/grants.ts';

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

type Shape = GatewayHeader & { wire: string };

/** `wire`: its name as it arrives. */
const onWire = (header: GatewayHeader): Shape => ({ ...header, wire: header.name.toLowerCase() });
const TENANT = onWire(GATEWAY_HEADERS.tenant);
const SCOPES = onWire(GATEWAY_HEADERS.scopes);
const REQUEST = onWire(GATEWAY_HEADERS.request);
const ACTOR = onWire(GATEWAY_HEADERS.actor);
const PLAN = onWire(GATEWAY_HEADERS.plan);
const NEEDED = [TENANT, SCOPES, REQUEST] as const;
const ALL = [...NEEDED, ACTOR, PLAN] as const;

/** Throws `forbidden_gateway_context` where someone who is no gateway speaks like one. */
export function refuseGatewayContext(headers: Headers): void {
  const sent = ALL.find((header) => sentIn(headers, header) !== null)?.wire;
  if (sent === undefined) return;
  throw new AppError('forbidden_gateway_context', `the header ${sent} is believed from a gateway alone`, {
    fix: 'leave it out, or use a key made with `jetmon2 keys create --gateway`',
    details: { header: sent },
  });
}

/** Null where one that is needed is missing. Throws `invalid_gateway_context` for one that is sent twice or is malformed. */
export function gatewayContext(headers: Headers): GatewayContext | null {
  for (const header of ALL) {
    const value = sentIn(headers, header);
    if (value !== null && !header.pattern.test(value)) throw malformed(header);
  }
  const [tenantId, scopes, gatewayRequestId] = NEEDED.map((header) => sentIn(headers, header));
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
  const missing = NEEDED.filter((header) => sentIn(headers, header) === null).map(({ wire }) => wire);
  return new AppError('forbidden_gateway_context', 'this key is a gateway: it has to say for whom it asks', {
    fix: `send ${missing.join(', ')}`,
    details: { missing },
  });
}

function malformed({ wire, rule }: Shape): AppError {
  return new AppError('invalid_gateway_context', `the header ${wire} is not what it has to be, or was sent twice`, {
    fix: `send it once, as ${rule}`,
    details: { header: wire },
  });
}

/** An empty one is as good as none. */
function sentIn(headers: Headers, { wire }: Shape): string | null {
  const value = headers[wire];
  const text = (Array.isArray(value) ? value.join(',') : value)?.trim();
  return text === undefined || text === '' ? null : text;
}
