import { describe, expect, it } from 'vitest';
import { historyOn } from '../../test/kit/history.ts';
import { appendTo, temporaryDatabase, temporaryStore } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import type { Database } from './database.ts';
import {
  type FalsePositive,
  FORGOTTEN_AT_ONCE,
  forgetFalsePositives,
  recordFalsePositive,
  recordFalsePositives,
} from './false-positives.ts';
import { DEFAULT_RETENTION } from './history/retention.ts';

const DAY_MS = 86_400_000;
const at = (atMs: number, change: Partial<FalsePositive> = {}): FalsePositive => {
  return { siteId: 7n as SiteId, httpCode: 503, errorCode: 0, rttMs: 42, atMs, ...change };
};

const rows = ({ kysely }: Database) => kysely.selectFrom('jetmon_false_positives').selectAll().orderBy('id').execute();
const instants = async (db: Database) => (await rows(db)).map(({ created_at }) => Number(created_at));

describe('a refuted failure', () => {
  it('is one row, with what the look saw brought within its columns', async () => {
    const db = await temporaryDatabase();
    await recordFalsePositive(db.kysely, at(1_000.9));
    await recordFalsePositive(
      db.kysely,
      at(2_000, { httpCode: 99_999, errorCode: null, rttMs: Number.NaN, siteId: 8n as SiteId }),
    );
    expect(await rows(db)).toMatchObject([
      { blog_id: 7n, http_code: 503n, error_code: 0n, rtt_ms: 42n, created_at: 1_000n },
      { blog_id: 8n, http_code: 32_767n, error_code: null, rtt_ms: null, created_at: 2_000n },
    ]);
  });

  it('is kept with the append that closes its event, once, however often that is sent', async () => {
    const { db, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    await events.append(
      appendTo(endpoint, [{ op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' }]),
    );
    const falsePositive = at(2_000, { siteId: endpoint.siteId });
    const close = appendTo(endpoint, [{ op: 'close', reason: 'false_alarm' }], { falsePositive });
    await events.append(close);
    expect(await events.append(close)).toMatchObject({ replayed: true });
    expect(await rows(db)).toMatchObject([{ blog_id: endpoint.siteId, created_at: 2_000n }]);
  });

  it('is not kept when its append is refused', async () => {
    const { db, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const onlyWhileWatching = { url: 'https://another.example/' };
    const change = { falsePositive: at(1), onlyWhileWatching };
    expect(await events.append(appendTo(endpoint, [], change))).toMatchObject({ refused: 'not_watched' });
    expect(await rows(db)).toEqual([]);
  });
});

describe('old ones', () => {
  it('go by age and by number, a bounded number at a time', async () => {
    const db = await temporaryDatabase();
    await recordFalsePositives(
      db.kysely,
      Array.from({ length: 1_200 }, (_, index) => at(index)),
    );
    expect(await forgetFalsePositives(db.kysely, { beforeMs: 700 })).toBe(FORGOTTEN_AT_ONCE);
    expect(await forgetFalsePositives(db.kysely, { beforeMs: 700 })).toBe(200);
    expect(await forgetFalsePositives(db.kysely, { beforeMs: 700, max: 2 })).toBe(498);
    expect(await instants(db)).toEqual([1_198, 1_199]);
    expect(await forgetFalsePositives(db.kysely, { beforeMs: 700, max: 2 })).toBe(0);
  });

  it('go with the failed looks of their time', async () => {
    const { db } = await temporaryStore();
    const nowMs = 400 * DAY_MS;
    const oldestMs = nowMs - DEFAULT_RETENTION.failureDays * DAY_MS;
    await recordFalsePositives(db.kysely, [
      ...Array.from({ length: 600 }, (_, index) => at(oldestMs - 600 + index)),
      at(oldestMs),
    ]);
    await historyOn(db).retain(nowMs);
    expect(await instants(db)).toEqual([oldestMs]);
  });
});
