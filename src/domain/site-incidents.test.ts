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
  endpoints: [1n, 2n].map((endpointId) => ({ endpointId: endpointId as EndpointId, active: true })),
  rules: DEFAULT_RULES,
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
});
