import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/kit/runs.ts';
import type { IncidentInterval, Interval } from './incident-intervals.ts';
import {
  DEFAULT_SLA_OPTIONS,
  listOutages,
  measureSla,
  type SlaInput,
  type SlaOptions,
  type SlaReport,
  type SlaState,
} from './sla.ts';

const NOTHING: Record<SlaState, number> = {
  up: 0,
  warning: 0,
  degraded: 0,
  seemsDown: 0,
  down: 0,
  paused: 0,
  maintenance: 0,
  unknown: 0,
};

function input(set: Partial<SlaInput> = {}): SlaInput {
  const always = [{ fromMs: 0, toMs: null }];
  return { window: { fromMs: 0, toMs: 100 }, incidents: [], observed: always, paused: [], maintenance: [], ...set };
}

function incident(fromMs: number, toMs: number | null, severity = 4, isFalseAlarm = false): IncidentInterval {
  return { fromMs, toMs, severity, isFalseAlarm };
}

const options = (set: Partial<SlaOptions>): SlaOptions => ({ ...DEFAULT_SLA_OPTIONS, ...set });

describe('measureSla', () => {
  it('is all up where looks came in and nothing was wrong', () => {
    expect(measureSla(input())).toEqual({
      ms: { ...NOTHING, up: 100 },
      monitoredMs: 100,
      downtimeMs: 0,
      uptime: 1,
      coverage: 1,
      outages: { count: 0, meanTimeToRepairMs: null, meanTimeBetweenFailuresMs: null },
    });
  });

  it('has no uptime where nothing was observed, and none of an empty window', () => {
    expect(measureSla(input({ observed: [] }))).toMatchObject({ ms: { unknown: 100 }, uptime: null, coverage: 0 });
    const empty = measureSla(input({ window: { fromMs: 5, toMs: 5 } }));
    expect(empty).toMatchObject({ ms: NOTHING, uptime: null, coverage: null });
  });

  it('leaves time that was not observed out of uptime', () => {
    const half = input({ observed: [{ fromMs: 0, toMs: 50 }], incidents: [incident(0, 10)] });
    expect(measureSla(half)).toMatchObject({ monitoredMs: 50, downtimeMs: 10, uptime: 0.8, coverage: 0.5 });
  });

  it('counts failures that overlap once, as the worst of them', () => {
    const report = measureSla(input({ incidents: [incident(10, 30, 3), incident(20, 40, 4), incident(35, 50, 2)] }));
    expect(report.ms).toEqual({ ...NOTHING, up: 60, seemsDown: 10, down: 20, degraded: 10 });
    expect(report.outages).toEqual({ count: 1, meanTimeToRepairMs: 30, meanTimeBetweenFailuresMs: 70 });
  });

  it('takes a severity above 4 for down', () => {
    expect(measureSla(input({ incidents: [incident(0, 1, 200)] })).downtimeMs).toBe(1);
  });

  it('puts a pause before maintenance and both before a failure', () => {
    const report = measureSla(
      input({
        incidents: [incident(0, 60)],
        maintenance: [{ fromMs: 10, toMs: 50 }],
        paused: [{ fromMs: 20, toMs: 30 }],
      }),
    );
    expect(report.ms).toEqual({ ...NOTHING, up: 40, down: 20, maintenance: 30, paused: 10 });
    expect(report.outages.count).toBe(1);
  });

  it('takes false alarms for trouble of our own', () => {
    const facts = input({ incidents: [incident(0, 20, 3, true), incident(20, 30, 1, true)] });
    const report = measureSla(facts);
    expect(report).toMatchObject({ ms: { unknown: 20, warning: 10, up: 70 }, downtimeMs: 0, monitoredMs: 80 });
    expect(report.outages.count).toBe(0);
    expect(measureSla(facts, options({ falseAlarms: 'down' }))).toMatchObject({ downtimeMs: 20, monitoredMs: 100 });
  });

  it('reckons as its options say', () => {
    const facts = input({
      incidents: [incident(0, 10, 4), incident(10, 20, 3), incident(20, 30, 2)],
      maintenance: [{ fromMs: 30, toMs: 40 }],
    });
    const of = (set: Partial<SlaOptions>) => {
      const { downtimeMs, monitoredMs } = measureSla(facts, options(set));
      return [downtimeMs, monitoredMs];
    };
    expect(of({})).toEqual([20, 90]);
    expect(of({ maintenance: 'include' })).toEqual([20, 100]);
    expect(of({ degraded: 'separate' })).toEqual([20, 80]);
    expect(of({ seemsDown: 'up' })).toEqual([10, 90]);
    expect(of({ seemsDown: 'separate' })).toEqual([10, 80]);
  });

  it('takes what nobody watched out of an outage, which stays one', () => {
    const facts = input({ incidents: [incident(10, 50)], unwatched: [{ fromMs: 20, toMs: 40 }] });
    const report = measureSla(facts);
    expect(report).toMatchObject({ ms: { down: 20, unknown: 20, up: 60 }, downtimeMs: 20, monitoredMs: 80 });
    expect(report.outages.count).toBe(1);
    expect(listOutages(facts)).toEqual([{ fromMs: 10, toMs: 50, downtimeMs: 20, worst: 'down' }]);
  });

  it('lists an outage from its true beginning to its true end, whatever the window shows of it', () => {
    const facts = { window: { fromMs: 10, toMs: 20 }, incidents: [incident(0, 5, 3), incident(5, 40)] };
    expect(listOutages(input(facts))).toEqual([{ fromMs: 0, toMs: 40, downtimeMs: 10, worst: 'down' }]);
    const open = { ...facts, incidents: [incident(15, null, 3)] };
    expect(listOutages(input(open))).toEqual([{ fromMs: 15, toMs: null, downtimeMs: 5, worst: 'seemsDown' }]);
    expect(listOutages(input(open), options({ seemsDown: 'up' }))).toEqual([]);
  });

  it.each([
    { fromMs: 1, toMs: 0 },
    { fromMs: 0.5, toMs: 2 },
    { fromMs: 0, toMs: Number.POSITIVE_INFINITY },
    { fromMs: 0, toMs: 2 ** 52 },
  ])('refuses the window %j', (window) => {
    expect(() => measureSla(input({ window }))).toThrow(RangeError);
  });

  it('is exact for 90 days with 100,000 intervals', () => {
    const days90 = 90 * 86_400_000;
    const fromMs = 1_790_000_000_000;
    const step = days90 / 100_000;
    const incidents = Array.from({ length: 100_000 }, (_, at) => incident(fromMs + at * step, fromMs + at * step + 7));
    const observed = [{ fromMs, toMs: fromMs + days90 }];
    const { ms, outages } = measureSla(input({ window: { fromMs, toMs: fromMs + days90 }, incidents, observed }));
    expect(ms).toEqual({ ...NOTHING, down: 700_000, up: days90 - 700_000 });
    expect(outages.count).toBe(100_000);
  });
});

/** Looks at every millisecond by itself. */
function countEveryMs(facts: SlaInput, set: SlaOptions): SlaReport {
  const ms = { ...NOTHING };
  const result = { monitored: 0, down: 0, observed: 0, watched: 0, outages: 0 };
  let isInOutage = false;
  let isCounted = false;
  for (let now = facts.window.fromMs; now < facts.window.toMs; now++) {
    const holds = ({ fromMs, toMs }: Interval) => fromMs <= now && (toMs === null || now < toMs);
    const isVoid = (each: IncidentInterval) => each.isFalseAlarm && each.severity >= 3 && set.falseAlarms === 'unknown';
    const open = facts.incidents.filter(holds);
    const severity = Math.max(0, ...open.filter((each) => !isVoid(each)).map((each) => each.severity));
    const isObserved = facts.observed.some(holds);
    const isKnown = isObserved && !open.some(isVoid);
    const incidentState = (['up', 'warning', 'degraded', 'seemsDown', 'down'] as const)[Math.min(severity, 4)] ?? 'up';
    const seen: SlaState = severity === 0 && !isKnown ? 'unknown' : incidentState;
    const isUnwatched = facts.unwatched?.some(holds) === true;
    const covered = isUnwatched ? 'unknown' : seen;
    const state = facts.paused.some(holds) ? 'paused' : facts.maintenance.some(holds) ? 'maintenance' : covered;
    ms[state] += 1;
    if (state !== 'paused') {
      result.watched += 1;
      if (isObserved) result.observed += 1;
    }
    const failsFrom = set.seemsDown === 'down' ? 3 : 4;
    const isJudged = state !== 'paused' && state !== 'maintenance' && !isUnwatched;
    if (isJudged && severity >= failsFrom) result.down += 1;
    const isLeftOut =
      state === 'paused' ||
      state === 'unknown' ||
      (state === 'maintenance' && set.maintenance === 'exclude') ||
      (state === 'degraded' && set.degraded === 'separate') ||
      (state === 'seemsDown' && set.seemsDown === 'separate');
    if (!isLeftOut) result.monitored += 1;
    isInOutage = severity >= failsFrom;
    if (!isInOutage) isCounted = false;
    if (isInOutage && isJudged && !isCounted) {
      isCounted = true;
      result.outages += 1;
    }
  }
  const { monitored, down, outages } = result;
  return {
    ms,
    monitoredMs: monitored,
    downtimeMs: down,
    uptime: monitored === 0 ? null : (monitored - down) / monitored,
    coverage: result.watched === 0 ? null : result.observed / result.watched,
    outages: {
      count: outages,
      meanTimeToRepairMs: outages === 0 ? null : Math.trunc(down / outages),
      meanTimeBetweenFailuresMs: outages === 0 ? null : Math.trunc((monitored - down) / outages),
    },
  };
}

describe('against a clock that counts every millisecond', () => {
  /** Borders meet often, and some lie outside the window, are of no length, or end before they begin. */
  const START = 1_790_000_000_000;
  const borders = fc.integer({ min: -4, max: 28 });
  const intervals = fc
    .tuple(borders, fc.option(borders, { freq: 5 }))
    .map(([from, to]): Interval => ({ fromMs: START + from, toMs: to === null ? null : START + to }));
  const forward = intervals.map(({ fromMs, toMs }) => ({
    fromMs: toMs === null ? fromMs : Math.min(fromMs, toMs),
    toMs: toMs === null ? null : Math.max(fromMs, toMs),
  }));
  const some = fc.array(fc.oneof(forward, forward, intervals), { maxLength: 3 });
  const incidents = fc.array(
    fc
      .tuple(fc.oneof(forward, forward, intervals), fc.constantFrom(0, 1, 2, 3, 3, 4, 4, 200), fc.boolean())
      .map(([interval, severity, isFalseAlarm]): IncidentInterval => ({ ...interval, severity, isFalseAlarm })),
    { maxLength: 6 },
  );
  const windows = fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 22 })).map(([from, length]) => ({
    fromMs: START + from,
    toMs: START + from + length,
  }));
  const anyInput: fc.Arbitrary<SlaInput> = fc.record({
    window: windows,
    incidents,
    observed: some,
    paused: some,
    maintenance: some,
    unwatched: some,
  });
  const anyOptions: fc.Arbitrary<SlaOptions> = fc.record({
    maintenance: fc.constantFrom('exclude', 'include'),
    degraded: fc.constantFrom('up', 'separate'),
    seemsDown: fc.constantFrom('down', 'up', 'separate'),
    falseAlarms: fc.constantFrom('unknown', 'down'),
  });

  it('comes to the same, and its states add up to the window', () => {
    fc.assert(
      fc.property(anyInput, anyOptions, (facts, set) => {
        const report = measureSla(facts, set);
        const sum = Object.values(report.ms).reduce((total, each) => total + each, 0);
        if (sum !== facts.window.toMs - facts.window.fromMs) throw new Error(`the states add up to ${sum} ms`);
        // Comparing text is much quicker than `toEqual`, which then tells what differs.
        const counted = countEveryMs(facts, set);
        if (JSON.stringify(report) !== JSON.stringify(counted)) expect(report).toEqual(counted);
      }),
      { numRuns: runs(20_000) },
    );
  });

  it('lists the outages that it counts, with the downtime of each', () => {
    fc.assert(
      fc.property(anyInput, anyOptions, (facts, set) => {
        const { outages, downtimeMs } = measureSla(facts, set);
        const listed = listOutages(facts, set);
        expect(listed.length).toBe(outages.count);
        expect(listed.reduce((sum, each) => sum + each.downtimeMs, 0)).toBe(downtimeMs);
        for (const [index, { fromMs, toMs }] of listed.entries()) {
          expect(toMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(fromMs);
          expect(listed[index + 1]?.fromMs ?? Number.POSITIVE_INFINITY).toBeGreaterThan(toMs ?? 0);
        }
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('is not changed by the order of intervals or by having one twice', () => {
    fc.assert(
      fc.property(anyInput, anyOptions, (facts, set) => {
        const twiceInReverse = <Item>(items: readonly Item[]) => [...items, ...items].reverse();
        const other: SlaInput = {
          window: facts.window,
          incidents: twiceInReverse(facts.incidents),
          observed: twiceInReverse(facts.observed),
          paused: twiceInReverse(facts.paused),
          maintenance: twiceInReverse(facts.maintenance),
          unwatched: twiceInReverse(facts.unwatched ?? []),
        };
        expect(measureSla(other, set)).toEqual(measureSla(facts, set));
      }),
      { numRuns: runs(1_000) },
    );
  });
});
