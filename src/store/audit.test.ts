import { describe, expect, it } from 'vitest';
import { appendTo, temporaryDatabase, temporaryStore } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { type AuditEntry, listAudit, recordAudit } from './audit.ts';
import { readTrail } from './trail.ts';

const SITE = 1n as SiteId;
const ALWAYS = { sinceMs: 0, untilMs: 1_000_000, limit: 1_000 };

function entry(atMs: number, change: Partial<AuditEntry> = {}): AuditEntry {
  return { siteId: SITE, eventType: 'config_change', detail: `at ${atMs}`, atMs, ...change };
}

describe('the audit log', () => {
  it('keeps many entries at once and lists those of a span, in order, page by page', async () => {
    const { kysely } = await temporaryDatabase();
    await recordAudit(kysely, [
      ...Array.from({ length: 450 }, (_, index) => entry(index)).reverse(),
      entry(7, { siteId: null }),
    ]);
    const span = { siteId: SITE, sinceMs: 5, untilMs: 10 };
    const first = await listAudit(kysely, EVERY_SITE, { ...span, limit: 3 });
    expect(first.map(({ atMs }) => atMs)).toEqual([5, 6, 7]);
    const after = first.at(-1);
    const rest = await listAudit(kysely, EVERY_SITE, { ...span, limit: 10, ...(after === undefined ? {} : { after }) });
    expect(rest.map(({ atMs }) => atMs)).toEqual([8, 9]);
    expect(await listAudit(kysely, EVERY_SITE, { ...ALWAYS, siteId: null })).toMatchObject([{ siteId: null, atMs: 7 }]);
    expect(await listAudit(kysely, EVERY_SITE, ALWAYS)).toHaveLength(451);
  });

  it('cuts what is too long and keeps it well-formed', async () => {
    const { kysely } = await temporaryDatabase();
    const detail = `${'x'.repeat(1_023)}\u{1f525}`;
    const metadata = { big: 'x'.repeat(17_000) };
    await recordAudit(kysely, [entry(1, { detail, metadata, source: 'y'.repeat(300) })]);
    await recordAudit(kysely, [entry(2, { metadata: { big: 'x'.repeat(16_000) }, detail: null })]);
    const [cut, whole] = await listAudit(kysely, EVERY_SITE, ALWAYS);
    expect(cut).toMatchObject({ detail: `${'x'.repeat(1_023)}\ufffd`, metadata: { metadata_dropped: true } });
    expect(cut?.source).toHaveLength(255);
    expect(whole).toMatchObject({ detail: null, source: 'local', metadata: { big: 'x'.repeat(16_000) } });
  });

  it('shows a row whose metadata is damaged, and those beside it', async () => {
    const { kysely } = await temporaryDatabase();
    await recordAudit(kysely, [entry(1, { metadata: { a: 1 } }), entry(2)]);
    await kysely.updateTable('jetmon_audit_log').set({ metadata: '{"a":' }).where('created_at', '=', 1n).execute();
    expect(await listAudit(kysely, EVERY_SITE, ALWAYS)).toMatchObject([
      { metadataError: true, metadata: null },
      { atMs: 2 },
    ]);
  });
});

describe('the trail', () => {
  it('puts what was done and what the event log says in one order', async () => {
    const { db, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const other = await addEndpoint();
    const opens = [{ op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' }] as const;
    await events.append(appendTo(endpoint, opens));
    await events.append(appendTo(other, opens));
    await events.append(appendTo(endpoint, [{ op: 'close', reason: 'manual_override' }], { atMs: 3_000 }));
    const { siteId } = endpoint;
    await recordAudit(db.kysely, [entry(3_000, { siteId }), entry(500, { siteId }), entry(2_000, { siteId })]);
    const span = { siteId, sinceMs: 500, untilMs: 3_001 };
    const trail = await readTrail(db, EVERY_SITE, { ...span, limit: 10 });
    expect(trail?.entries.map(({ kind, atMs }) => [kind, atMs])).toEqual([
      ['audit', 500],
      ['transition', 1_000],
      ['audit', 2_000],
      ['audit', 3_000],
      ['transition', 3_000],
    ]);
    expect(trail?.entries[1]).toMatchObject({ checkType: 'http', endpointId: endpoint.endpointId, reason: 'opened' });
    expect(trail?.more).toBe(false);
    const cut = await readTrail(db, EVERY_SITE, { ...span, limit: 2 });
    expect([cut?.entries.map(({ atMs }) => atMs), cut?.more]).toEqual([[500, 1_000], true]);
  });

  it('tells a site where nothing happened from one that does not exist', async () => {
    const { db, addEndpoint } = await temporaryStore();
    const { siteId } = await addEndpoint();
    expect(await readTrail(db, EVERY_SITE, { ...ALWAYS, siteId })).toEqual({ entries: [], more: false });
    expect(await readTrail(db, EVERY_SITE, { ...ALWAYS, siteId: 999n as SiteId })).toBeNull();
  });
});
