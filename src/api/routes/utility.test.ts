import { describe, expect, it, vi } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';

const STATS = { threads: 2, running: 7, waiting: 0, visits: 200, voided: 3, stalled: 1 };

describe('how the prober fares', () => {
  it('is told with the rate of visits that were void', async () => {
    const { ask } = await startApi({ proberStats: () => STATS });
    const { status, body } = await ask('GET', '/api/v1/prober');
    expect(status).toBe(200);
    expect(body).toEqual({ ...STATS, void_rate: 0.015 });
  });

  it('is nothing where none runs', async () => {
    const { ask } = await startApi();
    expect((await ask('GET', '/api/v1/prober')).body).toMatchObject({ threads: 0, visits: 0, void_rate: 0 });
  });

  it('is not told to strangers', async () => {
    const { ask } = await startApi();
    expect((await ask('GET', '/api/v1/prober', { token: 'stranger' })).status).toBe(401);
  });
});

describe('health', () => {
  const HEALTH = '/api/v1/health';

  it('is bad a second after a database that stays silent was asked, and it is asked once for all who wonder', async () => {
    const clock = createFakeClock();
    const api = await startApi({ clock });
    const answer = Promise.withResolvers<void>();
    const ping = vi.spyOn(api.database, 'ping').mockReturnValue(answer.promise);
    const asked = vi.spyOn(api.clock, 'after');
    const ask = () => api.ask('GET', HEALTH, { token: null });
    const replies = Promise.all([ask(), ask(), ask()]);
    await vi.waitFor(() => expect(asked.mock.calls.filter(([ms]) => ms === 1_000)).toHaveLength(3));
    clock.advance(1_000);
    for (const { status, body } of await replies) {
      expect([status, body.error.code]).toEqual([503, 'db_unavailable']);
    }
    expect(ping).toHaveBeenCalledTimes(1);
    answer.resolve();
    ping.mockRestore();
    expect(await ask()).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('is bad at once where the database refuses, and says nothing of why', async () => {
    const api = await startApi();
    vi.spyOn(api.database, 'ping').mockRejectedValue(new Error('canary'));
    const { status, body, text } = await api.ask('GET', HEALTH, { token: null });
    expect([status, body.error.code]).toEqual([503, 'db_unavailable']);
    expect(text).not.toContain('canary');
  });
});
