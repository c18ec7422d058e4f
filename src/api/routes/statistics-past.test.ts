/** What is changed today changes no figure of yesterday. */
import { describe, expect, it } from 'vitest';
import { at, instant, startLife } from '../../../test/kit/life.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { DEFAULT_SLA_OPTIONS } from '../../domain/sla.ts';
import { listOutages } from '../../services/list-outages.ts';
import { updateEntries } from '../../store/legacy.ts';

const MINUTE = 60_000;

/** Looked at for 300 minutes, with an outage from 100 to 160; the clock stands at 300. */
async function siteWithAnOutage() {
  const life = await startLife();
  const { endpoint, set, looks, fails, recovers } = life;
  looks(endpoint, 0, 300);
  await fails(endpoint, 100);
  await recovers(endpoint, 160);
  set(300);
  return life;
}

const BEFORE = { coverage_percent: 100, incident_count: 1, downtime_ms: 60 * MINUTE, unknown_seconds: 0 };

describe('the past of a site', () => {
  it('stays when an endpoint takes the place of another', async () => {
    const { api, site, endpoint, add, looks, set, uptime } = await siteWithAnOutage();
    expect(await uptime(0, 300)).toMatchObject(BEFORE);
    const other = await add('https://b.example/');
    await api.ask('DELETE', `${site}/endpoints/${endpoint.endpointId}`);
    looks(other, 300, 400);
    set(400);
    expect(await uptime(0, 400)).toMatchObject({ ...BEFORE, paused_seconds: 0 });
    expect((await uptime(0, 400, '/incidents')).data).toMatchObject([{ start: instant(100), end: instant(160) }]);
    expect(await uptime(0, 400, `/endpoints/${endpoint.endpointId}/uptime`)).toMatchObject({
      downtime_ms: 60 * MINUTE,
      paused_seconds: 6_000,
      unknown_seconds: 0,
    });
  });

  it('stays when its first endpoint is paused, and that pause is remembered once it is over', async () => {
    const { api, site, endpoint, add, looks, set, uptime } = await siteWithAnOutage();
    const other = await add('https://b.example/');
    looks(other, 300, 600);
    await api.ask('POST', `${site}/endpoints/${endpoint.endpointId}/pause`);
    set(400);
    expect(await uptime(0, 400)).toMatchObject(BEFORE);
    await api.ask('POST', `${site}/endpoints/${endpoint.endpointId}/resume`);
    looks(endpoint, 400, 600);
    set(600);
    expect(await uptime(0, 600)).toMatchObject(BEFORE);
    expect(await uptime(0, 600, `/endpoints/${endpoint.endpointId}/uptime`)).toMatchObject({
      paused_seconds: 6_000,
      unknown_seconds: 0,
    });
  });

  it('stays when rules say that another endpoint is the one that counts', async () => {
    const { api, site, endpoint, add, looks, set, uptime } = await siteWithAnOutage();
    const other = await add('https://b.example/');
    const endpoints = {
      [String(endpoint.endpointId)]: { criticality: 'non_critical' },
      [String(other.endpointId)]: { criticality: 'critical' },
    };
    const put = await api.ask('PUT', `${site}/rollup-rules`, { body: { endpoints } });
    expect(put.status).toBe(200);
    looks(other, 310, 400);
    looks(endpoint, 301, 500);
    set(400);
    expect(await uptime(0, 400)).toMatchObject({ ...BEFORE, unknown_seconds: 600, coverage_percent: 97.5 });
    await api.ask('DELETE', `${site}/rollup-rules`);
    set(500);
    expect(await uptime(0, 500)).toMatchObject({ ...BEFORE, unknown_seconds: 600, coverage_percent: 98 });
  });

  it('keeps its maintenance when an endpoint is added that had none', async () => {
    const life = await startLife();
    const { api, site, endpoint, add, looks, set, uptime } = life;
    const window = { maintenance_start: instant(20), maintenance_end: instant(30) };
    await api.ask('PATCH', site, { body: window });
    looks(endpoint, 0, 100);
    set(50);
    await add('https://b.example/');
    set(100);
    expect(await uptime(0, 100)).toMatchObject({ maintenance_seconds: 600, coverage_percent: 100 });
  });

  it('tells failures from false alarms by who was watched then', async () => {
    const { api, site, siteId, endpoint, endpoints, add, looks, set, fails, recovers, uptime } = await startLife();
    looks(endpoint, 0, 100);
    const other = await add('https://b.example/');
    looks(other, 0, 200);
    await fails(endpoint, 10);
    await fails(other, 12, 'Seems Down');
    await recovers(other, 30, 'false_alarm');
    await recovers(endpoint, 40);
    set(100);
    const before = await uptime(0, 100);
    await api.ask('DELETE', `${site}/endpoints/${endpoint.endpointId}`);
    set(200);
    expect(before).toMatchObject({ downtime_ms: 30 * MINUTE, unknown_seconds: 0 });
    expect(await uptime(0, 100)).toMatchObject({ states_ms: before.states_ms });
    const window = { fromMs: at(0), toMs: at(100) };
    const query = { siteId, window, options: DEFAULT_SLA_OPTIONS, beforeMs: null, limit: 9 };
    expect((await listOutages(api, EVERY_SITE, query)).outages).toHaveLength(1);
    expect(await endpoints()).toHaveLength(2);
  });

  it('has the coverage it had when it is looked at more often, or less, from now on', async () => {
    const { api, site, endpoint, looks, set, uptime } = await startLife({ intervalSeconds: 300 });
    looks(endpoint, 0, 100, 5);
    set(100);
    expect(await uptime(0, 100)).toMatchObject({ coverage_percent: 100 });
    await api.ask('PATCH', site, { body: { check_interval_seconds: 60 } });
    looks(endpoint, 101, 120);
    // The monitor stands still for ten minutes.
    looks(endpoint, 130, 150);
    set(150);
    const gap = { unknown_seconds: 600 - 90, states_ms: { up: 150 * MINUTE - 510_000 } };
    expect(await uptime(0, 150)).toMatchObject(gap);
    await api.ask('PATCH', site, { body: { check_interval_seconds: 3_600 } });
    set(160);
    expect(await uptime(0, 150)).toMatchObject(gap);
    expect(await uptime(150, 160)).toMatchObject({ coverage_percent: 100 });
  });

  it('becomes no maintenance because a window is set or taken away afterwards', async () => {
    const { api, site, endpoint, looks, set, uptime } = await siteWithAnOutage();
    const before = await uptime(0, 300);
    const own = (start: string | null, end: string | null) =>
      api.ask('PATCH', site, { body: { maintenance_start: start, maintenance_end: end } });
    expect((await own(instant(90), instant(310))).status).toBe(200);
    expect(await uptime(0, 300)).toEqual(before);
    looks(endpoint, 301, 400);
    set(305);
    // The same once more, and then a longer one: what was covered stays covered, and nothing else is.
    await own(instant(90), instant(310));
    await own(instant(80), instant(320));
    set(330);
    const [start, end] = [instant(50), instant(325)];
    await own(start, end);
    await own(null, null);
    set(400);
    expect(await uptime(0, 300)).toEqual(before);
    expect(await uptime(0, 400)).toMatchObject({ ...BEFORE, maintenance_seconds: 1_200 });
  });

  it('knows a pause that another program made from the last look on, also once it is over', async () => {
    const { api, site, endpoint, looks, set, fails, recovers, uptime } = await startLife();
    looks(endpoint, 0, 100);
    await fails(endpoint, 20);
    await recovers(endpoint, 40);
    await updateEntries(api.database.kysely, [endpoint.endpointId], { active: false });
    set(200);
    const figures = { downtime_ms: 20 * MINUTE, incident_count: 1 };
    const whole = await uptime(0, 200);
    expect(whole).toMatchObject(figures);
    // A look counts until the next one is late.
    expect(whole.states_ms.up).toBeGreaterThanOrEqual(80 * MINUTE);
    expect(whole.states_ms.up + whole.states_ms.paused + whole.states_ms.unknown).toBe(180 * MINUTE);
    const ofEndpoint = await uptime(0, 200, `/endpoints/${endpoint.endpointId}/uptime`);
    expect(ofEndpoint).toMatchObject(figures);
    expect(ofEndpoint.paused_seconds).toBeGreaterThanOrEqual(98 * 60);
    await api.ask('POST', `${site}/resume`);
    looks(endpoint, 200, 300);
    set(300);
    const after = await uptime(0, 300, `/endpoints/${endpoint.endpointId}/uptime`);
    expect(after).toMatchObject({ ...figures, paused_seconds: ofEndpoint.paused_seconds });
    expect(await uptime(0, 200)).toMatchObject(figures);
  });

  it('is not made well by closing an outage by hand as a false alarm', async () => {
    const { api, site, endpoint, looks, set, fails, uptime } = await startLife();
    looks(endpoint, 0, 100);
    await fails(endpoint, 20);
    set(80);
    const [event] = (await api.ask('GET', `${site}/events?active=true`)).body.data;
    const body = { reason: 'false_alarm', note: 'nothing to see' };
    expect((await api.ask('POST', `${site}/events/${event.id}/close`, { body })).status).toBe(200);
    set(100);
    expect(await uptime(0, 100)).toMatchObject({
      downtime_ms: 60 * MINUTE,
      incident_count: 1,
      false_alarm_count: 0,
      declared_by_hand_count: 1,
      unknown_seconds: 0,
    });
    const { false_alarms, summary, data } = await uptime(0, 100, '/incidents');
    expect({ false_alarms, count: data.length }).toEqual({ false_alarms: [], count: 1 });
    expect(summary).toMatchObject({ false_alarm_count: 0, declared_by_hand_count: 1 });
    const ofEndpoint = await uptime(0, 100, `/endpoints/${endpoint.endpointId}/uptime`);
    expect(ofEndpoint).toMatchObject({ downtime_ms: 60 * MINUTE, declared_by_hand_count: 1 });
  });
});
