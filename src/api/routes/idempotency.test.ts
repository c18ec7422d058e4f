import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { withMovableClock } from '../../../test/kit/database-clock.ts';
import { temporaryDatabase, temporaryFolder } from '../../../test/kit/store.ts';
import { type Contract, defineContract } from '../../contracts/contract.ts';
import { AppError } from '../../domain/errors.ts';
import { IDEMPOTENCY_LIMITS } from '../../store/idempotency.ts';
import { route } from '../serve-contract.ts';

const SITE = { monitor_url: 'https://a.example/' };
const { leaseMs, keepMs } = IDEMPOTENCY_LIMITS;

type Post = { path?: string; body?: object; text?: string; token?: string };

function post(api: ApiFixture, key: string, { path = '/sites', ...ask }: Post = {}) {
  const sent = ask.text === undefined && ask.body === undefined ? { body: SITE } : {};
  return api.ask('POST', `/api/v1${path}`, { ...sent, ...ask, headers: { 'idempotency-key': key } });
}

async function siteCount(api: ApiFixture): Promise<number> {
  return (await api.ask('GET', '/api/v1/sites?limit=200')).body.data.length;
}

/** A server with a made-up operation whose handler the test writes. */
async function serving(handle: () => Promise<unknown>, change: Partial<Contract> = {}) {
  const movable = withMovableClock(await temporaryDatabase());
  const contract: Contract = {
    ...defineContract({
      operationId: 'doIt',
      method: 'POST',
      path: '/api/v1/deeds',
      summary: 'Do it',
      tag: 'Utility',
      scope: 'write',
      body: z.strictObject({ n: z.int().optional() }),
      isBodyOptional: true,
      isIdempotent: true,
      status: 201,
      reply: z.object({ id: z.int() }).loose(),
      errors: [],
    }),
    ...change,
  };
  const handler = vi.fn(handle);
  const moreRoutes = [route(contract, handler as never)];
  const api = await startApi({ database: movable.db, moreRoutes });
  const doIt = (key = 'k', body: object = {}, from = api) => post(from, key, { path: '/deeds', body });
  return { ...movable, api, moreRoutes, handler, doIt };
}

const seen = ({ status, body }: Awaited<ReturnType<ApiFixture['ask']>>) => [status, body?.error?.code ?? body];

describe('a repetition with the same key', () => {
  it('gets the answer of the first one, with a request id of its own', async () => {
    const api = await startApi();
    const first = await post(api, 'one');
    const again = await post(api, 'one');
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect([first, again].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([null, 'true']);
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(await siteCount(api)).toBe(1);
  });

  it('keeps ids beyond 2^53 exact', async () => {
    const api = await startApi();
    const text = '{"blog_id":9007199254740993,"monitor_url":"https://a.example/"}';
    await post(api, 'one', { text });
    const again = await post(api, 'one', { text });
    expect(again.body.blog_id).toBe(9007199254740993n);
  });

  it('counts against the limit of the key by itself', async () => {
    const api = await startApi();
    const { token } = await api.apiKeys.create({ consumerName: 'ci', scope: 'write' });
    const replies = [await post(api, 'one', { token }), await post(api, 'one', { token })];
    expect(replies.map(({ headers }) => headers.get('x-ratelimit-remaining'))).toEqual(['29', '28']);
  });

  it('repeats a refusal of the handler, in words of the first and with its own request id', async () => {
    const api = await startApi();
    await api.ask('POST', '/api/v1/sites', { body: SITE });
    const first = await post(api, 'one');
    const again = await post(api, 'one');
    expect(seen(again)).toEqual([409, 'site_exists']);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const { request_id, ...same } = again.body.error;
    expect(first.body.error).toMatchObject(same);
    expect(request_id).toBe(again.headers.get('x-request-id'));
  });

  it('gets an answer without a body where there was none', async () => {
    const { handler, doIt } = await serving(async () => undefined, { status: 204, reply: undefined } as never);
    expect((await doIt()).status).toBe(204);
    const again = await doIt();
    expect([again.status, again.text, again.headers.get('idempotency-replayed')]).toEqual([204, '', 'true']);
    expect(handler).toHaveBeenCalledOnce();
  });

  it('is a new request after a day', async () => {
    const { advance, handler, doIt } = await serving(async () => ({ id: 1 }));
    await doIt();
    advance(keepMs);
    expect((await doIt('k', { n: 2 })).status).toBe(201);
    expect(handler).toHaveBeenCalledTimes(2);
  });
});

describe('the key of another request', () => {
  it.each([
    ['another body', '{"monitor_url":"https://b.example/"}'],
    ['the same body in other bytes', '{ "monitor_url": "https://a.example/" }'],
  ])('is refused with %s', async (_, text) => {
    const api = await startApi();
    await post(api, 'one');
    expect(seen(await post(api, 'one', { text }))).toEqual([409, 'idempotency_conflict']);
    expect(await siteCount(api)).toBe(1);
  });

  it('is refused with another query', async () => {
    const { api, handler, doIt } = await serving(async () => ({ id: 1 }), {
      query: z.strictObject({ force: z.string().optional() }),
    });
    await doIt();
    const reply = await post(api, 'k', { path: '/deeds?force=1', body: {} });
    expect(seen(reply)).toEqual([409, 'idempotency_conflict']);
    expect(handler).toHaveBeenCalledOnce();
  });

  it('means nothing on another route, on another path, or to another API key', async () => {
    const done: string[] = [];
    const { api } = await serving(async () => ({ id: done.push('deed') }), { path: '/api/v1/deeds/:site_id' });
    const { token } = await api.apiKeys.create({ consumerName: 'ci', scope: 'write' });
    expect((await post(api, 'k')).status).toBe(201);
    for (const path of ['/deeds/1', '/deeds/2']) {
      expect((await post(api, 'k', { path, body: {} })).headers.get('idempotency-replayed')).toBeNull();
    }
    const other = await post(api, 'k', { path: '/deeds/1', body: {}, token });
    expect([other.status, other.headers.get('idempotency-replayed')]).toEqual([201, null]);
    expect(done).toHaveLength(3);
  });

  it.each([
    ['empty', ''],
    ['of 256 characters', 'x'.repeat(256)],
    ['not ASCII', 'caf\u00e9'],
    ['not printable', 'a\tb'],
  ])('is refused when it is %s', async (_, key) => {
    const api = await startApi();
    expect(seen(await post(api, key))).toEqual([400, 'invalid_idempotency_key']);
    expect(await siteCount(api)).toBe(0);
  });

  it('may be as long as 255 characters', async () => {
    const api = await startApi();
    expect((await post(api, '~'.repeat(255))).status).toBe(201);
  });

  it('is ignored where an operation does not promise to be done once', async () => {
    const api = await startApi();
    await api.ask('POST', '/api/v1/sites', { body: SITE });
    const headers = { 'idempotency-key': 'x'.repeat(300) };
    expect((await api.ask('GET', '/api/v1/sites', { headers })).status).toBe(200);
    for (const timeout_seconds of [5, 6]) {
      const patched = await api.ask('PATCH', '/api/v1/sites/1', { body: { timeout_seconds }, headers });
      expect(patched.body.timeout_seconds).toBe(timeout_seconds);
    }
  });
});

describe('what is not kept', () => {
  it('is what was refused before the handler', async () => {
    const api = await startApi();
    const refused = await post(api, 'one', { token: 'jm_wrong' });
    expect(refused.status).toBe(401);
    const { token } = await api.apiKeys.create({ consumerName: 'ci', scope: 'read' });
    expect((await post(api, 'one', { token })).status).toBe(403);
    expect((await post(api, 'one', { body: { monitor_url: 7 } })).status).toBe(400);
    expect((await post(api, 'one', { text: '{' })).status).toBe(400);
    expect((await post(api, 'one')).status).toBe(201);
  });

  it.each([
    ['a failure of our own', new Error('a bug'), 500],
    ['a database that does not answer', new AppError('db_unavailable', 'it is down'), 503],
    ['a limit', new AppError('rate_limited', 'slowly'), 429],
    ['a scope', new AppError('insufficient_scope', 'no'), 403],
  ])('is %s: the next one is carried out', async (_, failure, status) => {
    const failures: unknown[] = [failure];
    const { handler, doIt } = await serving(async () => {
      if (failures.length > 0) throw failures.pop();
      return { id: 1 };
    });
    expect((await doIt()).status).toBe(status);
    expect((await doIt()).status).toBe(201);
    expect((await doIt()).headers.get('idempotency-replayed')).toBe('true');
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('is a commit that nobody knows the outcome of: it is let come to rest before the next one is carried out', async () => {
    const unknown = { details: { outcome: 'unknown' } };
    const failures: unknown[] = [new AppError('db_unavailable', 'it did not say', unknown)];
    const { advance, handler, doIt } = await serving(async () => {
      if (failures.length > 0) throw failures.pop();
      return { id: 1 };
    });
    expect((await doIt()).status).toBe(503);
    expect(seen(await doIt())).toEqual([409, 'idempotency_in_progress']);
    advance(leaseMs);
    expect((await doIt()).status).toBe(201);
    expect(handler).toHaveBeenCalledTimes(2);
  });

  it('is a secret: the repetition is told that it was done, with what may be said of it', async () => {
    const { db, handler, doIt } = await serving(async () => ({ id: 7, secret: 'whsec_CANARY' }), {
      secretReply: { repeats: ['id'] },
    });
    expect((await doIt()).body).toEqual({ id: 7, secret: 'whsec_CANARY' });
    const again = await doIt();
    expect(seen(again)).toEqual([409, 'idempotency_already_done']);
    expect(again.body.error.details).toEqual({ id: 7 });
    expect(handler).toHaveBeenCalledOnce();
    const rows = await db.kysely.selectFrom('jetmon_idempotency').selectAll().execute();
    expect(rows.map(({ reply }) => reply)).toEqual(['{"id":7}']);
  });

  it('is a reply of more than 256 KiB', async () => {
    const { handler, doIt } = await serving(async () => ({ id: 1, long: 'x'.repeat(256 * 1024) }));
    expect((await doIt()).status).toBe(201);
    expect(seen(await doIt())).toEqual([409, 'idempotency_already_done']);
    expect(handler).toHaveBeenCalledOnce();
  });
});

describe('many at once', () => {
  it('with one key make one site, over two servers on one database', async () => {
    const folder = temporaryFolder();
    const servers = [
      await startApi({ database: await temporaryDatabase(folder) }),
      await startApi({ database: await temporaryDatabase(folder) }),
    ];
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, n) => post(servers[n % 2] as ApiFixture, 'one', { body: SITE })),
    );
    const first = replies.filter(({ status, headers }) => status === 201 && !headers.has('idempotency-replayed'));
    expect(first).toHaveLength(1);
    for (const reply of replies) {
      if (reply.status === 201) expect(reply.text).toBe(first[0]?.text);
      else {
        expect(seen(reply)).toEqual([409, 'idempotency_in_progress']);
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      }
    }
    expect(await siteCount(servers[1] as ApiFixture)).toBe(1);
    expect((await post(servers[1] as ApiFixture, 'one')).headers.get('idempotency-replayed')).toBe('true');
  });

  it('with keys of their own make a site each', async () => {
    const api = await startApi();
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, n) => post(api, `key-${n}`, { body: { monitor_url: `https://${n}.example/` } })),
    );
    expect(replies.every(({ status }) => status === 201)).toBe(true);
    expect(await siteCount(api)).toBe(20);
  });
});

describe('a server that dies between doing it and saying so', () => {
  it('holds up a repetition for its lease; then it is carried out again, and the dead one has no say any more', async () => {
    const gates: (() => void)[] = [];
    const { db, moreRoutes, advance, handler, doIt } = await serving(async () => {
      if (handler.mock.calls.length === 1) await new Promise<void>((resolve) => void gates.push(resolve));
      return { id: handler.mock.calls.length };
    });
    const other = await startApi({ database: db, moreRoutes });
    const stuck = doIt();
    await vi.waitFor(() => expect(gates).toHaveLength(1));
    advance(10_000);
    const refused = await doIt('k', {}, other);
    expect(seen(refused)).toEqual([409, 'idempotency_in_progress']);
    expect(refused.headers.get('retry-after')).toBe('10');
    expect(seen(await doIt('k', { n: 1 }, other))).toEqual([409, 'idempotency_conflict']);
    advance(leaseMs - 10_000);
    expect((await doIt('k', {}, other)).body).toEqual({ id: 2 });
    gates[0]?.();
    expect((await stuck).status).toBe(201);
    const again = await doIt();
    expect([again.body, again.headers.get('idempotency-replayed')]).toEqual([{ id: 2 }, 'true']);
  });

  it('leaves one site, and tells the repetition which one it is', async () => {
    const movable = withMovableClock(await temporaryDatabase());
    const api = await startApi({ database: movable.db });
    const { body } = await post(api, 'one');
    await movable.db.kysely
      .updateTable('jetmon_idempotency')
      .set({ state: 'in_flight', status: null, reply: null })
      .execute();
    movable.advance(leaseMs);
    const again = await post(api, 'one');
    expect(seen(again)).toEqual([409, 'site_exists']);
    expect(again.body.error.details.site_id).toBe(body.id);
    expect(await siteCount(api)).toBe(1);
  });
});

describe('the keys of a caller', () => {
  it('are refused beyond ten thousand a day, with the time to wait; what is kept is still answered', async () => {
    const { api, db, nowMs, handler, doIt } = await serving(async () => ({ id: 1 }));
    await doIt('first');
    const expires_at = nowMs() + 90_000;
    for (let from = 1; from < 10_000; from += 200) {
      const rows = Array.from({ length: Math.min(200, 10_000 - from) }, (_, n) => ({
        slot: `full-${from + n}`,
        tenant_id: '',
        caller: 'local',
        request_hash: '',
        state: 'done',
        owner: '',
        lease_until: 0,
        created_at: 0,
        expires_at,
      }));
      await db.kysely.insertInto('jetmon_idempotency').values(rows).execute();
    }
    const refused = await doIt('second');
    expect(seen(refused)).toEqual([429, 'too_many_idempotency_keys']);
    expect(refused.headers.get('retry-after')).toBe('90');
    expect((await doIt('first')).headers.get('idempotency-replayed')).toBe('true');
    const { token } = await api.apiKeys.create({ consumerName: 'ci', scope: 'write' });
    expect((await post(api, 'second', { path: '/deeds', body: {}, token })).status).toBe(201);
    expect(handler).toHaveBeenCalledTimes(2);
  });
});

describe('a request that was carried out by a process that went before it could note that', () => {
  it('plans nothing twice when it comes again', async () => {
    const api = await startApi();
    const { body: site } = await api.ask('POST', '/api/v1/sites', { body: SITE });
    const window = { start: '2031-01-01T00:00:00Z', end: '2031-01-01T01:00:00Z', time_zone: 'UTC' };
    const goAway = () =>
      api.database.kysely
        .updateTable('jetmon_idempotency')
        .set({ state: 'in_flight', status: null, reply: null, lease_until: 0 })
        .execute();
    const plans = async () => (await api.ask('GET', '/api/v1/maintenance')).body.data.length;
    const ofSite = { path: `/sites/${site.id}/maintenance`, body: window };
    const first = await post(api, 'k', ofSite);
    await goAway();
    const again = await post(api, 'k', ofSite);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect(await plans()).toBe(1);
    const ofSome = { path: '/maintenance', body: { ...window, site_ids: [site.id] } };
    const several = await post(api, 'k', ofSome);
    await goAway();
    expect((await post(api, 'k', ofSome)).body).toEqual(several.body);
    expect(await plans()).toBe(2);
    // Another key is another request.
    await post(api, 'other', ofSite);
    expect(await plans()).toBe(3);
  });
});
