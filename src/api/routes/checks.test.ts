import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import { CHECKS } from '../../checks/registry.ts';
import type { CheckId, EndpointId, SiteId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { createCheck, removeCheck, updateCheck } from '../../services/change-check.ts';
import { createSite } from '../../services/create-site.ts';
import { endpointChecks, findCheck, siteChecks } from '../../services/list-checks.ts';
import { listAudit } from '../../store/audit.ts';
import type { Change } from '../../store/changes.ts';
import { createFleetRows } from '../../store/fleet-rows.ts';

const POLICY = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
const CHECKS_OF_1 = '/api/v1/sites/1/checks';

/** Site 1 with endpoints 1 and 2. */
async function aSite() {
  const api = await startApi();
  await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://a.example/' } });
  await api.ask('POST', '/api/v1/sites/1/endpoints', { body: { monitor_url: 'https://a.example/login' } });
  const heard: Change[] = [];
  api.changes.subscribe((change) => heard.push(change));
  const rows = createFleetRows(api.database);
  return {
    ...api,
    /** Endpoints that were told of, per change. */
    told: () => heard.flatMap((change) => (change.kind === 'site_changed' ? [change.endpointIds.map(Number)] : [])),
    /** What the engine does without, by either way it asks. */
    async disabled() {
      const page = await rows.page(0n, 10);
      const found = [];
      for (let row = 0; row < page.count; row += 1) {
        const one = await rows.disabledChecks(page.endpointIds[row] as EndpointId);
        expect(one).toEqual(page.disabledChecks(row));
        found.push(one);
      }
      return found;
    },
  };
}

async function warn(api: ApiFixture, endpointId: number, checkType: string) {
  const endpoint = await api.endpoints.byId(EVERY_SITE, BigInt(endpointId) as EndpointId);
  if (endpoint === null) throw new Error('no endpoint');
  const identity = { siteId: endpoint.siteId, endpointId: endpoint.endpointId, checkType, discriminator: null };
  const open = { op: 'open', state: 'Warning', startedAtMs: 1_000, reason: 'opened' } as const;
  await api.events.append(appendTo(endpoint, [open], { identity }));
}

const disable = (api: Pick<ApiFixture, 'ask'>, body: object) =>
  api.ask('POST', CHECKS_OF_1, { body: { enabled: false, ...body } });

describe('the checks there are', () => {
  it('are told with all that each can find', async () => {
    const { ask } = await startApi();
    const { body } = await ask('GET', '/api/v1/checks');
    expect(body.data.map((each: { check_type: string }) => each.check_type)).toEqual(CHECKS.map(({ type }) => type));
    expect(body.data[0]).toMatchObject({ check_type: 'http', can_be_disabled: false, target: 'endpoint' });
    const expiry = body.data.find((each: { check_type: string }) => each.check_type === 'tls_expiry');
    expect(expiry).toMatchObject({ layer: 'transport', states: ['Up', 'Warning', 'Degraded'], can_be_disabled: true });
    expect(expiry.findings[1]).toMatchObject({ reason: 'tls_expires_soon', taxonomy: ['L2.OPS.EXPIRING'] });
  });

  it('come page by page', async () => {
    const { ask } = await startApi();
    const first = await ask('GET', '/api/v1/checks?limit=3');
    const second = await ask('GET', `/api/v1/checks?limit=3&cursor=${first.body.page.next}`);
    expect([first.body.data.length, second.body.data.length, second.body.page.next]).toEqual([3, 2, null]);
    expect((await ask('GET', '/api/v1/checks?cursor=!')).body.error.code).toBe('invalid_cursor');
  });
});

describe('a check', () => {
  it('runs everywhere where nothing was said', async () => {
    const { ask, disabled } = await aSite();
    for (const path of [CHECKS_OF_1, '/api/v1/sites/1/endpoints/2/checks']) {
      const { body } = await ask('GET', path);
      for (const each of body.data) {
        expect(each).toMatchObject({
          enabled: true,
          source: 'default',
          check_id: null,
          settings: {},
          endpoint_ids: [],
        });
      }
    }
    expect(await disabled()).toEqual([[], []]);
  });

  it('is switched off for a site, and one endpoint may have it all the same', async () => {
    const api = await aSite();
    const off = await disable(api, { check_type: 'tls_expiry' });
    expect([off.status, off.body]).toMatchObject([201, { id: 1, site_id: 1, endpoint_id: null, enabled: false }]);
    expect(await api.disabled()).toEqual([['tls_expiry'], ['tls_expiry']]);
    await api.ask('POST', CHECKS_OF_1, { body: { check_type: 'tls_expiry', endpoint_id: 2, enabled: true } });
    expect(await api.disabled()).toEqual([['tls_expiry'], []]);
    expect(api.told()).toEqual([[1, 2], [2]]);
    const find = async (path: string) =>
      (await api.ask('GET', path)).body.data.find((each: { check_type: string }) => each.check_type === 'tls_expiry');
    expect(await find(CHECKS_OF_1)).toMatchObject({ enabled: false, source: 'site', check_id: 1, endpoint_ids: [2] });
    expect(await find('/api/v1/sites/1/endpoints/1/checks')).toMatchObject({
      enabled: false,
      source: 'site',
      check_id: 1,
    });
    expect(await find('/api/v1/sites/1/endpoints/2/checks')).toMatchObject({
      enabled: true,
      source: 'endpoint',
      check_id: 2,
    });
  });

  it('loses what it had open where it is switched off, and nothing else', async () => {
    const api = await aSite();
    for (const endpointId of [1, 2]) await warn(api, endpointId, 'tls_expiry');
    await warn(api, 2, 'redirect_chain');
    await disable(api, { check_type: 'tls_expiry', endpoint_id: 2 });
    const { body } = await api.ask('GET', '/api/v1/sites/1/events');
    const seen = body.data.map(
      (each: { endpoint_id: number; check_type: string; resolution_reason: string | null }) => [
        each.endpoint_id,
        each.check_type,
        each.resolution_reason,
      ],
    );
    expect(seen).toEqual([
      [2, 'redirect_chain', null],
      [2, 'tls_expiry', 'manual_override'],
      [1, 'tls_expiry', null],
    ]);
  });

  it('is paused, resumed, changed and left to the default again', async () => {
    const api = await aSite();
    await disable(api, { check_type: 'tls_expiry' });
    const one = `${CHECKS_OF_1}/1`;
    expect((await api.ask('POST', `${one}/resume`)).body.enabled).toBe(true);
    expect((await api.ask('POST', `${one}/pause`)).body.enabled).toBe(false);
    expect((await api.ask('POST', `${one}/pause`)).body.enabled).toBe(false);
    expect((await api.ask('PATCH', one, { body: {} })).body.enabled).toBe(false);
    expect((await api.ask('PATCH', one, { body: { enabled: true } })).body.enabled).toBe(true);
    expect((await api.ask('PATCH', one, { body: { enabled: false, settings: {} } })).body.enabled).toBe(false);
    expect((await api.ask('DELETE', one)).status).toBe(204);
    expect(await api.disabled()).toEqual([[], []]);
    expect((await api.ask('GET', one)).body.error.code).toBe('check_not_found');
    const span = { sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER, limit: 100 };
    const trail = (await listAudit(api.database.kysely, EVERY_SITE, span)).map(({ detail }) => detail).slice(2);
    expect(trail).toEqual([
      'check tls_expiry disabled on the site',
      'check tls_expiry enabled on the site',
      'check tls_expiry disabled on the site',
      'check tls_expiry enabled on the site',
      'check tls_expiry disabled on the site',
      'check tls_expiry left to the default on the site',
    ]);
  });

  it('is refused where it is not known, is the main one, has no such setting, or was spoken of before', async () => {
    const api = await aSite();
    const refused = async (body: object) => {
      const reply = await disable(api, body);
      return [reply.status, reply.body.error.code, reply.body.error.details?.field];
    };
    expect(await refused({ check_type: 'tls_expire' })).toEqual([422, 'invalid_field', 'check_type']);
    expect(await refused({ check_type: 'http' })).toEqual([422, 'invalid_field', 'check_type']);
    expect(await refused({ check_type: 'tls_expiry', settings: { days: 3 } })).toEqual([
      422,
      'invalid_field',
      'settings.days',
    ]);
    expect(await refused({ check_type: 'tls_expiry', endpoint_id: 99 })).toEqual([
      404,
      'site_endpoint_not_found',
      undefined,
    ]);
    await disable(api, { check_type: 'tls_expiry' });
    const again = await disable(api, { check_type: 'tls_expiry' });
    expect([again.status, again.body.error]).toMatchObject([409, { code: 'check_exists', details: { check_id: 1 } }]);
    const both = await Promise.all([1, 2].map(() => disable(api, { check_type: 'redirect_chain' })));
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  it('is not found under another site, and no site where there is none', async () => {
    const api = await aSite();
    await disable(api, { check_type: 'tls_expiry' });
    await api.ask('POST', '/api/v1/sites', { body: { monitor_url: 'https://b.example/' } });
    for (const path of ['/api/v1/sites/2/checks/1', '/api/v1/sites/1/checks/9', '/api/v1/sites/9/checks/1']) {
      for (const [method, tail, body] of [
        ['GET', ''],
        ['PATCH', '', { enabled: true }],
        ['DELETE', ''],
        ['POST', '/pause'],
        ['POST', '/resume'],
      ] as const) {
        const reply = await api.ask(method, path + tail, body === undefined ? {} : { body });
        expect([reply.status, reply.body.error.code]).toEqual([404, 'check_not_found']);
      }
    }
    expect((await api.ask('GET', '/api/v1/sites/9/checks')).body.error.code).toBe('site_not_found');
    expect((await api.ask('GET', '/api/v1/sites/1/endpoints/9/checks')).body.error.code).toBe(
      'site_endpoint_not_found',
    );
    const nowhere = await api.ask('POST', '/api/v1/sites/9/checks', {
      body: { check_type: 'tls_expiry', enabled: false },
    });
    expect(nowhere.body.error.code).toBe('site_not_found');
    expect((await api.ask('GET', `${CHECKS_OF_1}/x`)).body.error.code).toBe('invalid_check_id');
  });

  it('of a site of another tenant is neither seen nor changed', async () => {
    const api = await startApi();
    const own = { kind: 'tenant', tenantId: 'own' } as const;
    const other = { kind: 'tenant', tenantId: 'other' } as const;
    const { siteId, first } = await createSite(api, POLICY, own, { siteId: null, url: 'https://a.example/' });
    const wanted = { siteId, endpointId: null, checkType: 'tls_expiry', enabled: false };
    const { checkId } = await createCheck(api, POLICY, own, wanted);
    const path: { siteId: SiteId; checkId: CheckId } = { siteId, checkId };
    for (const attempt of [
      () => siteChecks(api, other, siteId),
      () => endpointChecks(api, other, { siteId, endpointId: first.endpointId }),
      () => findCheck(api, other, path),
      () => createCheck(api, POLICY, other, { ...wanted, checkType: 'redirect_chain' }),
      () => updateCheck(api, POLICY, other, path, { enabled: true }),
      () => removeCheck(api, POLICY, other, path),
    ]) {
      await expect(attempt()).rejects.toMatchObject({ kind: 'not_found' });
    }
    expect(await findCheck(api, own, path)).toMatchObject({ enabled: false });
  });
});
