import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';
import type { EventId } from '../../domain/ids.ts';
import { listSiteAudit } from '../../services/list-site-audit.ts';
import { recordAudit } from '../../store/audit.ts';

const AT = Date.UTC(2026, 0, 1);

async function siteWithTrail() {
  const api = await startApi();
  const { siteId } = await api.addEndpoint();
  const other = await api.addEndpoint();
  const entry = { siteId, eventType: 'config_change', source: 'api', detail: 'changed' } as const;
  await recordAudit(api.database.kysely, [
    { ...entry, detail: 'first', atMs: AT },
    { ...entry, detail: 'second', atMs: AT + 1_000 },
    { ...entry, detail: 'third', atMs: AT + 1_000, eventId: 7n as EventId, metadata: { changed: ['plan'] } },
    { ...entry, siteId: other.siteId, detail: 'of another site', atMs: AT },
    { ...entry, siteId: null, detail: 'of the system', atMs: AT },
  ]);
  const path = `/api/v1/sites/${siteId}/audit`;
  const details = async (query: string) =>
    (await api.ask('GET', `${path}${query}`)).body.data.map((one: { detail: string }) => one.detail);
  return { ...api, siteId, path, details };
}

describe('GET /api/v1/sites/:site_id/audit', () => {
  it('tells what was done to the site alone, newest first, page by page', async () => {
    const { ask, path, details } = await siteWithTrail();
    expect(await details('')).toEqual(['third', 'second', 'first']);
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const more: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await ask('GET', `${path}?limit=1${more}`);
      seen.push(...body.data.map((one: { detail: string }) => one.detail));
      cursor = body.page.next;
    }
    expect(seen).toEqual(['third', 'second', 'first']);
    const { body } = await ask('GET', path);
    expect(body.data[0]).toMatchObject({
      at: '2026-01-01T00:00:01.000Z',
      event_type: 'config_change',
      source: 'api',
      event_id: 7,
      metadata: { changed: ['plan'] },
    });
  });

  it('keeps to a span that begins with its first instant and ends before its last', async () => {
    const { details } = await siteWithTrail();
    expect(await details('?until=2026-01-01T00:00:01.000Z')).toEqual(['first']);
    expect(await details('?since=2026-01-01T00:00:01.000Z')).toEqual(['third', 'second']);
    expect(await details('?since=2026-01-01T00:00:02.000Z')).toEqual([]);
    expect(await details('?until=2026-01-01T02:00:01%2B02:00')).toEqual(['first']);
  });

  it('records what is done through the API, and shows no value that may be a secret', async () => {
    const { ask, path, database, siteId } = await siteWithTrail();
    const metadata = { api_key: 'CANARY', inner: [{ Authorization: 'CANARY', kept: 1 }] };
    const entry = { siteId, eventType: 'api_access', metadata, atMs: Date.now() + 60_000 } as const;
    await recordAudit(database.kysely, [entry]);
    await ask('PATCH', `/api/v1/sites/${siteId}`, { body: { custom_headers: { 'X-Key': 'CANARY' } } });
    const { text, body } = await ask('GET', path);
    expect(text).not.toContain('CANARY');
    expect(body.data[0].metadata).toEqual({
      api_key: '[not shown]',
      inner: [{ Authorization: '[not shown]', kept: 1 }],
    });
    expect(body.data[1]).toMatchObject({ detail: 'settings changed: headers' });
  });

  it('is 404 where there is no such site for the caller, and refuses what it does not know', async () => {
    const { ask, path, siteId, ...api } = await siteWithTrail();
    const query = { siteId, sinceMs: null, untilMs: null, before: null, limit: 10 };
    const asTenant = listSiteAudit(api, { kind: 'tenant', tenantId: 'another' }, query);
    await expect(asTenant).rejects.toMatchObject({ code: 'site_not_found' });
    const refusals: [string, number, string][] = [
      ['/api/v1/sites/99/audit', 404, 'site_not_found'],
      ['/api/v1/sites/x/audit', 400, 'invalid_site_id'],
      [`${path}?cursor=nonsense`, 400, 'invalid_cursor'],
      [`${path}?cursor=${Buffer.from('{"id":1}').toString('base64url')}`, 400, 'invalid_cursor'],
      [`${path}?limit=0`, 400, 'invalid_limit'],
      [`${path}?since=yesterday`, 400, 'invalid_filter'],
    ];
    for (const [at, status, code] of refusals) {
      const reply = await ask('GET', at);
      expect([at, reply.status, reply.body.error.code]).toEqual([at, status, code]);
    }
  });
});
