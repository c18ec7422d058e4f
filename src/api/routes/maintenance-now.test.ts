import { describe, expect, it } from 'vitest';
import { apiWithSites, at, DAY, HOUR, nightly } from '../../../test/kit/maintenance-api.ts';

describe('maintenance from now on', () => {
  it('is started, goes on when it is started again, and ends when it is stopped, as often as it is said', async () => {
    const { api, ask, state, nowMs } = await apiWithSites();
    const begunMs = nowMs();
    const { status, body } = await ask('POST', '/sites/1/maintenance/start', { note: 'release 42' });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: 1,
      source: 'started',
      title: 'release 42',
      is_active: true,
      duration_seconds: 3_600,
    });
    expect(Date.parse(body.start)).toBeGreaterThanOrEqual(begunMs);
    expect(await state()).toBe('Maintenance');
    const shorter = (await ask('POST', '/sites/1/maintenance/start', { duration_minutes: 1 })).body;
    expect(shorter).toMatchObject({ id: 1, title: 'release 42', end: body.end });
    api.clock.move(HOUR / 2);
    const longer = (await ask('POST', '/sites/1/maintenance/start', { duration_minutes: 90 })).body;
    expect(longer).toMatchObject({ id: 1, start: body.start });
    expect(Date.parse(longer.end)).toBeGreaterThan(Date.parse(body.end));

    const stopped = (await ask('POST', '/sites/1/maintenance/stop')).body;
    expect(stopped).toMatchObject({ site_id: 1, is_active: false, ended: [{ id: 1, is_active: false }] });
    expect(stopped.ended[0].ended_at).not.toBeNull();
    expect(await state()).toBe('Unknown');
    expect((await ask('POST', '/sites/1/maintenance/stop')).body).toEqual({ site_id: 1, ended: [], is_active: false });
    expect((await ask('POST', '/sites/1/maintenance/start')).body.id).toBe(2);
  });

  it('is one window, however many start it at once', async () => {
    const { ask } = await apiWithSites();
    const started = await Promise.all([1, 2, 3, 4].map(() => ask('POST', '/sites/1/maintenance/start')));
    expect(started.map(({ status, body }) => [status, body.id])).toEqual([1, 2, 3, 4].map(() => [200, 1]));
  });

  it('is no longer than a day', async () => {
    const { ask } = await apiWithSites();
    const { status, body } = await ask('POST', '/sites/1/maintenance/start', { duration_minutes: 1_441 });
    expect([status, body.error.details.field]).toEqual([422, 'duration_minutes']);
  });

  it('that is stopped ends this occurrence of what comes again, and the window of the rows as well', async () => {
    const { api, ask, state, nowMs } = await apiWithSites();
    const { startMs, body } = nightly(api);
    await ask('POST', '/sites/1/maintenance', body);
    await ask('PATCH', '/sites/1', { maintenance_start: at(nowMs()), maintenance_end: at(nowMs() + 5 * DAY) });
    api.clock.move(startMs + 60_000 - nowMs());
    expect((await ask('POST', '/sites/1/maintenance/stop')).body).toMatchObject({
      ended: [{ id: 1, is_active: false, next_start: at(startMs + 2 * DAY), ended_at: null }],
    });
    expect(await state()).toBe('Unknown');
    expect((await ask('GET', '/sites/1')).body.maintenance_start).toBeNull();
    api.clock.move(2 * DAY);
    expect(await state()).toBe('Maintenance');
  });
});
