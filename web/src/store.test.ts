/** The store against a scripted server on loopback, through the real client. */
import { createServer, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../../src/lib/clock.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { stringifyJson } from '../../src/lib/json.ts';
import { createBoardApi } from './board-api.ts';
import type { StreamMessage } from './model.ts';
import { at, endpoint, event, latest, moved, result, site, transition, verification } from './samples.ts';
import { type BoardStore, createBoardStore, DOUBT_EVERY_MS, GONE_AFTER_MS } from './store.ts';

type Answer = { status: number; body: unknown };
type Answers = Record<string, (query: URLSearchParams) => Answer | Promise<Answer>>;

const page = (data: unknown[], next: string | null = null): Answer => ({
  status: 200,
  body: { data, page: { next, limit: 200 } },
});
const refusal = (status: number, code: string): Answer => ({
  status,
  body: { error: { code, message: 'no', fix: 'ask nicely' } },
});

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A server that answers as told; `GET /api/v1/stream` is a stream unless told otherwise. */
async function startServer(answers: Answers, port = 0) {
  const asked: string[] = [];
  const streams = new Set<ServerResponse>();
  const whole: Answers = { 'GET /api/v1/sites': () => page([]), 'GET /api/v1/events': () => page([]), ...answers };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const route = `${request.method} ${url.pathname}`;
    asked.push(route);
    const answer = whole[route];
    if (answer === undefined && url.pathname === '/api/v1/stream') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n');
      streams.add(response);
      return;
    }
    const reply = async (): Promise<void> => {
      const { status, body } = (await answer?.(url.searchParams)) ?? refusal(404, 'endpoint_not_found');
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(status === 204 ? undefined : stringifyJson(body));
    };
    reply().catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  cleanups.push(close);
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('no port');
  return {
    asked,
    port: address.port,
    close,
    say: ({ type, data }: StreamMessage) => {
      for (const stream of streams) stream.write(`event: ${type}\ndata: ${stringifyJson(data)}\n\n`);
    },
  };
}

function startStore(port: number, clock: Clock = systemClock, token: string | null = null): BoardStore {
  const store = createBoardStore({ api: createBoardApi({ baseUrl: `http://127.0.0.1:${port}`, token }), clock });
  store.start();
  cleanups.push(store.stop);
  return store;
}

/** Waits until the board is so; no matter how busy the machine is. */
const until = (holds: () => boolean) => vi.waitUntil(holds, { timeout: 15_000, interval: 10 });

describe('the store of the page', () => {
  it('loads the board once the stream is open, and is live', async () => {
    const server = await startServer({ 'GET /api/v1/sites': () => page([site(1)], 'more') });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    expect(store.board()).toMatchObject({ link: 'live', nextSites: 'more' });
    expect(server.asked.filter((route) => route === 'GET /api/v1/sites')).toHaveLength(1);
  });

  it('moves with the stream', async () => {
    const server = await startServer({ 'GET /api/v1/sites': () => page([site(1)]) });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    server.say(moved(1, 'Down', transition(7, 1, 'Down')));
    await until(() => store.board().open.size === 1);
    server.say(result(1, 'Up', latest(20)));
    await until(() => store.board().sites.get('1')?.last_checked_at === at(20));
  });

  it('plays what arrived during a load on top of an older snapshot', async () => {
    const gate = Promise.withResolvers<void>();
    const server = await startServer({
      'GET /api/v1/sites': async () => {
        await gate.promise;
        return page([site(1)]);
      },
    });
    const store = startStore(server.port);
    await until(() => server.asked.includes('GET /api/v1/sites'));
    server.say(moved(1, 'Down', transition(7, 1, 'Down')));
    // The order of the two replies is not ours to see: give the message time to come first.
    await new Promise((resolve) => setTimeout(resolve, 100));
    gate.resolve();
    await until(() => store.board().ready && store.board().open.size === 1);
    expect(store.board().sites.get('1')?.current_state).toBe('Down');
  });

  it('may be stopped and started again in the middle of a load', async () => {
    const server = await startServer({ 'GET /api/v1/sites': () => page([site(1)]) });
    const store = startStore(server.port);
    await until(() => server.asked.includes('GET /api/v1/sites'));
    store.stop();
    store.start();
    await until(() => store.board().ready);
    expect(store.board()).toMatchObject({ link: 'live', problem: null });
  });

  it('fetches a site that someone added elsewhere, with its 64-bit id exact', async () => {
    const id = 9_007_199_254_740_993n;
    const server = await startServer({ [`GET /api/v1/sites/${id}`]: () => ({ status: 200, body: site(id) }) });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    server.say({ type: 'site', data: { site_id: id, change: 'created' } });
    await until(() => store.board().sites.has('9007199254740993'));
  });

  it('takes a site that is gone by the time it is fetched as removed', async () => {
    const server = await startServer({ 'GET /api/v1/sites': () => page([site(1)]) });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    server.say({ type: 'site', data: { site_id: 1, change: 'updated' } });
    await until(() => store.board().sites.size === 0);
    expect(store.board().problem).toBeNull();
  });

  it('asks for no removed sites, and shows none that it is told about', async () => {
    const gone = site(1, 'Paused', { removed_at: at(5) });
    const queries: string[] = [];
    const server = await startServer({
      'GET /api/v1/sites': (query) => {
        queries.push(String(query.get('removed')));
        return page([site(1)]);
      },
      'GET /api/v1/sites/1': () => ({ status: 200, body: gone }),
    });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    expect(queries).toEqual(['false']);
    server.say({ type: 'site', data: { site_id: 1, change: 'updated' } });
    await until(() => store.board().sites.size === 0);
  });

  it('watches a removed URL again by resuming its site', async () => {
    const details = { site_id: 1, monitor_active: false, removed: true };
    const server = await startServer({
      'POST /api/v1/sites': () => ({ status: 409, body: { error: { code: 'site_exists', message: 'no', details } } }),
      'PATCH /api/v1/sites/1': () => ({ status: 200, body: site(1, 'Unknown') }),
    });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    const watched = await store.watch({ url: 'https://s1.example/', intervalSeconds: 60 });
    expect(watched).toMatchObject({ outcome: 'resumed', was: 'removed' });
    expect(store.board().sites.get('1')?.current_state).toBe('Unknown');
  });

  it('tries a failed load again by itself', async () => {
    let isBroken = true;
    const server = await startServer({
      'GET /api/v1/sites': () => (isBroken ? refusal(503, 'db_unavailable') : page([site(1)])),
    });
    const quick: Clock = { ...systemClock, after: (_, run) => systemClock.after(20, run) };
    const store = startStore(server.port, quick);
    await until(() => store.board().problem !== null);
    isBroken = false;
    await until(() => store.board().ready);
    expect(store.board().problem).toBeNull();
  });

  it('never loads the whole fleet by itself: more pages come when asked for', async () => {
    const server = await startServer({
      'GET /api/v1/sites': (query) => (query.get('cursor') === 'b' ? page([site(2)]) : page([site(1)], 'b')),
    });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    expect(store.board().sites.size).toBe(1);
    await store.loadMoreSites();
    expect(store.board()).toMatchObject({ nextSites: null });
    await store.reload();
    expect(store.board().sites.size).toBe(2);
  });

  it.each(['sites', 'events'])(
    'sets a further page of %s aside when the board was loaded anew meanwhile',
    async (list) => {
      const gate = Promise.withResolvers<void>();
      let cursor = 'b';
      const server = await startServer({
        [`GET /api/v1/${list}`]: async (query) => {
          if (query.get('active') === 'false') return page([]);
          const row = (id: number) => (list === 'sites' ? site(id) : event(id, 1));
          if (query.get('cursor') === null) return page([row(1)], cursor);
          await gate.promise;
          return page([row(9)]);
        },
      });
      const store = startStore(server.port);
      await until(() => store.board().ready);
      const more = list === 'sites' ? store.loadMoreSites() : store.loadMoreOpen();
      cursor = 'c';
      await store.reload();
      gate.resolve();
      await more;
      const { sites, open, nextSites, nextOpen } = store.board();
      expect([[...(list === 'sites' ? sites : open).keys()], list === 'sites' ? nextSites : nextOpen]).toEqual([
        ['1'],
        'c',
      ]);
    },
  );

  it('asks the server for a site that is Up by an old look alone', async () => {
    const old = site(1, 'Up', { endpoints: [endpoint(1, 'Up', { latest: latest(0) })] });
    const server = await startServer({
      'GET /api/v1/sites': () => page([old]),
      'GET /api/v1/sites/1': () => ({ status: 200, body: site(1, 'Unknown') }),
    });
    const quick: Clock = { ...systemClock, after: (_, run) => systemClock.after(20, run) };
    const store = startStore(server.port, quick);
    await until(() => store.board().sites.get('1')?.current_state === 'Unknown');
  });

  it('connects again after the server was away, and loads everything anew', async () => {
    const first = await startServer({ 'GET /api/v1/sites': () => page([site(1)]) });
    const store = startStore(first.port);
    await until(() => store.board().ready);
    await first.close();
    await until(() => store.board().link === 'reconnecting');
    await startServer({ 'GET /api/v1/sites': () => page([site(2)]) }, first.port);
    await until(() => store.board().link === 'live' && store.board().sites.has('2'));
    expect(store.board().sites.has('1')).toBe(false);
  });

  it('calls a loss that lasts an absence', async () => {
    const timers: { delayMs: number; run: () => void }[] = [];
    const clock: Clock = {
      ...systemClock,
      after(delayMs, run) {
        timers.push({ delayMs, run });
        return { cancel: () => undefined };
      },
    };
    const server = await startServer({});
    const store = startStore(server.port, clock);
    await until(() => store.board().ready);
    await server.close();
    await until(() => store.board().link === 'reconnecting');
    timers.find(({ delayMs }) => delayMs === GONE_AFTER_MS)?.run();
    expect(store.board().link).toBe('gone');
  });

  it('asks what verifiers said of what seems down, which no message tells', async () => {
    let said = event(7, 1);
    const server = await startServer({
      'GET /api/v1/sites': () => page([site(1, 'Seems Down')]),
      'GET /api/v1/events': (query) => page(query.get('active') === 'true' ? [said] : []),
    });
    const doubts: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      after(delayMs, run) {
        if (delayMs !== DOUBT_EVERY_MS) return systemClock.after(delayMs, run);
        doubts.push(run);
        return { cancel: () => undefined };
      },
    };
    const store = startStore(server.port, clock);
    await until(() => store.board().open.size === 1);
    expect(store.board().open.get('7')?.verification).toBeNull();
    said = event(7, 1, { verification: verification('unverified') });
    doubts.at(-1)?.();
    await until(() => store.board().open.get('7')?.verification === 'unverified');
  });

  it('asks for a key when the server does, and shows any other refusal in words', async () => {
    const locked = await startServer({ 'GET /api/v1/stream': () => refusal(401, 'missing_token') });
    const without = startStore(locked.port);
    await until(() => without.board().locked);

    const broken = await startServer({ 'GET /api/v1/sites': () => refusal(503, 'db_unavailable') });
    const store = startStore(broken.port);
    await until(() => store.board().problem !== null);
    expect(store.board()).toMatchObject({ ready: false, problem: { message: 'no', fix: 'ask nicely' } });
  });

  it('does not promise to come back once the server has refused the stream for good', async () => {
    const server = await startServer({ 'GET /api/v1/sites': () => page([site(1)]) });
    const gone: (() => void)[] = [];
    const clock: Clock = {
      ...systemClock,
      after(delayMs, run) {
        if (delayMs !== GONE_AFTER_MS) return systemClock.after(delayMs, run);
        gone.push(run);
        return { cancel: () => void gone.splice(0) };
      },
    };
    const store = startStore(server.port, clock);
    await until(() => store.board().ready);
    await server.close();
    await until(() => store.board().link === 'reconnecting');
    await startServer({ 'GET /api/v1/stream': () => refusal(403, 'insufficient_scope') }, server.port);
    await until(() => store.board().link === 'ended');
    expect(gone).toEqual([]);
  });

  it('keeps trying while another program has the port', async () => {
    const other = await startServer({ 'GET /api/v1/stream': () => refusal(404, 'not_found') });
    const store = startStore(other.port);
    await until(() => other.asked.filter((route) => route === 'GET /api/v1/stream').length > 1);
    expect(store.board().link).toBe('reconnecting');
  });

  it('loads without a stream when the server has no room for one more', async () => {
    const server = await startServer({
      'GET /api/v1/stream': () => refusal(503, 'too_many_streams'),
      'GET /api/v1/sites': () => page([site(1)]),
    });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    expect(store.board().link).toBe('reconnecting');
  });

  it('adds, changes and removes sites, and passes refusals on', async () => {
    const server = await startServer({
      'POST /api/v1/sites': () => ({ status: 201, body: site(1, 'Unknown') }),
      'PATCH /api/v1/sites/1': () => ({ status: 200, body: site(1, 'Paused') }),
      'DELETE /api/v1/sites/1': () => ({ status: 204, body: null }),
      'DELETE /api/v1/sites/2': () => refusal(404, 'site_not_found'),
    });
    const store = startStore(server.port);
    await until(() => store.board().ready);
    const watched = await store.watch({ url: 'https://s1.example/', intervalSeconds: 60 });
    expect(watched).toMatchObject({ outcome: 'created', siteId: 1 });
    expect(store.board().sites.get('1')?.current_state).toBe('Unknown');
    await store.changeSite(1, { monitor_active: false });
    expect(store.board().sites.get('1')?.current_state).toBe('Paused');
    await store.removeSite(1);
    expect(store.board().sites.size).toBe(0);
    await expect(store.removeSite(2)).rejects.toMatchObject({ code: 'site_not_found' });
  });

  it('fetches the steps of an incident when someone opens it', async () => {
    const open = event(7, 1);
    const detail = { ...open, transitions: [transition(7, 1, 'Seems Down')] };
    const server = await startServer({
      'GET /api/v1/events': (query) => page(query.get('active') === 'true' ? [open] : []),
      'GET /api/v1/events/7': () => ({ status: 200, body: detail }),
    });
    const store = startStore(server.port);
    await until(() => store.board().open.size === 1);
    await store.loadTransitions(7);
    expect(store.board().open.get('7')?.transitions).toHaveLength(1);
  });
});
