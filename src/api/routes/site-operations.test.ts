import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { brokenInvariants } from '../../../test/kit/broken-invariants.ts';
import { observed, verdict } from '../../../test/kit/fake-prober.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { EventId, SiteId } from '../../domain/ids.ts';
import { EVERY_SITE, type SiteScope } from '../../domain/site-scope.ts';
import { closeEvent } from '../../services/close-event.ts';
import { type LookNow, tooManyLooks } from '../../services/look-now.ts';
import { triggerEndpoint, triggerNow } from '../../services/trigger-now.ts';
import { updateSite } from '../../services/update-site.ts';
import type { Change } from '../../store/changes.ts';

const TENANT: SiteScope = { kind: 'tenant', tenantId: 'another' };
const POLICY = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
const OPEN = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;

/** A site that is down. */
async function downSite(api: ApiFixture) {
  const endpoint = await api.addEndpoint();
  const opened = await api.events.append(
    appendTo(endpoint, [OPEN, { op: 'promote', state: 'Down', reason: 'local_confirmed' }]),
  );
  if (opened.eventId === null) throw new Error('nothing was opened');
  return { ...endpoint, eventId: opened.eventId, path: `/api/v1/sites/${endpoint.siteId}` };
}

const found =
  (verdicts = [verdict('Up')], booked = true, closed: EventId[] = []): LookNow =>
  async () => ({ observation: observed(verdicts, Date.UTC(2026, 0, 1)), isBooked: booked, closed });

describe('POST /api/v1/sites/:site_id/pause and /resume', () => {
  it('close what is open, say Paused, reopen nothing, and may be repeated', async () => {
    const api = await startApi();
    const site = await downSite(api);
    for (let time = 0; time < 2; time += 1) {
      const paused = await api.ask('POST', `${site.path}/pause`);
      expect(paused.status).toBe(200);
      expect(paused.body).toMatchObject({ monitor_active: false, current_state: 'Paused', current_severity: 0 });
      expect(paused.body.endpoints[0]).toMatchObject({ monitor_active: false, current_state: 'Paused' });
    }
    const { body: event } = await api.ask('GET', `/api/v1/events/${site.eventId}`);
    expect(event).toMatchObject({ resolution_reason: 'manual_override' });
    const heard: Change[] = [];
    api.changes.subscribe((change) => heard.push(change));
    for (let time = 0; time < 2; time += 1) {
      const resumed = await api.ask('POST', `${site.path}/resume`);
      expect(resumed.body).toMatchObject({ monitor_active: true, current_state: 'Unknown' });
    }
    // That is what the engine takes for the order to look at once.
    expect(heard).toContainEqual(expect.objectContaining({ kind: 'site_changed', endpointIds: [site.endpointId] }));
    expect((await api.ask('GET', `${site.path}/events?active=true`)).body.data).toEqual([]);
    expect(await brokenInvariants(api.database)).toEqual([]);
  });

  it('answer 404 for a site that does not exist, or is of another tenant', async () => {
    const api = await startApi();
    const { siteId } = await downSite(api);
    for (const verb of ['pause', 'resume', 'trigger-now']) {
      const reply = await api.ask('POST', `/api/v1/sites/99/${verb}`);
      expect([reply.status, reply.body.error.code]).toEqual([404, 'site_not_found']);
      const wrong = await api.ask('POST', `/api/v1/sites/none/${verb}`);
      expect([wrong.status, wrong.body.error.code]).toEqual([400, 'invalid_site_id']);
    }
    const outside = { code: 'site_not_found' };
    await expect(updateSite(api, POLICY, TENANT, siteId, { active: false })).rejects.toMatchObject(outside);
    await expect(triggerNow(api, found(), TENANT, siteId)).rejects.toMatchObject(outside);
  });
});

describe('POST /api/v1/sites/:site_id/trigger-now', () => {
  it('tells what was seen, what followed, and the state of the site as it is rolled up afterwards', async () => {
    const verdicts = [verdict('Up'), verdict('Warning', 'tls_expiry')];
    const api = await startApi({ lookNow: found(verdicts, true, [7n as EventId]) });
    const { path, endpointId, url } = await downSite(api);
    const { status, body } = await api.ask('POST', `${path}/trigger-now`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      result: { http_code: expect.any(Number), error_code: 0, success: true, rtt_ms: 12, dns_ms: 0 },
      current_state: 'Down',
      active_events_closed: [7],
      booked: true,
      endpoints_left_out: 0,
      checks: [{ endpoint_id: Number(endpointId), monitor_url: url, booked: true, state: 'Warning' }],
    });
    expect(body.checks[0].findings.map((one: { check: string }) => one.check)).toEqual(['http', 'tls_expiry']);
  });

  it('is no success where the site fails, nor where we cannot tell', async () => {
    for (const state of ['Seems Down', 'Unknown'] as const) {
      const api = await startApi({ lookNow: found([verdict(state)]) });
      const { path } = await downSite(api);
      const { body } = await api.ask('POST', `${path}/trigger-now`);
      expect(body).toMatchObject({ result: { success: false, http_code: 0 }, checks: [{ state }] });
    }
  });

  it('looks at every endpoint, at 20 at most, and speaks for the first', async () => {
    const asked: bigint[] = [];
    const lookNow: LookNow = async (endpoint, ...rest) => {
      asked.push(endpoint.endpointId);
      return found(asked.length === 1 ? [verdict('Up')] : [verdict('Seems Down')])(endpoint, ...rest);
    };
    const api = await startApi({ lookNow });
    const first = await api.addEndpoint();
    for (let more = 0; more < 21; more += 1) await api.addEndpoint({ siteId: first.siteId });
    const { body } = await api.ask('POST', `/api/v1/sites/${first.siteId}/trigger-now`);
    expect(asked).toHaveLength(20);
    expect(body).toMatchObject({ result: { success: true }, endpoints_left_out: 2 });
    expect(body.checks).toHaveLength(20);
    expect(body.checks[0].endpoint_id).toBe(Number(first.endpointId));
  });

  it('looks at what is paused and says that it is not booked', async () => {
    const api = await startApi({ lookNow: found([verdict('Up')], false) });
    const { path } = await downSite(api);
    await api.ask('POST', `${path}/pause`);
    const { body } = await api.ask('POST', `${path}/trigger-now`);
    expect(body).toMatchObject({ booked: false, result: { success: true }, current_state: 'Paused' });
  });

  it('says so when a look did not end in time', async () => {
    const api = await startApi({ lookNow: async () => null });
    const { path } = await downSite(api);
    const { body } = await api.ask('POST', `${path}/trigger-now`);
    expect(body).toMatchObject({
      booked: false,
      result: { success: false, error_code: 1 },
      checks: [{ state: 'Unknown', reason: 'not_finished' }],
    });
  });

  it('tells of the endpoints that found no place, and is 503 with a time to come back where none did', async () => {
    let places = 2;
    const lookNow: LookNow = async (...asked) => {
      if (places === 0) throw tooManyLooks(64, '');
      places -= 1;
      return found()(...asked);
    };
    const api = await startApi({ lookNow });
    const { siteId } = await api.addEndpoint();
    for (let more = 0; more < 2; more += 1) await api.addEndpoint({ siteId });
    const { status, body } = await api.ask('POST', `/api/v1/sites/${siteId}/trigger-now`);
    expect([status, body.booked, body.result.success]).toEqual([200, false, true]);
    expect(body.checks).toMatchObject([
      { booked: true, state: 'Up' },
      { booked: true, state: 'Up' },
      { booked: false, state: 'Unknown', reason: 'no_place' },
    ]);
    const reply = await api.ask('POST', `/api/v1/sites/${siteId}/trigger-now`);
    expect([reply.status, reply.body.error.code]).toEqual([503, 'too_many_looks']);
    expect(reply.headers.get('retry-after')).toBe('5');
  });

  it('is 503 where nobody can look', async () => {
    const api = await startApi();
    const { path } = await downSite(api);
    const reply = await api.ask('POST', `${path}/trigger-now`);
    expect([reply.status, reply.body.error.code]).toEqual([503, 'server_not_running']);
  });
});

describe('POST /api/v1/sites/:site_id/endpoints/:endpoint_id/trigger-now', () => {
  it('looks at that endpoint alone, whichever of many it is, and tells its state afterwards', async () => {
    const asked: bigint[] = [];
    const lookNow: LookNow = async (endpoint, ...rest) => {
      asked.push(endpoint.endpointId);
      return found([verdict('Up'), verdict('Warning', 'tls_expiry')], true, [7n as EventId])(endpoint, ...rest);
    };
    const api = await startApi({ lookNow });
    const { path, siteId } = await downSite(api);
    let last = await api.addEndpoint({ siteId });
    for (let more = 0; more < 20; more += 1) last = await api.addEndpoint({ siteId });
    const { status, body } = await api.ask('POST', `${path}/endpoints/${last.endpointId}/trigger-now`);
    expect([status, asked]).toEqual([200, [last.endpointId]]);
    expect(body).toMatchObject({
      result: { success: true, error_code: 0 },
      current_state: 'Unknown',
      active_events_closed: [7],
      check: { endpoint_id: Number(last.endpointId), booked: true, state: 'Warning' },
    });
  });

  it('is 404 for an endpoint of another site or tenant, 400 for what is no id, 503 where nobody can look', async () => {
    const api = await startApi();
    const { path, endpointId, siteId } = await downSite(api);
    const other = await api.addEndpoint();
    const codeOf = async (url: string) => {
      const { status, body } = await api.ask('POST', url);
      return [status, body.error.code];
    };
    expect(await codeOf(`${path}/endpoints/${other.endpointId}/trigger-now`)).toEqual([404, 'site_endpoint_not_found']);
    expect(await codeOf(`${path}/endpoints/none/trigger-now`)).toEqual([400, 'invalid_endpoint_id']);
    expect(await codeOf(`${path}/endpoints/${endpointId}/trigger-now`)).toEqual([503, 'server_not_running']);
    const outside = { code: 'site_endpoint_not_found' };
    await expect(triggerEndpoint(api, found(), TENANT, { siteId, endpointId })).rejects.toMatchObject(outside);
  });

  it('is 503 with a time to come back where there is no place, and shares the limit of the same of a site', async () => {
    const api = await startApi({ lookNow: () => Promise.reject(tooManyLooks(64, '')) });
    const { path, endpointId } = await downSite(api);
    const { token } = await api.apiKeys.create({ consumerName: 'ci', scope: 'write', rateLimitPerMinute: 1_000 });
    const ofEndpoint = () => api.ask('POST', `${path}/endpoints/${endpointId}/trigger-now`, { token });
    const first = await ofEndpoint();
    expect([first.status, first.body.error.code, first.headers.get('retry-after')]).toEqual([
      503,
      'too_many_looks',
      '5',
    ]);
    for (let n = 0; n < 29; n += 1) await api.ask('POST', `${path}/trigger-now`, { token });
    expect((await ofEndpoint()).body.error.message).toContain('30 requests a minute of this kind (trigger-now)');
  });
});

describe('POST /api/v1/sites/:site_id/events/:event_id/close', () => {
  it('closes by hand with the reason and the note, once, and has the endpoint read and looked at again', async () => {
    const api = await startApi();
    const { path, eventId, endpointId, siteId } = await downSite(api);
    const heard: Change[] = [];
    api.changes.subscribe((change) => heard.push(change));
    const body = { reason: 'false_alarm', note: 'our own firewall' };
    const first = await api.ask('POST', `${path}/events/${eventId}/close`, { body });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({ id: Number(eventId), state: 'Down', resolution_reason: 'false_alarm' });
    expect(first.body.transitions.at(-1)).toMatchObject({
      state_after: 'Resolved',
      severity_after: null,
      reason: 'false_alarm',
      source: 'api',
      metadata: { note: 'our own firewall', source: 'api' },
    });
    const again = await api.ask('POST', `${path}/events/${eventId}/close`, { body: { reason: 'superseded' } });
    expect(again.body).toEqual(first.body);
    expect(heard.map((change) => change.kind)).toEqual(['committed', 'site_state', 'site_changed']);
    expect(heard.at(-1)).toMatchObject({ endpointIds: [endpointId] });
    expect((await api.endpoints.bySite(EVERY_SITE, siteId))[0]?.legacyStatus).toBe(1);
    expect(await brokenInvariants(api.database)).toEqual([]);
  });

  it('needs no body, and leaves the other events of the site alone', async () => {
    const api = await startApi();
    const site = await downSite(api);
    const advisory = appendTo(site, [{ op: 'open', state: 'Warning', startedAtMs: 1_000, reason: 'opened' }]);
    await api.events.append({ ...advisory, identity: { ...advisory.identity, checkType: 'tls_expiry' } });
    const { body } = await api.ask('POST', `${site.path}/events/${site.eventId}/close`);
    expect(body).toMatchObject({ resolution_reason: 'manual_override', transition_count: 3 });
    expect((await api.ask('GET', site.path)).body).toMatchObject({ current_state: 'Warning' });
  });

  it('is 404 for an event of another site or tenant, and names what a body may hold', async () => {
    const api = await startApi();
    const { path, eventId, siteId } = await downSite(api);
    const other = await api.addEndpoint();
    const refusals: [string, object | undefined, number, string][] = [
      [`/api/v1/sites/${other.siteId}/events/${eventId}/close`, undefined, 404, 'event_not_found'],
      [`${path}/events/999/close`, undefined, 404, 'event_not_found'],
      [`${path}/events/x/close`, undefined, 400, 'invalid_event_id'],
      [`${path}/events/${eventId}/close`, { reason: 'because' }, 422, 'invalid_field'],
      [`${path}/events/${eventId}/close`, { why: 'because' }, 422, 'invalid_field'],
    ];
    for (const [at, body, status, code] of refusals) {
      const reply = await api.ask('POST', at, body === undefined ? {} : { body });
      expect([reply.status, reply.body.error.code]).toEqual([status, code]);
    }
    const broken = await api.ask('POST', `${path}/events/${eventId}/close`, { text: '{' });
    expect([broken.status, broken.body.error.code]).toEqual([400, 'invalid_body']);
    const wanted = { siteId, eventId, reason: 'manual_override', note: null } as const;
    await expect(closeEvent(api, POLICY, TENANT, wanted)).rejects.toMatchObject({ code: 'event_not_found' });
    expect((await api.ask('GET', path)).body.current_state).toBe('Down');
  });

  it('refuses the event that only records the state of the site', async () => {
    const api = await startApi();
    const { path, siteId } = await downSite(api);
    const [ofSite] = await api.eventQueries.list(EVERY_SITE, {
      siteId: siteId as SiteId,
      checkTypes: ['site_state'],
      limit: 1,
    });
    const reply = await api.ask('POST', `${path}/events/${ofSite?.eventId}/close`);
    expect([reply.status, reply.body.error.code]).toEqual([409, 'event_not_closable']);
  });
});
