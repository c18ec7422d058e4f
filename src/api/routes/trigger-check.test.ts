import { describe, expect, it } from 'vitest';
import { callerWith } from '../../../test/api/tenant-world.ts';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { observed, verdict } from '../../../test/kit/fake-prober.ts';
import type { EventId } from '../../domain/ids.ts';
import { type LookNow, tooManyLooks } from '../../services/look-now.ts';

const TYPE = 'tls_expiry';

/** A server that notes what it looks at, and finds the certificate about to lapse. */
async function start(look?: LookNow) {
  const asked: number[] = [];
  const lookNow: LookNow = async ({ endpointId }, ...rest) => {
    asked.push(Number(endpointId));
    if (look !== undefined) return look({ endpointId } as never, ...rest);
    const verdicts = [verdict('Up'), verdict('Warning', TYPE)];
    return { observation: observed(verdicts, Date.UTC(2026, 0, 1)), isBooked: true, closed: [7n as EventId] };
  };
  const api = await startApi({ lookNow });
  const { siteId } = await api.addEndpoint();
  const second = await api.addEndpoint({ siteId });
  const third = await api.addEndpoint({ siteId });
  return { api, asked, first: 1, second: Number(second.endpointId), third: Number(third.endpointId) };
}

async function settingOf(api: ApiFixture, body: object): Promise<string> {
  const reply = await api.ask('POST', '/api/v1/sites/1/checks', { body: { check_type: TYPE, enabled: true, ...body } });
  return `/api/v1/sites/1/checks/${reply.body.id}`;
}

describe('POST /api/v1/sites/:site_id/checks/:check_id/trigger-now', () => {
  it('looks at the endpoints without a setting of their own, and tells what that check finds there', async () => {
    const { api, asked, first, second, third } = await start();
    const ofSite = await settingOf(api, {});
    const ofSecond = await settingOf(api, { endpoint_id: second });
    const { status, body } = await api.ask('POST', `${ofSite}/trigger-now`);
    expect([status, asked]).toEqual([200, [first, third]]);
    expect(body).toMatchObject({
      check_type: TYPE,
      enabled: true,
      active_events_closed: [7, 7],
      endpoints_left_out: 0,
    });
    expect(body.endpoints).toMatchObject(
      [first, third].map((endpoint_id) => ({ endpoint_id, booked: true, finding: { check: TYPE, state: 'Warning' } })),
    );
    await api.ask('POST', `${ofSecond}/trigger-now`);
    expect(asked).toEqual([first, third, second]);
  });

  it('looks at nothing that was removed, and at nothing at all where the setting speaks for nothing', async () => {
    const { api, asked, second } = await start();
    const path = await settingOf(api, { endpoint_id: second });
    await api.ask('DELETE', `/api/v1/sites/1/endpoints/${second}`);
    const { status, body } = await api.ask('POST', `${path}/trigger-now`);
    expect([status, body.endpoints, asked]).toEqual([200, [], []]);
  });

  it('says of a check that is silent that it said nothing, and of a look without a place why', async () => {
    const { api, third } = await start(async ({ endpointId }) => {
      if (Number(endpointId) === 3) throw tooManyLooks(64, '');
      return { observation: observed([verdict('Up')], 0), isBooked: true, closed: [] };
    });
    const { body } = await api.ask('POST', `${await settingOf(api, { enabled: false })}/trigger-now`);
    expect(body.enabled).toBe(false);
    expect(body.endpoints.map(({ finding }: { finding: unknown }) => finding)).toEqual([
      null,
      null,
      { check: TYPE, state: 'Unknown', reason: 'no_place', summary: expect.stringContaining('ask again') },
    ]);
    expect(body.endpoints[2]).toMatchObject({ endpoint_id: third, booked: false });
  });

  it('is 404 for what is not there or not the tenant’s, and shares the limit of other looks', async () => {
    const { api } = await start();
    const path = `${await settingOf(api, {})}/trigger-now`;
    const other = await callerWith(api, { tenantId: 'other' });
    for (const [url, ask] of [
      ['/api/v1/sites/1/checks/99/trigger-now', {}],
      ['/api/v1/sites/2/checks/1/trigger-now', {}],
      [path, other],
    ] as const) {
      const { status, body } = await api.ask('POST', url, ask);
      expect([status, body.error.code]).toEqual([404, 'check_not_found']);
    }
    const operator = await callerWith(api, {});
    for (let n = 0; n < 30; n += 1) await api.ask('POST', '/api/v1/sites/1/endpoints/1/trigger-now', operator);
    const refused = await api.ask('POST', path, operator);
    expect([refused.status, refused.body.error.code]).toEqual([429, 'rate_limited']);
  });
});
