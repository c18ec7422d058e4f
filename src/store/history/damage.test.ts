/** A stored body that cannot be read costs its own looks and nothing else. */
import { describe, expect, it } from 'vitest';
import { endpointOf, lookAt, steadyLooks, temporaryHistory } from '../../../test/kit/history.ts';
import type { Database } from '../database.ts';
import { DAY_MS, HOUR_MS } from './sample.ts';

const MINUTE = 60_000;
const DAY = 20_000 * DAY_MS;
const ONE = endpointOf(1).endpointId;

describe('a damaged body', () => {
  it('of the journal is left out, counted and said once; the rest goes on, and it is kept', async () => {
    const said: unknown[] = [];
    const log = { debug() {}, info() {}, warn() {}, error: (facts: unknown) => void said.push(facts) };
    const { db, history } = await temporaryHistory({ log });
    for (const after of [0, 10, 20]) {
      history.add(lookAt(1, DAY + after * MINUTE));
      await history.flush();
    }
    const [segment] = await db.kysely.selectFrom('jetmon_history_journal').select('id').orderBy('id').execute();
    await damage(db, 'jetmon_history_journal', segment?.id ?? 0n);
    expect(await history.samples(ONE, DAY, DAY + HOUR_MS, 9)).toHaveLength(2);
    await history.retain(DAY + 2 * DAY_MS);
    expect(await history.samples(ONE, DAY, DAY + HOUR_MS, 9)).toHaveLength(2);
    expect(await db.kysely.selectFrom('jetmon_history_journal').select('state').execute()).toEqual([{ state: 2n }]);
    await history.retain(DAY + 2 * DAY_MS);
    expect(history.stats().damaged).toBe(2);
    expect(said).toHaveLength(1);
  });

  it('of a block is left out and set aside; the rest of its day grows old', async () => {
    const { db, history } = await temporaryHistory();
    for (const look of steadyLooks({ endpoint: 1, fromMs: DAY, toMs: DAY + 3 * HOUR_MS, intervalMs: MINUTE }))
      history.add(look);
    await history.flush();
    await history.retain(DAY + 5 * HOUR_MS);
    const checks = async () => (await history.series(ONE, { fromMs: DAY, toMs: DAY + DAY_MS, step: 'day' }))[0]?.checks;
    expect(await checks()).toBe(180);
    await db.kysely
      .updateTable('jetmon_history_blocks')
      .set({ body: new Uint8Array([1, 2, 3, 4, 5, 6]) })
      .where('start_ms', '=', BigInt(DAY + HOUR_MS))
      .execute();
    expect(await checks()).toBe(120);
    await history.retain(DAY + 20 * DAY_MS);
    expect(await checks()).toBe(120);
    const spans = await db.kysely.selectFrom('jetmon_history_blocks').select('span').orderBy('span').execute();
    expect(spans.map(({ span }) => span)).toEqual([1n, 3n]);
  });
});

async function damage(db: Database, table: 'jetmon_history_journal', id: bigint): Promise<void> {
  const { body } = await db.kysely.selectFrom(table).select('body').where('id', '=', id).executeTakeFirstOrThrow();
  const broken = Uint8Array.from(body);
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
  await db.kysely.updateTable(table).set({ body: broken }).where('id', '=', id).execute();
}
