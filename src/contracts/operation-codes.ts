/** Every code an operation can answer with: those its contract names, and those that follow from what it is. */
import type { ErrorCode } from '../domain/errors.ts';
import { accessOf } from './access.ts';
import { type Contract, IDEMPOTENCY_ERRORS } from './contract.ts';

const OF_ALL: readonly ErrorCode[] = ['internal'];
const OF_IDENTITY: readonly ErrorCode[] = [
  'missing_token',
  'invalid_token',
  'token_revoked',
  'token_expired',
  'insufficient_scope',
  'forbidden_gateway_context',
  'invalid_gateway_context',
  'rate_limited',
  'db_unavailable',
  'store_overloaded',
];
const OF_OPERATORS: readonly ErrorCode[] = ['operator_only'];
/** A path is looked up before anything is known of its ids. */
const OF_IDS: readonly ErrorCode[] = ['endpoint_not_found'];
const OF_SENDING: readonly ErrorCode[] = ['body_too_large', 'invalid_body'];
const OF_BODIES: readonly ErrorCode[] = ['invalid_field', 'unsupported_encoding'];
const OF_QUERIES: readonly ErrorCode[] = ['invalid_filter'];

/** Each once, the contract's own first. */
export function codesOf(contract: Contract): ErrorCode[] {
  return [
    ...new Set([
      ...contract.errors,
      ...(contract.query === undefined ? [] : OF_QUERIES),
      ...(contract.method === 'GET' ? [] : OF_SENDING),
      ...(contract.body === undefined ? [] : OF_BODIES),
      ...(contract.path.includes('/:') ? OF_IDS : []),
      ...(contract.scope === 'none' ? [] : OF_IDENTITY),
      ...(accessOf(contract)?.audience === 'operator' ? OF_OPERATORS : []),
      ...(contract.isIdempotent === true ? IDEMPOTENCY_ERRORS : []),
      ...OF_ALL,
    ]),
  ];
}
