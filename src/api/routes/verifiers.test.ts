import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';
import { verifierList } from '../../app/status-parts.ts';
import type { PanelReport } from '../../verifier/panel.ts';

const REPORT: Pick<PanelReport, 'verifiers' | 'quorum'> = {
  quorum: 2,
  verifiers: [
    {
      verifier: 'east',
      region: 'east-1',
      standing: 'good',
      score: 0.98,
      seen: { up: { judged: 30, right: 30 }, down: { judged: 50, right: 49 } },
      canaries: { right: 9, wrong: 0 },
      quarantinedWhy: null,
      quarantinedSinceMs: null,
      waiting: 0,
      inFlight: 0,
      asked: 91,
      said: { down: 50, up: 30, none: 2 },
      failures: {},
      canariesWithout: 0,
      isAnswering: true,
      problem: null,
      askedAtMs: Date.UTC(2026, 0, 1),
      answeredAtMs: Date.UTC(2026, 0, 1, 0, 0, 1),
    },
  ],
};

const SAID = new Map([['east', { ok: true, version: '9.9.9' }]]);

describe('GET /api/v1/verifiers', () => {
  it('lists those that are configured with region, agreement, quarantine and when each was asked', async () => {
    const api = await startApi({ verifiers: async () => verifierList(REPORT, SAID) });
    const { status, body } = await api.ask('GET', '/api/v1/verifiers');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      quorum: 2,
      page: { next: null, limit: 1 },
      data: [
        {
          name: 'east',
          region: 'east-1',
          score: 0.98,
          quarantined: false,
          reachable: true,
          version: '9.9.9',
          answering: true,
          asked: 91,
          last_asked_at: '2026-01-01T00:00:00.000Z',
          last_answered_at: '2026-01-01T00:00:01.000Z',
        },
      ],
    });
  });

  it('is empty where no server runs', async () => {
    const api = await startApi();
    const { body } = await api.ask('GET', '/api/v1/verifiers');
    expect(body).toEqual({ data: [], page: { next: null, limit: 0 }, quorum: 0 });
  });

  it('is not for those who act for a tenant', async () => {
    const api = await startApi();
    const { token } = await api.apiKeys.create({ consumerName: 'acme', scope: 'admin', tenantId: 'acme' });
    const { status, body } = await api.ask('GET', '/api/v1/verifiers', { token });
    expect([status, body.error.code]).toEqual([403, 'operator_only']);
  });
});
