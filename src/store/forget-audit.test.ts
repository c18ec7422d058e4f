import { describe, expect, it } from 'vitest';
import { historyOn } from '../../test/kit/history.ts';
import { appendTo, temporaryDatabase, temporaryStore } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { type AuditEntry, listAudit, recordAudit } from './audit.ts';
import type { Database } from './database.ts';
import { DEFAULT_RETENTION } from './history/retention.ts';
import { DAY_MS } from './history/sample.ts';

const NOW_MS = 1_800_000_000_000;
const OLDEST_MS = NOW_MS - DEFAULT_RETENTION.auditDays * DAY_MS;

function entry(atMs: number, change: Partial<AuditEntry> = {}): AuditEntry {
  return { siteId: 1n as SiteId, eventType: 'api_access', detail: null, atMs, ...change };
}

async function kept({ kysely }: Database): Promise<number[]> {
  const all = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER, limit: 9_999 };
  return (await listAudit(kysely, EVERY_SITE, all)).map(({ atMs }) => atMs);
}

describe('the audit trail', () => {
  it('goes by age, however much of it there is, whosever it is and in whatever order it came', async () => {
    const db = await temporaryDatabase();
    const old = Array.from({ length: 1_300 }, (_, index) => entry(OLDEST_MS - 1 - Math.floor(index / 7)));
    await recordAudit(db.kysely, [entry(NOW_MS), ...old, entry(OLDEST_MS), entry(OLDEST_MS - 1, { siteId: null })]);
    await historyOn(db).retain(NOW_MS);
    expect(await kept(db)).toEqual([OLDEST_MS, NOW_MS]);
  });

  it('of an open event stays until that is over, and holds up nothing behind it', async () => {
    const store = await temporaryStore();
    const { db, events, queries } = store;
    const endpoint = await store.addEndpoint();
    const opens = { op: 'open', state: 'Down', startedAtMs: OLDEST_MS - 9_000, reason: 'opened' } as const;
    await events.append(appendTo(endpoint, [opens]));
    const [{ eventId } = {}] = await queries.list(EVERY_SITE, { limit: 1 });
    if (eventId === undefined) throw new Error('nothing is open');
    const its = Array.from({ length: 501 }, (_, index) => entry(OLDEST_MS - 5_000 + index, { eventId }));
    await recordAudit(db.kysely, [...its, entry(OLDEST_MS - 1)]);
    const history = historyOn(db);
    await history.retain(NOW_MS);
    expect(await kept(db)).toEqual(its.map(({ atMs }) => atMs));
    await events.append(appendTo(endpoint, [{ op: 'close', reason: 'manual_override' }]));
    await history.retain(NOW_MS);
    expect(await kept(db)).toEqual([]);
  });

  it('is kept for as long as was asked for; 0 is for ever', async () => {
    const db = await temporaryDatabase();
    await recordAudit(db.kysely, [entry(1), entry(NOW_MS - 2 * DAY_MS), entry(NOW_MS - DAY_MS)]);
    await historyOn(db, { retention: { ...DEFAULT_RETENTION, auditDays: 0 } }).retain(NOW_MS);
    expect(await kept(db)).toHaveLength(3);
    await historyOn(db, { retention: { ...DEFAULT_RETENTION, auditDays: 1 } }).retain(NOW_MS);
    expect(await kept(db)).toEqual([NOW_MS - DAY_MS]);
  });

  it('takes in new rows while old ones go', async () => {
    const db = await temporaryDatabase();
    await recordAudit(
      db.kysely,
      Array.from({ length: 2_000 }, (_, index) => entry(1 + index)),
    );
    const forgetting = historyOn(db).retain(NOW_MS);
    for (let nth = 0; nth < 20; nth += 1) await recordAudit(db.kysely, [entry(NOW_MS + nth)]);
    await forgetting;
    expect(await kept(db)).toEqual(Array.from({ length: 20 }, (_, nth) => NOW_MS + nth));
  });
});
