/** A site that is watched as a file says it; members that have their defaults are left out. */
import { DEFAULT_SETTINGS } from '../../contracts/default-settings.ts';
import type { RollupRules } from '../../contracts/rollup-rules.ts';
import type { Entry, EntryEndpoint, FileRules } from './entry.ts';
import { isSame } from './same.ts';
import type { EndpointNow, SaidCheck, Watched, WatchedDetails } from './watched.ts';

const { custom_headers: _, ...settings } = DEFAULT_SETTINGS;

/** What holds where a file says nothing, in the order in which it is written. The interval is always said. */
export const DEFAULTS = {
  monitor_active: true,
  bucket_no: 0,
  check_interval_seconds: null,
  alert_cooldown_minutes: null,
  maintenance_start: null,
  maintenance_end: null,
  timeout_seconds: null,
  ...settings,
  custom_header_names: [],
} as const;

type Now = Omit<EndpointNow, 'endpoint_id' | 'monitor_url' | 'check_interval' | 'last_checked_at'>;
const MEMBERS = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS & keyof Now)[];

export function entryOf({ site, endpoints }: Watched, details: WatchedDetails, named: { withId: boolean }): Entry {
  const [first, ...others] = endpoints;
  if (first === undefined) return { monitor_url: site.monitor_url };
  const own = others.map((endpoint) => ownOf(endpoint, first, details.checks));
  // Which of several counts in full hangs on their order where the first does not.
  const keepsOrder = !first.monitor_active && own.some((endpoint) => !isPlain(endpoint));
  const apart = keepsOrder ? own : own.filter((endpoint) => !isPlain(endpoint));
  const plain = own.filter((endpoint) => !apart.includes(endpoint)).map(({ monitor_url }) => monitor_url);
  const checksOfFirst = checksOf(details.checks, first);
  const endpointsApart = [
    ...(checksOfFirst === null ? [] : [{ monitor_url: first.monitor_url, checks: checksOfFirst }]),
    ...apart,
  ];
  const checks = checksOf(details.checks, null);
  const rules = rulesOf(details.rules, endpoints);
  return {
    monitor_url: first.monitor_url,
    ...(named.withId ? { blog_id: site.id } : {}),
    ...(plain.length === 0 ? {} : { more_urls: plain }),
    ...differing(first, DEFAULTS),
    ...(checks === null ? {} : { checks }),
    ...(rules === null ? {} : { rollup_rules: rules }),
    ...(endpointsApart.length === 0 ? {} : { endpoints: endpointsApart }),
  };
}

function ownOf(endpoint: EndpointNow, first: EndpointNow, said: readonly SaidCheck[]): EntryEndpoint {
  const checks = checksOf(said, endpoint);
  const { monitor_url } = endpoint;
  return { monitor_url, ...differing(endpoint, first), ...(checks === null ? {} : { checks }) };
}

function isPlain(endpoint: EntryEndpoint): boolean {
  return Object.keys(endpoint).length === 1;
}

/** A maintenance window is said whole. */
function differing(now: Now, other: Readonly<Partial<Record<(typeof MEMBERS)[number], unknown>>>): Partial<Entry> {
  const isOther = (name: (typeof MEMBERS)[number]) => !isSame(now[name], other[name]);
  const hasWindow = isOther('maintenance_start') || isOther('maintenance_end');
  const names = MEMBERS.filter((name) => (name.startsWith('maintenance_') ? hasWindow : isOther(name)));
  return Object.fromEntries(names.map((name) => [name, now[name]]));
}

function checksOf(said: readonly SaidCheck[], endpoint: EndpointNow | null): Record<string, boolean> | null {
  const wanted = endpoint === null ? null : String(endpoint.endpoint_id);
  const found = said.filter(({ endpointId }) => (endpointId === null ? null : String(endpointId)) === wanted);
  if (found.length === 0) return null;
  return Object.fromEntries(found.map(({ checkType, enabled }) => [checkType, enabled] as const).sort(byName));
}

/** Endpoints by their URLs: what is said of one that was removed counts for nothing. Null: the defaults. */
export function rulesOf(rules: RollupRules | null, endpoints: readonly EndpointNow[]): FileRules | null {
  if (rules === null) return null;
  const spokenOf = endpoints.flatMap(({ endpoint_id, monitor_url }) => {
    const said = rules.endpoints[String(endpoint_id)];
    return said === undefined ? [] : [[monitor_url, said] as const];
  });
  return plainRules({ ...rules, endpoints: Object.fromEntries(spokenOf) });
}

/** Only what is not as by default, in one order. Null: all is. */
export function plainRules(rules: FileRules): FileRules | null {
  const { endpoints = {}, non_critical_cap: cap = 'Warning', endpoint_rule: rule = 'worst' } = rules;
  const { site_checks = {}, reverse = { mode: 'separate' } } = rules;
  const modes = Object.entries(site_checks);
  const plain: FileRules = {
    ...(Object.keys(endpoints).length === 0 ? {} : { endpoints: sorted(Object.entries(endpoints)) }),
    ...(cap === 'Warning' ? {} : { non_critical_cap: cap }),
    ...(rule === 'worst' ? {} : { endpoint_rule: rule }),
    ...(modes.length === 0 ? {} : { site_checks: sorted(modes) }),
    ...(reverse.mode === 'separate' ? {} : { reverse }),
  };
  return Object.keys(plain).length === 0 ? null : plain;
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries(entries.toSorted(byName));
}

function byName([one]: readonly [string, unknown], [other]: readonly [string, unknown]): number {
  return one < other ? -1 : Number(one > other);
}
