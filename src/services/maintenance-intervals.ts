/** When a site was in maintenance: what statistics leave out, or name. What was maintenance once stays so. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { intersected, type MaintenanceWindow, united } from '../domain/maintenance.ts';
import { MAX_OCCURRENCES, occurrencesIn } from '../domain/planned-maintenance.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { StoredWindow } from '../store/maintenance-rows.ts';
import { windowsWithin } from '../store/maintenance-windows.ts';
import type { ServiceDeps } from './deps.ts';

/** Half-open, ms since the epoch. */
export type MaintenanceInterval = { fromMs: number; toMs: number };

/**
 * In order and apart, cut to the span, at most 4,000. A site is in maintenance while each of its endpoints that is
 * watched is, as they are now; with `endpointId`, while that one is. Empty for a site outside of the scope.
 */
export async function maintenanceIntervals(
  deps: Pick<ServiceDeps, 'database' | 'endpoints'>,
  scope: SiteScope,
  siteId: SiteId,
  fromMs: number,
  toMs: number,
  endpointId: EndpointId | null = null,
): Promise<MaintenanceInterval[]> {
  const span = { startMs: fromMs, endMs: toMs };
  if (!(fromMs < toMs)) return [];
  const all = await deps.endpoints.bySite(scope, siteId);
  const found = await windowsWithin(deps.database.kysely, scope, [siteId], { fromMs, toMs });
  const windows = found.get(siteId) ?? [];
  const watched = all.filter((endpoint) => endpoint.active);
  const asked = endpointId === null ? watched : all.filter((endpoint) => endpoint.endpointId === endpointId);
  let common: MaintenanceWindow[] | null = null;
  for (const endpoint of asked.length > 0 || endpointId !== null ? asked : all) {
    const own = endpointMaintenance(endpoint, windows, span);
    common = common === null ? own : intersected(common, own);
    if (common.length === 0) break;
  }
  const cut = intersected(common ?? [], [span]);
  return cut.slice(0, MAX_OCCURRENCES).map(({ startMs, endMs }) => ({ fromMs: startMs, toMs: endMs }));
}

/** When one endpoint was in maintenance: by its own window and by those of `windows` that hold for it, united. */
export function endpointMaintenance(
  { endpointId, maintenance, maintenanceSetAtMs }: Endpoint,
  windows: readonly StoredWindow[],
  { startMs, endMs }: MaintenanceWindow,
): MaintenanceWindow[] {
  const own = maintenance === null ? [] : [sinceSet(maintenance, maintenanceSetAtMs)];
  for (const window of windows) {
    if (window.endpointId !== null && window.endpointId !== endpointId) continue;
    own.push(...occurrencesIn(window.plan, startMs, endMs));
  }
  return united(own);
}

/** What was no maintenance when it was is none because somebody says so later. */
function sinceSet({ startMs, endMs }: MaintenanceWindow, setAtMs: number | null): MaintenanceWindow {
  return { startMs: Math.max(startMs, setAtMs ?? startMs), endMs };
}
