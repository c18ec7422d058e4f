/** The outages of a site, newest first: when, how long, how bad, and what took part. */
import type { EventId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { measureSla, type Outage, listOutages as outagesOf, type SlaOptions, type SlaReport } from '../domain/sla.ts';
import { inTurns } from './in-turns.ts';
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
  return {
    window: time.window,
    outages: await inTurns(withEvents(shown, time.findings, options)),
    next: left.length > shown.length ? (shown.at(-1)?.fromMs ?? null) : null,
    report: measureSla(input, options),
    longestMs: all.length === 0 ? null : Math.max(...all.map(({ downtimeMs }) => downtimeMs)),
    falseAlarms: falseAlarms.slice(0, MAX_FALSE_ALARMS),
    falseAlarmCount: falseAlarms.length,
    declaredCount: countDeclared(time),
  };
}

/** Findings that are gone through before others have their turn. */
const FINDINGS_AT_ONCE = 20_000;

/** Each with the failures that were open during it, the oldest first. `outages`: the newest first. */
function* withEvents(
  outages: readonly Outage[],
  findings: readonly TimedFinding[],
  { falseAlarms }: SlaOptions,
): Generator<undefined, OutagePage['outages'][number][]> {
  const isOpenIn = ({ intervals }: TimedFinding, stretch: Pick<Outage, 'fromMs' | 'toMs'>) => {
    for (const each of intervals) {
      if (failedIn(each, stretch) && (!each.isFalseAlarm || falseAlarms === 'down')) return true;
    }
    return false;
  };
  const [newest, oldest] = [outages[0], outages.at(-1)];
  if (newest === undefined || oldest === undefined) return [];
  // A page is of a few of the outages, and most of what failed is of none of them.
  const all = { fromMs: oldest.fromMs, toMs: newest.toMs };
  const byAge = findings
    .filter((finding) => isOpenIn(finding, all))
    .sort((a, b) => a.startedAtMs - b.startedAtMs || compareIds(a.eventId, b.eventId));
  const found: OutagePage['outages'][number][] = [];
  let passed = 0;
  for (const outage of outages) {
    const events = byAge.filter((finding) => isOpenIn(finding, outage));
    found.push({ ...outage, events: events.slice(0, MAX_EVENTS), eventCount: events.length });
    passed += byAge.length;
    if (passed < FINDINGS_AT_ONCE) continue;
    passed = 0;
    yield;
  }
  return found;
}

function compareIds(a: EventId, b: EventId): number {
  return a < b ? -1 : 1;
}
