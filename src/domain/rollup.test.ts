import { describe, expect, it } from 'vitest';
import type { EventId } from './ids.ts';
import { byWorst, type EndpointFacts, endpointState, isStale, type OpenEvent, siteState } from './rollup.ts';
import { type State, severityOf } from './state.ts';

function event(id: number, state: State, startedAtMs = 0): OpenEvent {
  return { eventId: BigInt(id) as EventId, state, severity: severityOf(state), startedAtMs };
}

function endpoint(facts: Partial<EndpointFacts> = {}): EndpointFacts {
  return { active: true, latest: 'Up', open: [], ...facts };
}

describe('endpointState', () => {
  it('is Up when the last look was healthy and nothing is open', () => {
    expect(endpointState(endpoint())).toEqual({ state: 'Up', severity: 0, eventId: null });
  });

  it('is Unknown before the first look, and when the last look could not tell', () => {
    expect(endpointState(endpoint({ latest: null })).state).toBe('Unknown');
    expect(endpointState(endpoint({ latest: 'Unknown' })).state).toBe('Unknown');
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

describe('siteState', () => {
  it('is Paused when every endpoint is, even with no endpoint at all', () => {
    expect(siteState([endpoint({ active: false })], [event(1, 'Down')]).state).toBe('Paused');
    expect(siteState([], []).state).toBe('Paused');
  });

  it('takes the worst of the endpoints that are watched and of the site itself', () => {
    const paused = endpoint({ active: false, open: [event(1, 'Down')] });
    const watched = endpoint({ open: [event(2, 'Warning')] });
    expect(siteState([paused, watched], [])).toMatchObject({ state: 'Warning', eventId: 2n });
    expect(siteState([paused, watched], [event(3, 'Degraded')])).toMatchObject({ state: 'Degraded', eventId: 3n });
  });

  it('is Unknown only when no watched endpoint can tell', () => {
    expect(siteState([endpoint({ latest: null }), endpoint()], []).state).toBe('Up');
    expect(siteState([endpoint({ latest: null }), endpoint({ latest: 'Unknown' })], []).state).toBe('Unknown');
  });
});

describe('byWorst', () => {
  it('orders severity down and start up', () => {
    const events = [event(1, 'Warning', 1), event(2, 'Down', 9), event(3, 'Down', 3)];
    expect(events.toSorted(byWorst).map((each) => each.eventId)).toEqual([3n, 2n, 1n]);
  });
});
