import { describe, expect, it } from 'vitest';
import { STATES, type State } from '../../src/domain/state.ts';
import {
  awaitsVerdict,
  countStates,
  incidentsInOrder,
  inOrder,
  MOST_SITES,
  sitesToDoubt,
  siteToFetch,
  unverifiedIn,
} from './fleet.ts';
import { type Board, EMPTY_BOARD, reduce } from './model.ts';
import { at, endpoint, event, latest, moved, result, site, transition, verification } from './samples.ts';

function boardOf(...sites: ReturnType<typeof site>[]): Board {
  const snapshot = { sites, nextSites: null, open: [], nextOpen: null, resolved: [] };
  return reduce(EMPTY_BOARD, { type: 'loaded', snapshot });
}

describe('sites to doubt', () => {
  const lookedAt = (id: number, second: number, state: State = 'Up') =>
    site(id, state, { endpoints: [endpoint(id, state, { latest: latest(second) })] });

  it('are those shown as Up whose looks stopped coming', () => {
    const board = boardOf(lookedAt(1, 0), lookedAt(2, 300), lookedAt(3, 0, 'Unknown'), lookedAt(4, 0, 'Down'));
    expect(sitesToDoubt(board, Date.parse(at(630)))).toEqual([]);
    expect(sitesToDoubt(board, Date.parse(at(631)))).toEqual([1]);
  });

  it('are not those with one endpoint that is still looked at', () => {
    const endpoints = [endpoint(1, 'Up', { latest: latest(0) }), endpoint(2, 'Up', { latest: latest(600) })];
    expect(sitesToDoubt(boardOf(site(1, 'Up', { endpoints })), Date.parse(at(700)))).toEqual([]);
  });
});

describe('what is unverified', () => {
  const seemsDown = site(1, 'Seems Down', { endpoints: [endpoint(11, 'Seems Down'), endpoint(12, 'Up')] });
  const unverified = { endpoint_id: 11, verification: verification('unverified') };

  function withOpen(sites: ReturnType<typeof site>[], ...open: ReturnType<typeof event>[]): Board {
    const snapshot = { sites, nextSites: null, open, nextOpen: null, resolved: [] };
    return reduce(EMPTY_BOARD, { type: 'loaded', snapshot });
  }

  it('is the site and the endpoint whose state comes from an event that nobody could confirm', () => {
    const found = unverifiedIn(withOpen([seemsDown, site(2, 'Seems Down')], event(7, 1, unverified), event(8, 2)));
    expect([...found]).toEqual([['1', { site: true, endpoints: new Set(['11']) }]]);
  });

  it('is not a site whose state has another cause', () => {
    const down = site(1, 'Down', { endpoints: [endpoint(11, 'Seems Down'), endpoint(12, 'Down')] });
    const found = unverifiedIn(
      withOpen([down], event(7, 1, unverified), event(8, 1, { endpoint_id: 12, state: 'Down' })),
    );
    expect([...found]).toEqual([['1', { site: false, endpoints: new Set(['11']) }]]);
  });

  it('is nothing that verifiers spoke to, or were not asked about', () => {
    const open = [event(7, 1, { ...unverified, verification: verification('regional') }), event(8, 1)];
    expect(unverifiedIn(withOpen([seemsDown], ...open)).size).toBe(0);
  });

  it('may be there as long as something seems down', () => {
    expect(awaitsVerdict(withOpen([seemsDown], event(7, 1)))).toBe(true);
    expect(awaitsVerdict(withOpen([site(1, 'Down')], event(7, 1, { state: 'Down' })))).toBe(false);
  });
});

describe('the order of sites', () => {
  it('puts the worst first and what is switched off last', () => {
    const sites = STATES.map((state, index) => site(index + 1, state));
    expect(inOrder(sites).map(({ current_state }) => current_state)).toEqual([
      'Down',
      'Seems Down',
      'Degraded',
      'Warning',
      'Unknown',
      'Up',
      'Maintenance',
      'Paused',
    ]);
  });

  it('is by URL, then by id, among equals', () => {
    const same = { monitor_url: 'https://a.example/' };
    const sites = [site(3), site(2n ** 60n, 'Up', same), site(1, 'Up', same)];
    expect(inOrder(sites).map(({ id }) => id)).toEqual([1, 2n ** 60n, 3]);
  });
});

describe('counting', () => {
  it('names each state that occurs, the worst first', () => {
    expect(countStates([site(1), site(2, 'Down'), site(3)])).toEqual([
      { state: 'Down', count: 1 },
      { state: 'Up', count: 2 },
    ]);
    expect(countStates([])).toEqual([]);
  });
});

describe('the order of incidents', () => {
  it('is newest first', () => {
    const open = [event(1, 1, { started_at: '2026-01-01T00:00:00.000Z' }), event(2, 1)];
    const snapshot = { sites: [], nextSites: null, open, nextOpen: null, resolved: [] };
    const board = reduce(EMPTY_BOARD, { type: 'loaded', snapshot });
    expect(incidentsInOrder(board.open.values()).map(({ id }) => id)).toEqual([2, 1]);
  });
});

describe('the site to fetch', () => {
  it('is one that was added elsewhere', () => {
    expect(siteToFetch(boardOf(), { type: 'site', data: { site_id: 5, change: 'created' } })).toBe(5);
    expect(siteToFetch(boardOf(site(5)), { type: 'site', data: { site_id: 5, change: 'created' } })).toBeNull();
  });

  it('is one that is shown and was changed', () => {
    expect(siteToFetch(boardOf(site(5)), { type: 'site', data: { site_id: 5, change: 'updated' } })).toBe(5);
    expect(siteToFetch(boardOf(), { type: 'site', data: { site_id: 5, change: 'updated' } })).toBeNull();
    expect(siteToFetch(boardOf(site(5)), { type: 'site', data: { site_id: 5, change: 'removed' } })).toBeNull();
  });

  it('is one in trouble that is not loaded yet', () => {
    const down = moved(5, 'Down', transition(7, 1, 'Down'));
    expect(siteToFetch(boardOf(), down)).toBe(5);
    expect(siteToFetch(boardOf(site(5)), down)).toBeNull();
    expect(siteToFetch(boardOf(), moved(5, 'Up', transition(7, 2, 'Resolved')))).toBeNull();
    expect(siteToFetch(boardOf(), moved(5, 'Paused', transition(7, 2, 'Resolved')))).toBeNull();
  });

  it('is none for a mere result, and none once the page holds as much as it will', () => {
    expect(siteToFetch(boardOf(), result(5, 'Up', latest(1)))).toBeNull();
    const full = boardOf(...Array.from({ length: MOST_SITES }, (_, index) => site(index + 1)));
    expect(siteToFetch(full, { type: 'site', data: { site_id: 5000, change: 'created' } })).toBeNull();
  });
});
