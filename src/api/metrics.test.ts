import { describe, expect, it } from 'vitest';
import { startApi } from '../../test/kit/api.ts';
import { parseExposition } from '../../test/kit/exposition.ts';
import { createMetrics } from '../telemetry/metrics.ts';

async function withMetrics(isPublic: boolean) {
  const metrics = createMetrics();
  metrics.counter('look', { outcome: 'up' }).add(2);
  const opened = { isPublic };
  const api = await startApi({ metrics: { metrics, isPublic: () => opened.isPublic } });
  return { ...api, opened };
}

describe('GET /metrics', () => {
  it('gives whoever has a key with read scope the text of Prometheus', async () => {
    const { ask, apiKeys } = await withMetrics(false);
    const { token } = await apiKeys.create({ consumerName: 'prometheus', scope: 'read' });
    for (const key of [token, undefined]) {
      const reply = await ask('GET', '/metrics', key === undefined ? {} : { token: key });
      expect(reply.status).toBe(200);
      expect(reply.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(parseExposition(reply.text).get('jetmon_looks_total')?.samples).toMatchObject([{ value: 2 }]);
    }
  });

  it('refuses whoever has none, unless the operator opened it', async () => {
    const { ask, opened } = await withMetrics(false);
    expect(await ask('GET', '/metrics', { token: null })).toMatchObject({
      status: 401,
      body: { error: { code: 'missing_token' } },
    });
    opened.isPublic = true;
    expect((await ask('GET', '/metrics', { token: null })).status).toBe(200);
  });

  it('is not there where there is nothing to scrape', async () => {
    const { ask } = await startApi();
    expect((await ask('GET', '/metrics')).status).toBe(404);
  });
});

describe('GET /api/v1/status', () => {
  it('says that no server runs where none does', async () => {
    const { ask } = await startApi();
    expect(await ask('GET', '/api/v1/status')).toMatchObject({
      status: 503,
      body: { error: { code: 'server_not_running' } },
    });
  });
});
