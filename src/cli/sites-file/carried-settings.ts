/** Single settings of monitors in the words of the API, as the importers share them. */
import { parseExpectedStatus } from '../../domain/probe-plan.ts';
import { headersProblem } from '../../domain/request-headers.ts';
import { stringifyJson } from '../../lib/json.ts';
import { NotCarried } from './carried.ts';

/** Throws NotCarried for what is not http or https, or names a user, which would be stored in clear. */
export function urlIn(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const shown = stringifyJson(value ?? null)
      .replace(/\/\/[^/@]*@/, '//...@')
      .slice(0, 100);
    throw new NotCarried(`${shown} is not an http or https address`);
  }
  if (url.username !== '' || url.password !== '') throw new NotCarried('its address carries a user name or password');
  return (value as string).trim();
}

/** Whole seconds from 1 to 255, the next above; null where there are none. */
export function timeoutIn(seconds: unknown, behind: string[]): { timeout_seconds?: number } {
  const value = Number(seconds ?? 0);
  if (!(value > 0)) return {};
  if (value > 255) behind.push(`a time-out of ${value} s (255 s is the most)`);
  return { timeout_seconds: Math.min(255, Math.ceil(value)) };
}

/** Throws NotCarried where a redirect is the answer that is wanted: here it is followed, or a failure. */
export function redirectsFail(expectedStatus: string): { redirect_policy: 'fail' } {
  const wantsRedirect = (parseExpectedStatus(expectedStatus) ?? []).some(([from, to]) => from < 400 && to >= 300);
  if (wantsRedirect) throw new NotCarried('it takes a redirect that it does not follow for a good answer');
  return { redirect_policy: 'fail' };
}

export function basicAuthorization(user: unknown, password: unknown): Record<string, string> {
  const credentials = Buffer.from(`${user ?? ''}:${password ?? ''}`).toString('base64');
  return { Authorization: `Basic ${credentials}` };
}

/** Those that may be sent here; the names of the others go to what is left behind. */
export function headersFrom(
  headers: readonly (readonly [name: string, value: string])[],
  behind: string[],
): { custom_headers?: Record<string, string> } {
  const kept = headers.filter((header) => {
    const isFine = headersProblem([header]) === null;
    if (!isFine) behind.push(`header ${header[0]}`);
    return isFine;
  });
  return kept.length === 0 ? {} : { custom_headers: Object.fromEntries(kept) };
}

/** Only methods that read. Throws NotCarried: another method would not ask the same. */
export function methodIn(method: unknown): 'GET' | 'HEAD' {
  const name = String(method ?? 'GET').toUpperCase();
  if (name === 'GET' || name === 'HEAD') return name;
  throw new NotCarried(`it sends ${name}, and only GET and HEAD are sent here`);
}
