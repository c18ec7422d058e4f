/** The replies of one operation: its success, and its refusals by status. */

import type { ErrorCode } from '../../domain/errors.ts';
import type { Contract } from '../contract.ts';
import { statusOf } from '../error-status.ts';
import { codesOf } from '../operation-codes.ts';
import { ErrorEnvelope } from '../values.ts';
import type { Components } from './components.ts';
import type { Media, Reference, Response } from './document-types.ts';
import { headerRef } from './headers.ts';

/** What the example of an operation was answered with when it was last carried out. */
export type Recorded = {
  status: number;
  /** The body where it is JSON. */
  body?: unknown;
  /** The body where it is a stream. */
  text?: string;
};

const JSON_MEDIA = 'application/json';
const WORDS: Readonly<Record<number, string>> = { 200: 'Done', 201: 'Created', 204: 'Done; there is nothing to say' };

/** Codes that come with `Retry-After`. */
const SAYS_WHEN: readonly string[] = [
  'rate_limited',
  'too_many_idempotency_keys',
  'idempotency_in_progress',
  'too_many_looks',
] satisfies ErrorCode[];

export function responsesOf(
  contract: Contract,
  components: Components,
  recorded: Recorded | undefined,
): Record<string, Response> {
  const byStatus = new Map<number, string[]>();
  for (const code of codesOf(contract)) {
    const status = statusOf(code);
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const refusals = [...byStatus].sort(([one], [other]) => one - other);
  return {
    [contract.status]: successOf(contract, components, recorded),
    ...(contract.hasEtag === true
      ? { 304: { description: 'It is what `If-None-Match` named', headers: etagHeaders(contract) } }
      : {}),
    ...Object.fromEntries(refusals.map(([status, codes]) => [status, refusalOf(status, codes, contract, components)])),
    default: { description: 'Any other refusal', content: { [JSON_MEDIA]: errorMedia(components) } },
  };
}

function successOf(contract: Contract, components: Components, recorded: Recorded | undefined): Response {
  const description = WORDS[contract.status] ?? 'Done';
  const headers = {
    ...etagHeaders(contract),
    ...rateHeaders(contract),
    ...(contract.isIdempotent === true ? { 'Idempotency-Replayed': headerRef('Idempotency-Replayed') } : {}),
  };
  if (contract.messages !== undefined) {
    return {
      description: 'A stream of server-sent events; the `data` of each is one JSON document',
      headers,
      content: { 'text/event-stream': { schema: { type: 'string' }, ...exampleOf(recorded?.text) } },
      'x-jetmon-messages': Object.fromEntries(
        Object.entries(contract.messages).map(([name, schema]) => [
          name,
          components.schemaFor(schema, 'output', `Stream${capital(name)}`),
        ]),
      ),
    };
  }
  if (contract.reply === undefined) return { description, headers };
  const schema = components.schemaFor(contract.reply, 'output', `${capital(contract.operationId)}Reply`);
  return { description, headers, content: { [JSON_MEDIA]: { schema, ...exampleOf(recorded?.body) } } };
}

function refusalOf(status: number, codes: readonly string[], contract: Contract, components: Components): Response {
  return {
    description: codes.map((code) => `\`${code}\``).join(', '),
    headers: {
      'X-Request-Id': headerRef('X-Request-Id'),
      ...(status === 401 ? { 'WWW-Authenticate': headerRef('WWW-Authenticate') } : {}),
      ...(codes.some((code) => SAYS_WHEN.includes(code)) ? { 'Retry-After': headerRef('Retry-After') } : {}),
      ...(status === 429 ? rateHeaders(contract) : {}),
    },
    content: { [JSON_MEDIA]: errorMedia(components) },
    'x-jetmon-error-codes': codes,
  };
}

function etagHeaders({ hasEtag }: Contract): Record<string, Reference> {
  const ofAll = { 'X-Request-Id': headerRef('X-Request-Id') };
  return hasEtag === true ? { ...ofAll, ETag: headerRef('ETag') } : ofAll;
}

function errorMedia(components: Components): Media {
  return { schema: components.schemaFor(ErrorEnvelope, 'output') };
}

function rateHeaders({ scope }: Contract): Record<string, Reference> {
  if (scope === 'none') return {};
  const names = ['X-RateLimit-Limit', 'X-RateLimit-Remaining', 'X-RateLimit-Reset'];
  return Object.fromEntries(names.map((name) => [name, headerRef(name)]));
}

function exampleOf(value: unknown): { example?: unknown } {
  return value === undefined ? {} : { example: value };
}

export function capital(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}
