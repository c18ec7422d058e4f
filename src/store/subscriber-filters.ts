/** The filters of subscribers as JSON text (spec/05 section 3.1). Empty means all; what cannot be read matches nothing. */
import type { SiteId } from '../domain/ids.ts';
import { parseJson, stringifyJson } from '../lib/json.ts';

export function writeSiteFilter(siteIds: readonly SiteId[]): string {
  return siteIds.length === 0 ? '{}' : stringifyJson({ site_ids: siteIds });
}

export function writeStateFilter(states: readonly string[]): string {
  return states.length === 0 ? '{}' : JSON.stringify({ states });
}

/** Null: unreadable. Here and below. */
export function eventsIn(text: string): string[] | null {
  return stringsOf(jsonIn(text));
}

export function statesIn(text: string): string[] | null {
  return stringsOf(memberOf(jsonIn(text), 'states'));
}

export function siteIdsIn(text: string): SiteId[] | null {
  const list = memberOf(jsonIn(text), 'site_ids');
  if (!Array.isArray(list)) return null;
  const ids = list.filter((id) => typeof id === 'bigint' || Number.isSafeInteger(id));
  return ids.length === list.length ? ids.map((id) => BigInt(id) as SiteId) : null;
}

/** An empty list where the member is absent. */
function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : [];
}

function stringsOf(value: unknown): string[] | null {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : null;
}

function jsonIn(text: string): unknown {
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : null;
}
