/** Every code an operation can answer with: those its contract names, and those that follow from what it is. */
import { ERROR_CODES, type ErrorCode, isErrorCode } from '../domain/errors.ts';
import { accessOf } from './access.ts';
import { type Contract, IDEMPOTENCY_ERRORS, querySchemaOf } from './contract.ts';

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
];
const OF_OPERATORS: readonly ErrorCode[] = ['operator_only'];
/** A path is looked up before anything is known of its ids. */
const OF_IDS: readonly ErrorCode[] = ['endpoint_not_found'];
/** What is no request of HTTP, a path that is no operation's, and a method that its path does not answer to. */
const OF_NO_OPERATION: readonly ErrorCode[] = [
  'invalid_request',
  'headers_too_large',
  'request_timeout',
  'endpoint_not_found',
  'method_not_allowed',
];
/** Of every write: one without a body refuses what comes as one. */
const OF_SENDING: readonly ErrorCode[] = ['body_too_large', 'invalid_body', 'invalid_field', 'unsupported_encoding'];
const OF_QUERIES: readonly ErrorCode[] = ['invalid_filter'];

/** Each once, the contract's own first. */
export function codesOf(contract: Contract): ErrorCode[] {
  return [
    ...new Set([
      ...contract.errors,
      ...(querySchemaOf(contract) === null || contract.messages !== undefined ? [] : OF_QUERIES),
      ...(contract.method === 'GET' ? [] : OF_SENDING),
      ...(contract.path.includes('/:') ? OF_IDS : []),
      ...(contract.scope === 'none' ? [] : OF_IDENTITY),
      ...(accessOf(contract)?.audience === 'operator' ? OF_OPERATORS : []),
      ...(contract.isIdempotent === true ? IDEMPOTENCY_ERRORS : []),
      ...OF_ALL,
    ]),
  ];
}

/** The catalogue: every code that a reply can carry, in the order of `ERROR_CODES`. Other codes are for the command line. */
export function apiCodes(contracts: readonly Contract[]): ErrorCode[] {
  const met = new Set([...contracts.flatMap(codesOf), ...OF_NO_OPERATION]);
  return Object.keys(ERROR_CODES)
    .filter(isErrorCode)
    .filter((code) => met.has(code));
}
