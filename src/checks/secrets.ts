/**
 * What was sent in confidence and comes back: a server may show us our own headers, in a page, a header or a redirect.
 * Nothing of them may be kept, shown or told.
 */
import type { ProbePlan } from '../domain/probe-plan.ts';

/** Shorter ones would hide half of every text, and are no secrets. */
const MIN_SECRET_LENGTH = 4;
const MASK = '[secret]';
/** What everybody sends may be shown. */
const PUBLIC_HEADERS: ReadonlySet<string> = new Set([
  'user-agent',
  'accept',
  'accept-language',
  'cache-control',
  'referer',
]);

/** A copy of plain data in which no text holds a header value of the plan; the data itself when it sends none. */
export function withoutSecrets<T>(data: T, { headers }: Pick<ProbePlan, 'headers'>): T {
  const secrets = secretsIn(headers);
  return secrets.length === 0 ? data : (masked(data, secrets) as T);
}

/** In every spelling in which a server may repeat them, the longest first. */
function secretsIn(headers: ProbePlan['headers']): string[] {
  const found = new Set<string>();
  for (const [name, value] of headers) {
    if (PUBLIC_HEADERS.has(name.toLowerCase())) continue;
    for (const part of [value, ...partsOf(value)]) {
      if (part.length < MIN_SECRET_LENGTH) continue;
      for (const spelling of [part, encodeURIComponent(part), encodeURI(part), JSON.stringify(part).slice(1, -1)]) {
        found.add(spelling);
      }
    }
  }
  return [...found].sort((one, other) => other.length - one.length);
}

/** The credentials behind a scheme, what Basic wraps, the values of cookies. */
function partsOf(value: string): string[] {
  const [scheme = '', ...rest] = value.split(' ');
  const credentials = rest.join(' ');
  const basic = /^basic$/i.test(scheme) ? Buffer.from(credentials, 'base64').toString('utf8') : '';
  const cookies = value.split(/;\s*/).map((pair) => pair.slice(pair.indexOf('=') + 1));
  return [credentials, basic, basic.slice(basic.indexOf(':') + 1), ...cookies];
}

function masked(data: unknown, secrets: readonly string[]): unknown {
  if (typeof data === 'string') return secrets.reduce((text, secret) => text.replaceAll(secret, MASK), data);
  if (Array.isArray(data)) return data.map((one) => masked(one, secrets));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, masked(value, secrets)]));
}
