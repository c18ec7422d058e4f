import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import { statusPage } from '../cli/status-page.ts';
import { getStatus } from '../contracts/status.ts';
import type { SiteId } from '../domain/ids.ts';
import { systemClock } from '../lib/clock.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createStatus, type StatusParts } from './status.ts';

async function statusOf(parts: Partial<StatusParts> = {}) {
  const { db, events, queries } = await temporaryStore();
  const metrics = createMetrics();
  metrics.observe('dispatch_lateness', 10);
  metrics.observe('dispatch_lateness', 30);
  const status = createStatus({
    version: '1.2.3',
    startedAtMs: 0,
    state: () => 'running',
    engine: {
      watched: () => 3,
      states: async () => ({ Up: 2, Down: 1 }),
      proberStats: () => ({ threads: 2, running: 1, waiting: 0, visits: 200, voided: 1, stalled: 0 }),
    },
    events,
    history: { stats: () => ({ pending: 4, dropped: 0, damaged: 0 }) },
    eventQueries: queries,
    database: db,
    metrics,
    looksPerSecond: () => 12.34,
    loopDelay: () => ({ p50Ms: 0, p99Ms: 1, maxMs: 2 }),
    settings: () => ({ file: null, reloads: 0, reloadedAtMs: null, error: null, changed: [], restartNeeded: [] }),
    minIntervalSeconds: () => 30,
    clock: systemClock,
    ...parts,
  });
  const trouble = (summary: string) =>
    events.append({
      identity: { siteId: 0n as SiteId, endpointId: null, checkType: 'monitor', discriminator: 'prober_stalled' },
      mutations: [{ op: 'open', state: 'Warning', startedAtMs: 1, reason: 'opened' }],
      failing: null,
      opId: 'trouble',
      epoch: 0,
      atMs: 1,
      source: 'local',
      metadata: { summary },
      project: false,
      onlyWhileWatching: null,
    });
  /** As it goes over the wire. */
  const ask = async () => getStatus.reply.parse(await status());
  return { ask, trouble };
}

describe('the status of a server', () => {
  it('that is well says so, and what it is at', async () => {
    const { ask } = await statusOf();
    const status = await ask();
    expect(status).toMatchObject({
      ok: true,
      problems: [],
      watched: { endpoints: 3, by_state: { Up: 2, Down: 1 } },
      prober: { void_rate: 0.005 },
      dispatch: { looks_per_second: 12.34, lateness_mean_ms: 20 },
      database: { answers: true },
      limits: { min_check_interval_seconds: 30 },
    });
    expect(status).not.toHaveProperty('gate');
    const page = statusPage(status, 3 * 3_600_000);
    expect(page).toContain('jetmon2 1.2.3 is well');
    expect(page).toContain('3 endpoints: 2 Up, 1 Down');
    expect(page).toContain('12.3 looks a second, 20 ms late on average');
    expect(page).toContain('(3 h 0 min)');
  });

  it('names trouble of the monitor itself, of its gate, its verifiers and its configuration', async () => {
    const { ask, trouble } = await statusOf({
      gate: () => ({
        conditions: [
          { name: 'loop', holds: true, why: null },
          { name: 'references', holds: false, why: 'no reference answers' },
        ],
      }),
      verifiers: () => [
        {
          name: 'eu\u001b[2J',
          region: 'eu',
          healthy: false,
          problem: 'unreachable: ECONNREFUSED',
          quarantined: true,
          quarantined_why: 'it lies',
          quarantined_since: '2026-01-02T03:04:05.000Z',
          score: 0.5,
          votes: { confirm_down: 1, disagree: 2, none: 3 },
          canaries: { right: 4, wrong: 5, none: 6 },
        },
      ],
      settings: () => ({
        file: '/etc/jetmon.json',
        reloads: 2,
        reloadedAtMs: 1,
        error: 'this is not JSON',
        changed: [],
        restartNeeded: ['HTTP_PORT'],
      }),
    });
    await trouble('checks stay without a verdict');
    const status = await ask();
    expect(status.problems).toEqual([
      'checks stay without a verdict',
      'failures of sites are not believed: no reference answers',
      'verifier eu\u001b[2J does not answer: unreachable: ECONNREFUSED',
      'verifier eu\u001b[2J is quarantined since 2026-01-02T03:04:05.000Z: it lies',
      'the newest configuration was refused: this is not JSON',
    ]);
    expect(status.ok).toBe(false);
    const page = statusPage(status, 0);
    expect(page).toContain('needs attention');
    expect(page).toContain('closed by references: no reference answers');
    expect(page).toContain('after a restart: HTTP_PORT');
    expect(page).toContain('quarantined since 2026-01-02T03:04:05.000Z: it lies');
    expect(page).toContain('agreement 0.50, votes 1 down, 2 up, 3 none, canaries 4 right, 5 wrong, 6 none');
    expect(page).not.toContain('\u001b[2J');
  });

  it('does not wait for a database that hangs', async () => {
    const clock = createFakeClock();
    const hanging = () => new Promise<never>(() => {});
    const { ask } = await statusOf({
      clock,
      database: { ping: hanging, dialect: { name: 'mysql' } } as never,
      eventQueries: { list: hanging },
    });
    const asked = ask();
    clock.advance(2_000);
    const status = await asked;
    expect(status).toMatchObject({ ok: false, problems: ['the database does not answer'], operator_events: [] });
    expect(status.database).toEqual({ kind: 'mysql', answers: false, took_ms: null });
  });
});
