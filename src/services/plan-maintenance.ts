/** Plans maintenance, changes what is planned, and takes it back. What was maintenance once stays so. */
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '../domain/errors.ts';
import type { EndpointId, SiteId, WindowId } from '../domain/ids.ts';
import { occurrencesIn, overAtMs, type Planned } from '../domain/planned-maintenance.ts';
import type { Timing } from '../domain/recurrence.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { recordAudit } from '../store/audit.ts';
import type { StoredWindow } from '../store/maintenance-rows.ts';
import {
  countWindows,
  insertWindow,
  updateWindow,
  waitForOtherPlans,
  windowById,
  windowsPlannedBy,
} from '../store/maintenance-windows.ts';
import type { Tx } from '../store/schema.ts';
import type { ServiceDeps } from './deps.ts';
import { siteNotFound } from './find-site.ts';
import { planFrom, type SentTiming, sentOf, timingOf, windowRefusal } from './maintenance-timing.ts';

export type MaintenanceDeps = Pick<ServiceDeps, 'database' | 'endpoints' | 'changes' | 'clock'>;

export type WantedWindow = {
  /** Null: every site of the scope, those that are added later among them. */
  siteIds: readonly SiteId[] | null;
  /** Of the one site; null: all of its endpoints. */
  endpointId: EndpointId | null;
  title: string | null;
  timing: SentTiming;
  createdBy: string | null;
  /** Names the request where it may come again: what it planned already is not planned once more. */
  requestSlot?: string | null;
};

/** Plans of one site, and plans for all sites of somebody, that are not over. */
const MOST_PLANS = 100;

/** For as long as a request may come again. */
const REQUEST_COUNTS_MS = 86_400_000;

/**
 * One plan a site, in their order. Throws `invalid_field`, `invalid_window`, `site_not_found` or
 * `site_endpoint_not_found`; nothing is planned then.
 */
export async function planMaintenance(
  deps: MaintenanceDeps,
  scope: SiteScope,
  wanted: WantedWindow,
): Promise<StoredWindow[]> {
  const { siteIds, endpointId, title, createdBy, requestSlot = null } = wanted;
  const timing = timingOf(wanted.timing);
  const nowMs = deps.clock.nowMs();
  const rest = { title, source: 'planned', plan: planFrom(timing, nowMs, nowMs), zone: wanted.timing.zone } as const;
  return changePlans(deps, async (tx) => {
    if (siteIds !== null) await requireSites(deps, tx, scope, siteIds, endpointId);
    // Whoever carried it out may have gone before that was noted.
    const before = requestSlot === null ? [] : await windowsPlannedBy(tx, requestSlot, nowMs - REQUEST_COUNTS_MS);
    if (before.length > 0) return { result: before, windows: before };
    const planned: StoredWindow[] = [];
    for (const siteId of siteIds ?? [null]) {
      await requireRoom(tx, scope, siteId, nowMs);
      const window = await insertWindow(tx, scope, { siteId, endpointId, ...rest, createdBy }, nowMs, requestSlot);
      await auditWindow(tx, window, 'maintenance planned', nowMs);
      planned.push(window);
    }
    return { result: planned, windows: planned };
  });
}

export type WindowChanges = {
  title?: string | null;
  start?: string;
  end?: string;
  durationMs?: number;
  zone?: string;
  recurrence?: SentTiming['recurrence'];
};

/** Members left out stay as they are. Throws `window_not_found`, `invalid_field` or `invalid_window`. */
export async function changeMaintenance(
  deps: MaintenanceDeps,
  scope: SiteScope,
  windowId: WindowId,
  { title, ...changes }: WindowChanges,
): Promise<StoredWindow> {
  const nowMs = deps.clock.nowMs();
  return changePlans(deps, async (tx) => {
    const before = await windowById(tx, scope, windowId);
    if (before === null) throw windowNotFound(windowId);
    const plan = Object.keys(changes).length === 0 ? {} : { plan: replanned(before, changes, nowMs) };
    const patch = { ...(title === undefined ? {} : { title }), ...plan };
    const changed = await updateWindow(tx, scope, windowId, patch, nowMs);
    if (changed === null) throw windowNotFound(windowId);
    await auditWindow(tx, changed.window, 'maintenance changed', nowMs);
    return { result: changed.window, windows: [changed.window, ...changed.versions] };
  });
}

function replanned(before: StoredWindow, changes: Omit<WindowChanges, 'title'>, nowMs: number) {
  if (overAtMs(before.plan) <= nowMs) {
    throw windowRefusal(`window ${before.windowId} is over`, 'plan another one: what was maintenance stays so');
  }
  const { durationMs, ...sent } = sentOf(before.plan.timing, before.zone);
  const lasts = changes.end === undefined ? { durationMs: changes.durationMs ?? durationMs } : {};
  const wanted: SentTiming = { ...sent, ...lasts, ...changes };
  const timing = timingOf(wanted);
  if (wanted.zone === before.zone && isDeepStrictEqual(timing, before.plan.timing)) return unchanged(before);
  const hasBegun = occurrencesIn(before.plan, before.plan.fromMs, nowMs).length > 0;
  const isLonger = hasBegun && goesOn(before.plan.timing, timing, nowMs);
  const plan = planFrom(timing, isLonger ? before.plan.fromMs : nowMs, nowMs);
  return { ...plan, zone: wanted.zone, keepsPast: hasBegun && !isLonger };
}

function unchanged({ plan, zone }: StoredWindow) {
  return { ...plan, zone, keepsPast: false };
}

/** Whether nothing of what was until now is another: only the end, which lies ahead, is. */
function goesOn(before: Timing, after: Timing, nowMs: number): boolean {
  return before.kind === 'once' && after.kind === 'once' && before.startMs === after.startMs && after.endMs > nowMs;
}

/** Takes a plan back; what is on ends. Throws `window_not_found`. */
export async function removeMaintenance(deps: MaintenanceDeps, scope: SiteScope, windowId: WindowId): Promise<void> {
  const nowMs = deps.clock.nowMs();
  await changePlans(deps, async (tx) => {
    const before = await windowById(tx, scope, windowId);
    if (before === null) throw windowNotFound(windowId);
    const patch = { plan: { ...endedAt(before.plan, nowMs), zone: before.zone, keepsPast: false } };
    const removed = await updateWindow(tx, scope, windowId, { ...patch, isRemoved: true }, nowMs);
    if (removed === null) throw windowNotFound(windowId);
    await auditWindow(tx, removed.window, 'maintenance taken back', nowMs);
    return { result: undefined, windows: [removed.window] };
  });
}

export function endedAt(plan: Planned, nowMs: number): Planned {
  return overAtMs(plan) <= nowMs ? plan : { ...plan, endedAtMs: nowMs };
}

/** Runs a change of plans, one at a time, and tells of it once it is committed. */
export async function changePlans<T>(
  deps: Pick<MaintenanceDeps, 'database' | 'changes'>,
  change: (tx: Tx) => Promise<{ result: T; windows: readonly StoredWindow[] }>,
): Promise<T> {
  const { result, windows } = await deps.database.transaction(async (tx) => {
    await waitForOtherPlans(tx, deps.database.dialect);
    return change(tx);
  });
  if (windows.length === 0) return result;
  deps.changes.publish({ kind: 'maintenance_changed', windows });
  const siteIds = new Set(windows.flatMap(({ siteId }) => (siteId === null ? [] : [siteId])));
  // Whoever shows the site has to show it anew; nobody has to look at it.
  for (const siteId of siteIds) {
    deps.changes.publish({ kind: 'site_changed', siteId, endpointIds: [], change: 'updated' });
  }
  return result;
}

/** Throws `site_not_found` for the first that is not there. */
async function requireSites(
  deps: Pick<MaintenanceDeps, 'endpoints'>,
  tx: Tx,
  scope: SiteScope,
  siteIds: readonly SiteId[],
  endpointId: EndpointId | null,
): Promise<void> {
  const sites = await deps.endpoints.bySites(scope, siteIds, tx);
  const found = new Set(sites.map(({ siteId }) => siteId));
  for (const siteId of siteIds) if (!found.has(siteId)) throw siteNotFound(siteId);
  if (endpointId === null || sites[0]?.endpoints.some((endpoint) => endpoint.endpointId === endpointId)) return;
  throw new AppError('site_endpoint_not_found', `site ${siteIds[0]} has no endpoint ${endpointId}`, {
    fix: 'see the endpoints of the site for their ids',
    details: { endpoint_id: endpointId },
  });
}

export async function requireRoom(tx: Tx, scope: SiteScope, siteId: SiteId | null, nowMs: number): Promise<void> {
  if ((await countWindows(tx, scope, siteId, nowMs)) < MOST_PLANS) return;
  const whose = siteId === null ? 'all sites' : `site ${siteId}`;
  throw windowRefusal(
    `there are ${MOST_PLANS} maintenance windows for ${whose} already`,
    'remove those that are not needed, or have one come again instead of planning many',
  );
}

/** Without who planned it and what they call it: everybody who may see the site sees its trace, other tenants among them. */
export async function auditWindow(
  tx: Tx,
  { windowId, siteId, endpointId }: StoredWindow,
  detail: string,
  atMs: number,
): Promise<void> {
  const metadata = {
    window_id: String(windowId),
    ...(endpointId === null ? {} : { endpoint_id: String(endpointId) }),
  };
  await recordAudit(tx, [{ siteId, eventType: 'config_change', source: 'api', detail, metadata, atMs }]);
}

export function windowNotFound(windowId: WindowId): AppError {
  return new AppError('window_not_found', `there is no maintenance window ${windowId}`, {
    fix: 'list the maintenance windows to see their ids',
    details: { window_id: windowId },
  });
}
