import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';
import { getEvent, listEvents } from '../../contracts/events.ts';
import type { EventId } from '../../domain/ids.ts';
import { EVERY_SITE, type SiteScope } from '../../domain/site-scope.ts';
import { verificationEvidence } from '../../domain/verification-evidence.ts';
import { type EventQuery, listEvents as list } from '../../services/list-events.ts';

const open = (startedAtMs: number) => ({ op: 'open', state: 'Seems Down', startedAtMs, reason: 'opened' }) as const;
const confirm = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
const close = { op: 'close', reason: 'verifier_cleared' } as const;

/** Two outages of one site, the first over, and an advisory of another site. */
async function history(api: ApiFixture) {
  const first = await api.addEndpoint();
  const second = await api.addEndpoint();
  await api.events.append(appendTo(first, [open(1_000), confirm], { metadata: { summary: 'refused' } }));
  await api.events.append(appendTo(first, [close], { atMs: 5_000 }));
  await api.events.append(appendTo(first, [open(10_000)], { atMs: 10_000 }));
  const advisory = appendTo(second, [{ op: 'open', state: 'Warning', startedAtMs: 2_000, reason: 'opened' }]);
  await api.events.append({ ...advisory, identity: { ...advisory.identity, checkType: 'tls_expiry' } });
  return { first, second };
}

const vote = { httpCode: null, errorCode: 1, failureClass: null, rttMs: 9, tookMs: 12, quarantined: false };
const EVIDENCE = verificationEvidence({
  ...{ requestId: 'r', outcome: 'no_verdict', quorum: 2, regions: 3, downRegions: ['eu'] },
  votes: [
    { ...vote, verifier: 'eu-1', region: 'eu', says: 'down', reason: 'tcp_refused' },
    { ...vote, verifier: 'us-1', region: 'us', says: 'none', reason: 'verifier_silent', quarantined: true },
  ],
});

describe('lists of events', () => {
  it('come newest first, of one site or of all, page by page', async () => {
    const api = await startApi();
    const { first } = await history(api);
    const all = await api.ask('GET', '/api/v1/events?limit=2');
    expect(all.body.data.map((event: { check_type: string }) => event.check_type)).toEqual(['tls_expiry', 'http']);
    const rest = await api.ask('GET', `/api/v1/events?limit=2&cursor=${all.body.page.next}`);
    expect(rest.body.data).toHaveLength(1);
    expect(rest.body.page.next).toBeNull();
    const ofSite = await api.ask('GET', `/api/v1/sites/${first.siteId}/events`);
    expect(ofSite.body.data).toHaveLength(2);
    expect(ofSite.body.data[1]).toMatchObject({
      site_id: Number(first.siteId),
      endpoint_id: Number(first.endpointId),
      state: 'Down',
      started_at: '1970-01-01T00:00:01.000Z',
      ended_at: '1970-01-01T00:00:05.000Z',
      duration_ms: 4_000,
      resolution_reason: 'verifier_cleared',
      transition_count: 3,
    });
  });

  it('that are open have a path of their own, with the same filters and pages', async () => {
    const api = await startApi();
    await history(api);
    const [active, open] = await Promise.all(
      ['/events/active?limit=1', '/events?active=true&limit=1'].map((path) => api.ask('GET', `/api/v1${path}`)),
    );
    expect(active?.body.page).toEqual(open?.body.page);
    expect(active?.body.data).toMatchObject([{ check_type: 'tls_expiry', ended_at: null }]);
    const more = await api.ask('GET', `/api/v1/events/active?cursor=${active?.body.page.next}`);
    expect(more.body.data).toMatchObject([{ check_type: 'http', state: 'Seems Down', ended_at: null }]);
    expect((await api.ask('GET', '/api/v1/events/active?check_type=http')).body.data).toHaveLength(1);
    const both = await api.ask('GET', '/api/v1/events/active?active=false');
    expect([both.status, both.body.error.code]).toEqual([400, 'invalid_filter']);
  });

  it('say what verifiers said last of each, and nothing where they were not asked', async () => {
    const api = await startApi();
    const { first } = await history(api);
    const verification = { outcome: 'unverified', atMs: 12_000, evidence: EVIDENCE } as const;
    await api.events.append(appendTo(first, [], { atMs: 12_000, verification }));
    const { body } = await api.ask('GET', '/api/v1/events?check_type=http');
    expect(body.data.map((event: { verification: unknown }) => event.verification)).toEqual([
      {
        outcome: 'unverified',
        verified_at: '1970-01-01T00:00:12.000Z',
        quorum: 2,
        regions: 3,
        down_regions: ['eu'],
        votes: [
          expect.objectContaining({ verifier: 'eu-1', region: 'eu', says: 'down', reason: 'tcp_refused', rtt_ms: 9 }),
          expect.objectContaining({ verifier: 'us-1', says: 'none', reason: 'verifier_silent', quarantined: true }),
        ],
      },
      null,
    ]);
    const { body: one } = await api.ask('GET', `/api/v1/events/${body.data[0].id}`);
    expect(one.verification).toEqual(body.data[0].verification);
  });

  it('hold those about the monitor itself, which belong to site 0', async () => {
    const api = await startApi();
    await api.events.append({
      ...appendTo(await api.addEndpoint(), [{ op: 'open', state: 'Warning', startedAtMs: 1_000, reason: 'opened' }]),
      identity: { siteId: 0n as never, endpointId: null, checkType: 'monitor', discriminator: 'prober_stalled' },
      project: false,
    });
    const { body } = await api.ask('GET', '/api/v1/events?check_type=monitor');
    expect(listEvents.reply.parse(body).data).toMatchObject([{ id: 1, site_id: 0, endpoint_id: null }]);
    const { body: one } = await api.ask('GET', '/api/v1/events/1');
    expect(getEvent.reply.parse(one)).toMatchObject({ site_id: 0, transitions: [{ seq: 1 }] });
    expect((await api.ask('GET', '/api/v1/sites/0/events')).body.error.code).toBe('invalid_site_id');
  });

  it('try so many rows of the log at most, and say where to go on', async () => {
    const api = await startApi();
    const { first, second } = await history(api);
    await api.database.kysely
      .insertInto('jetmon_site_tenants')
      .values({ tenant_id: 'one', blog_id: second.siteId, created_at: 1, updated_at: 1 })
      .execute();
    const one = { kind: 'tenant', tenantId: 'one' } as const;
    const walked = async (scope: SiteScope, more: Partial<EventQuery> = {}) => {
      const pages: number[][] = [];
      for (let before: EventId | null = null, isLast = false; !isLast; ) {
        const query = { siteId: null, beforeId: before, limit: 5, ...more };
        const { events, next } = await list(api, scope, query, 2);
        pages.push(events.map(({ eventId }) => Number(eventId)));
        before = next;
        isLast = next === null;
      }
      return pages;
    };
    for (let n = 0; n < 4; n += 1) {
      await api.events.append(appendTo(first, [close], { atMs: 20_000 + 2 * n }));
      await api.events.append(appendTo(first, [open(20_001 + 2 * n)], { atMs: 20_001 + 2 * n }));
    }
    const all = (await walked(EVERY_SITE)).flat();
    const advisory = (await walked(one)).flat();
    expect(advisory).toHaveLength(1);
    expect((await walked(one)).length).toBeGreaterThan(2);
    expect((await walked(EVERY_SITE, { states: ['Warning'] })).flat()).toEqual(advisory);
    expect((await walked(EVERY_SITE, { states: ['Warning'], active: true })).length).toBe(1);
    expect(all.length).toBeGreaterThan(5);
  });

  it.each([
    ['state=Down', 1],
    ['state__in=Down,Warning', 2],
    ['check_type=tls_expiry', 1],
    ['check_type__in=tls_expiry,http', 3],
    ['active=true', 2],
    ['active=0', 1],
    ['started_at__gte=1970-01-01T00:00:02Z', 2],
    ['started_at__lt=1970-01-01T00:00:02.000Z', 1],
    ['started_at__gte=1970-01-01T02:00:02%2B02:00', 2],
    ['started_at__lt=1969-12-31T19:00:02-05:00', 1],
  ])('are narrowed by ?%s', async (query, expected) => {
    const api = await startApi();
    await history(api);
    expect((await api.ask('GET', `/api/v1/events?${query}`)).body.data).toHaveLength(expected);
  });

  it.each([
    ['state=Gone', 'invalid_state_filter'],
    ['state__in=Down,Gone', 'invalid_state_filter'],
    ['state=Down&state__in=Warning', 'invalid_state_filter'],
    ['active=perhaps', 'invalid_active'],
    ['started_at__gte=yesterday', 'invalid_started_at__gte'],
    ['started_at__lt=2026-02-30T00:00:00Z', 'invalid_started_at__lt'],
    ['started=today', 'invalid_filter'],
    ['limit=-1', 'invalid_limit'],
    ['cursor=e30', 'invalid_cursor'],
  ])('refuse ?%s with %s', async (query, code) => {
    const api = await startApi();
    const reply = await api.ask('GET', `/api/v1/events?${query}`);
    expect([reply.status, reply.body.error.code]).toEqual([400, code]);
  });

  it('are empty for a site that had none, and 404 for one that does not exist', async () => {
    const api = await startApi();
    const { siteId } = await api.addEndpoint();
    expect((await api.ask('GET', `/api/v1/sites/${siteId}/events`)).body.data).toEqual([]);
    const missing = await api.ask('GET', '/api/v1/sites/99/events');
    expect([missing.status, missing.body.error.code]).toEqual([404, 'site_not_found']);
    expect((await api.ask('GET', '/api/v1/sites/none/events')).body.error.code).toBe('invalid_site_id');
  });
});

describe('one event', () => {
  it('comes with every step of it', async () => {
    const api = await startApi();
    const { first } = await history(api);
    const [, ended] = (await api.ask('GET', `/api/v1/sites/${first.siteId}/events`)).body.data;
    const detail = await api.ask('GET', `/api/v1/events/${ended.id}`);
    expect(detail.body.transitions.map((step: { reason: string }) => step.reason)).toEqual([
      'opened',
      'local_confirmed',
      'verifier_cleared',
    ]);
    expect(detail.body.transitions[2]).toMatchObject({ seq: 3, state_after: 'Resolved', severity_after: null });
    expect((await api.ask('GET', `/api/v1/sites/${first.siteId}/events/${ended.id}`)).body).toEqual(detail.body);
  });

  it('is found under its own site only', async () => {
    const api = await startApi();
    const { first, second } = await history(api);
    const [event] = (await api.ask('GET', `/api/v1/sites/${first.siteId}/events`)).body.data;
    for (const path of [
      `/api/v1/sites/${second.siteId}/events/${event.id}`,
      `/api/v1/sites/${second.siteId}/events/${event.id}/transitions`,
      '/api/v1/events/4000',
    ]) {
      const reply = await api.ask('GET', path);
      expect([reply.status, reply.body.error.code]).toEqual([404, 'event_not_found']);
    }
    expect((await api.ask('GET', '/api/v1/events/x')).body.error.code).toBe('invalid_event_id');
  });
});

describe('transitions of an event', () => {
  it('come oldest first, page by page', async () => {
    const api = await startApi();
    const { first } = await history(api);
    const [, ended] = (await api.ask('GET', `/api/v1/sites/${first.siteId}/events`)).body.data;
    const path = `/api/v1/sites/${first.siteId}/events/${ended.id}/transitions`;
    const page = await api.ask('GET', `${path}?limit=2`);
    expect(page.body.data.map((step: { seq: number }) => step.seq)).toEqual([1, 2]);
    const rest = await api.ask('GET', `${path}?limit=2&cursor=${page.body.page.next}`);
    expect(rest.body.data.map((step: { seq: number }) => step.seq)).toEqual([3]);
    expect((await api.ask('GET', path)).body.page).toEqual({ next: null, limit: 100 });
  });
});
