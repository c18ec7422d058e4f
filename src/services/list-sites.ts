/** Sites in order of their ids, page by page, with their states. */
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { STATES, type State } from '../domain/state.ts';
import type { Site, SiteFilter } from '../store/endpoints.ts';
import type { ServiceDeps } from './deps.ts';
import { type SiteView, viewSites } from './site-view.ts';

export type SiteQuery = {
  afterSiteId: SiteId | null;
  /** 1 to 200. */
  limit: number;
  /** Null: sites in every state. */
  states: readonly State[] | null;
  /** 0: every severity. */
  minSeverity: number;
  active: boolean | null;
  /** True: only sites that were removed; false: only those that were not; null: both. */
  removed: boolean | null;
  urlContains: string | null;
};

export type SitePage = {
  sites: SiteView[];
  /** Where the next page begins; null: there is none. */
  next: SiteId | null;
};

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

/** Sites whose state is made of their parts at a time, and for one page of those in a state. */
const AT_A_TIME = 200;
const MOST_FOR_A_PAGE = 4_000;

export async function listSites(deps: Deps, scope: SiteScope, query: SiteQuery): Promise<SitePage> {
  if (query.states !== null || query.minSeverity > 0) return listByState(deps, scope, query);
  const found = await deps.endpoints.listSites(scope, { ...filterOf(query), limit: query.limit + 1 });
  const page = found.slice(0, query.limit);
  return { sites: await viewSites(deps, scope, page), next: found.length > page.length ? lastOf(page) : null };
}

/** What the database takes for candidates is made up to sites until a page is full. */
async function listByState(deps: Deps, scope: SiteScope, query: SiteQuery): Promise<SitePage> {
  const { limit, states, minSeverity } = query;
  const mayBe = { states: states ?? STATES, minSeverity, nowMs: deps.clock.nowMs() };
  const found: SiteView[] = [];
  let after = query.afterSiteId;
  // Nearly all that may be are, so that a page takes hardly more than itself.
  let atATime = limit + 1;
  for (let read = 0; read < MOST_FOR_A_PAGE; read += atATime) {
    if (read > 0) atATime = AT_A_TIME;
    const filter = { ...filterOf({ ...query, afterSiteId: after }), mayBe, limit: atATime };
    const candidates = await deps.endpoints.listSites(scope, filter);
    const views = await viewSites(deps, scope, candidates);
    found.push(...views.filter((view) => isWanted(view, query)));
    if (found.length > limit) {
      const page = found.slice(0, limit);
      return { sites: page, next: lastOf(page) };
    }
    if (candidates.length < atATime) return { sites: found, next: null };
    after = lastOf(candidates);
  }
  return { sites: found, next: after };
}

function isWanted({ rolledUp }: SiteView, { states, minSeverity }: SiteQuery): boolean {
  return rolledUp.severity >= minSeverity && (states === null || states.includes(rolledUp.state));
}

function filterOf({ afterSiteId, active, removed, urlContains }: SiteQuery): Omit<SiteFilter, 'limit'> {
  return {
    ...(afterSiteId === null ? {} : { afterSiteId }),
    ...(active === null ? {} : { active }),
    ...(removed === null ? {} : { removed }),
    ...(urlContains === null ? {} : { urlContains }),
  };
}

function lastOf(sites: readonly Pick<Site, 'siteId'>[]): SiteId | null {
  return sites.at(-1)?.siteId ?? null;
}
