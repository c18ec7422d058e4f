/** Figures of a site that lived through everything, by hand. */
import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { Mutation } from '../../domain/mutation.ts';
import { EVERY_SITE, type SiteScope } from '../../domain/site-scope.ts';
import { DEFAULT_SLA_OPTIONS as OPTIONS } from '../../domain/sla.ts';
import { systemClock } from '../../lib/clock.ts';
import { listLooks } from '../../services/list-looks.ts';
import { listOutages } from '../../services/list-outages.ts';
import { endpointUptime, siteUptime } from '../../services/measure-uptime.ts';
import { responseTime, responseTimes, timingBreakdown } from '../../services/response-times.ts';
import type { Endpoint } from '../../store/endpoints.ts';
import type { FailedCheck } from '../../store/history/failures.ts';

const START = Date.UTC(2026, 2, 2);
const MINUTE = 60_000;

const at = (minute: number, second = 0) => START + minute * MINUTE + second * 1000;
const instant = (minute: number, second = 0) => new Date(at(minute, second)).toISOString();

/** A site with one URL that is looked at every minute, and a clock that stands still until it is set. */
async function startLife() {
  const api = await startApi({ clock: { ...systemClock, nowMs: () => START } });
  const created = await api.ask('POST', '/api/v1/sites', {
    body: { monitor_url: 'https://a.example/', check_interval_seconds: 60 },
  });
  const endpoint = (await api.endpoints.bySite(EVERY_SITE, BigInt(created.body.id) as SiteId))[0] as Endpoint;
  const { siteId, endpointId } = endpoint;
  let timeMs = START;
  return {
    api,
    endpoint,
    site: `/api/v1/sites/${siteId}`,
    set(minute: number, second = 0) {
      api.clock.move(at(minute, second) - timeMs);
      timeMs = at(minute, second);
    },
    healthy(fromMinute: number, toMinute: number) {
      for (let minute = fromMinute; minute <= toMinute; minute += 1) {
        const timings = { dns: 1, tcp: 2, ttfb: 4, total: minute % 2 === 0 ? 10 : 20 };
        api.history.add({ siteId, endpointId, atMs: at(minute), httpCode: 200, timings });
      }
    },
    happen: (mutations: readonly Mutation[], atMs: number, failed: boolean, checkType = 'http') =>
      api.events.append(
        appendTo(endpoint, mutations, {
          identity: { siteId, endpointId, checkType, discriminator: null },
          atMs,
          opId: crypto.randomUUID(),
          failedCheck: failed ? failureAt(endpoint, atMs) : null,
        }),
      ),
  };
}

function failureAt({ siteId, endpointId }: Endpoint, atMs: number): FailedCheck {
  const phases = { rttMs: 7, dnsMs: 1, tcpMs: null, tlsMs: null, ttfbMs: null };
  return { siteId, endpointId, atMs, method: 'GET', httpCode: null, errorCode: 2, reason: 'refused', ...phases };
}

const open = (state: 'Warning' | 'Degraded' | 'Seems Down', startedAtMs: number): Mutation => ({
  op: 'open',
  state,
  startedAtMs,
  reason: 'opened',
});
const confirm: Mutation = { op: 'promote', state: 'Down', reason: 'verifier_confirmed' };
const close = (reason: 'verifier_cleared' | 'probe_cleared' | 'false_alarm'): Mutation => ({ op: 'close', reason });

/** Nine hours of a site; the clock stands at minute 540 after it. */
async function liveThrough(life: Awaited<ReturnType<typeof startLife>>) {
  const { api, site, set, healthy, happen } = life;
  await api.ask('PATCH', site, { body: { maintenance_start: instant(350), maintenance_end: instant(370) } });
  healthy(0, 99);
  // An outage of five minutes, confirmed after two.
  await happen([open('Seems Down', at(100))], at(100), true);
  await happen([], at(101), true);
  await happen([confirm], at(102), true);
  for (const minute of [103, 104]) await happen([], at(minute), true);
  await happen([close('verifier_cleared')], at(105), false);
  healthy(105, 199);
  // A false alarm of half a minute.
  await happen([open('Seems Down', at(200))], at(200), true);
  await happen([close('false_alarm')], at(200, 30), false);
  // The monitor is stopped after minute 250; maintenance from 350 to 370.
  healthy(201, 250);
  healthy(300, 400);
  await api.history.flush();
  set(400, 10);
  await api.ask('PATCH', site, { body: { monitor_active: false } });
  set(430, 10);
  await api.ask('PATCH', site, { body: { monitor_active: true } });
  healthy(431, 459);
  await happen([open('Warning', at(440))], at(440), false, 'tls_expiry');
  await happen([close('probe_cleared')], at(445), false, 'tls_expiry');
  await happen([open('Degraded', at(446))], at(446), false);
  await happen([close('probe_cleared')], at(448), false);
  // An outage in which the monitor is killed: nobody looks from minute 463:30 to 480.
  await happen([open('Seems Down', at(460))], at(460), true);
  await happen([confirm], at(461, 5), true);
  await happen([], at(462), true);
  for (const minute of [480, 481]) await happen([], at(minute), true);
  await happen([close('verifier_cleared')], at(482), false);
  healthy(482, 500);
  set(500, 10);
  await api.ask('DELETE', site);
  set(540);
}

const WINDOW = `from=${instant(-60)}&to=${instant(600)}`;

const FIGURES = {
  total_seconds: 36_000,
  monitored_seconds: 23_030,
  up_seconds: 21_980,
  down_seconds: 630,
  downtime_seconds: 630,
  degraded_seconds: 120,
  warning_seconds: 300,
  maintenance_seconds: 1_200,
  paused_seconds: 4_190,
  unknown_seconds: 7_580,
  total_ms: 36_000_000,
  monitored_ms: 23_030_000,
  downtime_ms: 630_000,
  states_ms: {
    up: 21_980_000,
    warning: 300_000,
    degraded: 120_000,
    seems_down: 185_000,
    down: 445_000,
    maintenance: 1_200_000,
    paused: 4_190_000,
    unknown: 7_580_000,
  },
  uptime_percent: 97.264,
  coverage_percent: 76.265,
  incident_count: 2,
  false_alarm_count: 1,
  declared_by_hand_count: 0,
  mttr_seconds: 315,
  mtbf_seconds: 11_200,
  mttr_ms: 315_000,
  mtbf_ms: 11_200_000,
};

describe('statistics of a site that lived through everything', () => {
  it('attribute each millisecond to what the log says it was, and name how they reckon', async () => {
    const life = await startLife();
    await liveThrough(life);
    const { api, site, endpoint } = life;
    const uptime = await api.ask('GET', `${site}/uptime?${WINDOW}`);
    expect(uptime.status).toBe(200);
    expect(uptime.body).toMatchObject({
      ...FIGURES,
      window: { from: instant(-60), to: instant(540) },
      treatment: { maintenance: 'exclude', degraded: 'up', seems_down: 'down', false_alarms: 'unknown' },
      endpoint_count: 1,
    });
    const own = { endpoint_id: Number(endpoint.endpointId), monitor_url: 'https://a.example/', ...FIGURES };
    expect(uptime.body.endpoints).toEqual([own]);
    const one = await api.ask('GET', `${site}/endpoints/${endpoint.endpointId}/uptime?${WINDOW}`);
    expect(one.body).toMatchObject(own);

    const treated = async (treatment: string) => {
      const { body } = await api.ask('GET', `${site}/uptime?${WINDOW}&${treatment}`);
      return [body.downtime_ms, body.monitored_ms, body.incident_count, body.states_ms.unknown];
    };
    expect(await treated('false_alarms=down')).toEqual([660_000, 23_060_000, 3, 7_550_000]);
    expect(await treated('seems_down=separate')).toEqual([445_000, 22_845_000, 2, 7_580_000]);
    expect(await treated('seems_down=up')).toEqual([445_000, 23_030_000, 2, 7_580_000]);
    expect(await treated('maintenance=include')).toEqual([630_000, 24_230_000, 2, 7_580_000]);
    expect(await treated('degraded=separate')).toEqual([630_000, 22_910_000, 2, 7_580_000]);

    const part = await api.ask('GET', `${site}/uptime?from=${instant(101)}&to=${instant(103)}`);
    expect(part.body).toMatchObject({ uptime_percent: 0, coverage_percent: 100, incident_count: 1 });
    expect(part.body.states_ms).toMatchObject({ seems_down: 60_000, down: 60_000, up: 0 });
    const paused = await api.ask('GET', `${site}/uptime?from=${instant(401)}&to=${instant(402)}`);
    expect(paused.body).toMatchObject({ uptime_percent: null, coverage_percent: null, mttr_seconds: null });
  });

  it('list its outages newest first, and false alarms apart', async () => {
    const life = await startLife();
    await liveThrough(life);
    const { api, site, endpoint } = life;
    const first = await api.ask('GET', `${site}/incidents?${WINDOW}&limit=1`);
    const endpointId = Number(endpoint.endpointId);
    expect(first.body.data).toEqual([
      {
        start: instant(460),
        end: instant(482),
        duration_ms: 22 * MINUTE,
        downtime_ms: 330_000,
        worst_state: 'Down',
        worst_severity: 4,
        confirmed: true,
        endpoint_ids: [endpointId],
        events: [expect.objectContaining({ check_type: 'http', started_at: instant(460), ended_at: instant(482) })],
        event_count: 1,
      },
    ]);
    expect(first.body.summary).toMatchObject({
      count: 2,
      total_downtime_ms: 630_000,
      longest_ms: 330_000,
      mttr_seconds: 315,
      mtbf_seconds: 11_200,
      false_alarm_count: 1,
    });
    expect(first.body.false_alarms).toMatchObject([
      { endpoint_id: endpointId, started_at: instant(200), ended_at: instant(200, 30), duration_ms: 30_000 },
    ]);
    const second = await api.ask('GET', `${site}/incidents?${WINDOW}&limit=1&cursor=${first.body.page.next}`);
    expect(second.body.data).toMatchObject([{ start: instant(100), end: instant(105), downtime_ms: 300_000 }]);
    expect(second.body.page.next).toBeNull();
  });

  it('show looks one by one, also while new ones come in', async () => {
    const life = await startLife();
    await liveThrough(life);
    const { api, site, healthy } = life;
    const window = `from=${instant(99)}&to=${instant(106)}`;
    const first = await api.ask('GET', `${site}/history?${window}&limit=3`);
    expect(first.body.data).toEqual([
      {
        checked_at: instant(105),
        endpoint_id: first.body.endpoint_id,
        result: 'healthy',
        http_code: 200,
        reason: null,
        error_code: null,
        request_method: null,
        timings_ms: { dns: 1, tcp: 2, ttfb: 4, total: 20 },
      },
      expect.objectContaining({ checked_at: instant(104), result: 'failed', timings_ms: { dns: 1, total: 7 } }),
      expect.objectContaining({ checked_at: instant(103), reason: 'refused', request_method: 'GET' }),
    ]);
    healthy(501, 503);
    const rest = await api.ask('GET', `${site}/history?${window}&cursor=${first.body.page.next}`);
    expect(rest.body.data.map(({ checked_at }: { checked_at: string }) => checked_at)).toEqual(
      [102, 101, 100, 99].map((minute) => instant(minute)),
    );
    expect(rest.body.page.next).toBeNull();
  });

  it('tell how long looks took, in buckets and phase by phase, and nothing where nobody looked', async () => {
    const life = await startLife();
    await liveThrough(life);
    const { api, site } = life;
    const whole = await api.ask('GET', `${site}/response-time?from=${instant(90)}&to=${instant(110)}`);
    const spread = { mean_ms: 15.333, min_ms: 10, max_ms: 20 };
    expect(whole.body).toMatchObject({ samples: 15, checks: 20, failures: 5, truncated: false, ...spread });
    expect(whole.body.p95_ms).toBeCloseTo(20, 0);

    const window = `from=${instant(98)}&to=${instant(101)}`;
    const { body } = await api.ask('GET', `${site}/response-times?${window}&bucket=minute`);
    expect(body.bucket).toBe('minute');
    const none = { mean_ms: null, min_ms: null, max_ms: null, p50_ms: null, p95_ms: null, p99_ms: null };
    expect(body.buckets).toMatchObject([
      { start: instant(98), checks: 1, failures: 0, mean_ms: 10, p50_ms: 10 },
      { start: instant(99), checks: 1, failures: 0, mean_ms: 20 },
      { start: instant(100), checks: 1, failures: 1, ...none },
    ]);
    const empty = await api.ask('GET', `${site}/response-times?from=${instant(260)}&to=${instant(262)}`);
    expect(empty.body.buckets).toMatchObject([
      { checks: 0, failures: 0, ...none },
      { checks: 0, ...none },
    ]);

    const phases = await api.ask('GET', `${site}/timing-breakdown?${window}`);
    expect(phases.body).toMatchObject({
      samples: 2,
      covered: { from: instant(98), to: instant(99) },
      truncated: false,
    });
    expect(Object.keys(phases.body.components).sort()).toEqual(['dns', 'tcp', 'total', 'ttfb']);
    expect(phases.body.components.ttfb).toMatchObject({ samples: 2, p50_ms: 4, max_ms: 4 });
    const nothing = await api.ask('GET', `${site}/timing-breakdown?from=${instant(260)}&to=${instant(262)}`);
    expect(nothing.body).toMatchObject({ samples: 0, covered: null, components: {} });
  });
});

describe('an outage', () => {
  it('that began before the window and is still open is one, from its beginning', async () => {
    const { api, site, set, happen, healthy } = await startLife();
    healthy(0, 9);
    for (let minute = 10; minute < 30; minute += 1)
      await happen(minute === 10 ? [open('Seems Down', at(10)), confirm] : [], at(minute), true);
    set(30);
    const { body } = await api.ask('GET', `${site}/incidents?from=${instant(20)}&to=${instant(90)}`);
    expect(body.data).toMatchObject([
      { start: instant(10), end: null, duration_ms: 20 * MINUTE, downtime_ms: 600_000 },
    ]);
    expect(body.window).toEqual({ from: instant(20), to: instant(30) });
    expect(body.summary).toMatchObject({ count: 1, total_downtime_ms: 600_000, mtbf_seconds: 0 });
  });

  it('of two checks at once is one, and a false alarm beside a failure takes nothing of it away', async () => {
    const { api, site, set, happen, healthy } = await startLife();
    healthy(0, 30);
    await happen([open('Seems Down', at(10))], at(10), false);
    await happen([open('Seems Down', at(12))], at(12), false, 'keyword');
    await happen([close('verifier_cleared')], at(14), false);
    await happen([open('Seems Down', at(15))], at(15), false);
    await happen([close('verifier_cleared')], at(16), false, 'keyword');
    await happen([close('false_alarm')], at(18), false);
    set(30);
    const { body } = await api.ask('GET', `${site}/uptime?from=${instant(0)}&to=${instant(30)}`);
    expect(body).toMatchObject({ incident_count: 1, false_alarm_count: 1 });
    expect(body.states_ms).toMatchObject({ seems_down: 6 * MINUTE, unknown: 2 * MINUTE, up: 22 * MINUTE });
  });
});

describe('a site', () => {
  it('that nobody looked at has no uptime', async () => {
    const { api, site, set } = await startLife();
    set(120);
    const { body } = await api.ask('GET', `${site}/uptime?window=1h`);
    expect(body).toMatchObject({ uptime_percent: null, coverage_percent: 0, monitored_ms: 0, unknown_seconds: 3_600 });
    expect(body).toMatchObject({ incident_count: 0, mttr_seconds: null, mtbf_ms: null });
    expect((await api.ask('GET', `${site}/response-time`)).body).toMatchObject({
      samples: 0,
      mean_ms: null,
      p50_ms: null,
    });
    expect((await api.ask('GET', `${site}/history`)).body).toMatchObject({ data: [], page: { next: null } });
    expect((await api.ask('GET', `${site}/incidents`)).body).toMatchObject({ data: [], false_alarms: [] });
  });

  it('of which something else is asked is refused by what is wrong with the question', async () => {
    const { api, site } = await startLife();
    const routes = ['uptime', 'response-time', 'response-times', 'timing-breakdown', 'incidents', 'history'];
    const code = async (path: string) => {
      const { status, body } = await api.ask('GET', path);
      return [status, body.error?.code];
    };
    for (const route of routes) {
      expect(await code(`/api/v1/sites/77/${route}`)).toEqual([404, 'site_not_found']);
      expect(await code(`/api/v1/sites/0/${route}`)).toEqual([400, 'invalid_site_id']);
      expect(await code(`${site}/${route}?nonsense=1`)).toEqual([400, 'invalid_filter']);
      for (const query of [
        'window=2d',
        `from=${instant(-9)}`,
        `to=${instant(-9)}`,
        `from=yesterday&to=${instant(0)}`,
        `from=${instant(-3)}&to=${instant(-3)}`,
        `from=${instant(1)}&to=${instant(2)}`,
        `from=2024-01-01T00:00:00Z&to=${instant(0)}`,
      ]) {
        expect([query, ...(await code(`${site}/${route}?${query}`))]).toEqual([query, 400, 'invalid_window']);
      }
    }
    for (const route of ['response-time', 'response-times', 'timing-breakdown', 'history']) {
      expect(await code(`${site}/${route}?endpoint_id=99`)).toEqual([404, 'site_endpoint_not_found']);
      expect(await code(`${site}/${route}?endpoint_id=9223372036854775808`)).toEqual([400, 'invalid_filter']);
    }
    expect(await code(`${site}/endpoints/99/uptime`)).toEqual([404, 'site_endpoint_not_found']);
    expect(await code(`${site}/endpoints/x/uptime`)).toEqual([400, 'invalid_endpoint_id']);
    expect(await code(`/api/v1/sites/77/endpoints/1/uptime`)).toEqual([404, 'site_not_found']);
    expect(await code(`${site}/response-times?window=90d&bucket=minute`)).toEqual([400, 'invalid_window']);
    for (const route of ['incidents', 'history']) {
      expect(await code(`${site}/${route}?limit=0`)).toEqual([400, 'invalid_limit']);
      expect(await code(`${site}/${route}?cursor=x`)).toEqual([400, 'invalid_cursor']);
    }
  });

  it('of another tenant is not there', async () => {
    const { api, endpoint } = await startLife();
    const { siteId, endpointId } = endpoint;
    for (const ask of questions(api, siteId, endpointId)) {
      await expect(ask({ kind: 'tenant', tenantId: 'other' })).rejects.toMatchObject({ code: 'site_not_found' });
      await expect(ask(EVERY_SITE)).resolves.toBeDefined();
    }
  });
});

function questions(api: ApiFixture, siteId: SiteId, endpointId: EndpointId) {
  const window = { fromMs: START - 1_000, toMs: START };
  const times = { siteId, endpointId, window };
  const outages = { siteId, window, options: OPTIONS, beforeMs: null, limit: 1 };
  const page = { beforeMs: null, limit: 1 };
  return [
    (scope: SiteScope) => siteUptime(api, scope, { siteId, window, options: OPTIONS }),
    (scope: SiteScope) => endpointUptime(api, scope, { ...times, options: OPTIONS }),
    (scope: SiteScope) => responseTime(api, scope, times),
    (scope: SiteScope) => responseTimes(api, scope, { ...times, step: null }),
    (scope: SiteScope) => timingBreakdown(api, scope, times),
    (scope: SiteScope) => listOutages(api, scope, outages),
    (scope: SiteScope) => listLooks(api, scope, { ...times, ...page }),
  ];
}
