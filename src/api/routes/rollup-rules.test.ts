import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { SITE_STATE_CHECK } from '../../domain/rollup.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { createSite } from '../../services/create-site.ts';
import { deleteSiteRules, setSiteRules, siteRules } from '../../services/rollup-rules.ts';
import type { Change } from '../../store/changes.ts';

const RULES = '/api/v1/sites/1/rollup-rules';
const DEFAULTS = {
  site_id: 1,
  endpoints: {},
  non_critical_cap: 'Warning',
  endpoint_rule: 'worst',
  site_checks: {},
  reverse: { mode: 'separate' },
  unknown_mode: 'overlay',
  updated_at: null,
};

/** Site 1 with endpoints 1 and 2. */
async function aSite() {
  const api = await startApi();
  await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://a.example/' } });
  await api.ask('POST', '/api/v1/sites/1/endpoints', { body: { monitor_url: 'https://a.example/feed' } });
  return api;
}

describe('the rollup rules of a site', () => {
  it('are the defaults until they are set, and again when they are taken back', async () => {
    const { ask } = await aSite();
    expect((await ask('GET', RULES)).body).toEqual(DEFAULTS);
    const wanted = { endpoints: { 2: { criticality: 'critical' } }, site_checks: { tls_expiry: { mode: 'ignore' } } };
    const set = await ask('PUT', RULES, { body: wanted });
    expect(set.body).toEqual({ ...DEFAULTS, ...wanted, updated_at: expect.any(String) });
    expect((await ask('GET', RULES)).body).toEqual(set.body);
    const other = await ask('PUT', RULES, { body: { non_critical_cap: 'Down' } });
    expect(other.body).toMatchObject({ endpoints: {}, site_checks: {}, non_critical_cap: 'Down' });
    for (const _ of [1, 2]) expect((await ask('DELETE', RULES)).status).toBe(204);
    expect((await ask('GET', RULES)).body).toEqual(DEFAULTS);
  });

  it('take what they answered back without a difference', async () => {
    const { ask } = await aSite();
    const body = { reverse: { mode: 'cap:Degraded' }, site_checks: { http: { mode: 'cap:Seems Down' } } };
    const set = await ask('PUT', RULES, { body });
    const { site_id: _, updated_at: __, ...members } = set.body;
    const again = await ask('PUT', RULES, { body: members });
    expect({ ...again.body, updated_at: null }).toEqual({ ...set.body, updated_at: null });
  });

  it('hold at once, in what the site is and in its time line', async () => {
    const api = await aSite();
    const endpoint = await api.endpoints.byId(EVERY_SITE, 2n as EndpointId);
    if (endpoint === null) throw new Error('no endpoint');
    const open = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
    await api.events.append(appendTo(endpoint, [open, { op: 'promote', state: 'Down', reason: 'local_confirmed' }]));
    const state = async () => (await api.ask('GET', '/api/v1/sites/1')).body.current_state;
    const ofSite = async () => {
      const { body } = await api.ask('GET', `/api/v1/sites/1/events?check_type=${SITE_STATE_CHECK}&active=true`);
      return body.data.map((event: { state: string }) => event.state);
    };
    expect([await state(), await ofSite()]).toEqual(['Warning', ['Warning']]);
    const heard: Change[] = [];
    api.changes.subscribe((change) => heard.push(change));
    await api.ask('PUT', RULES, { body: { endpoints: { 2: { criticality: 'critical' } } } });
    expect([await state(), await ofSite()]).toEqual(['Down', ['Down']]);
    expect(heard).toMatchObject([{ kind: 'site_state' }, { kind: 'site_changed', endpointIds: [] }]);
    await api.ask('PUT', RULES, { body: { site_checks: { http: { mode: 'ignore' } } } });
    expect(await ofSite()).toEqual([]);
    await api.ask('DELETE', RULES);
    expect([await state(), await ofSite()]).toEqual(['Warning', ['Warning']]);
  });

  it('are refused by the name of the member that makes no sense', async () => {
    const { ask } = await aSite();
    await ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://b.example/' } });
    for (const [body, field] of [
      [{ non_critical_cap: 'Unknown' }, 'non_critical_cap'],
      [{ endpoint_rules: 'worst' }, 'endpoint_rules'],
      [{ endpoints: { 1: { criticallity: 'critical' } } }, 'endpoints.1.criticallity'],
      [{ endpoints: { x: { criticality: 'critical' } } }, 'endpoints.x'],
      [{ endpoints: { 3: { criticality: 'critical' } } }, 'endpoints.3'],
      [{ site_checks: { tls_expire: { mode: 'ignore' } } }, 'site_checks.tls_expire'],
      [{ site_checks: { tls_expiry: { mode: 'never' } } }, 'site_checks.tls_expiry.mode'],
    ] as const) {
      const reply = await ask('PUT', RULES, { body });
      expect([reply.status, reply.body.error.code, reply.body.error.details.field]).toEqual([
        422,
        'invalid_field',
        field,
      ]);
    }
    expect((await ask('PUT', RULES, { text: '[]' })).body.error.code).toBe('invalid_body');
    expect((await ask('GET', RULES)).body).toEqual(DEFAULTS);
  });

  it('are not there for a site that is not, or for another tenant', async () => {
    const api = await aSite();
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const reply = await api.ask(method, '/api/v1/sites/9/rollup-rules', method === 'PUT' ? { body: {} } : {});
      expect([reply.status, reply.body.error.code]).toEqual([404, 'site_not_found']);
    }
    expect((await api.ask('GET', '/api/v1/sites/x/rollup-rules')).body.error.code).toBe('invalid_site_id');
    const policy = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
    const own = { kind: 'tenant', tenantId: 'own' } as const;
    const other = { kind: 'tenant', tenantId: 'other' } as const;
    const { siteId } = await createSite(api, policy, own, { siteId: null, url: 'https://c.example/' });
    await setSiteRules(api, own, siteId, { non_critical_cap: 'Down' });
    const missing = { code: 'site_not_found' };
    await expect(siteRules(api, other, siteId)).rejects.toMatchObject(missing);
    await expect(setSiteRules(api, other, siteId, {})).rejects.toMatchObject(missing);
    await expect(deleteSiteRules(api, other, siteId)).rejects.toMatchObject(missing);
    expect((await siteRules(api, own, siteId)).rules.nonCriticalCap).toBe('Down');
  });
});
