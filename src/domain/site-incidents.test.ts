import { describe, expect, it } from 'vitest';
import type { EndpointId, EventId } from './ids.ts';
import type { IncidentInterval } from './incident-intervals.ts';
import { DEFAULT_RULES } from './rollup-rules.ts';
import { type Finding, type SiteRecord, siteIncidents } from './site-incidents.ts';

const interval = (fromMs: number, toMs: number | null, severity: number, isFalseAlarm = false): IncidentInterval => ({
  fromMs,
  toMs,
  severity,
  isFalseAlarm,
});

let events = 0;
const finding = (endpoint: number | null, ...intervals: IncidentInterval[]): Finding => ({
  eventId: BigInt(++events) as EventId,
  endpointId: endpoint === null ? null : (BigInt(endpoint) as EndpointId),
  checkType: 'http',
  intervals,
});

const recordOf = (own: IncidentInterval[], findings: Finding[], set: Partial<SiteRecord> = {}): SiteRecord => ({
  own,
  findings,
  stretches: [{ fromMs: Number.NEGATIVE_INFINITY, first: 1n as EndpointId, rules: DEFAULT_RULES }],
  ...set,
});

describe('what was wrong with a site', () => {
  it('is its own record, whatever reason that was closed for', () => {
    const own = [interval(0, 10, 3, true), interval(10, 20, 4, true)];
    expect(siteIncidents(recordOf(own, [finding(1, interval(0, 10, 3), interval(10, 20, 4))]))).toEqual([
      interval(0, 10, 3),
      interval(10, 20, 4),
    ]);
  });

  it('is a false alarm where nothing else made it fail', () => {
    const own = [interval(0, 10, 3)];
    expect(siteIncidents(recordOf(own, [finding(1, interval(0, 10, 3, true))]))).toEqual([interval(0, 10, 3, true)]);
  });

  it('keeps what was mild beside a false alarm, and is real again when that is over', () => {
    const own = [interval(0, 10, 1), interval(10, 20, 3), interval(20, 30, 1)];
    const found = siteIncidents(
      recordOf(own, [finding(1, interval(10, 20, 3, true)), finding(null, interval(0, 30, 1))]),
    );
    expect(found).toEqual([interval(0, 10, 1), interval(20, 30, 1), interval(10, 20, 3, true), interval(10, 20, 1)]);
  });

  it('is real while another failure counts for the site, and not for one that does not', () => {
    const own = [interval(0, 30, 4)];
    const falseAlarm = finding(1, interval(0, 30, 4, true));
    const besides = (...more: Finding[]) => siteIncidents(recordOf(own, [falseAlarm, ...more]));
    expect(besides(finding(null, interval(10, 20, 4)))).toEqual([
      interval(0, 10, 4, true),
      interval(10, 20, 4),
      interval(20, 30, 4, true),
    ]);
    // The second endpoint is not critical: it counts as a warning.
    expect(besides(finding(2, interval(10, 30, 4)))).toEqual([interval(0, 30, 4, true), interval(10, 30, 1)]);
  });

  it('lasts while it is open', () => {
    const found = siteIncidents(
      recordOf([interval(0, null, 3)], [finding(1, interval(0, 5, 3, true)), finding(1, interval(5, null, 3))]),
    );
    expect(found).toEqual([interval(0, 5, 3, true), interval(5, null, 3)]);
  });

  it('is weighed by who spoke for the site then', () => {
    const own = [interval(0, 30, 4)];
    const findings = [finding(1, interval(0, 30, 4, true)), finding(2, interval(0, 30, 4))];
    const [first, second] = [1n, 2n] as EndpointId[];
    const stretches = [Number.NEGATIVE_INFINITY, 10, 20].map((fromMs, index) => ({
      fromMs,
      first: (index === 1 ? second : first) as EndpointId,
      rules: DEFAULT_RULES,
    }));
    expect(siteIncidents(recordOf(own, findings, { stretches }))).toEqual([
      interval(0, 10, 4, true),
      interval(0, 10, 1),
      interval(10, 20, 4),
      interval(20, 30, 4, true),
      interval(20, 30, 1),
    ]);
  });

  it('takes a few steps for each failure, however many overlap', () => {
    const readsOf = (failures: number) => {
      let reads = 0;
      const counted = (fromMs: number, toMs: number, severity: number, isFalseAlarm: boolean): IncidentInterval => ({
        ...{ fromMs, toMs, isFalseAlarm },
        get severity() {
          reads += 1;
          return severity;
        },
      });
      const findings = Array.from({ length: failures }, (_, at) =>
        finding(at + 1, counted(at, failures * 2 - at, 4, at % 2 === 0)),
      );
      siteIncidents(recordOf([counted(0, failures * 2, 4, false)], findings));
      return reads / failures;
    };
    expect(readsOf(2_000)).toBeLessThan(readsOf(200) * 2);
  });
});
