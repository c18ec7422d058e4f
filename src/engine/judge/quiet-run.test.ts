/** A failure that was confirmed before anybody was told of it began with its first failed look, whatever was open then. */
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../../test/kit/broken-invariants.ts';
import { testEngine, up } from '../../../test/kit/engine.ts';
import { verdict } from '../../../test/kit/fake-prober.ts';
import { verifiers } from '../../../test/kit/fleet-engine.ts';
import { transitionsToIntervals } from '../../domain/incident-intervals.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { DEFAULT_SLA_OPTIONS } from '../../domain/sla.ts';
import type { Verdict } from '../../domain/verdict.ts';
import type { Outcome } from '../../domain/verification.ts';
import { endpointUptime, siteUptime } from '../../services/measure-uptime.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const nameless = (): Verdict[] => [{ ...verdict('Seems Down'), shape: 'name', reason: 'dns_nxdomain' }];
const degraded = (): Verdict[] => [verdict('Degraded')];

async function watching(says: () => Outcome) {
  const { parts, asked } = verifiers(says);
  const bench = await testEngine({ parts });
  const endpoint = await bench.store.addEndpoint();
  const { siteId, endpointId } = endpoint;
  await bench.engine.start();
  const { clock, history, store } = bench;
  const deps = { database: store.db, endpoints: store.endpoints, history, clock };

  /** Downtime that figures of the site and of its endpoint give, ms. */
  async function downtime() {
    await history.flush();
    const window = { fromMs: clock.nowMs() - 3 * HOUR, toMs: clock.nowMs() };
    const asking = { siteId, window, options: DEFAULT_SLA_OPTIONS };
    const site = await siteUptime(deps, EVERY_SITE, asking);
    const one = await endpointUptime(deps, EVERY_SITE, { ...asking, endpointId });
    return { site: site.report.downtimeMs, endpoint: one.report.downtimeMs };
  }

  const events = async () => {
    const all = await store.queries.list(EVERY_SITE, { siteId, limit: 10 });
    return all.filter(({ checkType }) => checkType === 'http');
  };
  return { ...bench, siteId, endpointId, asked, events, downtime };
}

/** Lets the next look fail in a way that is confirmed quietly; returns when it began. */
async function failsQuietly({ prober, run }: Awaited<ReturnType<typeof watching>>): Promise<number> {
  prober.script(nameless);
  const looks = prober.jobs.length;
  while (prober.jobs.length === looks) await run(200);
  return prober.jobs[looks]?.wallMs ?? 0;
}

describe('a quiet failure that verifiers confirm late', () => {
  it.each([
    ['over an advisory of the same check', degraded],
    ['over an advisory of another check', () => [verdict('Up'), verdict('Warning', 'tls_expiry')]],
    ['over nothing', up],
  ])(
    'is downtime from its first look on, %s',
    async (_, before) => {
      let says: Outcome = 'no_verdict';
      const bench = await watching(() => says);
      const { prober, run, events, downtime, store } = bench;
      prober.script(before);
      await run(2 * MINUTE);
      const sinceMs = await failsQuietly(bench);
      await run(5 * MINUTE);
      says = 'confirmed';
      await run(MINUTE);
      const [event, ...others] = await events();
      expect(others).toEqual([]);
      expect(event).toMatchObject({ state: 'Down', endedAtMs: null });
      prober.script(up);
      await run(MINUTE);
      const [closed] = await events();
      const lastedMs = (closed?.endedAtMs ?? 0) - sinceMs;
      expect(lastedMs).toBeGreaterThan(5 * MINUTE);
      expect(await downtime()).toEqual({ site: lastedMs, endpoint: lastedMs });
      expect(await brokenInvariants(store.db)).toEqual([]);
    },
    30_000,
  );

  it('leaves the beginning of the advisory where it was, and says since when it is Down', async () => {
    let says: Outcome = 'no_verdict';
    const bench = await watching(() => says);
    const { prober, run, events, store } = bench;
    prober.script(degraded);
    await run(2 * MINUTE);
    const [advisory] = await events();
    const sinceMs = await failsQuietly(bench);
    await run(2 * MINUTE);
    says = 'confirmed';
    await run(MINUTE);
    const [event] = await events();
    expect(event?.startedAtMs).toBe(advisory?.startedAtMs);
    const transitions = await store.queries.transitions(EVERY_SITE, event?.eventId ?? (0n as never), { limit: 10 });
    const [opened, confirmed] = transitions;
    expect(confirmed).toMatchObject({ stateAfter: 'Down', beganAtMs: sinceMs });
    expect(opened?.beganAtMs).toBeUndefined();
    expect(confirmed?.changedAtMs).toBeGreaterThan(sinceMs + 2 * MINUTE);
  }, 30_000);
});

describe('a failure over an advisory that is told at once', () => {
  it('is downtime from its first look on', async () => {
    const bench = await testEngine();
    const { siteId } = await bench.store.addEndpoint();
    await bench.engine.start();
    bench.prober.script(degraded);
    await bench.run(2 * MINUTE);
    bench.prober.script(() => [verdict('Seems Down')], 4_000);
    const looks = bench.prober.jobs.length;
    while (bench.prober.jobs.length === looks) await bench.run(200);
    await bench.run(5_000);
    const [event] = await bench.store.queries.list(EVERY_SITE, { siteId, checkTypes: ['http'], limit: 1 });
    const id = event?.eventId ?? (0n as never);
    const [, failed] = await bench.store.queries.transitions(EVERY_SITE, id, { limit: 2 });
    expect(failed).toMatchObject({ stateAfter: 'Seems Down', beganAtMs: bench.prober.jobs[looks]?.wallMs });
  });
});

it('an interval begins where its change began, and never before the one before it', () => {
  const changes = [
    { severityAfter: 2, reason: 'other', changedAtMs: 1_000 },
    { severityAfter: 4, reason: 'other', changedAtMs: 900 },
  ];
  expect(transitionsToIntervals(changes, null)).toMatchObject([{ fromMs: 1_000, toMs: null, severity: 4 }]);
});
