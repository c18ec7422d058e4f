import { describe, expect, it, vi } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';

const HOUR_MS = 3_600_000;
const OUTAGE = [{ op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' }] as const;

const create = (api: ApiFixture, body: object = {}) =>
  api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://a.example/', ...body } });
const change = (api: ApiFixture, body: object) => api.ask('PATCH', '/api/v1/sites/1', { body });
const read = async (api: ApiFixture) => (await api.ask('GET', '/api/v1/sites/1')).body;

const shown = ({ maintenance_start, maintenance_end }: { maintenance_start: unknown; maintenance_end: unknown }) => [
  maintenance_start,
  maintenance_end,
];

/** A window from `fromNowMs` on that lasts an hour, as it is sent. */
function windowIn(api: ApiFixture, fromNowMs: number) {
  const startMs = api.clock.nowMs() + fromNowMs;
  const instant = (ms: number) => new Date(ms).toISOString();
  return { maintenance_start: instant(startMs), maintenance_end: instant(startMs + HOUR_MS) };
}

describe('a maintenance window', () => {
  it('is none where nobody asked for one', async () => {
    const api = await startApi();
    expect(shown((await create(api)).body)).toEqual([null, null]);
  });

  it('is set with a site or later, in any zone, stays when others change, and goes with null or empty texts', async () => {
    const api = await startApi();
    const sent = { maintenance_start: '2030-05-01T22:00:00+02:00', maintenance_end: '2030-05-01T21:30:00.5Z' };
    const window = ['2030-05-01T20:00:00.000Z', '2030-05-01T21:30:00.500Z'];
    expect(shown((await create(api, sent)).body)).toEqual(window);
    expect(shown((await change(api, { check_interval_seconds: 90 })).body)).toEqual(window);
    expect(shown((await change(api, { maintenance_start: null, maintenance_end: null })).body)).toEqual([null, null]);
    expect(shown((await change(api, sent)).body)).toEqual(window);
    expect(shown((await change(api, { maintenance_start: '', maintenance_end: '' })).body)).toEqual([null, null]);
    expect(shown(await read(api))).toEqual([null, null]);
  });

  it('is of every endpoint of the site when it is changed, and leaves a trace', async () => {
    const api = await startApi();
    await create(api);
    await create(api, { monitor_url: 'https://a.example/shop', blog_id: 1 });
    await change(api, windowIn(api, 0));
    const startMs = api.clock.nowMs();
    const windows = (await api.endpoints.bySite(EVERY_SITE, 1n as SiteId)).map(({ maintenance }) => maintenance);
    expect(windows).toEqual([windows[0], windows[0]]);
    expect(Math.abs((windows[0]?.startMs ?? 0) - startMs)).toBeLessThan(HOUR_MS);
    const audit = await api.database.kysely.selectFrom('jetmon_audit_log').selectAll().execute();
    expect(audit.at(-1)).toMatchObject({ detail: 'settings changed: maintenance' });
  });

  it('makes the site and its endpoints Maintenance while it lasts, whatever is open', async () => {
    const api = await startApi();
    await create(api);
    const [first] = await api.endpoints.all(EVERY_SITE);
    if (first === undefined) throw new Error('there is no endpoint');
    await api.events.append(appendTo(first, OUTAGE));
    await change(api, windowIn(api, 60_000));
    expect((await read(api)).current_state).toBe('Seems Down');
    api.clock.move(61_000);
    expect(await read(api)).toMatchObject({
      current_state: 'Maintenance',
      active_event_id: null,
      endpoints: [{ current_state: 'Maintenance' }],
      active_events: [{ state: 'Seems Down' }],
    });
    api.clock.move(HOUR_MS);
    expect((await read(api)).current_state).toBe('Seems Down');
  });

  it('of one endpoint does not hide what is wrong with another', async () => {
    const api = await startApi();
    await create(api);
    await create(api, { monitor_url: 'https://a.example/shop', blog_id: 1, ...windowIn(api, -60_000) });
    const [first] = await api.endpoints.all(EVERY_SITE);
    if (first === undefined) throw new Error('there is no endpoint');
    await api.events.append(appendTo(first, OUTAGE));
    expect(await read(api)).toMatchObject({
      current_state: 'Seems Down',
      endpoints: [{ current_state: 'Seems Down' }, { current_state: 'Maintenance' }],
    });
    await api.endpoints.update(EVERY_SITE, first.endpointId, { active: false });
    expect((await read(api)).current_state).toBe('Maintenance');
  });

  it('is told to who watches', async () => {
    const api = await startApi();
    await create(api);
    const heard = vi.fn();
    api.changes.subscribe(heard);
    await change(api, windowIn(api, 0));
    expect(heard).toHaveBeenCalledWith(expect.objectContaining({ kind: 'site_changed', change: 'updated' }));
  });

  const START = '2030-05-01T20:00:00Z';
  const END = '2030-05-01T21:00:00Z';
  const EXAMPLE = 'write an instant such as 2026-05-01T22:00:00Z';

  it.each([
    [
      { maintenance_start: START },
      'maintenance_end',
      'a maintenance window has a start and an end, and maintenance_end is missing',
    ],
    [
      { maintenance_end: END },
      'maintenance_start',
      'a maintenance window has a start and an end, and maintenance_start is missing',
    ],
    [
      { maintenance_start: null, maintenance_end: END },
      'maintenance_start',
      'a maintenance window has a start and an end, and maintenance_start is missing',
    ],
    [
      { maintenance_start: null },
      'maintenance_end',
      'a maintenance window has a start and an end, and maintenance_end is missing',
    ],
    [
      { maintenance_end: '' },
      'maintenance_start',
      'a maintenance window has a start and an end, and maintenance_start is missing',
    ],
    [
      { maintenance_start: END, maintenance_end: END },
      'maintenance_end',
      'maintenance_end is not after maintenance_start',
    ],
    [
      { maintenance_start: END, maintenance_end: START },
      'maintenance_end',
      'maintenance_end is not after maintenance_start',
    ],
    [
      { maintenance_start: 'soon', maintenance_end: END },
      'maintenance_start',
      `member maintenance_start: "soon" is not valid: ${EXAMPLE}`,
    ],
    [
      { maintenance_start: '2030-02-30T00:00:00Z', maintenance_end: END },
      'maintenance_start',
      `member maintenance_start: "2030-02-30T00:00:00Z" is not valid: ${EXAMPLE}`,
    ],
    [{ maintenance_start: START, maintenance_end: 5 }, 'maintenance_end', 'member maintenance_end: 5 is not a text'],
  ])('that is none is refused by name, on creation and on change (case %#)', async (body, field, message) => {
    const api = await startApi();
    for (const refused of [await create(api, body), await change(api, body)]) {
      expect(refused.status).toBe(422);
      expect(refused.body.error).toMatchObject({ code: 'invalid_field', message, details: { field } });
    }
    expect(await api.endpoints.all(EVERY_SITE)).toEqual([]);
  });
});
