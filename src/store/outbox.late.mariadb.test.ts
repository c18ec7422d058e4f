/** A transition that is committed late, after one with a higher id: whoever read past a mark would never see it (D1). */
import { expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { Mutation } from '../domain/mutation.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { createSubscriptions } from './subscriptions.ts';

const OPEN: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' };

it('is delivered all the same', async () => {
  const { db, events, addEndpoint } = await temporaryStore();
  const subscriptions = createSubscriptions({ db, clock: systemClock, random: systemRandom });
  await subscriptions.createWebhook({ url: 'https://receiver.example/', createdBy: 'test' });
  const [late, early] = [await addEndpoint(), await addEndpoint()];
  const transitionIds = async () => {
    const rows = await db.kysely.selectFrom('jetmon_event_transitions').select(['id', 'op_id']).orderBy('id').execute();
    return rows.filter(({ op_id }) => !op_id.endsWith('/site')).map(({ id }) => id);
  };
  let mark = 0n;
  const lateId = await db.transaction(async (tx) => {
    const { appended } = await events.appendWithin(tx, [appendTo(late, [OPEN])]);
    // Another writer begins later and is done first; a reader that keeps a mark now moves it past both ids.
    await events.append(appendTo(early, [OPEN]));
    mark = (await transitionIds()).at(-1) ?? 0n;
    return appended[0]?.transitions[0]?.transitionId ?? 0n;
  });
  expect(lateId).toBeLessThan(mark);
  const seenPastTheMark = (await transitionIds()).filter((id) => id > mark);
  expect(seenPastTheMark).toEqual([]);
  const delivered = await db.kysely.selectFrom('jetmon_deliveries').select('transition_id').execute();
  expect(delivered.map((row) => row.transition_id)).toContain(lateId);
  expect(delivered).toHaveLength(2);
  expect(await brokenInvariants(db)).toEqual([]);
});
