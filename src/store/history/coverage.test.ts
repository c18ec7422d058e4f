/** Which time counts as observed. */
import { describe, expect, it } from 'vitest';
import { endpointOf, fail, historyOn, lookAt, steadyLooks, temporaryHistory } from '../../../test/kit/history.ts';
import { COVERAGE_GRACE_MS } from './pace.ts';
import { DAY_MS, HOUR_MS } from './sample.ts';

const MINUTE = 60_000;
const DAY = 20_000 * DAY_MS;
const ONE = endpointOf(1).endpointId;

describe('coverage', () => {
  const INTERVAL = MINUTE;
  const LONGEST = 2 * INTERVAL + COVERAGE_GRACE_MS;

  it('is from the first look to one interval and the grace after the last one', async () => {
    const { history } = await temporaryHistory();
    for (const after of [0, 1, 2, 3]) history.add(lookAt(1, DAY + after * MINUTE));
    expect(await history.coverage(ONE, DAY - HOUR_MS, DAY + HOUR_MS, INTERVAL)).toEqual([
      { fromMs: DAY, toMs: DAY + 4 * MINUTE + COVERAGE_GRACE_MS },
    ]);
    expect(await history.coverage(ONE, DAY + MINUTE, DAY + 2 * MINUTE, INTERVAL)).toEqual([
      { fromMs: DAY + MINUTE, toMs: DAY + 2 * MINUTE },
    ]);
  });

  it('has a gap where two looks are further apart than two intervals and the grace', async () => {
    const { history } = await temporaryHistory();
    for (const after of [0, LONGEST, 2 * LONGEST + 1]) history.add(lookAt(1, DAY + after));
    const end = INTERVAL + COVERAGE_GRACE_MS;
    expect(await history.coverage(ONE, DAY, DAY + HOUR_MS, INTERVAL)).toEqual([
      { fromMs: DAY, toMs: DAY + LONGEST + end },
      { fromMs: DAY + 2 * LONGEST + 1, toMs: DAY + 2 * LONGEST + 1 + end },
    ]);
  });

  it('counts failed looks, and looks just outside of what is asked for', async () => {
    const { db, history } = await temporaryHistory();
    history.add(lookAt(1, DAY));
    history.add(lookAt(1, DAY + 4 * LONGEST));
    await fail(db, 1, [DAY + LONGEST, DAY + 2 * LONGEST, DAY + 3 * LONGEST]);
    expect(await history.coverage(ONE, DAY + 1, DAY + 4 * LONGEST - 1, INTERVAL)).toEqual([
      { fromMs: DAY + 1, toMs: DAY + 4 * LONGEST - 1 },
    ]);
  });

  it('of the last minute before a kill is lost, and of nothing else', async () => {
    const { db, history } = await temporaryHistory();
    const looks = steadyLooks({ endpoint: 1, fromMs: DAY, toMs: DAY + HOUR_MS, intervalMs: 10_000 });
    for (const look of looks) {
      history.add(look);
      if (look.atMs % 30_000 < 10_000 && look.atMs < DAY + HOUR_MS - 40_000) await history.flush();
    }
    const runs = await historyOn(db).coverage(ONE, DAY, DAY + HOUR_MS, 10_000);
    expect(runs).toHaveLength(1);
    expect(runs[0]?.toMs).toBeGreaterThan(DAY + HOUR_MS - MINUTE - 10_000);
  });
});
