import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';

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
