/** Maintenance from now on, and no longer: for scripts that deploy, which may be run again at any point. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { isWithin } from '../domain/maintenance.ts';
import { covers, currentOrNext } from '../domain/planned-maintenance.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { StoredWindow } from '../store/maintenance-rows.ts';
import { insertWindow, listWindows, updateWindow } from '../store/maintenance-windows.ts';
import type { Tx } from '../store/schema.ts';
import { auditSite } from './audit-site.ts';
import { siteNotFound } from './find-site.ts';
import { keepOwnWindows } from './maintenance-window.ts';
import { auditWindow, changePlans, endedAt, type MaintenanceDeps, requireRoom } from './plan-maintenance.ts';

/** More do not run for one site at once: see `requireRoom`. */
const MOST_RUNNING = 200;

export type Start = {
  durationMs: number;
  /** Undefined: none, or as it was. */
  note?: string | undefined;
  createdBy: string | null;
};

/**
 * Opens a window for a site from now on. One that was opened like this and is on lasts longer instead, never shorter.
 * Throws `site_not_found` or `invalid_window`.
 */
export async function startMaintenance(
  deps: MaintenanceDeps,
  scope: SiteScope,
  siteId: SiteId,
  { durationMs, note, createdBy }: Start,
): Promise<StoredWindow> {
  return changePlans(deps, async (tx) => {
    await requireSite(deps, tx, scope, siteId);
    // After the wait for others, so that none of them is later.
    const nowMs = deps.clock.nowMs();
    const running = (await runningOf(tx, scope, siteId, nowMs)).find(
      ({ source, endpointId }) => source === 'started' && endpointId === null,
    );
    if (running !== undefined) return prolong(tx, scope, running, { endMs: nowMs + durationMs, note, nowMs });
    await requireRoom(tx, scope, siteId, nowMs);
    const timing = { kind: 'once', startMs: nowMs, endMs: nowMs + durationMs } as const;
    const plan = { timing, fromMs: nowMs, endedAtMs: null };
    const rest = { endpointId: null, title: note ?? null, source: 'started', zone: 'UTC', createdBy } as const;
    const started = await insertWindow(tx, scope, { siteId, plan, ...rest }, nowMs);
    await auditWindow(tx, started, 'maintenance started', nowMs);
    return { result: started, windows: [started] };
  });
}

async function prolong(
  tx: Tx,
  scope: SiteScope,
  running: StoredWindow,
  { endMs, note, nowMs }: { endMs: number; note: string | undefined; nowMs: number },
) {
  const { timing } = running.plan;
  const isLonger = timing.kind === 'once' && endMs > timing.endMs;
  const isRenamed = note !== undefined && note !== running.title;
  if (!isLonger && !isRenamed) return { result: running, windows: [] };
  const plan = isLonger
    ? { plan: { ...running.plan, timing: { ...timing, endMs }, zone: running.zone, keepsPast: false } }
    : {};
  const patch = { ...(isRenamed ? { title: note } : {}), ...plan };
  const changed = await updateWindow(tx, scope, running.windowId, patch, nowMs);
  if (changed === null) throw new Error('a maintenance window went away while it was changed');
  await auditWindow(tx, changed.window, 'maintenance goes on', nowMs);
  return { result: changed.window, windows: [changed.window] };
}

export type Stopped = {
  /** Those that were on and are no more. */
  ended: StoredWindow[];
  /** Something that is not this site's alone is still on. */
  isStillOn: boolean;
};

/**
 * Ends what is on for this site alone: of what comes again this occurrence, of what comes once all of it. Plans for
 * more than the site go on. Throws `site_not_found`.
 */
export async function stopMaintenance(deps: MaintenanceDeps, scope: SiteScope, siteId: SiteId): Promise<Stopped> {
  const touched: EndpointId[] = [];
  const stopped = await changePlans(deps, async (tx) => {
    const endpoints = await requireSite(deps, tx, scope, siteId);
    const nowMs = deps.clock.nowMs();
    touched.push(...(await endOwn(deps, tx, scope, endpoints, nowMs)));
    const running = await runningOf(tx, scope, siteId, nowMs, { others: true });
    const ended: StoredWindow[] = [];
    const windows: StoredWindow[] = [];
    for (const window of running.filter((each) => each.siteId !== null)) {
      const changed = await updateWindow(tx, scope, window.windowId, { plan: withoutNow(window, nowMs) }, nowMs);
      if (changed === null) continue;
      await auditWindow(tx, changed.window, 'maintenance stopped', nowMs);
      ended.push(changed.window);
      windows.push(changed.window, ...changed.versions);
    }
    return { result: { ended, isStillOn: running.some((each) => each.siteId === null) }, windows };
  });
  if (touched.length > 0) {
    deps.changes.publish({ kind: 'site_changed', siteId, endpointIds: touched, change: 'updated' });
  }
  return stopped;
}

function withoutNow({ plan, zone }: StoredWindow, nowMs: number) {
  const now = currentOrNext(plan, nowMs);
  if (plan.timing.kind === 'once' || now === null) return { ...endedAt(plan, nowMs), zone, keepsPast: false };
  return { ...plan, fromMs: now.endMs, zone, keepsPast: true };
}

/** Ends the windows that stand in the rows of endpoints. */
async function endOwn(
  deps: Pick<MaintenanceDeps, 'endpoints' | 'clock'>,
  tx: Tx,
  scope: SiteScope,
  endpoints: readonly Endpoint[],
  nowMs: number,
): Promise<EndpointId[]> {
  const running = endpoints.filter(({ maintenance }) => isWithin(maintenance, nowMs));
  const endpointIds = running.map(({ endpointId }) => endpointId);
  await keepOwnWindows(deps, tx, scope, running, null);
  await deps.endpoints.updateAll(scope, endpointIds, { maintenance: null }, tx);
  const [first] = running;
  if (first !== undefined) await auditSite(deps, tx, { siteId: first.siteId, detail: 'maintenance stopped' });
  return endpointIds;
}

async function requireSite(deps: Pick<MaintenanceDeps, 'endpoints'>, tx: Tx, scope: SiteScope, siteId: SiteId) {
  const endpoints = await deps.endpoints.bySite(scope, siteId, tx);
  if (endpoints.length === 0) throw siteNotFound(siteId);
  return endpoints;
}

/** What is on for a site; `others`: also what is for more than it. */
async function runningOf(
  tx: Tx,
  scope: SiteScope,
  siteId: SiteId,
  nowMs: number,
  { others = false } = {},
): Promise<StoredWindow[]> {
  const filter = { siteId, notOverAtMs: nowMs, afterId: null, limit: MOST_RUNNING * 2 };
  const windows = await listWindows(tx, scope, filter);
  return windows.filter((each) => (others || each.siteId !== null) && covers(each.plan, nowMs));
}
