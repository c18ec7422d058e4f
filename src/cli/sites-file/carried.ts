/** What the importers share: sites in the words of the API, and what of each monitor does not fit into them. */
import { AppError } from '../../domain/errors.ts';
import { parseExpectedStatus } from '../../domain/probe-plan.ts';
import { headersProblem } from '../../domain/request-headers.ts';

export type Carried = {
  /** Sites as a file for `apply` says them, not checked yet. */
  rows: unknown[];
  /** One sentence for each monitor of which something is left behind, or which is left behind whole. */
  notes: string[];
};

export type Monitor = Readonly<Record<string, unknown>>;

/** One monitor on its way: what it becomes, and what is left behind. */
export type Passage = {
  row: Record<string, unknown>;
  /** Parts that are not carried over, in a few words each. */
  behind: string[];
};

/** Thrown for a monitor that cannot be watched, with the reason in words. */
export class NotCarried extends Error {}

/** Carries each monitor over with `carry`; one that throws NotCarried is left behind whole. */
export function carryAll(
  monitors: readonly unknown[],
  nameOf: (monitor: Monitor) => string,
  carry: (monitor: Monitor) => Passage,
): Carried {
  const carried: Carried = { rows: [], notes: [] };
  for (const [index, monitor] of monitors.entries()) {
    const isObject = typeof monitor === 'object' && monitor !== null && !Array.isArray(monitor);
    const name = (isObject ? nameOf(monitor as Monitor) : '') || `monitor ${index + 1}`;
    try {
      if (!isObject) throw new NotCarried('it is not an object');
      const { row, behind } = carry(monitor as Monitor);
      addRow(carried, row);
      if (behind.length > 0) carried.notes.push(`${name}: not carried over: ${behind.join(', ')}`);
    } catch (error) {
      if (!(error instanceof NotCarried)) throw error;
      carried.notes.push(`${name}: left out: ${error.message}`);
    }
  }
  return carried;
}

/** One URL is one site here: of several monitors on it the first is taken. */
function addRow(carried: Carried, row: Record<string, unknown>): void {
  const key = keyOf(row['monitor_url']);
  const isTaken = carried.rows.some((other) => keyOf((other as Monitor)['monitor_url']) === key);
  if (isTaken) throw new NotCarried(`its URL is that of another monitor of the file: ${String(row['monitor_url'])}`);
  carried.rows.push(row);
}

function keyOf(url: unknown): string {
  return URL.parse(String(url))?.href ?? String(url);
}

/** Throws NotCarried for what is not http or https, or names a user, which would be stored in clear. */
export function urlIn(value: unknown): string {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    const shown = JSON.stringify(value ?? null)
      .replace(/\/\/[^/@]*@/, '//...@')
      .slice(0, 100);
    throw new NotCarried(`${shown} is not an http or https address`);
  }
  if (url.username !== '' || url.password !== '') throw new NotCarried('its address carries a user name or password');
  return (value as string).trim();
}

/** Names of members that hold something and were neither used nor are mere numbers and defaults of the other program. */
export function leftOver(monitor: Monitor, used: readonly string[], meaningless: readonly string[]): string[] {
  return Object.entries(monitor)
    .filter(([name, value]) => !used.includes(name) && !meaningless.includes(name) && !isEmpty(value))
    .map(([name]) => name);
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === null || value === undefined || value === '' || value === false || value === 0 || value === '0';
}

/** The list under one of these names, or the document where it is a list itself. Throws `invalid_arguments`. */
export function listIn(document: unknown, names: readonly string[], source: string): unknown[] {
  if (Array.isArray(document)) return document;
  const object = (typeof document === 'object' && document !== null ? document : {}) as Record<string, unknown>;
  for (const name of names) {
    const list = object[name];
    if (Array.isArray(list)) return list;
    if (typeof list === 'object' && list !== null) return Object.values(list);
  }
  throw new AppError('invalid_arguments', `this is not an export of ${source}: it has no list ${names.join(' or ')}`, {
    fix: 'see `jetmon2 sites import --help` for what is read',
  });
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
