/**
 * What was wrong with a site as a whole, over time: its own record in the log, with the stretches taken for false alarms
 * in which nothing else made it fail. The record alone cannot tell: it ends with the last failure of several.
 */
import type { EndpointId, EventId } from './ids.ts';
import type { IncidentInterval } from './incident-intervals.ts';
import { type OpenEvent, severityFor } from './rollup.ts';
import type { SiteStretch } from './site-past.ts';
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
  /** Of all time: by what stood then false alarms are parted from what was wrong beside them. */
  stretches: readonly Pick<SiteStretch, 'fromMs' | 'first' | 'rules'>[];
};

const BORDERS_AT_ONCE = 2_000;

type Border = { atMs: number; begins: boolean; interval: IncidentInterval; finding: Finding | null };

/**
 * In any order; adjacent and overlapping intervals are possible. Takes n log n for n intervals, and all that are open once
 * more where others begin to speak for the site.
 */
export function siteIncidents(record: SiteRecord): IncidentInterval[] {
  const steps = siteIncidentsInSteps(record);
  for (let step = steps.next(); ; step = steps.next()) if (step.done) return step.value;
}

/** The same, for whoever lets others have their turn in between. */
export function* siteIncidentsInSteps(record: SiteRecord): Generator<undefined, IncidentInterval[]> {
  const falseStretches = joined(falseFailures(record.findings));
  const isTouched = (interval: IncidentInterval) => touches(falseStretches, interval);
  const plain = record.own.filter((interval) => !isTouched(interval));
  const found: IncidentInterval[] = [];
  const open = createOpen(record.stretches);
  yield;
  let doneMs = Number.NEGATIVE_INFINITY;
  let passed = 0;
  for (const { atMs, begins, interval, finding } of borders(record, isTouched)) {
    if (passed % BORDERS_AT_ONCE === 0) yield;
    passed += 1;
    if (atMs > doneMs) {
      for (const { fromMs, toMs } of open.stretchesBetween(doneMs, atMs)) {
        for (const part of open.parts()) add(found, part, fromMs, toMs);
      }
    }
    doneMs = atMs;
    if (begins) open.begin(interval, finding);
    else open.end(interval, finding);
  }
  return plain
    .map((interval) => (interval.isFalseAlarm ? { ...interval, isFalseAlarm: false } : interval))
    .concat(found);
}

function falseFailures(findings: readonly Finding[]): IncidentInterval[] {
  const found: IncidentInterval[] = [];
  for (const { intervals } of findings) for (const each of intervals) if (isFalseFailure(each)) found.push(each);
  return found;
}

function isFalseFailure({ severity, isFalseAlarm }: IncidentInterval): boolean {
  return isFalseAlarm && severity >= severityOf('Seems Down');
}

type Stretch = { fromMs: number; toMs: number };

/** As few stretches as cover the same, in the order of time. */
function joined(intervals: IncidentInterval[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { fromMs, toMs } of intervals.sort((a, b) => a.fromMs - b.fromMs)) {
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

/** What is open at a moment, kept as how often each severity is, so that a border costs the same however many are. */
function createOpen(stretches: SiteRecord['stretches']) {
  const own = createTally();
  const real = new Map<IncidentInterval, Finding>();
  /** Null: others speak for the site by now, and nobody has asked since. */
  let weights: ReturnType<typeof createTally> | null = createTally();
  let falseFailures = 0;
  let at = 0;

  function weightOf(interval: IncidentInterval, finding: Finding): number {
    const { first = null, rules } = stretches[at] ?? {};
    if (rules === undefined) return 0;
    return severityFor(openEvent(interval, finding), { endpointId: finding.endpointId, first, rules });
  }

  function weighed() {
    if (weights !== null) return weights;
    weights = createTally();
    for (const [interval, finding] of real) weights.add(weightOf(interval, finding), 1);
    return weights;
  }

  return {
    begin(interval: IncidentInterval, finding: Finding | null): void {
      if (finding === null) own.add(interval.severity, 1);
      else if (isFalseFailure(interval)) falseFailures += 1;
      else {
        real.set(interval, finding);
        weights?.add(weightOf(interval, finding), 1);
      }
    },
    end(interval: IncidentInterval, finding: Finding | null): void {
      if (finding === null) own.add(interval.severity, -1);
      else if (isFalseFailure(interval)) falseFailures -= 1;
      else if (real.delete(interval)) weights?.add(weightOf(interval, finding), -1);
    },
    /** Cut where others begin to speak for the site; while one is visited, what is open is weighed as it was then. */
    *stretchesBetween(fromMs: number, toMs: number): Generator<Stretch> {
      let doneMs = fromMs;
      for (let next = stretches[at + 1]; next !== undefined && next.fromMs < toMs; next = stretches[at + 1]) {
        if (next.fromMs > doneMs) {
          yield { fromMs: doneMs, toMs: next.fromMs };
          doneMs = next.fromMs;
        }
        at += 1;
        weights = null;
      }
      yield { fromMs: doneMs, toMs };
    },
    /** Nothing, one thing, or a false alarm with something milder beside it. */
    parts(): Part[] {
      const severity = own.highest();
      if (severity === 0) return [];
      const isFailure = severity >= severityOf('Seems Down');
      if (!isFailure || falseFailures === 0) return [{ severity, isFalseAlarm: false }];
      const rest = Math.min(severity, weighed().highest());
      if (rest >= severityOf('Seems Down')) return [{ severity: rest, isFalseAlarm: false }];
      const falseAlarm = { severity, isFalseAlarm: true };
      return rest === 0 ? [falseAlarm] : [falseAlarm, { severity: rest, isFalseAlarm: false }];
    },
  };
}

/** How many there are of each severity; there are few of them. */
function createTally() {
  const counts = new Map<number, number>();
  return {
    add(severity: number, by: number): void {
      const count = (counts.get(severity) ?? 0) + by;
      if (count === 0) counts.delete(severity);
      else counts.set(severity, count);
    },
    highest(): number {
      let highest = 0;
      for (const severity of counts.keys()) highest = Math.max(highest, severity);
      return highest;
    },
  };
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
