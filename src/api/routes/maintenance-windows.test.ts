import { describe, expect, it } from 'vitest';
import { apiWithSites, at, DAY, HOUR, nightly } from '../../../test/kit/maintenance-api.ts';
import type { SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { maintenanceIntervals } from '../../services/maintenance-intervals.ts';

describe('maintenance that is planned once', () => {
  it('is shown as it was planned, is on in its time, and makes the site Maintenance', async () => {
    const { api, ask, state, nowMs } = await apiWithSites();
    const startMs = nowMs() + HOUR;
    const endMs = startMs + HOUR;
    const sent = { title: 'New disks', start: at(startMs), end: at(endMs), time_zone: 'Europe/Berlin' };
    const { status, body } = await ask('POST', '/sites/1/maintenance', sent);
    expect(status).toBe(201);
    expect(body).toMatchObject({
      ...{ id: 1, site_id: 1, endpoint_id: null, title: 'New disks', source: 'planned', recurrence: null },
      ...{ start: at(startMs), end: at(endMs), duration_seconds: 3_600, time_zone: 'Europe/Berlin' },
      ...{ is_active: false, next_start: at(startMs), next_end: at(endMs), ended_at: null, created_by: 'local' },
    });
    expect(await state()).toBe('Unknown');
    api.clock.move(HOUR + 1_000);
    expect((await ask('GET', '/maintenance/1')).body).toMatchObject({ is_active: true, next_start: at(startMs) });
    expect(await state()).toBe('Maintenance');
    api.clock.move(HOUR);
    expect((await ask('GET', '/maintenance/1')).body).toMatchObject({ is_active: false, next_start: null });
    expect(await state()).toBe('Unknown');
  });

  it('may name a time by the clocks of a place', async () => {
    const { ask } = await apiWithSites();
    const sent = { start: '2100-07-01T02:00', duration_minutes: 45, time_zone: 'America/New_York' };
    expect((await ask('POST', '/sites/1/maintenance', sent)).body).toMatchObject({
      ...{ start: '2100-07-01T06:00:00.000Z', end: '2100-07-01T06:45:00.000Z', local_start: '2100-07-01T02:00:00' },
    });
  });

  it('covers nothing of what was before it was planned', async () => {
    const { api, ask, nowMs } = await apiWithSites();
    const beganMs = nowMs();
    const sent = { start: at(beganMs - HOUR), end: at(beganMs + HOUR) };
    expect((await ask('POST', '/sites/1/maintenance', sent)).body).toMatchObject({ is_active: true });
    const deps = { database: api.database, endpoints: api.endpoints };
    const span = [beganMs - DAY, beganMs + DAY] as const;
    const [only, ...others] = await maintenanceIntervals(deps, EVERY_SITE, 1n as SiteId, ...span);
    expect(others).toEqual([]);
    expect(only?.fromMs).toBeGreaterThanOrEqual(beganMs);
    expect(only?.toMs).toBe(beganMs + HOUR);
  });

  it('of one endpoint leaves the others, and so the site, as they are', async () => {
    const { api, ask, state, nowMs } = await apiWithSites();
    const second = await api.addEndpoint({ siteId: 1n as SiteId });
    const sent = { endpoint_id: Number(second.endpointId), start: at(nowMs()), duration_minutes: 10 };
    expect((await ask('POST', '/sites/1/maintenance', sent)).status).toBe(201);
    const { body } = await ask('GET', '/sites/1');
    expect(body.endpoints.map((each: { current_state: string }) => each.current_state)).toEqual([
      'Unknown',
      'Maintenance',
    ]);
    expect(await state()).toBe('Unknown');
  });
});

describe('maintenance that comes again', () => {
  it('is on whenever it comes, and says when it comes next', async () => {
    const { api, ask, state, nowMs } = await apiWithSites();
    const { startMs, body } = nightly(api);
    const made = (await ask('POST', '/sites/1/maintenance', body)).body;
    expect(made).toMatchObject({
      ...{ start: at(startMs), end: null, duration_seconds: 1_800, time_zone: 'UTC', is_active: false },
      recurrence: { frequency: 'daily', interval: 2, until: null },
    });
    api.clock.move(startMs + 2 * DAY + 60_000 - nowMs());
    expect(await state()).toBe('Maintenance');
    expect((await ask('GET', '/maintenance/1')).body).toMatchObject({
      is_active: true,
      next_start: at(startMs + 2 * DAY),
    });
    api.clock.move(HOUR);
    expect(await state()).toBe('Unknown');
    expect((await ask('GET', '/maintenance/1')).body).toMatchObject({ next_start: at(startMs + 4 * DAY) });
  });

  it('is weekly on the days that are named, or monthly, or on those of its start', async () => {
    const { ask } = await apiWithSites();
    const plan = async (recurrence: object) => {
      const sent = { start: '2100-05-31T02:00', time_zone: 'Europe/Berlin', duration_minutes: 60, recurrence };
      const { body } = await ask('POST', '/sites/1/maintenance', sent);
      return [body.local_start, body.recurrence];
    };
    const every = { interval: 1, until: null };
    expect(await plan({ frequency: 'weekly', days: ['tue', 'mon'] })).toEqual([
      '2100-05-31T02:00:00',
      { frequency: 'weekly', ...every, days: ['mon', 'tue'] },
    ]);
    expect(await plan({ frequency: 'weekly', days: ['wed'] })).toEqual([
      '2100-06-02T02:00:00',
      { frequency: 'weekly', ...every, days: ['wed'] },
    ]);
    expect(await plan({ frequency: 'weekly' })).toEqual([
      '2100-05-31T02:00:00',
      { frequency: 'weekly', ...every, days: ['mon'] },
    ]);
    expect(await plan({ frequency: 'monthly' })).toEqual([
      '2100-05-31T02:00:00',
      { frequency: 'monthly', ...every, day_of_month: 31 },
    ]);
    expect(await plan({ frequency: 'daily', until: '2100-06-03T00:00' })).toEqual([
      '2100-05-31T02:00:00',
      { frequency: 'daily', interval: 1, until: '2100-06-02T22:00:00.000Z' },
    ]);
  });
});

describe('maintenance that is changed', () => {
  it('takes what is sent and keeps the rest, by the clocks of its zone', async () => {
    const { ask } = await apiWithSites();
    const recurrence = { frequency: 'weekly', days: ['sun'] };
    const sent = {
      title: 'Backups',
      start: '2100-03-21T02:30',
      time_zone: 'Europe/Berlin',
      duration_minutes: 60,
      recurrence,
    };
    await ask('POST', '/sites/1/maintenance', sent);
    const { body } = await ask('PATCH', '/maintenance/1', { duration_minutes: 90, title: null });
    expect(body).toMatchObject({ title: null, duration_seconds: 5_400, local_start: '2100-03-21T02:30:00' });
    expect((await ask('PATCH', '/maintenance/1', { time_zone: 'UTC' })).body.start).toBe('2100-03-21T02:30:00.000Z');
    expect((await ask('PATCH', '/maintenance/1', { recurrence: null })).body).toMatchObject({
      ...{ recurrence: null, end: '2100-03-21T04:00:00.000Z' },
    });
    const later = (await ask('PATCH', '/maintenance/1', { start: '2100-04-01T00:00:00Z' })).body;
    expect(later).toMatchObject({ start: '2100-04-01T00:00:00.000Z', end: '2100-04-01T01:30:00.000Z' });
  });

  it('or removed keeps what it covered until then', async () => {
    const { api, ask, state, nowMs } = await apiWithSites();
    const { startMs, body } = nightly(api);
    await ask('POST', '/sites/1/maintenance', body);
    api.clock.move(startMs + 2 * DAY + 10 * 60_000 - nowMs());
    const movedMs = nowMs();
    await ask('PATCH', '/maintenance/1', { start: at(startMs + 3 * DAY) });
    expect(await state()).toBe('Unknown');
    api.clock.move(startMs + 3 * DAY + 10 * 60_000 - nowMs());
    expect(await state()).toBe('Maintenance');
    const removedMs = nowMs();
    expect((await ask('DELETE', '/maintenance/1')).status).toBe(204);
    expect(await state()).toBe('Unknown');
    expect((await ask('GET', '/maintenance/1')).status).toBe(404);
    expect((await ask('GET', '/maintenance')).body.data).toEqual([]);

    const deps = { database: api.database, endpoints: api.endpoints };
    const kept = await maintenanceIntervals(deps, EVERY_SITE, 1n as SiteId, startMs - DAY, startMs + 30 * DAY);
    const near = (ms: number | undefined, wanted: number) => expect(Math.abs((ms ?? 0) - wanted)).toBeLessThan(60_000);
    expect(kept).toHaveLength(3);
    expect(kept[0]).toEqual({ fromMs: startMs, toMs: startMs + HOUR / 2 });
    expect(kept[1]?.fromMs).toBe(startMs + 2 * DAY);
    near(kept[1]?.toMs, movedMs);
    expect(kept[2]?.fromMs).toBe(startMs + 3 * DAY);
    near(kept[2]?.toMs, removedMs);
  });

  it('may last longer while it is on', async () => {
    const { ask, nowMs } = await apiWithSites();
    const startMs = nowMs();
    await ask('POST', '/sites/1/maintenance', { start: at(startMs), duration_minutes: 10 });
    const { body } = await ask('PATCH', '/maintenance/1', { duration_minutes: 60 });
    expect(body).toMatchObject({ id: 1, is_active: true, end: at(startMs + HOUR) });
  });

  it('is not changed any more when it is over', async () => {
    const { api, ask, nowMs } = await apiWithSites();
    await ask('POST', '/sites/1/maintenance', { start: at(nowMs()), duration_minutes: 10 });
    api.clock.move(HOUR);
    const { status, body } = await ask('PATCH', '/maintenance/1', { duration_minutes: 600 });
    expect([status, body.error.code]).toEqual([400, 'invalid_window']);
    expect((await ask('PATCH', '/maintenance/1', { title: 'Disks' })).body.title).toBe('Disks');
  });

  it('in the row of an endpoint, too, keeps what it covered', async () => {
    const { api, ask, nowMs } = await apiWithSites();
    const setMs = nowMs();
    const startMs = setMs - HOUR;
    await ask('PATCH', '/sites/1', { maintenance_start: at(startMs), maintenance_end: at(startMs + DAY) });
    api.clock.move(HOUR);
    await ask('PATCH', '/sites/1', { maintenance_start: null, maintenance_end: null });
    const deps = { database: api.database, endpoints: api.endpoints };
    const kept = await maintenanceIntervals(deps, EVERY_SITE, 1n as SiteId, startMs - DAY, startMs + 2 * DAY);
    expect(kept).toHaveLength(1);
    // Not from its start: it was set an hour later.
    expect(kept[0]?.fromMs).toBeGreaterThanOrEqual(setMs);
    expect(kept[0]?.toMs).toBeGreaterThanOrEqual(setMs + HOUR);
    expect(kept[0]?.toMs).toBeLessThan(setMs + 2 * HOUR);
  });
});

describe('maintenance of several sites', () => {
  it('is one window for each of those that are named', async () => {
    const { ask, state, nowMs } = await apiWithSites(3);
    const sent = { site_ids: [3, 1], start: at(nowMs()), duration_minutes: 10 };
    const { status, body } = await ask('POST', '/maintenance', sent);
    expect(status).toBe(201);
    expect(body.data.map((each: { site_id: number }) => each.site_id)).toEqual([3, 1]);
    expect([await state(1), await state(2), await state(3)]).toEqual(['Maintenance', 'Unknown', 'Maintenance']);
  });

  it('is one for all where that is said, and no site alone ends it', async () => {
    const { api, ask, state, nowMs } = await apiWithSites(2);
    const { body } = await ask('POST', '/maintenance', { all_sites: true, start: at(nowMs()), duration_minutes: 10 });
    expect(body.data).toMatchObject([{ site_id: null, is_active: true }]);
    await api.addEndpoint();
    expect([await state(1), await state(3)]).toEqual(['Maintenance', 'Maintenance']);
    expect((await ask('POST', '/sites/1/maintenance/stop')).body).toMatchObject({ ended: [], is_active: true });
    expect(await state(1)).toBe('Maintenance');
    expect((await ask('GET', '/sites/2/maintenance')).body.data).toHaveLength(1);
  });

  it('is planned for all of them or for none', async () => {
    const { ask, nowMs } = await apiWithSites();
    const { status, body } = await ask('POST', '/maintenance', {
      site_ids: [1, 9],
      start: at(nowMs()),
      duration_minutes: 10,
    });
    expect([status, body.error.code]).toEqual([404, 'site_not_found']);
    expect((await ask('GET', '/maintenance')).body.data).toEqual([]);
  });
});

describe('the list', () => {
  it('tells those that are on, to come or over, of all sites or one, page by page', async () => {
    const { api, ask, nowMs } = await apiWithSites(2);
    const plan = (site: number, startMs: number) =>
      ask('POST', `/sites/${site}/maintenance`, { start: at(startMs), duration_minutes: 10 });
    await plan(1, nowMs());
    api.clock.move(HOUR);
    await plan(1, nowMs());
    await plan(1, nowMs() + DAY);
    await plan(2, nowMs());
    const ids = async (query: string) => (await ask('GET', query)).body.data.map((each: { id: number }) => each.id);
    expect(await ids('/maintenance')).toEqual([1, 2, 3, 4]);
    expect(await ids('/maintenance?status=active')).toEqual([2, 4]);
    expect(await ids('/maintenance?status=upcoming')).toEqual([3]);
    expect(await ids('/maintenance?status=over')).toEqual([1]);
    expect(await ids('/maintenance?status=active&site_id=1')).toEqual([2]);
    expect(await ids('/sites/2/maintenance')).toEqual([4]);
    const first = (await ask('GET', '/maintenance?limit=3')).body;
    expect(first.data).toHaveLength(3);
    expect(await ids(`/maintenance?limit=3&cursor=${first.page.next}`)).toEqual([4]);
    expect((await ask('GET', '/maintenance?limit=4')).body.page.next).toBeNull();
  });
});

describe('what is no maintenance window', () => {
  const start = '2100-05-01T02:00:00Z';
  const daily = { frequency: 'daily' };

  it.each([
    [{ start }, 400, 'invalid_window'],
    [{ start, end: '2100-05-01T03:00:00Z', duration_minutes: 60 }, 400, 'invalid_window'],
    [{ start, end: start }, 400, 'invalid_window'],
    [{ start, end: '2102-05-01T02:00:00Z' }, 400, 'invalid_window'],
    [{ start: '2020-05-01T02:00:00Z', duration_minutes: 60 }, 400, 'invalid_window'],
    [{ start, end: '2100-05-01T03:00:00Z', recurrence: daily }, 400, 'invalid_window'],
    [{ start, duration_minutes: 1_441, recurrence: daily }, 400, 'invalid_window'],
    [{ start, duration_minutes: 60, recurrence: { ...daily, until: start } }, 400, 'invalid_window'],
    [{ start, duration_minutes: 60, recurrence: { ...daily, days: ['mon'] } }, 400, 'invalid_window'],
    [{ start, duration_minutes: 60, recurrence: { ...daily, day_of_month: 3 } }, 400, 'invalid_window'],
    [{ start, duration_minutes: 60, recurrence: { frequency: 'hourly' } }, 422, 'invalid_field'],
    [{ start, duration_minutes: 60, time_zone: 'Europe/Nowhere' }, 422, 'invalid_field'],
    [{ start, duration_minutes: 60, time_zone: '+02:00' }, 422, 'invalid_field'],
    [{ start: 'soon', duration_minutes: 60 }, 422, 'invalid_field'],
    [{ start: '2100-02-30T02:00', duration_minutes: 60 }, 422, 'invalid_field'],
    [{ start: '1999-05-01T02:00:00Z', duration_minutes: 60 }, 422, 'invalid_field'],
    [{ start, duration_minutes: 60, colour: 'red' }, 422, 'invalid_field'],
    [{ duration_minutes: 60 }, 422, 'invalid_field'],
    [{ start, duration_minutes: 60, endpoint_id: 99 }, 404, 'site_endpoint_not_found'],
  ])('is refused by name (case %#)', async (sent, status, code) => {
    const { ask } = await apiWithSites();
    const refused = await ask('POST', '/sites/1/maintenance', sent);
    expect([refused.status, refused.body.error.code]).toEqual([status, code]);
    expect((await ask('GET', '/maintenance')).body.data).toEqual([]);
  });

  it('nor is what names no sites, no window or more windows than there may be', async () => {
    const { ask } = await apiWithSites();
    const codeOf = async (...sent: Parameters<typeof ask>) => (await ask(...sent)).body.error.code;
    const sent = { start, duration_minutes: 60 };
    expect(await codeOf('POST', '/maintenance', sent)).toBe('invalid_field');
    expect(await codeOf('POST', '/maintenance', { ...sent, site_ids: [1], all_sites: true })).toBe('invalid_field');
    expect(await codeOf('POST', '/sites/9/maintenance', sent)).toBe('site_not_found');
    expect(await codeOf('GET', '/sites/9/maintenance')).toBe('site_not_found');
    expect(await codeOf('POST', '/sites/9/maintenance/start')).toBe('site_not_found');
    expect(await codeOf('POST', '/sites/9/maintenance/stop')).toBe('site_not_found');
    expect(await codeOf('GET', '/maintenance?site_id=x')).toBe('invalid_filter');
    expect(await codeOf('GET', '/maintenance?site_id=9999999999999999999')).toBe('invalid_filter');
    expect(await codeOf('GET', '/maintenance/x')).toBe('invalid_window_id');
    for (const method of ['GET', 'DELETE']) expect(await codeOf(method, '/maintenance/9')).toBe('window_not_found');
    expect(await codeOf('PATCH', '/maintenance/9', { title: 'x' })).toBe('window_not_found');
    for (let made = 0; made < 100; made += 1) await ask('POST', '/sites/1/maintenance', sent);
    expect(await codeOf('POST', '/sites/1/maintenance', sent)).toBe('invalid_window');
  }, 30_000);
});

it('what is done to maintenance leaves a trace', async () => {
  const { api, ask, nowMs } = await apiWithSites();
  await ask('POST', '/sites/1/maintenance', { start: at(nowMs()), duration_minutes: 10 });
  await ask('PATCH', '/maintenance/1', { title: 'Disks' });
  await ask('POST', '/sites/1/maintenance/start');
  await ask('POST', '/sites/1/maintenance/start', { duration_minutes: 120 });
  await ask('POST', '/sites/1/maintenance/stop');
  await ask('DELETE', '/maintenance/1');
  const rows = await api.database.kysely
    .selectFrom('jetmon_audit_log')
    .select(['event_type', 'detail'])
    .orderBy('id')
    .execute();
  // Who used the API is noted in the same place, a second later.
  const changes = rows.filter(({ event_type }) => event_type === 'config_change');
  expect(changes.map(({ detail }) => detail)).toEqual([
    ...['maintenance planned', 'maintenance changed', 'maintenance started', 'maintenance goes on'],
    ...['maintenance stopped', 'maintenance stopped', 'maintenance taken back'],
  ]);
});
