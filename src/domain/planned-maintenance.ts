/** Maintenance as it was planned, and what of it counts: a plan covers nothing before it was made or after it was ended. */
import { isWithin, type MaintenanceWindow } from './maintenance.ts';
import { occurrencesFrom, PLANNED_UNTIL_MS, type Timing } from './recurrence.ts';

/** Maintenance as somebody planned it, and for how long that plan stood. */
export type Planned = {
  timing: Timing;
  /** Covers nothing before: when it was written. What was no maintenance then does not become any. */
  fromMs: number;
  /** Covers nothing from then on, because it was ended or changed; null: it stands. */
  endedAtMs: number | null;
};

/** More of one plan are not told at once; one a day is enough for ten years. */
export const MAX_OCCURRENCES = 4_000;

/** What of each occurrence counts, in the order they begin, from the first that is not over at `fromMs` on. */
export function* coverageFrom(plan: Planned, fromMs: number): Generator<MaintenanceWindow, undefined> {
  const endedAtMs = plan.endedAtMs ?? Number.POSITIVE_INFINITY;
  for (const { startMs, endMs } of occurrencesFrom(plan.timing, Math.max(fromMs, plan.fromMs))) {
    if (startMs >= endedAtMs) return undefined;
    const window = { startMs: Math.max(startMs, plan.fromMs), endMs: Math.min(endMs, endedAtMs) };
    if (window.startMs < window.endMs && window.endMs > fromMs) yield window;
  }
  return undefined;
}

/** Those that touch [fromMs, toMs), whole, as they begin; the first 4,000. */
export function occurrencesIn(plan: Planned, fromMs: number, toMs: number): MaintenanceWindow[] {
  const found: MaintenanceWindow[] = [];
  for (const window of coverageFrom(plan, fromMs)) {
    if (window.startMs >= toMs || found.length >= MAX_OCCURRENCES) break;
    found.push(window);
  }
  return found;
}

/** The one that is on, else the next to come; null when there is none any more. */
export function currentOrNext(plan: Planned, nowMs: number): MaintenanceWindow | null {
  return coverageFrom(plan, nowMs).next().value ?? null;
}

/** Whether it is on. */
export function covers(plan: Planned, nowMs: number): boolean {
  return isWithin(currentOrNext(plan, nowMs), nowMs);
}

/** From then on a plan covers nothing any more, at the latest; `Infinity`: it has no end. */
export function overAtMs({ timing, endedAtMs }: Planned): number {
  const lastMs = timing.kind === 'once' ? timing.endMs : endOf(timing.untilMs, timing.durationMs);
  return Math.min(lastMs, endedAtMs ?? Number.POSITIVE_INFINITY);
}

function endOf(untilMs: number | null, durationMs: number): number {
  return untilMs === null || untilMs >= PLANNED_UNTIL_MS ? Number.POSITIVE_INFINITY : untilMs + durationMs;
}
