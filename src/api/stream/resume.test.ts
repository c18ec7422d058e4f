import { describe, expect, it, vi } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { dataOf, follow, type StreamFollower } from '../../../test/kit/follow-stream.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { StreamMessages } from '../../contracts/utility.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { Mutation } from '../../domain/mutation.ts';
import { createChanges } from '../../store/changes.ts';
import { createEvents } from '../../store/events.ts';
import { bringIntoScope } from '../../store/site-scope.ts';
import { silentLog } from '../../telemetry/log.ts';

type Endpoint = { siteId: SiteId; endpointId: EndpointId };

const OPEN: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' };

async function fail(api: ApiFixture, count = 1): Promise<Endpoint[]> {
  const endpoints: Endpoint[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    const endpoint = await api.addEndpoint();
    await api.events.append(appendTo(endpoint, [OPEN]));
    endpoints.push(endpoint);
  }
  return endpoints;
}

function sitesTold({ events }: StreamFollower): unknown[] {
  return events
    .filter(({ name }) => name === 'transition')
    .map((event) => (dataOf(event) as StreamMessages['transition']).site_id);
}

function idsOf(endpoints: readonly Endpoint[]): number[] {
  return endpoints.map(({ siteId }) => Number(siteId));
}

/** Follows until it was told of so many transitions, and leaves; resolves to where it was. */
async function followed(api: ApiFixture, count: number, work: () => Promise<unknown>): Promise<string | null> {
  const follower = await follow(api);
  await work();
  await vi.waitFor(() => expect(sitesTold(follower)).toHaveLength(count));
  follower.leave();
  await vi.waitFor(() => expect(api.listening()).toBe(0));
  return follower.lastId();
}

describe('the live stream, followed again', () => {
  it('tells what was committed in between, in order and once, and then what happens', async () => {
    const api = await startApi();
    const lastEventId = await followed(api, 2, () => fail(api, 2));
    const missed = await fail(api, 3);
    const back = await follow(api, { lastEventId });
    await vi.waitFor(() => expect(sitesTold(back)).toEqual(idsOf(missed)));
    const later = await fail(api, 2);
    await vi.waitFor(() => expect(sitesTold(back)).toEqual(idsOf([...missed, ...later])));
    expect(back.events.every(({ id }) => id !== null)).toBe(true);
  });

  it('tells what is committed while the past is told, and nothing twice', async () => {
    const api = await startApi();
    const lastEventId = await followed(api, 1, () => fail(api));
    const endpoint = await api.addEndpoint();
    const steps = (count: number): Mutation[] =>
      Array.from({ length: count }, (_, nth) => ({
        op: 'set_severity',
        severity: 5 + (nth % 2),
        reason: 'severity_escalation',
      }));
    await api.events.append(appendTo(endpoint, [OPEN, ...steps(450)]));
    const appended = async () => {
      for (let nth = 0; nth < 20; nth += 1) await api.events.append(appendTo(endpoint, steps(4)));
    };
    const [back] = await Promise.all([follow(api, { lastEventId }), appended()]);
    const told = () => back.events.map((event) => (dataOf(event) as StreamMessages['transition']).transition.seq);
    await vi.waitFor(() => expect(told().length).toBeGreaterThanOrEqual(1 + 450 + 80), { timeout: 10_000 });
    expect(told()).toEqual(Array.from({ length: 1 + 450 + 80 }, (_, nth) => nth + 1));
  });

  it('takes the id from the query where headers cannot be sent', async () => {
    const api = await startApi();
    const lastEventId = await followed(api, 1, () => fail(api));
    const missed = await fail(api);
    const back = await follow(api, { query: `?last_event_id=${lastEventId}` });
    await vi.waitFor(() => expect(sitesTold(back)).toEqual(idsOf(missed)));
  });

  it('says so when it cannot tell what was missed, and goes on from now', async () => {
    const api = await startApi();
    await fail(api);
    const lost = await follow(api, { lastEventId: '4711' });
    await vi.waitFor(() => expect(lost.events.map(({ name }) => name)).toEqual(['reset']));
    expect(dataOf(lost.events[0])).toEqual({ reason: 'position_unknown' });
    await vi.waitFor(() => expect(lost.lastId()).not.toBeNull());
    const later = await fail(api);
    await vi.waitFor(() => expect(sitesTold(lost)).toEqual(idsOf(later)));

    await api.database.kysely
      .updateTable('jetmon_event_transitions')
      .set((is) => ({ id: is('id', '+', 200_000n) }))
      .execute();
    const behind = await follow(api, { lastEventId: '1' });
    await vi.waitFor(() => expect(dataOf(behind.events[0])).toEqual({ reason: 'too_far_behind' }));
  });

  it('refuses an id that is not one of its own making', async () => {
    const api = await startApi();
    for (const lastEventId of ['x', '-1', '99999999999999999999']) {
      const refused = await api.ask('GET', '/api/v1/stream', { headers: { 'last-event-id': lastEventId } });
      expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_cursor']);
    }
  });

  it('keeps who is told nothing from falling behind', async () => {
    const fake = createFakeClock();
    const api = await startApi({ clock: fake });
    const endpoint = await api.addEndpoint();
    const quiet = await follow(api, { query: `?site_id=${endpoint.siteId}` });
    const busy = await follow(api);
    await fail(api, 2);
    await vi.waitFor(() => expect(sitesTold(busy)).toHaveLength(2));
    expect(quiet.lastId()).toBeNull();
    fake.advance(15_000);
    await vi.waitFor(() => expect(quiet.lastId()).toBe(busy.lastId()));
    expect(quiet.events).toEqual([]);
  });

  it('does not tell a tenant of others, of the past neither', async () => {
    const api = await startApi();
    const { token } = await api.apiKeys.create({ consumerName: 'acme', scope: 'read', tenantId: 'acme' });
    const [own, other] = await fail(api, 2);
    if (own === undefined || other === undefined) throw new Error('nothing failed');
    const scope = { kind: 'tenant' as const, tenantId: 'acme' };
    await bringIntoScope(api.database, api.database.kysely as never, scope, {
      siteId: own.siteId,
      source: 'test',
      atMs: 1,
    });
    const operator = await follow(api, { lastEventId: '0' });
    await vi.waitFor(() => expect(sitesTold(operator)).toEqual(idsOf([own, other])));
    const narrowed = await follow(api, { lastEventId: '0', query: '?tenant_id=acme' });
    const tenant = await follow(api, { token, lastEventId: '0' });
    for (const follower of [tenant, narrowed]) {
      await vi.waitFor(() => expect(sitesTold(follower)).toEqual(idsOf([own])));
    }
    const refused = await api.ask('GET', '/api/v1/stream?tenant_id=other', { token });
    expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_filter']);
    const missing = await api.ask('GET', `/api/v1/stream?site_id=${other.siteId}`, { token });
    expect([missing.status, missing.body.error.code]).toEqual([404, 'site_not_found']);
  });
});

describe('the live stream, narrowed', () => {
  it('tells of the sites and states that are wanted', async () => {
    const api = await startApi();
    const [one, two] = [await api.addEndpoint(), await api.addEndpoint()];
    const byState = await follow(api, { query: '?state__in=Down' });
    const bySite = await follow(api, { query: `?site_id=${two.siteId},${two.siteId}` });
    await api.events.append(appendTo(one, [OPEN]));
    await api.events.append(appendTo(two, [OPEN]));
    const confirmed: Mutation = { op: 'promote', state: 'Down', reason: 'verifier_confirmed' };
    await api.events.append(appendTo(two, [confirmed]));
    await vi.waitFor(() => expect(sitesTold(bySite)).toEqual(idsOf([two, two])));
    await vi.waitFor(() => expect(sitesTold(byState)).toEqual(idsOf([two])));
    await api.ask('PATCH', `/api/v1/sites/${one.siteId}`, { body: { monitor_active: false } });
    await api.ask('PATCH', `/api/v1/sites/${two.siteId}`, { body: { monitor_active: false } });
    await vi.waitFor(() => expect(bySite.events.at(-1)?.name).toBe('site'));
    expect(bySite.events.filter(({ name }) => name === 'site')).toHaveLength(1);
  });

  it.each([
    '?site_id=x',
    '?site_id=0',
    '?site_id=1,',
    '?state=Broken',
    '?state__in=Down,Broken',
    '?state=Down&state__in=Down',
  ])('refuses %s', async (query) => {
    const api = await startApi();
    const refused = await api.ask('GET', `/api/v1/stream${query}`);
    expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_filter']);
  });
});

describe('the live stream of several processes', () => {
  it('tells what another process committed, once', async () => {
    const api = await startApi();
    const elsewhere = createEvents({ db: api.database, changes: createChanges({ log: silentLog }) });
    const follower = await follow(api);
    const [one, two] = [await api.addEndpoint(), await api.addEndpoint()];
    await elsewhere.append(appendTo(one, [OPEN]));
    await vi.waitFor(() => expect(sitesTold(follower)).toEqual(idsOf([one])), { timeout: 10_000 });
    await api.events.append(appendTo(two, [OPEN]));
    const [three] = [await api.addEndpoint()];
    await elsewhere.append(appendTo(three, [OPEN]));
    await vi.waitFor(() => expect(sitesTold(follower)).toEqual(idsOf([one, two, three])), { timeout: 10_000 });
  });
});
