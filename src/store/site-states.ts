/**
 * What the site's own event must be, derived with the code that the writer derives it with, and compared with the one
 * that is open. For the replay: events come as their transitions tell them.
 */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { type EndpointIncidents, SITE_STATE_CHECK, siteIncident } from '../domain/rollup.ts';
import { DEFAULT_RULES, type RollupRules } from '../domain/rollup-rules.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { isLoggedState } from '../domain/state.ts';
import { incidentsOn, type SeenEvent } from './append/site-state.ts';
import { registry } from './legacy.ts';
import { derivedDifference, type OpenFolded, type Report } from './replay-fold.ts';
import type { Executor } from './schema.ts';
import { readRules } from './site-rules.ts';

type Endpoint = { endpointId: EndpointId; active: boolean };

/** What is open on a site: its own event, of which there may be one, and those of which it is made. */
type OnSite = { own: OpenFolded[]; seen: SeenEvent[] };

const SITES_AT_ONCE = 500;

/**
 * Compares every site of the registry, and those of the log that are not in it; returns how many the registry has. Which
 * endpoints are watched stands in the registry, and other programs change it too. A site whose own event would be right
 * with others of them watched is a drift, which ends with the next write of ours to that site.
 */
export async function compareSiteStates(
  tx: Executor,
  open: readonly OpenFolded[],
  { report, reportDrift }: { report: Report; reportDrift: Report },
): Promise<number> {
  const bySite = openBySite(open);
  let compared = 0;
  for (let from: bigint | null = 0n; from !== null; ) {
    const sites = await sitePage(tx, from);
    const rules = await readRules(
      tx,
      EVERY_SITE,
      [...sites.keys()].filter((siteId) => bySite.has(siteId)),
    );
    for (const [siteId, endpoints] of sites) {
      const onSite = bySite.get(siteId) ?? NOTHING;
      bySite.delete(siteId);
      compareSite(siteId, endpoints, onSite, rules.get(siteId) ?? DEFAULT_RULES, { report, reportDrift });
    }
    compared += sites.size;
    const last: bigint | undefined = [...sites.keys()].at(-1);
    from = last === undefined || sites.size < SITES_AT_ONCE ? null : last + 1n;
  }
  // Nobody follows a site that another program took out of the registry.
  for (const [siteId, { own }] of bySite) {
    if (own.length > 0) reportDrift(derivedDifference('site_state', siteId, 'not in the registry', wordsOf(own)));
  }
  return compared;
}

const NOTHING: OnSite = { own: [], seen: [] };

function openBySite(open: readonly OpenFolded[]): Map<SiteId, OnSite> {
  const found = new Map<SiteId, OnSite>();
  for (const event of open) {
    const onSite = found.get(event.siteId) ?? { own: [], seen: [] };
    found.set(event.siteId, onSite);
    if (event.checkType === SITE_STATE_CHECK) onSite.own.push(event);
    else onSite.seen.push(seenOf(event));
  }
  return found;
}

function seenOf({ eventId, endpointId, checkType, state, severity, startedAtMs }: OpenFolded): SeenEvent {
  const identity = { endpointId, checkType };
  return { id: eventId, identity, state, severity, startedAtMs, unreadable: !isLoggedState(state) };
}

/** The next sites by id, each with all its endpoints. */
async function sitePage(tx: Executor, from: bigint): Promise<Map<SiteId, Endpoint[]>> {
  const ids = await tx
    .selectFrom(registry(tx, 'r'))
    .select('r.site_id')
    .where('r.site_id', '>=', from)
    .groupBy('r.site_id')
    .orderBy('r.site_id')
    .limit(SITES_AT_ONCE)
    .execute();
  const sites = new Map(ids.map((row): [SiteId, Endpoint[]] => [row.site_id as SiteId, []]));
  const last = ids.at(-1)?.site_id;
  if (last === undefined) return sites;
  const rows = await tx
    .selectFrom(registry(tx, 'r'))
    .select(['r.site_id', 'r.endpoint_id', 'r.active'])
    .where('r.site_id', '>=', from)
    .where('r.site_id', '<=', last)
    .execute();
  for (const { site_id, endpoint_id, active } of rows) {
    sites.get(site_id as SiteId)?.push({ endpointId: endpoint_id as EndpointId, active: active !== 0n });
  }
  return sites;
}

type StateOfSite = { state: string; severity: number };

function compareSite(
  siteId: SiteId,
  endpoints: readonly Endpoint[],
  { own, seen }: OnSite,
  rules: RollupRules,
  { report, reportDrift }: { report: Report; reportDrift: Report },
): void {
  const { incidents, ofSite } = incidentsOn(endpoints, seen);
  const wanted = siteIncident(incidents, ofSite, rules);
  const [stored = null] = own;
  if (own.length <= 1 && isSame(wanted, stored)) return;
  const difference = derivedDifference('site_state', siteId, wordsOf(wanted === null ? [] : [wanted]), wordsOf(own));
  if (own.length <= 1 && wouldBeRight(stored, endpoints, seen, rules)) reportDrift(difference);
  else report(difference);
}

function isSame(one: StateOfSite | null, other: StateOfSite | null): boolean {
  return one?.state === other?.state && one?.severity === other?.severity;
}

function wordsOf(open: readonly StateOfSite[]): string {
  const [first] = open;
  if (first === undefined) return 'none open';
  return open.length > 1 ? `${open.length} open` : `${first.state} (${first.severity})`;
}

/**
 * Whether this could be the state of the site if others of its endpoints were watched. Which is the first one sets how
 * much each counts, and one event decides: so each endpoint as the first, alone and with one other, is every case.
 */
export function wouldBeRight(
  stored: StateOfSite | null,
  endpoints: readonly Endpoint[],
  seen: readonly SeenEvent[],
  rules: RollupRules,
): boolean {
  if (stored?.state === 'Paused') return stored.severity === 0;
  const ids = new Set(endpoints.map(({ endpointId }) => endpointId));
  // Their rows may have been taken out of the registry.
  for (const { identity } of seen) if (identity.endpointId !== null) ids.add(identity.endpointId);
  const watched = [...ids].map((endpointId) => ({ endpointId, active: true }));
  const { incidents, ofSite } = incidentsOn(watched, seen);
  const troubled = incidents.filter(({ open }) => open.length > 0);
  const isRight = (some: EndpointIncidents[]) => isSame(siteIncident(some, ofSite, rules), stored);
  return incidents.some(
    (first) =>
      isRight([first]) || troubled.some((other) => other.endpointId > first.endpointId && isRight([first, other])),
  );
}
