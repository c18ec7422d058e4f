import { describe, expect, it } from 'vitest';
import { legacyClasses, type ProbeOutcome } from './legacy-codes.ts';

const FINE: ProbeOutcome = {
  phase: null,
  hitDeadline: false,
  dnsKind: null,
  httpCode: 200,
  isStatusGood: true,
  keywordRule: null,
  isLeafExpired: false,
  isTlsDeprecated: false,
};
const NO_REPLY = { httpCode: null, isStatusGood: false } as const;

const CASES: [what: string, outcome: Partial<ProbeOutcome>, errorCode: number, failure: string, detector: string][] = [
  ['a healthy site', {}, 0, 'success', 'success'],
  ['a status that is expected', { httpCode: 401 }, 0, 'success', 'success'],
  ['a time-out', { ...NO_REPLY, phase: 'http', hitDeadline: true }, 1, 'intermittent', 'timeout'],
  [
    'a deadline that is hit in DNS, which counts as a time-out first',
    { ...NO_REPLY, phase: 'dns', hitDeadline: true, dnsKind: 'timeout' },
    1,
    'intermittent',
    'timeout',
  ],
  ['a search out of time', { phase: 'body', hitDeadline: true }, 1, 'intermittent', 'timeout'],
  ['a refused connection', { ...NO_REPLY, phase: 'tcp' }, 2, 'intermittent', 'connect_error'],
  ['a missing name', { ...NO_REPLY, phase: 'dns', dnsKind: 'nxdomain' }, 2, 'intermittent', 'dns_nxdomain'],
  ['silence in DNS', { ...NO_REPLY, phase: 'dns', dnsKind: 'timeout' }, 2, 'intermittent', 'dns_timeout'],
  [
    'a machine without a resolver',
    { ...NO_REPLY, phase: 'dns', dnsKind: 'resolver_error' },
    2,
    'intermittent',
    'dns_resolver_error',
  ],
  ['a closed connection', { ...NO_REPLY, phase: 'http' }, 2, 'intermittent', 'connect_error'],
  ['a bad certificate', { ...NO_REPLY, phase: 'tls' }, 3, 'https', 'tls_failure'],
  ['a redirect loop', { httpCode: 302, phase: 'redirect' }, 4, 'redirect', 'redirect'],
  ['a missing keyword', { keywordRule: 'required' }, 5, 'intermittent', 'content_failure'],
  ['a certificate that lapsed meanwhile', { isLeafExpired: true }, 6, 'https', 'tls_failure'],
  ['old TLS, which is a success', { isTlsDeprecated: true }, 7, 'success', 'tls_deprecated'],
  [
    'old TLS on a failing site',
    { isTlsDeprecated: true, httpCode: 500, isStatusGood: false },
    7,
    'server',
    'tls_deprecated',
  ],
  ['a page that broke off', { phase: 'body' }, 8, 'intermittent', 'partial_response'],
  [
    'a page that broke off and lacks a word',
    { phase: 'body', keywordRule: 'required' },
    8,
    'intermittent',
    'partial_response',
  ],
  ['a refusal', { httpCode: 403, isStatusGood: false }, 0, 'blocked', 'http_failure'],
  ['a missing page', { httpCode: 404, isStatusGood: false }, 0, 'client', 'http_failure'],
  ['a broken server', { httpCode: 500, isStatusGood: false }, 0, 'server', 'http_failure'],
  ['a status that is not expected', { httpCode: 204, isStatusGood: false }, 0, 'intermittent', 'http_failure'],
];

describe('the older system knew', () => {
  it.each(CASES)('%s', (_, outcome, errorCode, failureClass, detectorClass) => {
    expect(legacyClasses({ ...FINE, ...outcome })).toEqual({ errorCode, failureClass, detectorClass });
  });
});
