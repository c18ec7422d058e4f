/** The outages of a site, newest first: when, how long, how bad, and what took part. */
import { setImmediate } from 'node:timers/promises';
import type { EventId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { measureSla, type Outage, listOutages as outagesOf, type SlaOptions, type SlaReport } from '../domain/sla.ts';
import { countDeclared, failedIn, falseAlarmsIn } from './measure-uptime.ts';
import { readSiteTime, type StatisticsDeps, type TimedFinding } from './site-time.ts';
import type { StatisticsWindow } from './statistics-window.ts';

export type OutageQuery = {
  siteId: SiteId;
  window: StatisticsWindow;
  options: SlaOptions;
  /** Only outages that began before this instant; null: all. */
  beforeMs: number | null;
  /** 1 to 200. */
  limit: number;
};

export type OutagePage = {
  window: StatisticsWindow;
  outages: readonly (Outage & { events: readonly TimedFinding[]; eventCount: number })[];
  /** When the last one of this page began, when another page follows. */
  next: number | null;
  report: SlaReport;
  longestMs: number | null;
  falseAlarms: readonly TimedFinding[];
  falseAlarmCount: number;
  /** Failures that somebody closed as false alarms; they are among the outages. */
  declaredCount: number;
};

const MAX_EVENTS = 50;
const MAX_FALSE_ALARMS = 50;

/** Throws `site_not_found`, `invalid_window`. */
export async function listOutages(deps: StatisticsDeps, scope: SiteScope, query: OutageQuery): Promise<OutagePage> {
  const { options, beforeMs, limit } = query;
  const time = await readSiteTime(deps, scope, { ...query, wanted: () => [] });
  const input = await time.site();
  const all = outagesOf(input, options).reverse();
  const left = beforeMs === null ? all : all.filter(({ fromMs }) => fromMs < beforeMs);
  const shown = left.slice(0, limit);
  const falseAlarms = falseAlarmsIn(time, () => true).toSorted((a, b) => b.startedAtMs - a.startedAtMs);
  const outages: OutagePage['outages'][number][] = [];
  for (const outage of shown) {
    // Each goes through all that failed: others have their turn in between.
    await setImmediate();
    outages.push({ ...outage, ...eventsIn(time.findings, outage, options) });
  }
  return {
    window: time.window,
    outages,
    next: left.length > shown.length ? (shown.at(-1)?.fromMs ?? null) : null,
    report: measureSla(input, options),
    longestMs: all.length === 0 ? null : Math.max(...all.map(({ downtimeMs }) => downtimeMs)),
    falseAlarms: falseAlarms.slice(0, MAX_FALSE_ALARMS),
    falseAlarmCount: falseAlarms.length,
    declaredCount: countDeclared(time),
  };
}

/** Failures that were open during an outage, the oldest first. */
function eventsIn(findings: readonly TimedFinding[], outage: Outage, { falseAlarms }: SlaOptions) {
  const counts = (each: TimedFinding['intervals'][number]) =>
    failedIn(each, outage) && (!each.isFalseAlarm || falseAlarms === 'down');
  const found = findings.filter(({ intervals }) => intervals.some(counts));
  const byAge = found.sort((a, b) => a.startedAtMs - b.startedAtMs || compareIds(a.eventId, b.eventId));
  return { events: byAge.slice(0, MAX_EVENTS), eventCount: found.length };
}

function compareIds(a: EventId, b: EventId): number {
  return a < b ? -1 : 1;
}
