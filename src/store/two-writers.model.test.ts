/** Two writers that meet on one site: whoever is first, what is stored is what one after the other would have left. */
import { expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { seeded, seedOf } from '../../test/kit/seeded.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import { twoWriters, type Writer } from '../../test/model/two-writers.ts';
import type { SiteId } from '../domain/ids.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { type IncidentState, severityOf } from '../domain/state.ts';
import type { Appended } from './append/append-input.ts';
import type { Endpoint } from './endpoints.ts';
import { type EventRecord, eventOf } from './event-records.ts';

const ROUNDS = 12;
const confirm: Mutation = { op: 'promote', state: 'Down', reason: 'verifier_confirmed' };
const close: Mutation = { op: 'close', reason: 'verifier_cleared' };

function open(state: IncidentState = 'Seems Down'): Mutation {
  return { op: 'open', state, startedAtMs: 1_000, reason: 'opened' };
}

type Round = {
  first: Writer;
  second: Writer;
  /** Two endpoints of one site. */
  one: Endpoint;
  two: Endpoint;
  /** In the order they opened. */
  eventsOf(checkType: string): Promise<EventRecord[]>;
};

/** Rounds on sites of their own, in an order of statements of their own. */
async function rounds(test: string, play: (round: Round) => Promise<void>): Promise<void> {
  const { db, addEndpoint } = await temporaryStore();
  const random = seeded(seedOf(test));
  const [first, second] = await twoWriters(db, random);
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    const one = await addEndpoint();
    const two = await addEndpoint({ siteId: one.siteId });
    const eventsOf = (checkType: string) => eventsOfSite(one.siteId, checkType);
    // Neither is always the first to ask.
    const writers = random() < 0.5 ? { first, second } : { first: second, second: first };
    await play({ ...writers, one, two, eventsOf });
  }
  async function eventsOfSite(siteId: SiteId, checkType: string): Promise<EventRecord[]> {
    const query = db.kysely.selectFrom('jetmon_events').selectAll().where('blog_id', '=', siteId);
    return (await query.where('check_type', '=', checkType).orderBy('id').execute()).map(eventOf);
  }
  expect(await brokenInvariants(db)).toEqual([]);
}

function byTransitions(a: Appended, b: Appended): number {
  return a.transitions.length - b.transitions.length;
}

it('opens one event when both see the same failure', () =>
  rounds('both open', async ({ first, second, one, eventsOf }) => {
    const answers = await Promise.all([
      first.events.append(appendTo(one, [open()])),
      second.events.append(appendTo(one, [open('Down')])),
    ]);
    const [late, early] = answers.toSorted(byTransitions);
    expect(early?.transitions).toHaveLength(1);
    expect(late).toMatchObject({ eventId: early?.eventId, open: early?.open, transitions: [] });
    expect(await eventsOf('http')).toHaveLength(1);
    expect(await eventsOf('site_state')).toMatchObject([{ state: early?.open?.state, transitionCount: 1 }]);
  }));

it('closes what the other confirms, before or after it', () =>
  rounds('close against promote', async ({ first, second, one, eventsOf }) => {
    await first.events.append(appendTo(one, [open()]));
    const [promoted] = await Promise.all([
      first.events.append(appendTo(one, [confirm])),
      second.events.append(appendTo(one, [close])),
    ]);
    const wasFirst = promoted.transitions.length === 1;
    const state = wasFirst ? 'Down' : 'Seems Down';
    const transitionCount = wasFirst ? 3 : 2;
    expect(await eventsOf('http')).toMatchObject([{ state, transitionCount, resolutionReason: 'verifier_cleared' }]);
    expect(await eventsOf('site_state')).toMatchObject([{ state, transitionCount, endedAtMs: expect.any(Number) }]);
  }));

it('opens nothing on what the other has paused', () =>
  rounds('pause against open', async ({ first, second, one, two, eventsOf }) => {
    await first.endpoints.update(EVERY_SITE, two.endpointId, { active: false });
    const paused = first.db.transaction(async (tx) => {
      await first.endpoints.update(EVERY_SITE, one.endpointId, { active: false }, tx);
      const { opId } = appendTo(one, []);
      await first.events.appendWithin(tx, [], [{ siteId: one.siteId, opId, epoch: 0, atMs: 2_000, source: 'api' }]);
    });
    const onlyWhileWatching = { url: one.url };
    const [{ refused }] = await Promise.all([
      second.events.append(appendTo(one, [open()], { onlyWhileWatching })),
      paused,
    ]);
    expect(await eventsOf('http')).toHaveLength(refused === null ? 1 : 0);
    expect(await eventsOf('site_state')).toMatchObject([
      { state: 'Paused', endedAtMs: null, transitionCount: refused === null ? 2 : 1 },
    ]);
  }));

it("closes the site's own event when both of its failures end at once", () =>
  rounds('write skew of closes', async ({ first, second, one, two, eventsOf }) => {
    await first.events.append(appendTo(one, [open('Down')]));
    await second.events.append(appendTo(two, [open('Down')]));
    await Promise.all([first.events.append(appendTo(one, [close])), second.events.append(appendTo(two, [close]))]);
    expect(await eventsOf('site_state')).toMatchObject([{ resolutionReason: 'verifier_cleared' }]);
  }));

it("takes the worse of two failures that begin at once for the site's own", () =>
  rounds('write skew of opens', async ({ first, second, one, two, eventsOf }) => {
    await Promise.all([
      first.events.append(appendTo(one, [open('Down')])),
      second.events.append(appendTo(two, [open('Warning')])),
    ]);
    expect(await eventsOf('site_state')).toMatchObject([{ state: 'Down', severity: 4, endedAtMs: null }]);
  }));

it('applies an operation once that is sent through both', () =>
  rounds('one operation through both', async ({ first, second, one, eventsOf }) => {
    await first.events.append(appendTo(one, [open()]));
    const input = appendTo(one, [close, open('Down'), close, open('Warning')]);
    const answers = await Promise.all([first.events.append(input), second.events.append(input)]);
    expect(answers.map(({ replayed }) => replayed).sort()).toEqual([false, true]);
    expect(answers[0]).toEqual({ ...answers[1], replayed: answers[0].replayed });
    expect(await eventsOf('http')).toHaveLength(3);
  }));

it('leaves what one after the other would have left, whatever both do to one site', () => {
  const random = seeded(seedOf('many at once'));
  return rounds('many at once, statements', async ({ first, second, one, two, eventsOf }) => {
    const batch = () => [open(), open('Down'), confirm, close].filter(() => random() < 0.5);
    const inputs = Array.from({ length: 8 }, () => appendTo(random() < 0.5 ? one : two, batch()));
    await Promise.all(inputs.map((input, index) => (index % 2 === 0 ? first : second).events.append(input)));
    const worst = (await eventsOf('http')).filter(({ endedAtMs }) => endedAtMs === null);
    // The second endpoint is not critical: it makes of the site a Warning at most.
    const states = worst.map(({ endpointId, state }) => (endpointId === one.endpointId ? state : 'Warning'));
    const own = (await eventsOf('site_state')).find(({ endedAtMs }) => endedAtMs === null);
    expect(own?.state).toBe(states.toSorted((a, b) => severityOf(b) - severityOf(a))[0]);
  });
});
