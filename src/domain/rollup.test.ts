import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/kit/runs.ts';
import type { EndpointId, EventId } from './ids.ts';
import {
  byWorst,
  type EndpointFacts,
  endpointState,
  isStale,
  type OpenEvent,
  rollUp,
  SITE_STATE_CHECK,
  type SiteFacts,
  siteIncident,
} from './rollup.ts';
import { DEFAULT_RULES, type RollupRules } from './rollup-rules.ts';
import { INCIDENT_STATES, type IncidentState, incidentStateOf, STATES, severityOf } from './state.ts';

function event(id: number, state: IncidentState, startedAtMs = 0): OpenEvent {
  const severity = severityOf(state);
  return { eventId: BigInt(id) as EventId, checkType: 'http', reverse: false, state, severity, startedAtMs };
}

function endpoint({ id = 1, ...facts }: Partial<EndpointFacts> & { id?: number } = {}): EndpointFacts {
  return {
    endpointId: BigInt(id) as EndpointId,
    active: true,
    latest: 'Up',
    wasServed: false,
    open: [],
    outageChecks: null,
    ...facts,
  };
}

function site(endpoints: readonly EndpointFacts[], siteOpen: readonly OpenEvent[] = []): SiteFacts {
  return { endpoints, siteOpen, inMaintenance: false };
}

function rules(set: Partial<RollupRules>): RollupRules {
  return { ...DEFAULT_RULES, ...set };
}

const DOWN = event(1, 'Down');

describe('endpointState', () => {
  it('is Up when the last look was healthy and nothing is open', () => {
    expect(endpointState(endpoint())).toEqual({ state: 'Up', severity: 0, eventId: null });
  });

  it('is Unknown before the first look, and when the last look could not tell', () => {
    expect(endpointState(endpoint({ latest: null })).state).toBe('Unknown');
    expect(endpointState(endpoint({ latest: 'Unknown' })).state).toBe('Unknown');
  });

  it('is Up while a failure is being confirmed, and Unknown where it was never served', () => {
    const failed = endpoint({ latest: 'Seems Down' });
    expect(endpointState(failed).state).toBe('Unknown');
    expect(endpointState({ ...failed, wasServed: true }).state).toBe('Up');
    expect(endpointState({ ...failed, latest: 'Unknown', wasServed: true }).state).toBe('Unknown');
    expect(rollUp(site([failed]), DEFAULT_RULES).state).toBe('Unknown');
    expect(rollUp(site([{ ...failed, wasServed: true }]), DEFAULT_RULES).state).toBe('Up');
  });

  it('is the worst open event, and Unknown never hides it', () => {
    const open = [event(1, 'Warning'), event(2, 'Down', 50), event(3, 'Seems Down')];
    expect(endpointState(endpoint({ latest: 'Unknown', open }))).toEqual({ state: 'Down', severity: 4, eventId: 2n });
  });

  it('breaks a tie by the earliest start, then by the lowest id', () => {
    expect(endpointState(endpoint({ open: [event(1, 'Down', 20), event(2, 'Down', 10)] })).eventId).toBe(2n);
    expect(endpointState(endpoint({ open: [event(5, 'Down', 10), event(4, 'Down', 10)] })).eventId).toBe(4n);
  });

  it('compares severities and does not enumerate states', () => {
    const worse: OpenEvent = { ...event(9, 'Degraded'), severity: 200 };
    expect(endpointState(endpoint({ open: [event(1, 'Down'), worse] }))).toMatchObject({ severity: 200, eventId: 9n });
  });

  it('is Paused whatever is open', () => {
    expect(endpointState(endpoint({ active: false, open: [event(1, 'Down')] })).state).toBe('Paused');
  });

  it('is Maintenance within a window, unless it is paused', () => {
    const down = endpoint({ open: [event(1, 'Down')] });
    expect(endpointState({ ...down, inMaintenance: true })).toEqual({
      state: 'Maintenance',
      severity: 0,
      eventId: null,
    });
    expect(endpointState({ ...down, active: false, inMaintenance: true }).state).toBe('Paused');
  });
});

describe('isStale', () => {
  it.each([
    [{ intervalSeconds: 60, timeoutSeconds: null }, 150],
    [{ intervalSeconds: 60, timeoutSeconds: 5 }, 150],
    [{ intervalSeconds: 300, timeoutSeconds: 100 }, 700],
    [{ intervalSeconds: 1, timeoutSeconds: 30 }, 32],
  ])('is a look of %j once it is older than %i s', (endpoint, seconds) => {
    expect(isStale(seconds * 1000, endpoint)).toBe(false);
    expect(isStale(seconds * 1000 + 1, endpoint)).toBe(true);
  });

  it('is no look of the future, which a corrected clock leaves behind', () => {
    expect(isStale(-5_000, { intervalSeconds: 60, timeoutSeconds: null })).toBe(false);
  });
});

describe('rollUp', () => {
  const state = (facts: SiteFacts, set: Partial<RollupRules> = {}) => rollUp(facts, rules(set));

  it('is Paused when every endpoint is, even with no endpoint at all', () => {
    expect(state(site([endpoint({ active: false })], [DOWN])).state).toBe('Paused');
    expect(state(site([])).state).toBe('Paused');
  });

  it('puts Paused before Maintenance, and Maintenance before whatever is wrong', () => {
    const inMaintenance = { ...site([endpoint({ open: [DOWN] })]), inMaintenance: true };
    expect(state(inMaintenance)).toEqual({ state: 'Maintenance', severity: 0, eventId: null });
    expect(state({ ...inMaintenance, endpoints: [endpoint({ active: false })] }).state).toBe('Paused');
  });

  it('takes the worst of the endpoints that are watched and of the site itself', () => {
    const paused = endpoint({ active: false, open: [DOWN] });
    const watched = endpoint({ id: 2, open: [event(2, 'Warning')] });
    expect(state(site([paused, watched]))).toMatchObject({ state: 'Warning', eventId: 2n });
    expect(state(site([paused, watched], [event(3, 'Degraded')]))).toMatchObject({ state: 'Degraded', eventId: 3n });
  });

  it('shows an outage of an endpoint that is not the first as a Warning', () => {
    const facts = site([endpoint({ id: 9, open: [DOWN] }), endpoint({ id: 3 })]);
    expect(state(facts)).toEqual({ state: 'Warning', severity: 1, eventId: 1n });
    expect(state(facts, { nonCriticalCap: 'Degraded' }).state).toBe('Degraded');
    expect(state(facts, { endpoints: new Map([[9n as EndpointId, 'critical']]) }).state).toBe('Down');
  });

  it('takes the first endpoint that is watched for the critical one', () => {
    const facts = site([endpoint({ id: 1, active: false }), endpoint({ id: 5 }), endpoint({ id: 2, open: [DOWN] })]);
    expect(state(facts).state).toBe('Down');
    expect(state(facts, { endpoints: new Map([[2n as EndpointId, 'non_critical']]) }).state).toBe('Warning');
  });

  it('lets an owner say what a check means for the site, wherever its events are filed', () => {
    const expiry = { ...event(4, 'Degraded'), checkType: 'tls_expiry' };
    for (const facts of [site([endpoint({ open: [expiry] })]), site([endpoint()], [expiry])]) {
      expect(state(facts).state).toBe('Degraded');
      expect(state(facts, { siteChecks: new Map([['tls_expiry', 'cap:Warning']]) }).state).toBe('Warning');
      expect(state(facts, { siteChecks: new Map([['tls_expiry', 'ignore']]) }).state).toBe('Up');
      expect(state(facts, { siteChecks: new Map([['http', 'ignore']]) }).state).toBe('Degraded');
    }
  });

  it('keeps reverse checks apart unless asked', () => {
    const facts = site([endpoint()], [{ ...DOWN, checkType: 'cron', reverse: true }]);
    expect(state(facts).state).toBe('Up');
    expect(state(facts, { reverse: 'cap:Degraded' }).state).toBe('Degraded');
    expect(state(facts, { reverse: 'pass' }).state).toBe('Down');
  });

  it('lets a majority of the checks that can fail decide about an outage, and a minority degrade', () => {
    const keyword = { ...event(2, 'Seems Down'), checkType: 'keyword' };
    const of = (outageChecks: number | null, ...open: OpenEvent[]) =>
      state(site([endpoint({ outageChecks, open })]), { endpointRule: 'majority' }).state;
    expect(of(1, DOWN)).toBe('Down');
    expect(of(2, DOWN)).toBe('Degraded');
    expect(of(2, DOWN, keyword)).toBe('Down');
    expect(of(3, DOWN, { ...event(3, 'Down'), checkType: 'http' })).toBe('Degraded');
    expect(of(null, DOWN)).toBe('Down');
    expect(of(9, event(4, 'Warning'))).toBe('Warning');
  });

  it('lets what is worse than Down through every cap, but not what is left out', () => {
    const breakIn: OpenEvent = { ...DOWN, state: 'Degraded', severity: 200 };
    const facts = site([endpoint({ id: 1 }), endpoint({ id: 2, outageChecks: 9, open: [breakIn] })]);
    const caps = { siteChecks: new Map([['http', 'cap:Warning'] as const]), endpointRule: 'majority' } as const;
    expect(state(facts, caps)).toEqual({ state: 'Degraded', severity: 200, eventId: 1n });
    expect(state(facts, { siteChecks: new Map([['http', 'ignore']]) }).state).toBe('Up');
  });

  it('does not take the record of the state of a site for something wrong with it', () => {
    const record = { ...DOWN, checkType: SITE_STATE_CHECK };
    expect(state(site([endpoint()], [record])).state).toBe('Up');
  });

  it('is Unknown only when no critical endpoint that is watched can tell', () => {
    const blind = endpoint({ id: 1, latest: null });
    const seeing = endpoint({ id: 2 });
    expect(state(site([blind, seeing])).state).toBe('Unknown');
    expect(state(site([blind, seeing]), { endpoints: new Map([[2n as EndpointId, 'critical']]) }).state).toBe('Up');
    expect(state(site([{ ...blind, active: false }, seeing])).state).toBe('Up');
    const none = { endpoints: new Map([[1n as EndpointId, 'non_critical'] as const]) };
    expect(state(site([blind, seeing]), none).state).toBe('Up');
    expect(state(site([blind, { ...seeing, latest: 'Unknown' }]), none).state).toBe('Unknown');
  });
});

describe('siteIncident', () => {
  const incident = (endpoints: readonly EndpointFacts[], siteOpen: readonly OpenEvent[] = []) =>
    siteIncident(endpoints, siteOpen, DEFAULT_RULES);

  it('is nothing while nothing is open, whatever the looks say', () => {
    expect(incident([endpoint(), endpoint({ id: 2, latest: 'Unknown' })])).toBeNull();
  });

  it('names the event that causes it', () => {
    expect(incident([endpoint({ open: [DOWN] })])).toEqual({ state: 'Down', severity: 4, causeEventId: 1n });
  });

  it('is Paused only when there are endpoints and none is watched', () => {
    const paused = endpoint({ active: false, open: [DOWN] });
    expect(incident([paused])).toEqual({ state: 'Paused', severity: 0, causeEventId: null });
    expect(incident([])).toBeNull();
    expect(incident([], [DOWN])).toMatchObject({ state: 'Down' });
  });
});

describe('any site under any rules', () => {
  const severities = fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 1, arbitrary: fc.constant(200) },
  );
  const events = fc.record({
    checkType: fc.constantFrom('http', 'tls_expiry', 'dns', SITE_STATE_CHECK),
    reverse: fc.boolean(),
    severity: severities,
    startedAtMs: fc.integer({ min: 0, max: 3 }),
  });
  const endpoints = fc.record({
    active: fc.boolean(),
    latest: fc.constantFrom(null, ...STATES),
    wasServed: fc.boolean(),
    outageChecks: fc.constantFrom(null, 0, 1, 2, 3),
    open: fc.array(events, { maxLength: 3 }),
  });
  const modes = fc.constantFrom('pass', 'ignore', 'cap:Warning', 'cap:Degraded', 'cap:Seems Down', 'cap:Down');
  const anyRules: fc.Arbitrary<RollupRules> = fc.record({
    endpoints: fc
      .array(fc.tuple(fc.bigInt(1n, 4n), fc.constantFrom('critical', 'non_critical')), { maxLength: 3 })
      .map((entries) => new Map(entries as [EndpointId, 'critical'][])),
    nonCriticalCap: fc.constantFrom(...INCIDENT_STATES),
    endpointRule: fc.constantFrom('worst', 'majority'),
    siteChecks: fc
      .array(fc.tuple(fc.constantFrom('http', 'tls_expiry', 'dns'), modes), { maxLength: 2 })
      .map((entries) => new Map(entries as [string, 'pass'][])),
    reverse: fc.constantFrom('separate', 'pass', 'cap:Warning', 'cap:Down'),
    unknownMode: fc.constant('overlay'),
  });
  /** Ids are given in the order of making, so that every event and endpoint has its own. */
  const sites: fc.Arbitrary<SiteFacts> = fc
    .record({ endpoints: fc.array(endpoints, { maxLength: 4 }), siteOpen: fc.array(events, { maxLength: 3 }) })
    .map((made) => {
      let next = 1n;
      const named = (open: typeof made.siteOpen) =>
        open.map((each): OpenEvent => ({ ...each, state: incidentStateOf(each.severity), eventId: next++ as EventId }));
      return {
        endpoints: made.endpoints.map((each, index) => ({
          ...each,
          endpointId: BigInt(index + 1) as EndpointId,
          open: named(each.open),
        })),
        siteOpen: named(made.siteOpen),
        inMaintenance: false,
      };
    });
  const seeds = fc.array(fc.nat(), { minLength: 8, maxLength: 8 });

  function shuffled<Item>(items: readonly Item[], seed: readonly number[]): Item[] {
    return items
      .map((item, index) => ({ item, key: seed[index] ?? 0 }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  }

  it('does not depend on the order of anything', () => {
    fc.assert(
      fc.property(sites, anyRules, seeds, (facts, anyOf, seed) => {
        const other: SiteFacts = {
          ...facts,
          endpoints: shuffled(facts.endpoints, seed).map((each) => ({ ...each, open: shuffled(each.open, seed) })),
          siteOpen: shuffled(facts.siteOpen, seed),
        };
        expect(rollUp(other, anyOf)).toEqual(rollUp(facts, anyOf));
        const recorded = siteIncident(facts.endpoints, facts.siteOpen, anyOf);
        expect(siteIncident(other.endpoints, other.siteOpen, anyOf)).toEqual(recorded);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('never gets better by one more open event, and Unknown never hides one', () => {
    fc.assert(
      fc.property(sites, anyRules, events, fc.nat({ max: 4 }), (facts, anyOf, more, where) => {
        const added: OpenEvent = { ...more, state: incidentStateOf(more.severity), eventId: 99n as EventId };
        const worse: SiteFacts = {
          ...facts,
          endpoints: facts.endpoints.map((each, at) =>
            at === where ? { ...each, open: [...each.open, added] } : each,
          ),
          siteOpen: where >= facts.endpoints.length ? [...facts.siteOpen, added] : facts.siteOpen,
        };
        const before = rollUp(facts, anyOf);
        const after = rollUp(worse, anyOf);
        expect(after.severity).toBeGreaterThanOrEqual(before.severity);
        const blind = { ...facts, endpoints: facts.endpoints.map((each) => ({ ...each, latest: null })) };
        if (before.severity > 0) expect(rollUp(blind, anyOf)).toEqual(before);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('stays within what the rules allow, and Paused wins', () => {
    fc.assert(
      fc.property(sites, anyRules, (facts, anyOf) => {
        const rolledUp = rollUp(facts, anyOf);
        const watched = facts.endpoints.filter((each) => each.active);
        const counted = [...facts.siteOpen, ...watched.flatMap((each) => each.open)].filter(
          ({ checkType, reverse }) =>
            checkType !== SITE_STATE_CHECK &&
            anyOf.siteChecks.get(checkType) !== 'ignore' &&
            !(reverse && anyOf.reverse === 'separate'),
        );
        if (watched.length === 0) {
          expect(rolledUp).toEqual({ state: 'Paused', severity: 0, eventId: null });
          return;
        }
        const worst = Math.max(0, ...counted.map(({ severity }) => severity));
        expect(rolledUp.severity).toBeLessThanOrEqual(worst);
        expect(rolledUp.severity > 0).toBe(counted.length > 0);
        if (worst > 4) expect(rolledUp.severity).toBe(worst);
        const capped = (checkType: string) => anyOf.siteChecks.get(checkType) ?? 'cap:Warning';
        const siteChecks = new Map(
          ['http', 'tls_expiry', 'dns'].map((type) => [type, capped(type) === 'ignore' ? 'ignore' : 'cap:Warning']),
        ) as RollupRules['siteChecks'];
        if (worst <= 4) expect(rollUp(facts, { ...anyOf, siteChecks }).severity).toBeLessThanOrEqual(1);
        const noCritical = {
          ...anyOf,
          nonCriticalCap: 'Warning' as const,
          endpoints: new Map(facts.endpoints.map(({ endpointId }) => [endpointId, 'non_critical'] as const)),
        };
        if (worst <= 4) expect(rollUp({ ...facts, siteOpen: [] }, noCritical).severity).toBeLessThanOrEqual(1);
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('is recorded in the log as it is shown, whenever an incident or a pause decides', () => {
    fc.assert(
      fc.property(sites, anyRules, (facts, anyOf) => {
        fc.pre(facts.endpoints.length > 0);
        const shown = rollUp(facts, anyOf);
        const recorded = siteIncident(facts.endpoints, facts.siteOpen, anyOf);
        const isRecorded = shown.severity > 0 || shown.state === 'Paused';
        const { state, severity, eventId: causeEventId } = shown;
        expect(recorded).toEqual(isRecorded ? { state, severity, causeEventId } : null);
      }),
      { numRuns: runs(2_000) },
    );
  });
});

describe('byWorst', () => {
  it('orders severity down and start up', () => {
    const events = [event(1, 'Warning', 1), event(2, 'Down', 9), event(3, 'Down', 3)];
    expect(events.toSorted(byWorst).map((each) => each.eventId)).toEqual([3n, 2n, 1n]);
  });
});
