/** Headers of requests and replies: those of many operations have a name in the document, and are referred to. */
import { accessOf } from '../access.ts';
import type { Contract } from '../contract.ts';
import { GATEWAY_HEADERS, type GatewayHeader } from '../gateway-headers.ts';
import type { OpenApiDocument, Operation, Parameter, Reference } from './document-types.ts';

const GATEWAYS: readonly GatewayHeader[] = Object.values(GATEWAY_HEADERS);

/** By the name they are referred to by. */
export const GATEWAY_PARAMETERS: Readonly<Record<string, Parameter>> = Object.fromEntries(
  GATEWAYS.map(({ name, needed, pattern, description }) => [
    parameterName(name),
    {
      name,
      in: 'header',
      required: false,
      description: `${description} ${needed ? 'A key of a gateway has to send it' : 'A key of a gateway may send it'}; no other key may.`,
      schema: { type: 'string', pattern: pattern.source },
    },
  ]),
);

/** What an operation takes in its headers, beside who asks. */
export function headerParameters(contract: Contract): Operation['parameters'] {
  return [
    ...(contract.isIdempotent === true ? [IDEMPOTENCY_KEY] : []),
    ...(contract.hasEtag === true ? [IF_NONE_MATCH] : []),
    ...(contract.messages === undefined ? [] : [LAST_EVENT_ID]),
    ...(isForGateways(contract) ? GATEWAYS.map(({ name }) => parameterRef(name)) : []),
  ];
}

/** The server itself is nothing of any tenant, and what is open to everyone asks for nobody. */
function isForGateways(contract: Contract): boolean {
  const access = accessOf(contract);
  return access !== null && access.audience !== 'operator';
}

function parameterName(header: string): string {
  return header.replaceAll('-', '');
}

function parameterRef(header: string): Reference {
  return { $ref: `#/components/parameters/${parameterName(header)}` };
}

const IDEMPOTENCY_KEY: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Any text of your own. A request with the same key is carried out once, however often it is sent.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const IF_NONE_MATCH: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of an earlier reply.',
  schema: { type: 'string' },
};

const LAST_EVENT_ID: Parameter = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description:
    'The `id` of the last message that was read: what came after it is told first. Without it the stream begins now.',
  schema: { type: 'string', pattern: '^\\d{1,19}$' },
};

export const REPLY_HEADERS: OpenApiDocument['components']['headers'] = {
  'X-Request-Id': {
    description: 'Names the request in the log of the server.',
    schema: { type: 'string', pattern: '^[0-9a-f]{32}$' },
  },
  'X-RateLimit-Limit': {
    description: 'Requests a minute that the key may make; absent where nothing limits it.',
    schema: { type: 'integer', minimum: 1 },
  },
  'X-RateLimit-Remaining': {
    description: 'Requests that may be made at once after this one.',
    schema: { type: 'integer', minimum: 0 },
  },
  'X-RateLimit-Reset': {
    description: 'When all of them may be made again, in seconds since 1970.',
    schema: { type: 'integer', minimum: 0 },
  },
  ETag: { description: 'Names what was answered, for `If-None-Match`.', schema: { type: 'string' } },
  'Retry-After': {
    description: 'Seconds to wait. With every 429, with `idempotency_in_progress` and with `too_many_looks`.',
    schema: { type: 'integer', minimum: 1 },
  },
  'Idempotency-Replayed': {
    description: '`true`: this is what the first request with the same `Idempotency-Key` was answered.',
    schema: { type: 'string', const: 'true' },
  },
  'WWW-Authenticate': { description: 'The scheme that is wanted.', schema: { type: 'string', const: 'Bearer' } },
};

export function headerRef(name: string): Reference {
  return { $ref: `#/components/headers/${name}` };
}
