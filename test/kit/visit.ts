/** Parts of a visit as the wire would bring them, for tests of those who judge it. */

import type { Visit } from '../../src/checks/visit.ts';
import { DEFAULT_PLAN } from '../../src/domain/probe-plan.ts';
import type { BodyRead, Exchange, Reply } from '../../src/wire/exchange.ts';

export const SKIPPED_BODY: BodyRead = {
  mode: 'skipped',
  bytesRead: 0,
  limitBytes: 0,
  complete: false,
  stoppedBy: null,
  encoding: 'identity',
  search: null,
  excerpt: null,
  sha256: () => null,
};

export function replyOf(status: number, headers: Reply['headers'] = [], body: Partial<BodyRead> = {}): Reply {
  return { protocol: 'HTTP/1.1', status, headers, body: { ...SKIPPED_BODY, ...body } };
}

/** An exchange in which nothing happened but what is given. */
export function exchangeOf(parts: Partial<Exchange>): Exchange {
  return {
    url: 'http://site.test/',
    addresses: [],
    address: null,
    resolver: null,
    timings: { total: 5 },
    waitedMs: 0,
    tls: null,
    reply: null,
    failure: null,
    ...parts,
  };
}

export function visitOf(exchange: Partial<Exchange>, visit: Partial<Visit> = {}): Visit {
  const hop = exchangeOf(exchange);
  return {
    startedAtMs: 0,
    url: hop.url,
    plan: DEFAULT_PLAN,
    hops: [hop],
    redirectTrouble: null,
    totalMs: 5,
    pausedMs: 0,
    givenBackMs: null,
    voidedRuns: 0,
    ...visit,
  };
}
