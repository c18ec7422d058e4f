/**
 * The flap brake: an endpoint that fails again and again keeps one event, which is stepped down to Degraded whenever it
 * is well and closed only once it stays well. Degraded is no downtime, so what is counted stays what was seen.
 */
import { type DecisionPolicy, spanMs } from './decision-policy.ts';
import type { OpenIncident, Recent } from './incident.ts';

type FlapPolicy = Pick<DecisionPolicy, 'flap' | 'intervalMs'>;

/** One more failure began. Keeps as many as it takes to call an endpoint flapping. */
export function withStart(recent: Recent, startMs: number, { flap }: Pick<DecisionPolicy, 'flap'>): Recent {
  const startsMs = flap.starts <= 0 ? [] : [...recent.startsMs, startMs].slice(-flap.starts);
  return { ...recent, startsMs, braked: null };
}

/** The failure that was told was none of the site's: what we did to it makes it no flapping one. */
export function withoutStart(recent: Recent, open: OpenIncident | null): Recent {
  const sinceMs = open?.failing?.sinceMs;
  if (sinceMs === undefined || !recent.startsMs.includes(sinceMs)) return recent;
  return { ...recent, startsMs: recent.startsMs.filter((startMs) => startMs !== sinceMs) };
}

export function isFlapping({ startsMs }: Recent, nowMs: number, { flap }: Pick<DecisionPolicy, 'flap'>): boolean {
  if (flap.starts <= 0) return false;
  return startsMs.filter((startMs) => startMs <= nowMs && nowMs - startMs < flap.withinMs).length >= flap.starts;
}

/** Whether the open event would be closed, but for the brake. */
export function isBraked(open: OpenIncident, { braked }: Recent): boolean {
  return braked !== null && open.state === 'Degraded' && open.failing === null;
}

/** Since when it is well, with a look at `seenAtMs` that says so. */
export function wellSinceMs({ braked }: Recent, seenAtMs: number, nowMs: number): number {
  return Math.min(braked?.wellSinceMs ?? seenAtMs, nowMs);
}

export function isWellForGood(sinceMs: number, nowMs: number, { flap, intervalMs }: FlapPolicy): boolean {
  return nowMs - sinceMs >= spanMs(flap.well, intervalMs);
}
