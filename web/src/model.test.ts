import { describe, expect, it } from 'vitest';
import type { EventDetail } from '../../src/contracts/events.ts';
import { stepsLacking, subjectOf } from './incident.ts';
import { type Board, EMPTY_BOARD, findIncident, type Message, RESOLVED_KEPT, reduce, type Snapshot } from './model.ts';
import { at, endpoint, event, latest, moved, result, site, transition, verification } from './samples.ts';

const BIG = 9_007_199_254_740_993n;

function boardWith(snapshot: Partial<Snapshot> = {}): Board {
  const whole: Snapshot = { sites: [], nextSites: null, open: [], nextOpen: null, resolved: [], ...snapshot };
  return reduce(EMPTY_BOARD, { type: 'loaded', snapshot: whole });
}

function played(board: Board, ...messages: Message[]): Board {
  return messages.reduce(reduce, board);
}

describe('loading', () => {
  it('shows what was fetched, and forgets the failure before it', () => {
    const failed = reduce(EMPTY_BOARD, { type: 'failed', problem: { message: 'no reply', fix: null } });
    const board = reduce(failed, {
      type: 'loaded',
      snapshot: { sites: [site(1)], nextSites: 'c', open: [event(7, 1)], nextOpen: null, resolved: [] },
    });
    expect(board).toMatchObject({ ready: true, problem: null, nextSites: 'c' });
    expect([...board.sites.keys()]).toEqual(['1']);
    expect(board.open.get('7')).toMatchObject({ state: 'Seems Down', cause: 'Nothing listens there.', seq: 1 });
  });

  it('replaces everything on a second load, so that what is gone on the server goes here too', () => {
    const board = played(boardWith({ sites: [site(1), site(2)], open: [event(7, 1)] }), {
      type: 'loaded',
      snapshot: { sites: [site(2)], nextSites: null, open: [], nextOpen: null, resolved: [] },
    });
    expect([...board.sites.keys()]).toEqual(['2']);
    expect(board.open.size).toBe(0);
  });

  it('adds a further page without doubling a site that came by the stream before', () => {
    const board = played(
      boardWith({ sites: [site(1)], nextSites: 'c' }),
      { type: 'upserted', site: site(3, 'Down') },
      { type: 'more_sites', sites: [site(2), site(3)], next: null },
    );
    expect([...board.sites.keys()].sort()).toEqual(['1', '2', '3']);
    expect(board.nextSites).toBeNull();
  });

  it('keeps 64-bit ids apart that are one number in floating point', () => {
    const board = boardWith({ sites: [site(BIG), site(BIG - 1n)] });
    expect([...board.sites.keys()]).toEqual(['9007199254740993', '9007199254740992']);
    expect(played(board, moved(BIG, 'Down', transition(7, 1, 'Down'))).sites.get('9007199254740992')).toMatchObject({
      current_state: 'Up',
    });
  });

  it('takes the URL, the cause and the advice of an incident from its evidence', () => {
    const metadata = {
      url: 'https://s1.example/',
      summary: 'Nothing listens there.',
      advice: 'Start it.',
      attempts: 2,
    };
    expect(boardWith({ open: [event(7, 1, { metadata })] }).open.get('7')).toMatchObject({
      url: 'https://s1.example/',
      cause: 'Nothing listens there.',
      advice: 'Start it.',
    });
  });

  it('takes evidence without a sentence, or of any other shape, as no cause', () => {
    for (const metadata of [null, 'text', 5, {}, { summary: 5 }]) {
      expect(boardWith({ open: [event(7, 1, { metadata })] }).open.get('7')?.cause).toBeNull();
    }
  });
});

describe('a transition', () => {
  it('opens an incident and moves the site and its endpoint', () => {
    const board = played(boardWith({ sites: [site(1)] }), moved(1, 'Seems Down', transition(7, 1, 'Seems Down')));
    expect(board.open.get('7')).toMatchObject({ state: 'Seems Down', startedAt: at(11), endedAt: null, seq: 1 });
    expect(board.sites.get('1')).toMatchObject({
      current_state: 'Seems Down',
      current_severity: 3,
      last_status_change_at: at(11),
      endpoints: [{ current_state: 'Seems Down' }],
    });
    expect(board.announcement).toBe('https://s1.example/: Seems Down');
  });

  it('leads from the first failure over Down to resolved', () => {
    const down = played(
      boardWith({ sites: [site(1)] }),
      moved(1, 'Seems Down', transition(7, 1, 'Seems Down')),
      moved(1, 'Down', transition(7, 2, 'Down', { reason: 'local_confirmed' })),
    );
    expect(down.open.get('7')).toMatchObject({ state: 'Down', startedAt: at(11) });
    expect(down.open.get('7')?.transitions?.map(({ seq }) => seq)).toEqual([1, 2]);
    const well = played(down, moved(1, 'Up', transition(7, 3, 'Resolved')));
    expect(well.open.size).toBe(0);
    expect(well.resolved).toMatchObject([{ state: 'Resolved', endedAt: at(13), seq: 3 }]);
    expect(well.sites.get('1')).toMatchObject({ current_state: 'Up', endpoints: [{ current_state: 'Up' }] });
  });

  it('changes nothing when it comes a second time', () => {
    const once = played(boardWith({ sites: [site(1)] }), moved(1, 'Down', transition(7, 1, 'Down')));
    expect(played(once, moved(1, 'Down', transition(7, 1, 'Down')))).toEqual(once);
  });

  it('does not reopen an incident that the snapshot knows as resolved', () => {
    const resolved = [event(7, 1, { ended_at: at(20), transition_count: 2 })];
    const board = boardWith({ sites: [site(1, 'Up', { last_status_change_at: at(20) })], resolved });
    const replayed = played(board, moved(1, 'Down', transition(7, 1, 'Down')));
    expect(replayed.open.size).toBe(0);
    expect(replayed.sites.get('1')?.current_state).toBe('Up');
  });

  it('is no news when it ends an incident that was never shown', () => {
    expect(played(boardWith(), moved(1, 'Up', transition(7, 2, 'Resolved'))).resolved).toEqual([]);
  });

  it('of a site that is not loaded still shows its incident', () => {
    const board = played(boardWith(), moved(1, 'Down', transition(7, 1, 'Down')));
    expect(board.open.size).toBe(1);
    expect(board.sites.size).toBe(0);
    expect(board.announcement).toBe('');
  });

  it('of one endpoint leaves its neighbours as they are', () => {
    const two = site(1, 'Up', { endpoints: [endpoint(1, 'Up'), endpoint(2, 'Up')] });
    const board = played(boardWith({ sites: [two] }), moved(1, 'Down', transition(7, 1, 'Down')));
    expect(board.sites.get('1')?.endpoints.map(({ current_state }) => current_state)).toEqual(['Down', 'Up']);
  });

  it('drops the known steps when one was missed, so that they are fetched anew', () => {
    const detail = { ...event(7, 1), transitions: [transition(7, 1, 'Seems Down')] };
    const board = played(boardWith({ open: [event(7, 1)] }), { type: 'detailed', event: detail });
    expect(board.open.get('7')?.transitions).toHaveLength(1);
    expect(played(board, moved(1, 'Down', transition(7, 3, 'Down'))).open.get('7')?.transitions).toBeNull();
  });

  it(`keeps the newest ${RESOLVED_KEPT} resolved incidents and no more`, () => {
    let board = boardWith();
    for (let id = 1; id <= 9; id += 1) {
      const end = transition(id, 2, 'Resolved', { changed_at: at(30 + id) });
      board = played(board, moved(1, 'Down', transition(id, 1, 'Down')), moved(1, 'Up', end));
    }
    expect(board.resolved.map(({ id }) => id)).toEqual([9, 8, 7, 6, 5]);
  });
});

describe('the steps of an incident', () => {
  const detail = { ...event(7, 1), transitions: [transition(7, 1, 'Seems Down')] };

  it('survive a load that knows of nothing newer', () => {
    const board = played(
      boardWith({ open: [event(7, 1)] }),
      { type: 'detailed', event: detail },
      {
        type: 'loaded',
        snapshot: { sites: [], nextSites: null, open: [event(7, 1)], nextOpen: null, resolved: [] },
      },
    );
    expect(findIncident(board, 7)?.transitions).toHaveLength(1);
  });

  it('do not undo what the stream told meanwhile', () => {
    const board = played(boardWith({ open: [event(7, 1)] }), moved(1, 'Down', transition(7, 2, 'Down')));
    expect(played(board, { type: 'detailed', event: detail }).open.get('7')?.state).toBe('Down');
  });
});

describe('a result', () => {
  it('moves the site, its times and its last check', () => {
    const board = played(boardWith({ sites: [site(1, 'Unknown')] }), result(1, 'Up', latest(20)));
    expect(board.sites.get('1')).toMatchObject({
      current_state: 'Up',
      last_checked_at: at(20),
      endpoints: [{ current_state: 'Up', latest: { checked_at: at(20) } }],
    });
  });

  it('that is older than the one shown is ignored', () => {
    const board = played(boardWith({ sites: [site(1)] }), result(1, 'Up', latest(20)));
    expect(played(board, result(1, 'Down', latest(19, 'Seems Down'))).sites.get('1')).toEqual(board.sites.get('1'));
  });

  it('cannot tell Seems Down from Down by itself: a failing one of several endpoints keeps its state', () => {
    const two = site(1, 'Down', { endpoints: [endpoint(1, 'Down'), endpoint(2, 'Up')] });
    const board = played(boardWith({ sites: [two] }), result(1, 'Down', latest(20, 'Seems Down')));
    expect(board.sites.get('1')?.endpoints[0]?.current_state).toBe('Down');
    expect(played(board, result(1, 'Up', latest(21))).sites.get('1')?.endpoints[0]?.current_state).toBe('Up');
  });

  it('of a site that is not loaded is ignored', () => {
    expect(played(boardWith(), result(1, 'Up', latest(20))).sites.size).toBe(0);
  });
});

describe('the rest', () => {
  it('takes a removed site away with its open incidents', () => {
    const board = played(boardWith({ sites: [site(1), site(2)], open: [event(7, 1), event(8, 2)] }), {
      type: 'site',
      data: { site_id: 1, change: 'removed' },
    });
    expect([...board.sites.keys()]).toEqual(['2']);
    expect([...board.open.keys()]).toEqual(['8']);
    expect(board.announcement).toBe('https://s1.example/: no longer watched');
  });

  it('waits for the fetch when a site was added or changed', () => {
    const board = boardWith({ sites: [site(1)] });
    expect(played(board, { type: 'site', data: { site_id: 2, change: 'created' } })).toBe(board);
  });

  it('remembers how we stand with the server', () => {
    const board = played(EMPTY_BOARD, { type: 'linked', link: 'live' });
    expect(board.link).toBe('live');
    expect(played(board, { type: 'linked', link: 'live' })).toBe(board);
    expect(played(board, { type: 'locked' }).locked).toBe(true);
  });

  it('adds a further page of open incidents', () => {
    const board = played(boardWith({ open: [event(7, 1)], nextOpen: 'c' }), {
      type: 'more_open',
      events: [event(8, 2)],
      next: null,
    });
    expect([...board.open.keys()]).toEqual(['7', '8']);
    expect(board.nextOpen).toBeNull();
  });
});

describe('the steps of an incident', () => {
  const detail = (count: number): EventDetail => ({
    ...event(7, 1, { transition_count: count }),
    transitions: Array.from({ length: count }, (_, index) => transition(7, index + 1, 'Down')),
  });
  const incidentOn = (board: Board) => board.open.get('7') ?? expect.fail('no incident');

  it('are asked for again when a transition outran them', () => {
    const before = boardWith({ open: [event(7, 1, { transition_count: 1 })] });
    const after = played(before, moved(1, 'Down', transition(7, 2, 'Down')), { type: 'detailed', event: detail(1) });
    expect(incidentOn(after).transitions).toBeNull();
    expect(stepsLacking(incidentOn(after))).not.toBe(stepsLacking(incidentOn(before)));
    expect(stepsLacking(incidentOn(played(after, { type: 'detailed', event: detail(2) })))).toBeNull();
  });
});

describe('whom an incident is about', () => {
  it('is the site, or the monitor itself where it belongs to none', () => {
    expect([subjectOf({ siteId: BIG }), subjectOf({ siteId: 0 })]).toEqual([`Site ${BIG}`, 'The monitor itself']);
  });
});

describe('what verifiers said', () => {
  const unverified = event(7, 1, { verification: verification('unverified') });
  const said = (board: Board) => findIncident(board, 7)?.verification;

  it('comes with the incident, and nothing is said of one that just began', () => {
    expect(said(boardWith({ open: [unverified] }))).toBe('unverified');
    expect(said(played(boardWith(), moved(1, 'Seems Down', transition(7, 1, 'Seems Down'))))).toBeNull();
  });

  it('is taken from later answers, which change nothing else', () => {
    const board = boardWith({ sites: [site(1, 'Seems Down')], open: [event(7, 1)] });
    const after = played(board, { type: 'verified', events: [{ ...unverified, state: 'Down' }, event(8, 1)] });
    expect([said(after), after.open.get('7')?.state, after.open.size]).toEqual(['unverified', 'Seems Down', 1]);
    expect(reduce(after, { type: 'verified', events: [unverified] })).toBe(after);
  });

  it('is not taken from an answer that is older than a step we know', () => {
    const board = played(boardWith({ open: [event(7, 1)] }), moved(1, 'Down', transition(7, 2, 'Down')));
    expect(said(played(board, { type: 'verified', events: [unverified] }))).toBeNull();
  });

  it('is over once the incident is in another state, or was a false alarm', () => {
    const board = boardWith({ open: [unverified] });
    const saidAfter = (state: string, reason: string) =>
      said(played(board, moved(1, 'Up', transition(7, 2, state, { reason }))));
    expect(saidAfter('Down', 'verifier_confirmed')).toBeNull();
    expect(saidAfter('Resolved', 'false_alarm')).toBeNull();
    expect(saidAfter('Seems Down', 'verification_overdue')).toBe('unverified');
    expect(saidAfter('Resolved', 'probe_cleared')).toBe('unverified');
  });
});
