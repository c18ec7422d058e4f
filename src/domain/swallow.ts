/** What a maintenance window does to a failure. Advisories are not affected. */
import { isBraked } from './flapping.ts';
import { type Decision, isFailing, type Known, type NextLook, stay } from './incident.ts';
import type { MaintenanceWindow } from './maintenance.ts';

/** Closes the failure that is open, opens none, and looks again at the interval or when the window ends, if that is sooner. */
export function swallow(known: Known, window: MaintenanceWindow, nowMs: number, intervalMs: number): Decision {
  const { open, recent } = known;
  const closes = open !== null && (isFailing(open) || isBraked(open, recent));
  return {
    ...stay(known, nextIn(window, nowMs, intervalMs)),
    mutations: closes ? [{ op: 'close', reason: 'maintenance_swallowed' }] : [],
    failing: null,
    suspicion: null,
    recent: { ...recent, braked: null, verifiedAtMs: null },
    swallowed: true,
  };
}

function nextIn({ endMs }: MaintenanceWindow, nowMs: number, intervalMs: number): NextLook {
  return endMs - nowMs < intervalMs ? { why: 'window_end', atMs: Math.max(nowMs, endMs) } : { why: 'interval' };
}
