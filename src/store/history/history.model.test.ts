/** Looks, flushes, upkeep, kills and restarts in any order against a history that never left memory. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { answers, fail, historyOn, lookAt, temporaryHistory } from '../../../test/kit/history.ts';
import { testMariadb } from '../../../test/kit/mariadb-each.ts';
import type { Database } from '../database.ts';
import { DAY_MS } from './sample.ts';

const MINUTE = 60_000;
const DAY = 20_000 * DAY_MS;

/** A server needs half a second for each new database alone. */
const RUNS = testMariadb() === null ? 60 : 12;

type Move = 'flush' | 'retain' | 'restart' | 'cut short';

it('the answers are the same in any mixture of memory, journal and blocks, also after upkeep that was cut short', async () => {
  const look = fc.record({
    endpoint: fc.integer({ min: 1, max: 3 }),
    gapMs: fc.integer({ min: 1, max: 9 * MINUTE }),
    isBlind: fc.nat(9).map((one) => one === 0),
  });
  const move = fc.constantFrom<Move>('flush', 'retain', 'restart', 'cut short');
  const step = fc.record({ looks: fc.array(look, { maxLength: 150 }), move });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(DAY_MS)), async (steps, fails) => {
      const moved = await temporaryHistory();
      const still = await temporaryHistory();
      let { history } = moved;
      let nowMs = DAY;
      for (const { looks, move } of steps) {
        for (const { endpoint, gapMs, isBlind } of looks) {
          nowMs += gapMs;
          const taken = lookAt(endpoint, nowMs, { total: gapMs / 997, ttfb: gapMs / 2_000 });
          for (const one of [history, still.history]) isBlind ? one.addBlind(taken) : one.add(taken);
        }
        if (move === 'flush') await history.flush();
        if (move === 'retain') await history.retain(nowMs);
        if (move === 'cut short') {
          await history.flush();
          const cut = historyOn(dyingAfter(moved.db, looks.length % 7));
          await cut.retain(nowMs).catch(() => {});
        }
        if (move === 'restart') {
          await history.stop();
          history = historyOn(moved.db);
        }
      }
      for (const { db } of [moved, still])
        await fail(
          db,
          1,
          fails.map((after) => DAY + after),
        );
      expect(await answers(history, DAY, nowMs + 1)).toEqual(await answers(still.history, DAY, nowMs + 1));
    }),
    { numRuns: RUNS },
  );
}, 300_000);

/** A database whose transactions fail after so many of them, as those of a killed process do. */
function dyingAfter(db: Database, transactions: number): Database {
  let left = transactions;
  return {
    ...db,
    transaction(run) {
      left -= 1;
      return left < 0 ? Promise.reject(new Error('killed')) : db.transaction(run);
    },
  };
}
