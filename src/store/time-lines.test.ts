import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Database } from './database.ts';
import { readTimeLines } from './time-lines.ts';

const open = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
const confirm = { op: 'promote', state: 'Down', reason: 'verifier_confirmed' } as const;
const falseAlarm = { op: 'close', reason: 'false_alarm' } as const;

async function siteWithEvents() {
  const store = await temporaryStore();
  const endpoint = await store.addEndpoint();
  await store.events.append(appendTo(endpoint, [open], { atMs: 1_500, opId: 'a' }));
  await store.events.append(appendTo(endpoint, [confirm], { atMs: 2_000, opId: 'b' }));
  await store.events.append(appendTo(endpoint, [falseAlarm], { atMs: 3_000, opId: 'c' }));
  const next = { ...open, startedAtMs: 5_000 };
  await store.events.append(appendTo(endpoint, [next], { atMs: 5_000, opId: 'd' }));
  const read = (fromMs: number, toMs: number, limits?: { stepsAtOnce: number; maxSteps: number }) =>
    readTimeLines(store.db, EVERY_SITE, { siteId: endpoint.siteId, fromMs, toMs }, limits);
  return { store, endpoint, read };
}

/** What is asked in columns since the last time. */
function countPacked(db: Database) {
  const sent: string[] = [];
  const readPacked: Database['readPacked'] = (query, kinds, within) => {
    sent.push('step' in kinds ? 'steps' : 'open' in kinds ? 'state' : 'heads');
    return db.readPacked(query, kinds, within);
  };
  return { db: { ...db, readPacked }, sent: () => sent.splice(0) };
}

describe('the time lines of a site', () => {
  it('are its events with some of their time in the window, step by step', async () => {
    const { store, endpoint, read } = await siteWithEvents();
    const all = await read(0, 10_000);
    const { endpointId } = endpoint;
    expect(all?.filter(({ checkType }) => checkType === 'http')).toMatchObject([
      {
        endpointId,
        startedAtMs: 1_000,
        endedAtMs: 3_000,
        intervals: [
          { fromMs: 1_000, toMs: 2_000, severity: 3, isFalseAlarm: true },
          { fromMs: 2_000, toMs: 3_000, severity: 4, isFalseAlarm: true },
        ],
        version: 3,
      },
      {
        endpointId,
        startedAtMs: 5_000,
        endedAtMs: null,
        intervals: [{ fromMs: 5_000, toMs: null, severity: 3, isFalseAlarm: false }],
        version: 1,
      },
    ]);
    expect(all?.filter(({ checkType }) => checkType === 'site_state').map(({ endpointId }) => endpointId)).toEqual([
      null,
      null,
    ]);
    expect(await read(0, 1_000)).toEqual([]);
    expect(await read(3_000, 5_000)).toEqual([]);
    expect((await read(2_999, 3_000))?.length).toBe(2);
    expect((await read(9_000, 9_001))?.length).toBe(2);
    const foreign = { kind: 'tenant', tenantId: 'other' } as const;
    expect(await readTimeLines(store.db, foreign, { siteId: endpoint.siteId, fromMs: 0, toMs: 10_000 })).toEqual([]);
  });

  it('are the same in pages of any length, and none where there is too much of them', async () => {
    const { store, endpoint, read } = await siteWithEvents();
    const all = await read(0, 10_000);
    const query = { siteId: endpoint.siteId, fromMs: 0, toMs: 10_000 };
    // What is kept is kept for one database, so a copy of it reads anew.
    const anew = (stepsAtOnce: number, maxSteps: number) =>
      readTimeLines({ ...store.db }, EVERY_SITE, query, { stepsAtOnce, maxSteps });
    for (const stepsAtOnce of [1, 2, 3, 5, 8]) expect(await anew(stepsAtOnce, 9)).toEqual(all);
    expect(await anew(2, 4)).toBeNull();
    expect(await read(0, 10_000, { stepsAtOnce: 2, maxSteps: 4 })).toBeNull();
  });

  it('that were read before and have not changed are not read again', async () => {
    const { store, endpoint } = await siteWithEvents();
    const { db, sent } = countPacked(store.db);
    const query = { siteId: endpoint.siteId, fromMs: 0, toMs: 10_000 };
    const first = await readTimeLines(db, EVERY_SITE, query);
    expect(sent()).toEqual(['heads', 'steps']);
    expect(await readTimeLines(db, EVERY_SITE, query)).toEqual(first);
    expect(sent()).toEqual(['state']);
    await store.events.append(appendTo(endpoint, [confirm], { atMs: 5_500 }));
    expect(await readTimeLines(db, EVERY_SITE, query)).not.toEqual(first);
    expect(sent()).toEqual(['state', 'steps']);
    await store.events.append(appendTo(endpoint, [{ ...falseAlarm, reason: 'verifier_cleared' }], { atMs: 6_000 }));
    const after = await readTimeLines(db, EVERY_SITE, query);
    expect(sent()).toEqual(['state', 'heads', 'steps']);
    expect(after?.map(({ endedAtMs }) => endedAtMs)).toEqual([3_000, 3_000, 6_000, 6_000]);
    expect(after).toEqual(await readTimeLines({ ...store.db }, EVERY_SITE, query));
  });

  it('are the same whatever was asked before, while the log goes on', async () => {
    const severities = ['Seems Down', 'Down'] as const;
    const step = fc.record({
      kind: fc.constantFrom('open', 'promote', 'close', 'retract'),
      on: fc.constantFrom('http', 'tls', 'dns'),
      after: fc.nat(500),
      ask: fc.option(fc.tuple(fc.nat(9_000), fc.integer({ min: 1, max: 9_000 })), { nil: null }),
    });
    const store = await temporaryStore();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
        const endpoint = await store.addEndpoint();
        let atMs = 1_000;
        for (const [nth, { kind, on, after, ask }] of steps.entries()) {
          atMs += after;
          const identity = { ...endpoint, checkType: on, discriminator: null };
          const isOpen = await store.events.isOpen(identity);
          const mutation: Mutation =
            kind === 'open' && !isOpen
              ? { ...open, state: severities[nth % 2] ?? 'Down', startedAtMs: atMs - 3 }
              : kind === 'promote' && isOpen
                ? confirm
                : { ...falseAlarm, reason: kind === 'retract' ? 'false_alarm' : 'verifier_cleared' };
          if (isOpen || mutation.op === 'open')
            await store.events.append(appendTo(endpoint, [mutation], { atMs, identity }));
          if (ask === null) continue;
          const query = { siteId: endpoint.siteId, fromMs: ask[0], toMs: ask[0] + ask[1] };
          const told = await readTimeLines(store.db, EVERY_SITE, query);
          expect(told).toEqual(await readTimeLines({ ...store.db }, EVERY_SITE, query));
        }
      }),
      { numRuns: 10 },
    );
  });
});
