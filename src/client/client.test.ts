import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { LOCAL_KEY, startApi } from '../../test/kit/api.ts';
import { appendTo } from '../../test/kit/store.ts';
import { getSite } from '../contracts/sites.ts';
import type { ApiError } from './api-error.ts';
import { createClient } from './client.ts';

async function connected() {
  const api = await startApi();
  return { api, client: createClient({ baseUrl: `${api.address}/`, token: LOCAL_KEY }) };
}

/** A server that answers everything the same. */
async function answering(status: number, text: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('calls', () => {
  it('cover the life of a site', async () => {
    const { client } = await connected();
    const created = await client.sites.create({ monitor_url: 'https://a.example', check_interval_seconds: 60 });
    expect(created.monitor_url).toBe('https://a.example/');
    expect((await client.sites.pause(created.id)).current_state).toBe('Paused');
    expect((await client.sites.resume(created.id)).current_state).toBe('Unknown');
    expect((await client.sites.update(created.id, { timeout_seconds: 9 })).timeout_seconds).toBe(9);
    await client.sites.remove(created.id);
    expect((await client.sites.get(created.id)).monitor_active).toBe(false);
    expect((await client.me()).consumer_name).toBe('local');
    expect(await client.health()).toEqual({ status: 'ok' });
  });

  it('keep 64-bit ids exact both ways', async () => {
    const { client } = await connected();
    const created = await client.sites.create({ blog_id: 9007199254740993n, monitor_url: 'https://a.example/' });
    expect(created.id).toBe(9007199254740993n);
    expect((await client.call(getSite, { params: { site_id: created.id } })).blog_id).toBe(9007199254740993n);
  });

  it('walk through all pages', async () => {
    const { api, client } = await connected();
    for (let n = 0; n < 5; n += 1) {
      const endpoint = await api.addEndpoint();
      const opened = { op: 'open', state: 'Warning', startedAtMs: 1_000, reason: 'opened' } as const;
      await api.events.append(appendTo(endpoint, [opened]));
    }
    const ids = [];
    for await (const site of client.sites.list({ limit: 2 })) ids.push(site.id);
    expect(ids).toEqual([1, 2, 3, 4, 5]);
    const events = [];
    for await (const event of client.events.list({ limit: 2, active: 'true' })) events.push(event.site_id);
    expect(events).toEqual([5, 4, 3, 2, 1]);
    for await (const event of client.events.list({ site_id: 3 })) {
      expect((await client.events.get(event.id)).transitions).toHaveLength(1);
    }
  });

  it('turn refusals into errors with code, fix and details', async () => {
    const { client } = await connected();
    const created = await client.sites.create({ monitor_url: 'https://a.example/' });
    const again = client.sites.create({ monitor_url: 'https://a.example/' });
    await expect(again).rejects.toMatchObject({
      name: 'ApiError',
      status: 409,
      code: 'site_exists',
      fix: 'nothing needs to be done',
      details: { site_id: created.id },
      requestId: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    await expect(client.sites.get(4000)).rejects.toMatchObject({ status: 404, code: 'site_not_found' });
  });

  it('say plainly that there is no server', async () => {
    const { api, client } = await connected();
    await api.server.close();
    await expect(client.health()).rejects.toMatchObject({ name: 'ApiError', status: 0, code: 'server_unreachable' });
  });

  it.each([
    [200, '<html>'],
    [502, '<html>Bad gateway</html>'],
    [404, '{"message":"not ours"}'],
    [201, '{"status":"ok"}'],
  ])('say plainly that a reply %i %s is not one of ours', async (status, text) => {
    const client = createClient({ baseUrl: await answering(status, text) });
    await expect(client.health()).rejects.toMatchObject({ name: 'ApiError', status, code: 'bad_reply' });
  });

  it('end with the reason of the signal', async () => {
    const { client } = await connected();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(client.call(getSite, { params: { site_id: 1 }, signal })).rejects.toThrow('enough');
  });
});

describe('the stream', () => {
  it('delivers messages, typed by kind, until it is aborted', async () => {
    const { client } = await connected();
    const abort = new AbortController();
    const seen: string[] = [];
    const done = client.stream(
      {
        onOpen: () => void client.sites.create({ blog_id: 5, monitor_url: 'https://a.example/' }),
        site(message) {
          seen.push(`${message.site_id} ${message.change}`);
          abort.abort();
        },
      },
      { signal: abort.signal },
    );
    await done;
    expect(seen).toEqual(['5 created']);
  });

  it('comes back after a lost connection and says so', async () => {
    const api = await startApi();
    let attempts = 0;
    // The first connection breaks off after its headers.
    const client = createClient({
      baseUrl: api.address,
      token: LOCAL_KEY,
      fetch: (input, init) => {
        attempts += 1;
        return attempts === 1 ? Promise.resolve(new Response(': hello\n\n')) : fetch(input, init);
      },
    });
    const abort = new AbortController();
    const told: string[] = [];
    await client.stream(
      {
        onOpen: () => told.push('open'),
        onLost: (error) => told.push((error as ApiError).code),
        onReconnect() {
          told.push('again');
          abort.abort();
        },
      },
      { signal: abort.signal, backoffMs: () => 1 },
    );
    expect(told).toEqual(['open', 'server_unreachable', 'open', 'again']);
  });

  it('goes on where it was, and says where that is', async () => {
    const sent: (string | null)[] = [];
    const replies = ['id: 7\n\n', 'id: 9\nevent: reset\ndata: {"reason":"too_far_behind"}\n\n', ''];
    const client = createClient({
      baseUrl: 'http://127.0.0.1:9',
      fetch: (input, init) => {
        sent.push(`${new URL(String(input)).search} ${new Headers(init?.headers).get('last-event-id')}`);
        return Promise.resolve(new Response(replies[sent.length - 1]));
      },
    });
    const abort = new AbortController();
    const positions: string[] = [];
    const resets: string[] = [];
    await client.stream(
      {
        onPosition: (id) => positions.push(id),
        reset: ({ reason }) => resets.push(reason),
        onLost: () => sent.length === 3 && abort.abort(),
      },
      { signal: abort.signal, query: { state: 'Down' }, lastEventId: '5', backoffMs: () => 1 },
    );
    expect(sent).toEqual(['?state=Down 5', '?state=Down 7', '?state=Down 9']);
    expect([positions, resets]).toEqual([['7', '9'], ['too_far_behind']]);
  });

  it('keeps trying while there is no server', async () => {
    const { api, client } = await connected();
    await api.server.close();
    const abort = new AbortController();
    const waits: number[] = [];
    await client.stream(
      { onOpen: () => expect.unreachable() },
      {
        signal: abort.signal,
        backoffMs(attempt) {
          waits.push(attempt);
          if (attempt === 3) abort.abort();
          return 1;
        },
      },
    );
    expect(waits).toEqual([1, 2, 3]);
  });

  it('gives up when the server refuses the caller', async () => {
    const { api } = await connected();
    const client = createClient({ baseUrl: api.address, token: 'jm_wrongwrongwrong' });
    const following = client.stream({}, { signal: new AbortController().signal });
    await expect(following).rejects.toMatchObject({ status: 401, code: 'invalid_token' });
  });

  it.each([
    [404, '{"message":"not ours"}'],
    [404, '{"error":{"code":"endpoint_not_found","message":"no"}}'],
    [503, '{"error":{"code":"too_many_streams","message":"no"}}'],
    [200, 'nothing like a stream'],
  ])('keeps trying after a reply %i %s, which another program may have sent', async (status, text) => {
    const client = createClient({ baseUrl: await answering(status, text) });
    const abort = new AbortController();
    let attempts = 0;
    const backoffMs = (): number => {
      attempts += 1;
      if (attempts === 3) abort.abort();
      return 1;
    };
    await client.stream({}, { signal: abort.signal, backoffMs });
    expect(attempts).toBe(3);
  });

  it('comes back when a handler throws, and hands on what it threw', async () => {
    const client = createClient({ baseUrl: await answering(200, 'event: site\ndata: {}\n\n') });
    const abort = new AbortController();
    const bug = new Error('a bug of the page');
    const lost: unknown[] = [];
    await client.stream(
      {
        site() {
          throw bug;
        },
        onLost(error) {
          lost.push(error);
          if (lost.length === 2) abort.abort();
        },
      },
      { signal: abort.signal, backoffMs: () => 1 },
    );
    expect(lost).toEqual([bug, bug]);
  });

  it('ends at once when it is aborted while waiting', async () => {
    const { api, client } = await connected();
    await api.server.close();
    const abort = new AbortController();
    const lost = vi.fn(() => setImmediate(() => abort.abort()));
    await client.stream({ onLost: lost }, { signal: abort.signal, backoffMs: () => 1_000_000 });
    expect(lost).toHaveBeenCalledOnce();
  });
});
