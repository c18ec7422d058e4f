import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { EventId } from '../domain/ids.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { IncidentState } from '../domain/state.ts';
import { createLeases } from './leases.ts';

const open = (state: IncidentState = 'Seems Down', startedAtMs = 1_000): Mutation => ({
  op: 'open',
  state,
  startedAtMs,
  reason: 'opened',
});
const confirm: Mutation = { op: 'promote', state: 'Down', reason: 'local_confirmed', verification: 'none_configured' };
const close: Mutation = { op: 'close', reason: 'verifier_cleared' };

describe('append', () => {
  it('opens, confirms and closes one event with one transition each', async () => {
    const { db, events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const opened = await events.append(appendTo(endpoint, [open()], { metadata: { reason: 'http_500' } }));
    await events.append(appendTo(endpoint, [confirm], { atMs: 2_000, metadata: { reason: 'http_500' } }));
    const closed = await events.append(appendTo(endpoint, [close], { atMs: 3_000 }));

    expect(closed).toMatchObject({ eventId: opened.eventId, open: null, replayed: false });
    const event = await queries.byId(EVERY_SITE, opened.eventId ?? (0n as EventId));
    expect(event).toMatchObject({
      state: 'Down',
      severity: 4,
      startedAtMs: 1_000,
      endedAtMs: 3_000,
      resolutionReason: 'verifier_cleared',
      metadata: { reason: 'http_500' },
      transitionCount: 3,
    });
    const transitions = event === null ? [] : await queries.transitions(EVERY_SITE, event.eventId, { limit: 10 });
    expect(transitions).toMatchObject([
      { seq: 1, stateBefore: null, stateAfter: 'Seems Down', severityBefore: null, severityAfter: 3, reason: 'opened' },
      {
        seq: 2,
        stateBefore: 'Seems Down',
        stateAfter: 'Down',
        severityBefore: 3,
        severityAfter: 4,
        metadata: { reason: 'http_500', verification: 'none_configured' },
      },
      { seq: 3, stateBefore: 'Down', stateAfter: 'Resolved', severityBefore: 4, severityAfter: null, metadata: null },
    ]);
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('changes nothing when the same thing is found twice', async () => {
    const { events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const first = await events.append(appendTo(endpoint, [open()], { metadata: { n: 1 } }));
    const again = await events.append(appendTo(endpoint, [open('Down', 5_000)], { metadata: { n: 2 }, atMs: 5_000 }));
    expect(again).toMatchObject({ eventId: first.eventId, open: { state: 'Seems Down' }, transitions: [] });
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toMatchObject([
      { transitionCount: 1, startedAtMs: 1_000, metadata: { n: 1 } },
    ]);
  });

  it('does nothing when there is nothing to change or close', async () => {
    const { events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const nothing = { eventId: null, open: null, transitions: [], replayed: false, refused: null };
    expect(await events.append(appendTo(endpoint, [confirm]))).toEqual(nothing);
    expect(await events.append(appendTo(endpoint, [close]))).toEqual(nothing);
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toEqual([]);
  });

  it('may open again at once after closing, in one append', async () => {
    const { db, events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    await events.append(appendTo(endpoint, [open()]));
    const { open: now, transitions } = await events.append(appendTo(endpoint, [close, open('Warning', 9_000)]));
    expect(now?.state).toBe('Warning');
    expect(transitions.map(({ seq, stateAfter }) => [seq, stateAfter])).toEqual([
      [2, 'Resolved'],
      [1, 'Warning'],
    ]);
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toHaveLength(2);
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('forgets the confirmation of an event that closes and opens again in one append', async () => {
    const { db, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    await events.append(appendTo(endpoint, [open()], { failing: { sinceMs: 1_000, attempts: 2 } }));
    await events.append(appendTo(endpoint, [close, open('Warning')]));
    expect((await events.openIncidentsOf(endpoint.endpointId)).get('http')?.failing).toBeNull();
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('returns what an operation committed when it is sent again, and does nothing', async () => {
    const { events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const input = appendTo(endpoint, [open(), confirm], { failing: { sinceMs: 1_000, attempts: 1 } });
    const first = await events.append(input);
    const again = await events.append(input);
    expect(again).toEqual({ ...first, replayed: true });
    await events.append(appendTo(endpoint, [close]));
    const late = await events.append(input);
    expect(late).toEqual({ ...first, open: null, replayed: true });
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toHaveLength(1);
  });

  it('knows an operation again although its first mutation changed nothing', async () => {
    const { events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    await events.append(appendTo(endpoint, [open()]));
    const input = appendTo(endpoint, [open(), confirm]);
    await events.append(input);
    await events.append(appendTo(endpoint, [close]));
    expect(await events.append(input)).toMatchObject({ replayed: true, open: null });
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toHaveLength(1);
  });

  it('applies an operation once that stands in one transaction twice', async () => {
    const { db, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    await events.append(appendTo(endpoint, [open()]));
    const input = appendTo(endpoint, [close, open('Down')]);
    const { appended } = await db.transaction((tx) => events.appendWithin(tx, [input, input]));
    const [first, second] = appended;
    expect(first).toMatchObject({ replayed: false, transitions: [{ seq: 2 }, { seq: 1 }] });
    expect(second).toEqual({ ...first, replayed: true });
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('never lets time run backwards within an event', async () => {
    const { db, events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    await events.append(appendTo(endpoint, [open('Seems Down', 5_000)], { atMs: 4_000 }));
    await events.append(appendTo(endpoint, [confirm], { atMs: 7_000 }));
    await events.append(appendTo(endpoint, [close], { atMs: 6_000 }));
    const [event] = await queries.list(EVERY_SITE, { limit: 1 });
    expect(event).toMatchObject({ startedAtMs: 5_000, endedAtMs: 7_000 });
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('leaves nothing behind when the transaction it joined is rolled back', async () => {
    const { db, events, queries, endpoints, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const failed = db.transaction(async (tx) => {
      await events.appendWithin(tx, [appendTo(endpoint, [open(), confirm], { failing: { sinceMs: 1, attempts: 1 } })]);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toEqual([]);
    expect(await endpoints.byId(EVERY_SITE, endpoint.endpointId)).toMatchObject({
      legacyStatus: 1,
      statusChangedAtMs: null,
    });
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('refuses identities that could be taken for another, and operations without a name', async () => {
    const { events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const { identity } = appendTo(endpoint, []);
    for (const checkType of ['', 'a:b', 'HTTP', 'x'.repeat(65)]) {
      const bad = appendTo(endpoint, [open()], { identity: { ...identity, checkType } });
      await expect(events.append(bad)).rejects.toThrow(RangeError);
    }
    const long = appendTo(endpoint, [open()], { identity: { ...identity, discriminator: 'x'.repeat(129) } });
    await expect(events.append(long)).rejects.toThrow(RangeError);
    await expect(events.append(appendTo(endpoint, [open()], { opId: '' }))).rejects.toThrow(RangeError);
  });

  it('refuses what the database would not give back as it was, before it holds up others', async () => {
    const { events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const { identity } = appendTo(endpoint, []);
    const bad = [
      // Half of a character, and one that ends a text for some.
      appendTo(endpoint, [open()], { identity: { ...identity, discriminator: '\ud800' } }),
      appendTo(endpoint, [open()], { identity: { ...identity, discriminator: 'a\0b' } }),
      appendTo(endpoint, [open()], { atMs: 8.64e15 + 1 }),
      appendTo(endpoint, [open('Down', -8.64e15 - 1)]),
      appendTo(endpoint, [open()], { failing: { sinceMs: Number.NaN, attempts: 1 } }),
      appendTo(endpoint, [open()], { failing: { sinceMs: 1, attempts: 0.5 } }),
    ];
    for (const input of bad) await expect(events.append(input)).rejects.toThrow(RangeError);
    expect(events.stats().poisoned).toBe(0);
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toEqual([]);
  });

  it("refuses to write the site's own event, which follows from the others", async () => {
    const { events, addEndpoint } = await temporaryStore();
    const { siteId, ...endpoint } = await addEndpoint();
    const identity = { siteId, endpointId: null, checkType: 'site_state', discriminator: null };
    await expect(events.append(appendTo({ siteId, ...endpoint }, [open()], { identity }))).rejects.toThrow(RangeError);
  });

  it('keeps findings with different discriminators apart, a colon in one or not', async () => {
    const { events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const { identity } = appendTo(endpoint, []);
    for (const discriminator of [null, 'a', 'a:b', '1:http:']) {
      await events.append(appendTo(endpoint, [open()], { identity: { ...identity, discriminator } }));
    }
    expect(await queries.list(EVERY_SITE, { limit: 10, active: true })).toHaveLength(4);
  });

  it('tracks endpoints that share a site id apart', async () => {
    const { db, events, queries, endpoints, addEndpoint } = await temporaryStore();
    const one = await addEndpoint();
    const two = await addEndpoint({ siteId: one.siteId });
    await events.append(appendTo(one, [open(), confirm]));
    await events.append(appendTo(two, [open()]));
    await events.append(appendTo(one, [close]));
    expect(await queries.list(EVERY_SITE, { siteId: one.siteId, limit: 10 })).toMatchObject([
      { endpointId: two.endpointId, endedAtMs: null },
      { endpointId: one.endpointId, resolutionReason: 'verifier_cleared' },
    ]);
    expect((await endpoints.bySite(EVERY_SITE, one.siteId)).map((endpoint) => endpoint.legacyStatus)).toEqual([1, 0]);
    expect(await brokenInvariants(db)).toEqual([]);
  });
});

describe('the legacy projection', () => {
  it.each<[string, Mutation[], number]>([
    ['Seems Down is 0', [open()], 0],
    ['Down is 2', [open(), confirm], 2],
    ['a direct Down is 2', [open('Down')], 2],
    ['closed is 1', [open(), confirm, close], 1],
    ['Warning is 1', [open('Warning')], 1],
    ['Degraded is 1', [open('Degraded')], 1],
  ])('%s', async (_, mutations, status) => {
    const { events, endpoints, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    for (const mutation of mutations) await events.append(appendTo(endpoint, [mutation], { atMs: 7_000 }));
    const { legacyStatus, statusChangedAtMs } = (await endpoints.byId(EVERY_SITE, endpoint.endpointId)) ?? {};
    expect(legacyStatus).toBe(status);
    expect(statusChangedAtMs).toBe(status === 1 && mutations.length === 1 ? null : 7_000);
  });

  it('takes the worst of several open http events', async () => {
    const { db, events, endpoints, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const other = { ...appendTo(endpoint, []).identity, discriminator: 'keyword' };
    await events.append(appendTo(endpoint, [open('Down')], { identity: other, atMs: 1_000 }));
    await events.append(appendTo(endpoint, [open()], { atMs: 2_000 }));
    expect(await endpoints.byId(EVERY_SITE, endpoint.endpointId)).toMatchObject({
      legacyStatus: 2,
      statusChangedAtMs: 1_000,
    });
    await events.append(appendTo(endpoint, [close], { identity: other, atMs: 3_000 }));
    expect(await endpoints.byId(EVERY_SITE, endpoint.endpointId)).toMatchObject({
      legacyStatus: 0,
      statusChangedAtMs: 3_000,
    });
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('never shows advisories of other checks, and nothing when it is switched off', async () => {
    const { events, endpoints, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const identity = { ...appendTo(endpoint, []).identity, checkType: 'tls_expiry' };
    await events.append(appendTo(endpoint, [open('Down')], { identity }));
    await events.append(appendTo(endpoint, [open('Down')], { project: false }));
    expect(await endpoints.byId(EVERY_SITE, endpoint.endpointId)).toMatchObject({
      legacyStatus: 1,
      statusChangedAtMs: null,
    });
  });
});

describe('confirmation', () => {
  it('goes on after a restart where it stopped', async () => {
    const { events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    await events.append(appendTo(endpoint, [open()], { failing: { sinceMs: 1_000, attempts: 1 } }));
    const { open: now } = await events.append(appendTo(endpoint, [], { failing: { sinceMs: 1_000, attempts: 2 } }));
    const expected = new Map([['http', { ...now, failing: { sinceMs: 1_000, attempts: 2 } }]]);
    expect(await events.openIncidentsOf(endpoint.endpointId)).toEqual(expected);
    expect(await events.openIncidents()).toEqual(new Map([[endpoint.endpointId, expected]]));
  });

  it('is untouched by other checks of the endpoint, and forgotten with its event', async () => {
    const { db, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const identity = { ...appendTo(endpoint, []).identity, checkType: 'tls_expiry' };
    await events.append(appendTo(endpoint, [open()], { failing: { sinceMs: 1_000, attempts: 1 } }));
    await events.append(appendTo(endpoint, [open('Warning')], { identity }));
    await events.append(appendTo(endpoint, [close], { identity }));
    const incidents = await events.openIncidentsOf(endpoint.endpointId);
    expect(incidents.get('http')?.failing).toEqual({ sinceMs: 1_000, attempts: 1 });
    await events.append(appendTo(endpoint, [close]));
    expect(await events.openIncidentsOf(endpoint.endpointId)).toEqual(new Map());
    expect(await brokenInvariants(db)).toEqual([]);
  });
});

describe('a lease', () => {
  it('that was lost, or is of another bucket, writes nothing (D5)', async () => {
    const { db, events, queries, endpoints, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const leases = createLeases({ db, buckets: 4 });
    const claim = (owner: string) => leases.claim({ owner, wanted: 4, leaseMs: 60_000 });
    await claim('a');
    const under = (epoch: number, bucketNo = 0) => ({ epoch, bucketNo });
    expect((await events.append(appendTo(endpoint, [open()], under(1)))).refused).toBeNull();
    // The first owner falls asleep; its lease runs out and another takes over.
    await db.kysely.updateTable('jetmon_buckets').set({ expires_at: 1 }).execute();
    await claim('b');
    expect(await events.append(appendTo(endpoint, [confirm], under(1)))).toMatchObject({ refused: 'lease_lost' });
    expect((await events.append(appendTo(endpoint, [confirm], under(2)))).refused).toBeNull();
    await endpoints.update(EVERY_SITE, endpoint.endpointId, { bucketNo: 1 });
    expect(await events.append(appendTo(endpoint, [close], under(2)))).toMatchObject({ refused: 'lease_lost' });
    expect(await queries.list(EVERY_SITE, { limit: 9 })).toMatchObject([
      { state: 'Down', transitionCount: 2, endedAtMs: null },
    ]);
    expect(await brokenInvariants(db)).toEqual([]);
  });
});
