/**
 * What was wrong with a site as a whole, over time: its own record in the log, with the stretches taken for false alarms
 * in which nothing else made it fail. The record alone cannot tell: it ends with the last failure of several.
 */
import type { EndpointId, EventId } from './ids.ts';
import type { IncidentInterval } from './incident-intervals.ts';
import { type EndpointIncidents, type OpenEvent, siteIncident } from './rollup.ts';
import type { RollupRules } from './rollup-rules.ts';
import { incidentStateOf, severityOf } from './state.ts';

/** One event that was open on the site or an endpoint of it, and how severe it was when. */
export type Finding = {
  eventId: EventId;
  /** Null: it spoke of the whole site. */
  endpointId: EndpointId | null;
  checkType: string;
  intervals: readonly IncidentInterval[];
};

export type SiteRecord = {
  /** Of the site's own events, without those of a pause. */
  own: readonly IncidentInterval[];
  findings: readonly Finding[];
  endpoints: readonly Pick<EndpointIncidents, 'endpointId' | 'active'>[];
  /** Those of today: what they were before is not recorded. They only part false alarms from what was wrong beside them. */
  rules: RollupRules;
};

type Border = { atMs: number; begins: boolean; interval: IncidentInterval; finding: Finding | null };

/** In any order; adjacent and overlapping intervals are possible. Takes n log n for n intervals. */
export function siteIncidents(record: SiteRecord): IncidentInterval[] {
  const falseStretches = joined(record.findings.flatMap(({ intervals }) => intervals.filter(isFalseFailure)));
  const isTouched = (interval: IncidentInterval) => touches(falseStretches, interval);
  const plain = record.own.filter((interval) => !isTouched(interval));
  const found: IncidentInterval[] = [];
  const open = new Map<IncidentInterval, Finding>();
  const own = new Set<IncidentInterval>();
  let doneMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, begins, interval, finding } of borders(record, isTouched)) {
    if (atMs > doneMs) for (const part of partsBetween(record, own, open)) add(found, part, doneMs, atMs);
    doneMs = atMs;
    if (finding === null) begins ? own.add(interval) : own.delete(interval);
    else begins ? open.set(interval, finding) : open.delete(interval);
  }
  return [...plain.map((interval) => ({ ...interval, isFalseAlarm: false })), ...found];
}

function isFalseFailure({ severity, isFalseAlarm }: IncidentInterval): boolean {
  return isFalseAlarm && severity >= severityOf('Seems Down');
}

type Stretch = { fromMs: number; toMs: number };

/** As few stretches as cover the same, in the order of time. */
function joined(intervals: readonly IncidentInterval[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { fromMs, toMs } of intervals.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = stretches.at(-1);
    const endMs = toMs ?? Number.POSITIVE_INFINITY;
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, endMs);
    else stretches.push({ fromMs, toMs: endMs });
  }
  return stretches;
}

/** Whether an interval overlaps one of the stretches, by halving. */
function touches(stretches: readonly Stretch[], { fromMs, toMs }: IncidentInterval): boolean {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((stretches[middle] as Stretch).toMs <= fromMs) low = middle + 1;
    else high = middle;
  }
  const first = stretches[low];
  return first !== undefined && first.fromMs < (toMs ?? Number.POSITIVE_INFINITY);
}

/** Of what overlaps a false alarm: of the rest nothing is to be told apart. */
function borders({ own, findings }: SiteRecord, isTouched: (interval: IncidentInterval) => boolean): Border[] {
  const all: Border[] = [];
  const push = (interval: IncidentInterval, finding: Finding | null) => {
    if (!isTouched(interval)) return;
    all.push({ atMs: interval.fromMs, begins: true, interval, finding });
    all.push({ atMs: interval.toMs ?? Number.POSITIVE_INFINITY, begins: false, interval, finding });
  };
  for (const interval of own) push(interval, null);
  for (const finding of findings) for (const interval of finding.intervals) push(interval, finding);
  return all.sort((a, b) => (a.atMs === b.atMs ? 0 : a.atMs - b.atMs));
}

type Part = Pick<IncidentInterval, 'severity' | 'isFalseAlarm'>;

/** What was wrong between two borders: nothing, one thing, or a false alarm with something milder beside it. */
function partsBetween(
  record: SiteRecord,
  own: ReadonlySet<IncidentInterval>,
  open: ReadonlyMap<IncidentInterval, Finding>,
): Part[] {
  let severity = 0;
  for (const interval of own) severity = Math.max(severity, interval.severity);
  if (severity === 0) return [];
  const isFailure = severity >= severityOf('Seems Down');
  if (!isFailure || ![...open.keys()].some(isFalseFailure)) return [{ severity, isFalseAlarm: false }];
  const rest = Math.min(severity, severityWithoutFalseAlarms(record, open));
  if (rest >= severityOf('Seems Down')) return [{ severity: rest, isFalseAlarm: false }];
  const falseAlarm = { severity, isFalseAlarm: true };
  return rest === 0 ? [falseAlarm] : [falseAlarm, { severity: rest, isFalseAlarm: false }];
}

function severityWithoutFalseAlarms(
  { endpoints, rules }: SiteRecord,
  open: ReadonlyMap<IncidentInterval, Finding>,
): number {
  const real = [...open].filter(([interval]) => !isFalseFailure(interval));
  const eventsOf = (wanted: EndpointId | null) =>
    real
      .filter(([, { endpointId }]) => endpointId === wanted)
      .map(([interval, finding]) => openEvent(interval, finding));
  const isWatched = endpoints.some(({ active }) => active);
  const incidents = endpoints.map(({ endpointId, active }) => ({
    endpointId,
    // A site that is paused by now was watched then.
    active: active || !isWatched,
    open: eventsOf(endpointId),
    outageChecks: null,
  }));
  return siteIncident(incidents, eventsOf(null), rules)?.severity ?? 0;
}

function openEvent({ severity, fromMs }: IncidentInterval, { eventId, checkType }: Finding): OpenEvent {
  return { eventId, checkType, reverse: false, state: incidentStateOf(severity), severity, startedAtMs: fromMs };
}

/** Lengthens what was found last where it goes on. */
function add(found: IncidentInterval[], { severity, isFalseAlarm }: Part, fromMs: number, atMs: number): void {
  const toMs = atMs === Number.POSITIVE_INFINITY ? null : atMs;
  const last = found.at(-1);
  const goesOn = last?.toMs === fromMs && last.severity === severity && last.isFalseAlarm === isFalseAlarm;
  if (goesOn) last.toMs = toMs;
  else found.push({ fromMs, toMs, severity, isFalseAlarm });
}
