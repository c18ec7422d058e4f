/** What is planned, page by page, and one plan. */
import type { SiteId, WindowId } from '../domain/ids.ts';
import { covers, currentOrNext } from '../domain/planned-maintenance.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { StoredWindow } from '../store/maintenance-rows.ts';
import { listWindows, windowById } from '../store/maintenance-windows.ts';
import type { ServiceDeps } from './deps.ts';
import { siteNotFound } from './find-site.ts';
import { windowNotFound } from './plan-maintenance.ts';

export type WindowQuery = {
  afterId: WindowId | null;
  limit: number;
  /** Null: of all sites. */
  siteId: SiteId | null;
  /** `active`: on now; `upcoming`: to come, and not on; `over`: nothing of it is to come. Null: all. */
  status: 'active' | 'upcoming' | 'over' | null;
};

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'clock'>;

const ROWS_AT_ONCE = 200;
/** Whoever looks for the few that are on reads so many at once, and goes on with the next page. */
const MOST_READ = 4_000;

/** By id. A page may hold less than was asked for and have a next one. Throws `site_not_found`. */
export async function listMaintenance(deps: Deps, scope: SiteScope, query: WindowQuery) {
  const { siteId, status, limit } = query;
  if (siteId !== null && (await deps.endpoints.bySite(scope, siteId)).length === 0) throw siteNotFound(siteId);
  const nowMs = deps.clock.nowMs();
  const found: StoredWindow[] = [];
  let after = query.afterId;
  for (let read = 0; read < MOST_READ; ) {
    const rows = await listWindows(deps.database.kysely, scope, {
      ...(siteId === null ? {} : { siteId }),
      ...(status === 'active' || status === 'upcoming' ? { notOverAtMs: nowMs } : {}),
      afterId: after,
      limit: ROWS_AT_ONCE,
    });
    read += rows.length;
    for (const window of rows) {
      if (status !== null && statusOf(window, nowMs) !== status) continue;
      if (found.length === limit) return { windows: found, next: found.at(-1)?.windowId ?? null };
      found.push(window);
    }
    after = rows.at(-1)?.windowId ?? after;
    if (rows.length < ROWS_AT_ONCE) return { windows: found, next: null };
  }
  return { windows: found, next: after };
}

function statusOf({ plan }: StoredWindow, nowMs: number): WindowQuery['status'] {
  if (covers(plan, nowMs)) return 'active';
  return currentOrNext(plan, nowMs) === null ? 'over' : 'upcoming';
}

/** Throws `window_not_found`. */
export async function findMaintenance(
  deps: Pick<ServiceDeps, 'database'>,
  scope: SiteScope,
  windowId: WindowId,
): Promise<StoredWindow> {
  const window = await windowById(deps.database.kysely, scope, windowId);
  if (window === null) throw windowNotFound(windowId);
  return window;
}
