/** One way to each code of the catalogue: what a caller does, on a server of its own, to be answered with it. */

import type { ErrorCode } from '../../src/domain/errors.ts';
import { createLookNow } from '../../src/engine/look-now.ts';
import type { AskedLook } from '../../src/services/look-now.ts';
import { openDatabase } from '../../src/store/database.ts';
import { startSqliteThread } from '../../src/store/dialect/sqlite-link.ts';
import { insertEntry } from '../../src/store/legacy.ts';
import { type ApiFixture, type Ask, type Reply, startApi } from '../kit/api.ts';
import { eventually } from '../kit/eventually.ts';
import { observed, verdict } from '../kit/fake-prober.ts';
import { rawReply } from '../kit/raw-exchange.ts';
import { appendTo, temporaryFolder } from '../kit/store.ts';
import { callerWith, plantSite } from './tenant-world.ts';

export type Scenario = {
  /** The reply that is to carry the code. */
  provoke(): Promise<Reply>;
  /** Words of its message: the thing it is about. */
  names: RegExp;
};

const SITE = { monitor_url: 'https://a.example/' };
/** What `plantSite` watches. */
const MARKED = 'https://mark.example/mark?mark';
const OPEN = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;

/** One request to a fresh server. */
function asking(method: string, path: string, names: RegExp, ask: Ask = {}): Scenario {
  return on((api) => api.ask(method, `/api/v1${path}`, ask), names);
}

/** Bytes to a fresh server, until it hangs up. */
function raw(bytes: string, names: RegExp): Scenario {
  return on(({ address }) => rawReply(address, bytes), names);
}

const get = (path: string, names: RegExp) => asking('GET', path, names);
const postSite = (names: RegExp, ask: Ask) => asking('POST', '/sites', names, ask);

function on(provoke: (api: ApiFixture) => Promise<Reply>, names: RegExp): Scenario {
  return { provoke: async () => provoke(await startApi()), names };
}

/** On a server with site 1, which has one of everything. */
function onSite(provoke: (api: ApiFixture) => Promise<Reply>, names: RegExp): Scenario {
  const planted = async (api: ApiFixture) => {
    await plantSite(api, await callerWith(api, {}), 'mark');
    return provoke(api);
  };
  return on(planted, names);
}

function addSite(api: ApiFixture, key: string, body: object = SITE): Promise<Reply> {
  return api.ask('POST', '/api/v1/sites', { body, headers: { 'idempotency-key': key } });
}

/** Looks that do not end before they are let go. */
function stuckLooks() {
  const { promise, resolve } = Promise.withResolvers<AskedLook>();
  const look = { observation: observed([verdict('Up')], 1_000), isBooked: true, closed: [] };
  let begun = 0;
  return {
    begun: () => begun,
    begin() {
      begun += 1;
      return promise;
    },
    letGo: () => resolve(look),
  };
}

const TRIGGER = '/api/v1/sites/1/trigger-now';

/** The second of two that ask for the same, while the first is still at it. */
async function askedTwiceAtOnce(): Promise<Reply> {
  const looks = stuckLooks();
  const api = await startApi({ lookNow: looks.begin });
  await api.addEndpoint();
  const headers = { 'idempotency-key': 'once' };
  const first = api.ask('POST', TRIGGER, { headers });
  try {
    await eventually('the first has begun', () => looks.begun() === 1);
    return await api.ask('POST', TRIGGER, { headers });
  } finally {
    looks.letGo();
    await first;
  }
}

/** All places for looks are taken when twenty more are asked for. */
async function lookedAtTooMuch(): Promise<Reply> {
  const looks = stuckLooks();
  const pipeline = { ask: looks.begin, look: () => Promise.reject(new Error('it is watched')) };
  const rest = { upToDate: async () => {}, isStopped: () => false, timeoutMs: () => 1_000, plan: null as never };
  const api = await startApi({ lookNow: createLookNow({ pipeline, ...rest }) });
  const { siteId } = await api.addEndpoint();
  for (let more = 1; more < 20; more += 1) await api.addEndpoint({ siteId });
  const earlier = [1, 2, 3, 4].map(() => api.ask('POST', TRIGGER));
  try {
    await eventually('they have begun', () => looks.begun() === 64);
    return await api.ask('POST', TRIGGER);
  } finally {
    looks.letGo();
    await Promise.all(earlier);
  }
}

/** An event whose steps hold so much evidence that its reply is not kept. */
async function closedAtLength(api: ApiFixture): Promise<Reply> {
  const endpoint = await api.addEndpoint();
  const steps = [5, 6, 7, 8].map(
    (severity) => ({ op: 'set_severity', severity, reason: 'severity_escalation' }) as const,
  );
  const metadata = { summary: 'x'.repeat(60_000) };
  const { eventId } = await api.events.append(appendTo(endpoint, [OPEN, ...steps], { metadata }));
  const close = () =>
    api.ask('POST', `/api/v1/sites/${endpoint.siteId}/events/${eventId}/close`, {
      headers: { 'idempotency-key': 'once' },
    });
  await close();
  return close();
}

/** The ten thousand keys that one caller may have are there already. */
async function outOfKeys(api: ApiFixture): Promise<Reply> {
  const nowMs = Date.now();
  const of = { tenant_id: '', caller: 'local', request_hash: '', state: 'done', owner: '', lease_until: 0 };
  for (let from = 0; from < 10_000; from += 500) {
    const rows = Array.from({ length: 500 }, (_, n) => {
      return { ...of, slot: `slot-${from + n}`, created_at: nowMs, expires_at: nowMs + 3_600_000 };
    });
    await api.database.kysely.insertInto('jetmon_idempotency').values(rows).execute();
  }
  return addSite(api, 'one more');
}

async function withKey(api: ApiFixture, wanted: Parameters<typeof callerWith>[1], path = '/api/v1/me', ask: Ask = {}) {
  return api.ask('GET', path, { ...(await callerWith(api, wanted)), ...ask });
}

async function afterRevocation(api: ApiFixture): Promise<Reply> {
  const { token, key } = await api.apiKeys.create({ consumerName: 'ci', scope: 'read' });
  await api.apiKeys.revoke(key.keyId);
  return api.ask('GET', '/api/v1/me', { token });
}

async function afterExpiry(api: ApiFixture): Promise<Reply> {
  const { token } = await api.apiKeys.create({ consumerName: 'ci', scope: 'read', ttlMs: 60_000 });
  api.clock.move(60_000);
  return api.ask('GET', '/api/v1/me', { token });
}

async function twiceAMinute(api: ApiFixture): Promise<Reply> {
  const caller = await callerWith(api, { rateLimitPerMinute: 1 });
  await api.ask('GET', '/api/v1/me', caller);
  return api.ask('GET', '/api/v1/me', caller);
}

async function oneMoreEndpoint(api: ApiFixture): Promise<Reply> {
  const { siteId } = await api.addEndpoint();
  const entry = { siteId, bucketNo: 0, active: true, intervalSeconds: 60 };
  await api.database.transaction(async (tx) => {
    for (let n = 1; n < 500; n += 1) await insertEntry(tx, { ...entry, url: `https://a.example/${n}` });
  });
  return api.ask('POST', `/api/v1/sites/${siteId}/endpoints`, { body: SITE });
}

async function oneMoreFollower(api: ApiFixture): Promise<Reply> {
  const { token } = await callerWith(api, {});
  const leaving = new AbortController();
  const follow = () =>
    fetch(`${api.address}/api/v1/stream`, {
      headers: { authorization: `Bearer ${token}` },
      signal: leaving.signal,
    });
  try {
    for (let count = 0; count < 16; count += 1) await follow();
    return await api.ask('GET', '/api/v1/stream', { token });
  } finally {
    leaving.abort();
  }
}

async function closedForTheSite(api: ApiFixture): Promise<Reply> {
  const { body } = await api.ask('GET', '/api/v1/events?check_type=site_state');
  return api.ask('POST', `/api/v1/sites/1/events/${body.data[0].id}/close`);
}

/** The thread of the database ends while the server runs. */
async function withoutDatabase(): Promise<Reply> {
  const thread = startSqliteThread();
  const threads = { take: () => thread, giveBack: () => thread.end() };
  const database = await openDatabase({ url: `${temporaryFolder()}/jetmon.db`, threads });
  const api = await startApi({ database });
  await thread.end();
  return api.ask('GET', '/api/v1/sites');
}

async function withBrokenCode(api: ApiFixture): Promise<Reply> {
  api.eventQueries.byId = () => Promise.reject(new Error('a mistake of ours'));
  return api.ask('GET', '/api/v1/events/1');
}

export const ERROR_SCENARIOS: Readonly<Partial<Record<ErrorCode, Scenario>>> = {
  invalid_request: raw('GET /api/v1/health HTTP/1.1\r\n\r\n', /Host/),
  headers_too_large: raw(`GET /api/v1/health HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /16 KiB/),
  request_timeout: raw('GET /api/v1/health HTTP/1.1\r\nHost: a\r\n', /5 s/),
  invalid_body: postSite(/the request body/, { text: '{' }),
  invalid_url: postSite(/ftp/, { body: { monitor_url: 'ftp://a.example/' } }),
  invalid_blog_id: postSite(/blog_id/, { body: { ...SITE, blog_id: 0 } }),
  invalid_site_id: get('/sites/0', /site_id/),
  invalid_event_id: get('/events/x', /event_id/),
  invalid_endpoint_id: get('/sites/1/endpoints/x', /endpoint_id/),
  invalid_check_id: get('/sites/1/checks/x', /check_id/),
  invalid_window_id: get('/maintenance/x', /window_id/),
  invalid_window: get('/sites/1/uptime?window=2h', /window/),
  invalid_limit: get('/sites?limit=0', /limit/),
  invalid_cursor: get('/sites?cursor=mine', /the cursor/),
  invalid_filter: get('/events?colour=red', /colour/),
  invalid_active: get('/events?active=perhaps', /active/),
  invalid_started_at__gte: get('/events?started_at__gte=today', /started_at__gte/),
  invalid_started_at__lt: get('/events?started_at__lt=today', /started_at__lt/),
  invalid_state_filter: get('/sites?state=Gone', /state/),
  invalid_severity: get('/sites?severity__gte=-1', /severity__gte/),
  invalid_monitor_active: get('/sites?monitor_active=perhaps', /monitor_active/),
  invalid_include_cli_metadata: get('/sites?include_cli_metadata=perhaps', /include_cli_metadata/),
  invalid_field: postSite(/timeout_seconds/, { body: { ...SITE, timeout_seconds: 0 } }),
  invalid_redirect_policy: postSite(/redirect_policy/, { body: { ...SITE, redirect_policy: 'perhaps' } }),
  invalid_custom_headers: postSite(/custom_headers/, { body: { ...SITE, custom_headers: 'none' } }),
  invalid_idempotency_key: on((api) => addSite(api, 'x'.repeat(256)), /Idempotency-Key/),
  idempotency_conflict: on(async (api) => {
    await addSite(api, 'one');
    return addSite(api, 'one', { monitor_url: 'https://b.example/' });
  }, /Idempotency-Key/),
  idempotency_in_progress: { provoke: askedTwiceAtOnce, names: /Idempotency-Key/ },
  idempotency_already_done: on(closedAtLength, /Idempotency-Key|request/),
  too_many_idempotency_keys: on(outOfKeys, /Idempotency-Keys/),
  body_too_large: postSite(/the request body/, { text: `"${'x'.repeat(1024 * 1024)}"` }),
  unsupported_encoding: postSite(/the request body/, { body: SITE, headers: { 'content-encoding': 'gzip' } }),
  missing_token: asking('GET', '/me', /API key/, { token: null }),
  invalid_token: asking('GET', '/me', /API key/, { token: `jm_${'A'.repeat(52)}` }),
  token_revoked: on(afterRevocation, /API key/),
  token_expired: on(afterExpiry, /API key/),
  insufficient_scope: on((api) => withKey(api, { scope: 'events:read' }, '/api/v1/sites'), /scope read/),
  operator_only: on((api) => withKey(api, { tenantId: 'acme' }, '/api/v1/prober'), /the server itself/),
  forbidden_gateway_context: asking('GET', '/me', /x-jetmon-tenant-id/, { headers: { 'x-jetmon-tenant-id': 'acme' } }),
  invalid_gateway_context: on((api) => {
    return withKey(api, { isGateway: true }, '/api/v1/me', { headers: { 'x-jetmon-tenant-id': 'two words' } });
  }, /x-jetmon-tenant-id/),
  rate_limited: on(twiceAMinute, /1 requests a minute/),
  site_not_found: get('/sites/7', /site 7/),
  event_not_found: get('/events/7', /event 7/),
  endpoint_not_found: get('/nowhere', /this path/),
  site_endpoint_not_found: get('/sites/1/endpoints/7', /endpoint 7 of site 1/),
  check_not_found: get('/sites/1/checks/7', /check 7 of site 1/),
  window_not_found: get('/maintenance/7', /window 7/),
  method_not_allowed: asking('PUT', '/sites', /PUT/),
  site_exists: onSite((api) => api.ask('POST', '/api/v1/sites', { body: { monitor_url: MARKED } }), /as site 1/),
  too_many_endpoints: on(oneMoreEndpoint, /endpoints/),
  check_exists: onSite((api) => {
    return api.ask('POST', '/api/v1/sites/1/checks', { body: { check_type: 'tls_deprecated', enabled: true } });
  }, /tls_deprecated/),
  too_many_streams: on(oneMoreFollower, /followers/),
  too_many_looks: { provoke: lookedAtTooMuch, names: /64 looks/ },
  event_not_closable: onSite(closedForTheSite, /event \d+/),
  server_not_running: get('/status', /./),
  db_unavailable: { provoke: withoutDatabase, names: /the database/ },
  internal: on(withBrokenCode, /this request/),
};
