import { describe, expect, it } from 'vitest';
import { commitToMemory, emptyTables, type MemoryTables, planOnly } from '../../../test/model/memory-log.ts';
import type { EndpointId, EventId, SiteId } from '../../domain/ids.ts';
import type { Mutation } from '../../domain/mutation.ts';
import type { LoggedState } from '../../domain/state.ts';
import { LEGACY_STATUS } from '../legacy.ts';
import type { AppendInput, SiteCue } from './append-input.ts';

const SITE = 1n as SiteId;
const FIRST = 11n as EndpointId;
const SECOND = 12n as EndpointId;
const URL = 'https://a.example/';
const confirm: Mutation = { op: 'promote', state: 'Down', reason: 'verifier_confirmed' };
const close: Mutation = { op: 'close', reason: 'verifier_cleared' };

function open(state: LoggedState = 'Seems Down', startedAtMs = 1_000, severity?: number): Mutation {
  return { op: 'open', state, startedAtMs, reason: 'opened', ...(severity === undefined ? {} : { severity }) };
}

/** One site with two endpoints. */
function tablesOfOneSite(): MemoryTables {
  const tables = emptyTables();
  for (const endpointId of [FIRST, SECOND]) {
    const entry = { endpointId, siteId: SITE, bucketNo: 0, url: URL, active: true, status: LEGACY_STATUS.running };
    tables.entries.push({ ...entry, statusChangedAtMs: null });
  }
  return tables;
}

let operations = 0;

function input(mutations: readonly Mutation[], change: Partial<AppendInput> = {}): AppendInput {
  return {
    identity: { siteId: SITE, endpointId: FIRST, checkType: 'http', discriminator: null },
    mutations,
    failing: null,
    opId: `op-${++operations}`,
    epoch: 0,
    atMs: 2_000,
    source: 'local',
    metadata: null,
    project: true,
    onlyWhileWatching: null,
    ...change,
  };
}

function on(endpointId: EndpointId | null, checkType = 'http', discriminator: string | null = null) {
  return { identity: { siteId: SITE, endpointId, checkType, discriminator } };
}

function cue(opId = 'cue'): SiteCue {
  return { siteId: SITE, opId, epoch: 0, atMs: 9_000, source: 'api' };
}

function commit(tables: MemoryTables, ...inputs: AppendInput[]) {
  return commitToMemory(tables, inputs, []).answers;
}

function ownEvents(tables: MemoryTables) {
  return [...tables.events.values()].filter(({ identity }) => identity.checkType === 'site_state');
}

describe('what is written for a batch', () => {
  it('is one insert for an event that opens, is confirmed and closed within it', () => {
    const plan = planOnly(tablesOfOneSite(), [input([open('Seems Down', 2_000), confirm, close])], []);
    expect(plan.opened.map((wave) => wave.map(({ event }) => event.endedAtMs))).toEqual([[2_000]]);
    expect(plan.changed.size).toBe(0);
    expect(plan.answers[0]?.transitions.map(({ seq, opId }) => [seq, opId.split('/')[1]])).toEqual([
      [1, '1'],
      [2, '2'],
      [3, '3'],
    ]);
    expect(plan.siteTransitions).toEqual([]);
    expect(plan.statuses.size).toBe(0);
  });

  it('is one update for an event that was there, however often it changes', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open()]));
    const plan = planOnly(tables, [input([confirm]), input([close])], []);
    // Its own event of the site is the other.
    expect([...plan.changed].map(({ identity, version }) => [identity.checkType, version])).toEqual([
      ['http', 3],
      ['site_state', 2],
    ]);
  });

  it('has one wave for each time an identity opens', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open()]));
    const again = open('Seems Down', 2_000);
    const inputs = [input([close, again]), input([close, again]), input([open('Warning', 2_000)], on(SECOND))];
    const plan = planOnly(tables, inputs, []);
    const waves = plan.opened.map((wave) => wave.map(({ event }) => event.identity.endpointId));
    expect(waves).toEqual([[FIRST, SECOND], [FIRST]]);
  });

  it('is nothing when nothing changes', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open()]));
    const plan = planOnly(tables, [input([open('Down')]), input([close], on(SECOND)), input([])], []);
    expect(plan.opened).toEqual([]);
    expect(plan.changed.size + plan.statuses.size + plan.siteTransitions.length).toBe(0);
  });

  it('is a status only where it is another after the whole batch', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open('Down')]), input([close]));
    expect(tables.entries[0]).toMatchObject({ status: LEGACY_STATUS.running, statusChangedAtMs: null });
    commit(tables, input([open()]), input([confirm], { atMs: 3_000 }));
    expect(tables.entries[0]).toMatchObject({ status: LEGACY_STATUS.confirmedDown, statusChangedAtMs: 3_000 });
  });

  it('leaves what it was planned from as it was', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open()], { failing: { sinceMs: 1, attempts: 1 } }));
    const before = structuredClone(tables);
    planOnly(tables, [input([confirm]), input([close, open('Warning')])], [cue()]);
    expect(tables).toEqual(before);
  });
});

describe('an operation', () => {
  it('that stands in one batch twice is applied once', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open()]));
    const again = input([close, open('Down', 2_000)]);
    const [first, second] = commit(tables, again, again);
    expect(second).toEqual({ ...first, replayed: true });
    expect(tables.events.size).toBe(3);
  });

  it('that is sent again is answered although it would be refused now', () => {
    const tables = tablesOfOneSite();
    const once = input([open()], { onlyWhileWatching: { url: URL } });
    const [first] = commit(tables, once);
    for (const entry of tables.entries) entry.active = false;
    expect(commit(tables, once)[0]).toEqual({ ...first, replayed: true });
  });
});

describe('what nobody can read', () => {
  function poisoned() {
    const tables = tablesOfOneSite();
    const once = input([open()]);
    const eventId = commit(tables, once)[0]?.eventId ?? (0n as EventId);
    const event = tables.events.get(eventId);
    if (event !== undefined) event.state = 'Wobbly' as LoggedState;
    return { tables, once, eventId };
  }

  it('is left as it is, while everything beside it goes on', () => {
    const { tables, eventId } = poisoned();
    const before = { ...tables.events.get(eventId) };
    const [refused, done] = commit(tables, input([close]), input([open('Down')], on(FIRST, 'tls_expiry')));
    expect(refused).toMatchObject({ refused: 'unreadable', eventId: null, open: null, transitions: [] });
    expect(done).toMatchObject({ refused: null, open: { state: 'Down' } });
    expect(tables.events.get(eventId)).toEqual(before);
    expect(ownEvents(tables)).toMatchObject([{ state: 'Down' }]);
  });

  it('is shown to nobody as what is open', () => {
    const { tables, once, eventId } = poisoned();
    expect(commit(tables, once)).toMatchObject([{ replayed: true, eventId, open: null }]);
  });
});

describe('a refusal', () => {
  it.each<[string, Partial<AppendInput>]>([
    ['event_not_open', { onlyEvent: 99n as EventId }],
    ['not_watched', { onlyWhileWatching: { url: 'https://b.example/' } }],
    ['lease_lost', { epoch: 2 }],
  ])('%s touches nothing', (refused, change) => {
    const tables = tablesOfOneSite();
    tables.epochs.set(0, 1n);
    const before = structuredClone(tables);
    expect(commit(tables, input([open()], change))).toMatchObject([{ refused, transitions: [] }]);
    expect(tables).toEqual(before);
  });

  it('does not ask a finding of the whole site which endpoint is watched', () => {
    const tables = tablesOfOneSite();
    const change = { ...on(null, 'domain_expiry'), onlyWhileWatching: { url: 'https://b.example/' } };
    expect(commit(tables, input([open('Warning')], change))).toMatchObject([{ refused: null }]);
  });
});

describe('confirmation', () => {
  const failing = { sinceMs: 1_000, attempts: 2 };

  it('is over with its event, also when that opened in the same batch', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open()], { failing }), input([close]));
    expect(tables.runtime.size).toBe(0);
  });

  it('that was taken over and ended within a batch is not what it was before', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open()], { failing }));
    const other = on(FIRST, 'tls_expiry');
    commit(tables, input([open()], { ...other, failing: { sinceMs: 5, attempts: 1 } }), input([], other));
    expect(tables.runtime.size).toBe(0);
  });
});

describe("the site's own event", () => {
  it('follows in the name of the append that it follows from', () => {
    const tables = tablesOfOneSite();
    const last = input([open('Down')], { ...on(FIRST), source: 'operator:a' });
    commit(tables, input([open()], on(SECOND)), last);
    const [own] = ownEvents(tables);
    expect(own).toMatchObject({ state: 'Down', severity: 4, version: 1 });
    expect(tables.operations.get(`${last.opId}/site`)).toMatchObject({ event_id: own?.id, source: 'operator:a' });
  });

  it('begins when the failure was first seen, also when that was confirmed in the same append', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open('Seems Down', 500), confirm]));
    expect(ownEvents(tables)).toMatchObject([{ state: 'Down', startedAtMs: 500, changedAtMs: 2_000, version: 2 }]);
  });

  it('begins when the worst of several new failures was first seen, whichever came last', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open('Down', 500)]), input([open('Warning', 900)], on(SECOND)));
    expect(ownEvents(tables)).toMatchObject([{ state: 'Down', startedAtMs: 500 }]);
  });

  it('is what the earliest of equally severe events says, then the oldest', () => {
    const tables = tablesOfOneSite();
    const other = on(FIRST, 'tls_expiry');
    commit(tables, input([open('Down', 700)]), input([open('Warning', 600, 4)], other));
    expect(ownEvents(tables)).toMatchObject([{ state: 'Warning', severity: 4 }]);
    commit(tables, input([close], other));
    // Databases hand out rows in any order.
    commit(tables, input([open('Degraded', 700, 4)], other));
    tables.open = new Map([...tables.open].reverse());
    commit(tables, input([open('Warning')], on(SECOND)));
    expect(ownEvents(tables)).toMatchObject([{ state: 'Down', severity: 4 }]);
  });

  it('is Paused while nothing is watched, whatever is open, and goes on from there', () => {
    const tables = tablesOfOneSite();
    commit(tables, input([open('Down')]));
    for (const entry of tables.entries) entry.active = false;
    commitToMemory(tables, [], [cue('pause')]);
    expect(ownEvents(tables)).toMatchObject([{ state: 'Paused', severity: 0, endedAtMs: null }]);
    for (const entry of tables.entries) entry.active = true;
    commitToMemory(tables, [], [cue('resume')]);
    expect(ownEvents(tables)).toMatchObject([{ state: 'Down', severity: 4, endedAtMs: null, version: 3 }]);
  });

  it('is not there for a site that the registry does not know', () => {
    const tables = emptyTables();
    commit(tables, input([open('Down')], on(null, 'self')));
    expect(ownEvents(tables)).toEqual([]);
    expect(tables.events.size).toBe(1);
  });
});
