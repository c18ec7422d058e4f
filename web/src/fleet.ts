/** Views of the loaded sites, pure: their order, their numbers, and which of them a message makes us ask for. */
import type { Endpoint, Site } from '../../src/contracts/sites.ts';
import type { Id } from '../../src/contracts/values.ts';
import { isStale } from '../../src/domain/rollup.ts';
import { type State, severityOf } from '../../src/domain/state.ts';
import { type Incident, isUnverified } from './incident.ts';
import type { Board, StreamMessage } from './model.ts';

/** What wants a look comes first; what is switched off comes last. */
const WORST_FIRST: readonly State[] = [
  'Down',
  'Seems Down',
  'Degraded',
  'Warning',
  'Unknown',
  'Up',
  'Maintenance',
  'Paused',
];

/** Beyond this many loaded sites, those that are new elsewhere are not fetched into the page. */
export const MOST_SITES = 1000;

export function inOrder(sites: Iterable<Site>): Site[] {
  return [...sites].sort(
    (a, b) =>
      WORST_FIRST.indexOf(a.current_state) - WORST_FIRST.indexOf(b.current_state) ||
      a.monitor_url.localeCompare(b.monitor_url) ||
      (a.id < b.id ? -1 : 1),
  );
}

export function countStates(sites: Iterable<Site>): { state: State; count: number }[] {
  const counts = new Map<State, number>();
  for (const { current_state } of sites) counts.set(current_state, (counts.get(current_state) ?? 0) + 1);
  return WORST_FIRST.flatMap((state) => {
    const count = counts.get(state);
    return count === undefined ? [] : [{ state, count }];
  });
}

/** Newest first. */
export function incidentsInOrder(incidents: Iterable<Incident>): Incident[] {
  return [...incidents].sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
}

/** What of a site is in its state by an open incident that verifiers could not confirm: all of it, and which endpoints. */
export type Unverified = { site: boolean; endpoints: ReadonlySet<string> };

/** By site; those of which nothing is unverified are left out. */
export function unverifiedIn({ sites, open }: Pick<Board, 'sites' | 'open'>): ReadonlyMap<string, Unverified> {
  const found = new Map<string, Unverified>();
  for (const incident of open.values()) {
    const site = sites.get(String(incident.siteId));
    if (site === undefined || !isUnverified(incident)) continue;
    const before = found.get(String(site.id));
    const ids = site.endpoints
      .filter(({ current_state }) => current_state === incident.state)
      .map(({ endpoint_id }) => String(endpoint_id))
      .filter((id) => id === String(incident.endpointId));
    found.set(String(site.id), {
      site: before?.site === true || site.current_state === incident.state,
      endpoints: new Set([...(before?.endpoints ?? []), ...ids]),
    });
  }
  return found;
}

/** Whether verifiers may be asked about any of what is open: no message says what came of it. */
export function awaitsVerdict({ open }: Pick<Board, 'open'>): boolean {
  return [...open.values()].some(({ state }) => state === 'Seems Down');
}

/** Sites shown as Up by looks that are stale by now: no message says so when looks stop coming. */
export function sitesToDoubt(board: Board, nowMs: number): Id[] {
  const isOld = ({ latest, check_interval_seconds: intervalSeconds }: Endpoint, timeoutSeconds: number | null) =>
    latest === null || isStale(nowMs - Date.parse(latest.checked_at), { intervalSeconds, timeoutSeconds });
  return [...board.sites.values()].flatMap(({ id, current_state, endpoints, timeout_seconds }) => {
    const watched = endpoints.filter((endpoint) => endpoint.monitor_active);
    const isDoubtful = current_state === 'Up' && watched.every((endpoint) => isOld(endpoint, timeout_seconds));
    return isDoubtful ? [id] : [];
  });
}

/** The site a stream message makes us fetch: changed, new, or in trouble and not loaded yet. */
export function siteToFetch(board: Board, message: StreamMessage): Id | null {
  if (message.type === 'checked') return null;
  const { site_id } = message.data;
  const isLoaded = board.sites.has(String(site_id));
  if (!isLoaded && board.sites.size >= MOST_SITES) return null;
  if (message.type === 'transition') return isLoaded || severityOf(message.data.site_state) === 0 ? null : site_id;
  switch (message.data.change) {
    case 'created':
      return isLoaded ? null : site_id;
    case 'updated':
      return isLoaded ? site_id : null;
    case 'removed':
      return null;
  }
}
