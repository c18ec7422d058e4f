import { describe, expect, it } from 'vitest';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
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

describe('the time lines of a site', () => {
  it('are its events with some of their time in the window, step by step', async () => {
    const { store, endpoint, read } = await siteWithEvents();
    const all = await read(0, 10_000);
    const { endpointId } = endpoint;
    expect(all?.filter(({ checkType }) => checkType === 'http')).toMatchObject([
      {
        endpointId,
        startedAtMs: 1_000,
        changes: [
          { severityAfter: 3, reason: 'other', changedAtMs: 1_500 },
          { severityAfter: 4, reason: 'other', changedAtMs: 2_000 },
          { severityAfter: null, reason: 'false_alarm', changedAtMs: 3_000 },
        ],
      },
      { endpointId, startedAtMs: 5_000, changes: [{ severityAfter: 3, changedAtMs: 5_000 }] },
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
    const { read } = await siteWithEvents();
    const all = await read(0, 10_000);
    for (const stepsAtOnce of [1, 2, 3, 5, 8]) {
      expect(await read(0, 10_000, { stepsAtOnce, maxSteps: 9 })).toEqual(all);
    }
    expect(await read(0, 10_000, { stepsAtOnce: 2, maxSteps: 4 })).toBeNull();
  });
});
