/** What has to be done so that the URLs of one site are set as an entry of a file says. Pure. */
import { DEFAULT_SETTINGS } from '../../contracts/default-settings.ts';
import type { SiteSettings, UpdateSite } from '../../contracts/sites.ts';
import { stringifyJson } from '../../lib/json.ts';
import type { Wanted } from './entry.ts';
import { isSame } from './same.ts';
import type { Part, PlanOptions, Step } from './step.ts';
import type { EndpointNow, Watched } from './watched.ts';

/** `notes` are told what cannot be done. */
export function planEndpoints(part: Part, { rewriteHeaders }: PlanOptions, notes: string[]): Step[] {
  const { wanted, watched, siteId } = part;
  const byUrl = new Map(watched?.endpoints.map((endpoint) => [endpoint.monitor_url, endpoint]));
  noteHeaders(wanted, byUrl, notes);
  const isNew = watched === null;
  const added = wanted.flatMap((one, index): Step[] => {
    if (byUrl.has(one.url)) return [];
    const body = bodyOf(one);
    if (!isNew || index > 0) return [{ action: 'add_url', url: one.url, siteId, body }];
    return [{ action: 'create', url: one.url, body: { ...body, ...(siteId === null ? {} : { blog_id: siteId }) } }];
  });
  if (watched === null) return added;
  const there = wanted.flatMap((one) => {
    const now = byUrl.get(one.url);
    return now === undefined ? [] : [stepFor(one, now, watched, rewriteHeaders)];
  });
  return [...together(there, watched), ...added];
}

type Change = Extract<Step, { action: 'update' | 'revive' }>;

/** What is the same of all endpoints that a site has is one change of the site. */
function together(changes: readonly (Change | null)[], { endpoints }: Watched): Step[] {
  const steps = changes.filter((change) => change !== null);
  const [first] = steps;
  if (first === undefined || steps.length !== endpoints.length) return steps;
  const said = ({ action, changes, ...more }: Change) =>
    stringifyJson([action, Object.entries(changes).sort(), 'pausesAfterwards' in more ? more.pausesAfterwards : null]);
  return steps.every((step) => said(step) === said(first)) ? [{ ...first, endpointId: null }] : steps;
}

function bodyOf({ url, settings, headers }: Wanted) {
  return { monitor_url: url, ...settings, ...(headers === undefined ? {} : { custom_headers: headers }) };
}

function stepFor(one: Wanted, now: EndpointNow, { site }: Watched, rewriteHeaders: boolean): Change | null {
  const { url, settings, headers } = one;
  const { monitor_active = true, ...given } = settings;
  const at = { url, siteId: site.id, endpointId: now.endpoint_id };
  const { custom_headers: noHeaders = null, ...defaults } = { ...DEFAULT_SETTINGS, alert_cooldown_minutes: null };
  if (site.removed_at !== null) {
    const nothing = { ...defaults, maintenance_start: null, maintenance_end: null, custom_headers: noHeaders };
    const sent = headers === undefined ? {} : { custom_headers: headers };
    const changes = { ...nothing, ...given, ...sent, monitor_active: true };
    return { action: 'revive', ...at, changes, pausesAfterwards: !monitor_active };
  }
  const all = Object.entries({ ...defaults, ...given, monitor_active });
  const names = all.flatMap(([name, value]) => (isSame(value, now[name as keyof EndpointNow]) ? [] : [name]));
  const hasWindow = names.some(isOfWindow);
  const sent = all.filter(([name]) => names.includes(name) || (hasWindow && isOfWindow(name)));
  const sendsHeaders = headers !== undefined && (rewriteHeaders || !hasNames(headers, now.custom_header_names));
  const changes: UpdateSite = { ...Object.fromEntries(sent), ...(sendsHeaders ? { custom_headers: headers } : {}) };
  if (Object.keys(changes).length === 0) return null;
  const was = Object.fromEntries(sent.map(([name]) => [name, now[name as keyof EndpointNow]]));
  return { action: 'update', ...at, changes, was };
}

/** Start and end of a window are sent together. */
function isOfWindow(name: string): boolean {
  return name.startsWith('maintenance_');
}

/** Names without values are a hint of what somebody who knows the secrets has to set. */
function noteHeaders(wanted: readonly Wanted[], byUrl: ReadonlyMap<string, EndpointNow>, notes: string[]): void {
  for (const [index, { url, headers, headerNames, hasOwnHeaders }] of wanted.entries()) {
    if (headers !== undefined || !(hasOwnHeaders || index === 0)) continue;
    const has = new Set((byUrl.get(url)?.custom_header_names ?? []).map((name) => name.toLowerCase()));
    const missing = headerNames.filter((name) => !has.has(name.toLowerCase()));
    if (missing.length === 0) continue;
    const how = index === 0 ? 'sites update' : 'api endpoints update';
    notes.push(`${url}: the file has no values for ${missing.join(', ')}; set them with \`${how}\``);
  }
}

function hasNames(headers: SiteSettings['custom_headers'], names: readonly string[]): boolean {
  const sorted = (list: readonly string[]) => list.map((name) => name.toLowerCase()).sort();
  return isSame(sorted(Object.keys(headers ?? {})), sorted(names));
}
