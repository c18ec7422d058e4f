/** Looks at a site now, at each of its endpoints, and tells what was found and what followed from it. */
import type { EventId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { ServiceDeps } from './deps.ts';
import { findSite, siteNotFound } from './find-site.ts';
import type { AskedLook, LookNow } from './look-now.ts';
import type { SiteView } from './site-view.ts';

/** Longest wait for looks (spec/04 section 11.9). */
const DEADLINE_MS = 30_000;
/** Endpoints looked at for one request. */
const MOST_ENDPOINTS = 20;

export type TriggeredCheck = {
  endpoint: Endpoint;
  /** Null: it did not end in time. It goes on, and is booked when it does. */
  look: AskedLook | null;
};

export type Triggered = {
  /** The endpoint that speaks for the site first; never empty. */
  checks: readonly [TriggeredCheck, ...TriggeredCheck[]];
  /** Endpoints there are beyond those. */
  leftOut: number;
  /** The site as it is after the looks. */
  site: SiteView;
  closed: readonly EventId[];
};

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'clock'>;

/** Throws `site_not_found`, and what `lookNow` rejects with. */
export async function triggerNow(deps: Deps, lookNow: LookNow, scope: SiteScope, siteId: SiteId): Promise<Triggered> {
  const all = await deps.endpoints.bySite(scope, siteId);
  const kept = all.filter(({ removedAtMs }) => removedAtMs === null);
  const [first, ...others] = kept.length > 0 ? kept : all;
  if (first === undefined) throw siteNotFound(siteId);
  const deadline = new AbortController();
  const timer = deps.clock.after(DEADLINE_MS, () => deadline.abort());
  try {
    const look = async (endpoint: Endpoint) => ({ endpoint, look: await lookNow(endpoint, deadline.signal) });
    const [ofFirst, ...ofOthers] = await Promise.all([look(first), ...others.slice(0, MOST_ENDPOINTS - 1).map(look)]);
    const checks: Triggered['checks'] = [ofFirst, ...ofOthers];
    return {
      checks,
      leftOut: 1 + others.length - checks.length,
      site: await findSite(deps, scope, siteId),
      closed: checks.flatMap((check) => check.look?.closed ?? []),
    };
  } finally {
    timer.cancel();
  }
}
