/** What endpoints are set to and the shared registry has no columns for: written for many at once. */
import { isDeepStrictEqual } from 'node:util';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import type { ProbePlanOverrides } from '../domain/probe-plan.ts';
import type { Dialect } from './dialect/dialect.ts';
import { planColumns } from './plan-columns.ts';
import type { Tx } from './schema.ts';

/** What people set of an endpoint; what is left out stays as it is, or is left to the server at first. */
export type EndpointSettings = {
  active?: boolean;
  bucketNo?: number;
  intervalSeconds?: number;
  /** Null: back to the server's default. */
  timeoutSeconds?: number | null;
  /** Null: back to the server's default. */
  alertCooldownMinutes?: number | null;
  plan?: Partial<ProbePlanOverrides>;
  /** Null: none any more. */
  maintenance?: MaintenanceWindow | null;
};

export type EndpointPatch = EndpointSettings & {
  url?: string;
  /** Stamps the instant of change in the registry. */
  statusChangedAtMs?: number;
  /** Making an endpoint active clears it. */
  removedAtMs?: number;
};

/** Whether a patch changes anything that the registry has no column for. */
export function hasSettings(patch: EndpointPatch): boolean {
  const { active, intervalSeconds, timeoutSeconds, alertCooldownMinutes, plan, maintenance, removedAtMs } = patch;
  const settings = [intervalSeconds, timeoutSeconds, alertCooldownMinutes, plan, maintenance, removedAtMs];
  return active === true || settings.some((value) => value !== undefined);
}

type Before = { endpointId: EndpointId; siteId: SiteId; maintenance: MaintenanceWindow | null };

/** The same patch of all of them: a few hundred at most. */
export async function saveSettings(
  tx: Tx,
  dialect: Pick<Dialect, 'upsert'>,
  before: readonly Before[],
  patch: EndpointPatch,
  nowMs: number,
): Promise<void> {
  const removedAtMs = patch.active === true ? null : patch.removedAtMs;
  const same = {
    ...(patch.intervalSeconds === undefined ? {} : { check_interval_seconds: patch.intervalSeconds }),
    ...(patch.timeoutSeconds === undefined ? {} : { timeout_seconds: patch.timeoutSeconds }),
    ...(patch.alertCooldownMinutes === undefined ? {} : { alert_cooldown_minutes: patch.alertCooldownMinutes }),
    ...planColumns(patch.plan ?? {}),
    ...(removedAtMs === undefined ? {} : { removed_at: removedAtMs }),
    created_at: nowMs,
    updated_at: nowMs,
  };
  const columns = before.map(({ maintenance }) => windowColumns(patch.maintenance, maintenance, nowMs));
  // One statement sets the same columns of every row.
  for (const hasWindow of [false, true]) {
    const rows = before.flatMap(({ endpointId, siteId }, index) => {
      const window = columns[index] ?? {};
      if (Object.keys(window).length > 0 !== hasWindow) return [];
      return [{ source_site_id: endpointId, blog_id: siteId, ...window, ...same }];
    });
    if (rows.length === 0) continue;
    const table = 'jetmon_endpoint_check_config';
    await dialect.upsert(tx, { table, rows, key: ['source_site_id'], keep: ['created_at'] });
  }
}

/** The same window once more stands since it was set first. */
function windowColumns(window: EndpointPatch['maintenance'], before: MaintenanceWindow | null, nowMs: number) {
  if (window === undefined || (window !== null && isDeepStrictEqual(window, before))) return {};
  const setAtMs = window === null ? null : nowMs;
  const [startMs, endMs] = [window?.startMs ?? null, window?.endMs ?? null];
  return { maintenance_start: startMs, maintenance_end: endMs, maintenance_set_at: setAtMs };
}
