import { describe, expect, it, vi } from 'vitest';
import { LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { dataOf, follow } from '../../../test/kit/follow-stream.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { TransitionId } from '../../domain/ids.ts';
import type { Change } from '../../store/changes.ts';
import { silentLog } from '../../telemetry/log.ts';

describe('the live stream', () => {
  it('tells a committed transition with its id and the state of the site', async () => {
    const api = await startApi();
    const follower = await follow(api);
    expect(follower.response.statusCode).toBe(200);
    expect(follower.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const endpoint = await api.addEndpoint({ siteId: 9007199254740993n as never });
    const opened = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
    await api.events.append(appendTo(endpoint, [opened]));
    await vi.waitFor(() => expect(follower.events).toHaveLength(1));
    const [event] = follower.events;
    expect(event).toMatchObject({ name: 'transition', id: '1' });
    expect(dataOf(event)).toMatchObject({
      site_id: 9007199254740993n,
      check_type: 'http',
      site_state: 'Seems Down',
      transition: { seq: 1, state_after: 'Seems Down', changed_at: '1970-01-01T00:00:01.000Z' },
    });
  });

  it('tells which sites changed, in the order they did', async () => {
    const api = await startApi();
    const follower = await follow(api);
    await api.ask('POST', '/api/v1/sites', { body: { blog_id: 5, monitor_url: 'https://a.example/' } });
    await api.ask('PATCH', '/api/v1/sites/5', { body: { monitor_active: false } });
    await api.ask('DELETE', '/api/v1/sites/5');
    await vi.waitFor(() => expect(follower.events).toHaveLength(3));
    expect(follower.events.map(dataOf)).toEqual([
      { site_id: 5, change: 'created' },
      { site_id: 5, change: 'updated' },
      { site_id: 5, change: 'removed' },
    ]);
  });

  it('tells new results in batches: the newest of each endpoint', async () => {
    const api = await startApi();
    const endpoints = [await api.addEndpoint(), await api.addEndpoint()];
    const follower = await follow(api);
    for (const endpoint of [...endpoints, ...endpoints]) api.record(endpoint);
    await vi.waitFor(() => expect(follower.events).toHaveLength(1), { timeout: 10_000 });
    expect(follower.events[0]?.name).toBe('checked');
    expect(dataOf(follower.events[0])).toMatchObject({
      results: [{ site_id: 1, site_state: 'Up', latest: { http_code: 200 } }, { site_id: 2 }],
    });
  });

  it('listens for results only while someone follows', async () => {
    const api = await startApi();
    expect(api.listening()).toBe(0);
    const follower = await follow(api);
    expect(api.listening()).toBe(1);
    follower.response.destroy();
    await vi.waitFor(() => expect(api.listening()).toBe(0));
  });

  it('takes on 64 followers and no more', async () => {
    const api = await startApi();
    const tokens = [LOCAL_KEY];
    for (const consumerName of ['a', 'b', 'c']) {
      tokens.push((await api.apiKeys.create({ consumerName, scope: 'read' })).token);
    }
    const followers = await Promise.all(
      tokens.flatMap((token) => Array.from({ length: 16 }, () => follow(api, { token }))),
    );
    const { token } = await api.apiKeys.create({ consumerName: 'late', scope: 'read' });
    const refused = await api.ask('GET', '/api/v1/stream', { token });
    expect([refused.status, refused.body.error.code]).toEqual([503, 'too_many_streams']);
    followers[0]?.response.destroy();
    await vi.waitFor(async () => {
      expect((await follow(api, { token })).response.statusCode).toBe(200);
    });
  });

  it('takes on 16 followers with one credential, and others beside them', async () => {
    const api = await startApi();
    const { token } = await api.apiKeys.create({ consumerName: 'test', scope: 'read' });
    const followers = await Promise.all(Array.from({ length: 16 }, () => follow(api, { token })));
    const refused = await api.ask('GET', '/api/v1/stream', { token });
    expect([refused.status, refused.body.error.message]).toEqual([
      503,
      'no more than 16 followers with one key can be taken on',
    ]);
    expect((await follow(api)).response.statusCode).toBe(200);
    followers[0]?.response.destroy();
    await vi.waitFor(async () => {
      expect((await follow(api, { token })).response.statusCode).toBe(200);
    });
  });

  it('wants a key like everything else', async () => {
    const api = await startApi();
    expect((await follow(api, { token: 'jm_wrongwrongwrong' })).response.statusCode).toBe(401);
  });

  it('drops who does not read, and nobody else', async () => {
    const api = await startApi();
    const slow = await follow(api);
    const good = await follow(api);
    slow.response.pause();
    const committed: Change[] = [];
    api.changes.subscribe((change) => committed.push(change));
    const opened = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
    await api.events.append(appendTo(await api.addEndpoint(), [opened], { metadata: { pad: 'x'.repeat(60_000) } }));
    const [large] = committed;
    if (large?.kind !== 'committed') throw new Error('nothing was committed');
    let nextId = 1_000n;
    const another = (): Change => {
      nextId += 1n;
      const transitions = large.transitions.map((one) => ({ ...one, transitionId: nextId as TransitionId }));
      return { ...large, transitions };
    };
    // Kernel buffers take some megabytes before anything waits in ours.
    for (let sent = 1; sent < 400; sent += 50) {
      for (let n = 0; n < 50; n += 1) api.changes.publish(another());
      await vi.waitFor(() => expect(good.events.length).toBeGreaterThanOrEqual(sent + 50), { timeout: 10_000 });
    }
    slow.response.resume();
    await vi.waitFor(() => expect(slow.closed()).toBe(true), { timeout: 10_000 });
    expect(good.closed()).toBe(false);
  });

  it('ends for a key that was revoked, all its streams within a second and nobody else', async () => {
    const fake = createFakeClock();
    const api = await startApi({ clock: fake });
    const { token, key } = await api.apiKeys.create({ consumerName: 'test', scope: 'read' });
    const other = await api.apiKeys.create({ consumerName: 'other', scope: 'read' });
    const revoked = [await follow(api, { token }), await follow(api, { token })];
    const good = [await follow(api), await follow(api, { token: other.token })];
    await api.apiKeys.revoke(key.keyId);
    fake.advance(1_000);
    await vi.waitFor(() => expect(revoked.map((one) => one.closed())).toEqual([true, true]));
    expect(good.map((one) => one.closed())).toEqual([false, false]);
    expect((await follow(api, { token })).response.statusCode).toBe(401);
  });

  it('ends for a key that expires, within a second of it', async () => {
    const fake = createFakeClock();
    const api = await startApi({ clock: fake });
    const { token } = await api.apiKeys.create({ consumerName: 'test', scope: 'read', ttlMs: 60_000 });
    const follower = await follow(api, { token });
    const lookedUp = vi.spyOn(api.apiKeys, 'findByHash');
    fake.advance(59_000);
    await vi.waitFor(() => expect(lookedUp).toHaveBeenCalled());
    expect(follower.closed()).toBe(false);
    // A look that is still under way is not repeated, so the clock moves on only once it has ended.
    await lookedUp.mock.results.at(-1)?.value;
    await new Promise((resolve) => setImmediate(resolve));
    fake.advance(2_000);
    await vi.waitFor(() => expect(follower.closed()).toBe(true));
  });

  it('looks a key up once a second, however many streams it has open, and not after the last one', async () => {
    const fake = createFakeClock();
    const api = await startApi({ clock: fake });
    const { token } = await api.apiKeys.create({ consumerName: 'test', scope: 'read' });
    const followers = await Promise.all(Array.from({ length: 15 }, () => follow(api, { token })));
    const lookedUp = vi.spyOn(api.apiKeys, 'findByHash');
    fake.advance(1_000);
    await vi.waitFor(() => expect(lookedUp).toHaveBeenCalled());
    expect(lookedUp).toHaveBeenCalledTimes(1);
    for (const { response } of followers) response.destroy();
    await vi.waitFor(() => expect(api.listening()).toBe(0));
    fake.advance(10_000);
    expect(lookedUp).toHaveBeenCalledTimes(1);
  });

  it('ends, and says why in the log, when keys cannot be looked up', async () => {
    const fake = createFakeClock();
    const error = vi.fn();
    const api = await startApi({ clock: fake, log: { ...silentLog, error } });
    const { token } = await api.apiKeys.create({ consumerName: 'test', scope: 'read' });
    const follower = await follow(api, { token });
    const trouble = new Error('disk');
    vi.spyOn(api.apiKeys, 'findByHash').mockRejectedValue(trouble);
    fake.advance(1_000);
    await vi.waitFor(() => expect(follower.closed()).toBe(true));
    expect(error).toHaveBeenCalledWith({ err: trouble }, expect.stringContaining('could not be looked up'));
  });

  it('ends when the server closes', async () => {
    const api = await startApi();
    const follower = await follow(api);
    await api.server.close();
    await vi.waitFor(() => expect(follower.closed()).toBe(true));
  });
});
