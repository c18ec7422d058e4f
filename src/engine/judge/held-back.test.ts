/** What is seen and not told leaves a trace, once. */
import { describe, expect, it } from 'vitest';
import { verification } from '../../../test/kit/decisions.ts';
import { testEngine, up, watchingEngine } from '../../../test/kit/engine.ts';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { observed, verdict } from '../../../test/kit/fake-prober.ts';
import { temporaryStore } from '../../../test/kit/store.ts';
import { DEFAULT_POLICY } from '../../domain/decision-policy.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { NOTHING_RECENT, type Suspicion } from '../../domain/incident.ts';
import { DEFAULT_PLAN, NO_OVERRIDES } from '../../domain/probe-plan.ts';
import { EVERY_SITE, scoped } from '../../domain/site-scope.ts';
import type { FailureShape } from '../../domain/verdict.ts';
import { type AuditEntry, listAudit } from '../../store/audit.ts';
import { silentLog } from '../../telemetry/log.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import { createFleet } from '../schedule/fleet.ts';
import { NO_VERIFIERS } from './confirm.ts';
import { createDetectionCounts } from './detection-counts.ts';
import { createHeldBack } from './held-back.ts';
import { createSettle } from './settle.ts';
import { createTargets } from './targets.ts';

const MINUTE = 60_000;
const POLICY = { attemptsToConfirm: 3, ...DEFAULT_POLICY };
const failingAs = (shape: FailureShape) => () => [{ ...verdict('Seems Down'), shape }];

type Bench = Awaited<ReturnType<typeof watchingEngine>>;

async function trailOf({ store, endpoint: { siteId } }: Bench) {
  return listAudit(store.db.kysely, EVERY_SITE, { siteId, sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER, limit: 100 });
}

async function outage({ prober, run }: Bench): Promise<void> {
  prober.script(failingAs('answered'));
  await run(61_000);
  prober.script(up);
  await run(16_000);
}

/** One look fails, and the next one does not. */
async function blip({ prober, run }: Bench, shape: FailureShape): Promise<void> {
  prober.script(failingAs(shape));
  const looks = prober.jobs.length;
  while (prober.jobs.length === looks) await run(200);
  prober.script(up);
  await run(3_000);
}

describe('a maintenance window', () => {
  it('that swallows failures is noted once, whatever it swallows, and the next one again', async () => {
    const bench = await watchingEngine();
    const { prober, run, store, endpoint, changed, clock } = bench;
    prober.script(failingAs('answered'));
    await run(1_000);
    const [open] = await bench.allEvents();
    const opens = async (forMs: number) => {
      const maintenance = { startMs: clock.nowMs() - 1, endMs: clock.nowMs() + forMs };
      await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { maintenance });
      await changed(endpoint);
      return maintenance;
    };
    const window = await opens(10 * MINUTE);
    await run(5 * MINUTE);
    expect(prober.jobs.length).toBeGreaterThan(4);
    const trail = await trailOf(bench);
    expect(trail).toMatchObject([{ eventType: 'maintenance_active', eventId: open?.eventId, source: 'local' }]);
    expect(trail[0]?.detail).toContain('swallowed');
    expect(trail[0]?.metadata).toEqual({
      endpoint_id: String(endpoint.endpointId),
      check_type: 'http',
      maintenance_start: new Date(window.startMs).toISOString(),
      maintenance_end: new Date(window.endMs).toISOString(),
    });
    await opens(20 * MINUTE);
    await run(2 * MINUTE);
    expect(await trailOf(bench)).toMatchObject([{ eventId: open?.eventId }, { eventId: null }]);
  });

  it('of a site that is well leaves no trace', async () => {
    const bench = await watchingEngine();
    const { prober, run, store, endpoint, changed, clock } = bench;
    prober.script(up);
    const maintenance = { startMs: clock.nowMs(), endMs: clock.nowMs() + MINUTE };
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { maintenance });
    await changed(endpoint);
    await run(2 * MINUTE);
    expect(await trailOf(bench)).toEqual([]);
  });
});

describe('the flap brake', () => {
  it('that holds an event open is noted once for that event, however often it holds it', async () => {
    const bench = await watchingEngine();
    for (let times = 0; times < 6; times += 1) await outage(bench);
    const [event] = await bench.allEvents();
    expect(event).toMatchObject({ state: 'Degraded', endedAtMs: null });
    await bench.run(5_000);
    expect(await trailOf(bench)).toMatchObject([{ eventType: 'alert_suppressed', eventId: event?.eventId }]);
    expect((await trailOf(bench))[0]?.detail).toMatch(/^flap brake/);
  });
});

describe('a suspicion', () => {
  it('that the verifiers refute round after round is noted with its count, once an hour', async () => {
    const bench = await watchingEngine({
      parts: {
        policy: () => ({ ...POLICY, verifiers: 'configured' }),
        createConfirm: () => ({ isConfigured: true, ask: async () => verification('refuted') }),
      },
    });
    bench.prober.script(failingAs('name'));
    await bench.run(5 * MINUTE);
    expect(await bench.allEvents()).toEqual([]);
    const [first, ...others] = await trailOf(bench);
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      eventType: 'alert_suppressed',
      detail: 'a suspicion was taken back: verifiers_refuted',
      metadata: { suspected_because: 'low_confidence_dns', attempts: 3, withdrawn_because: 'verifiers_refuted' },
    });
  });

  it('that came to nothing by a healthy look is noted, once an hour', async () => {
    const bench = await watchingEngine();
    for (let times = 0; times < 3; times += 1) await blip(bench, 'name');
    await bench.run(5_000);
    expect(await bench.allEvents()).toEqual([]);
    const [first, ...others] = await trailOf(bench);
    expect(others).toEqual([]);
    expect(first).toMatchObject({
      eventType: 'alert_suppressed',
      detail: 'a suspicion was taken back: probe_cleared',
      metadata: { suspected_because: 'low_confidence_dns', withdrawn_because: 'probe_cleared', attempts: 1 },
    });
  });

  it('after a recovery says so', async () => {
    const bench = await watchingEngine();
    await outage(bench);
    await blip(bench, 'refused');
    await bench.run(5_000);
    expect(await bench.allEvents()).toHaveLength(1);
    expect(await trailOf(bench)).toMatchObject([
      { metadata: { suspected_because: 'after_recovery', suppressed_after: 'recovery' } },
    ]);
  });

  it('that the gate takes back is noted, and it is noted once', async () => {
    const { settle, target, noted } = suspectedTarget();
    await settle.withdraw(target, 'mass_failure');
    await settle.withdraw(target, 'mass_failure');
    expect(await noted()).toMatchObject([
      { eventType: 'alert_suppressed', detail: 'a suspicion was taken back: mass_failure', siteId: 3n },
    ]);
  });
});

describe('notes', () => {
  it('that cannot be written are kept and tried again', async () => {
    const store = await temporaryStore();
    let isAway = true;
    const recordAudit = async (entries: readonly AuditEntry[]) => {
      if (isAway) throw new Error('the database is away');
      await store.recordAudit(entries);
    };
    const bench = await watchingEngine({ store, parts: { recordAudit } });
    for (let times = 0; times < 4; times += 1) await outage(bench);
    await bench.run(10_000);
    expect(await trailOf(bench)).toEqual([]);
    isAway = false;
    await bench.run(5_000);
    expect(await trailOf(bench)).toHaveLength(1);
  });

  it('that wait are written at the end', async () => {
    const store = await temporaryStore();
    const endpoint = await store.addEndpoint();
    const { engine, prober, clock, run, ...bench } = await testEngine({ store });
    const maintenance = { startMs: clock.nowMs() - 1, endMs: clock.nowMs() + MINUTE };
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { maintenance });
    await engine.start();
    prober.script(failingAs('answered'));
    await run(200);
    await engine.stop();
    const filter = { siteId: endpoint.siteId, sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER, limit: 9 };
    expect(await listAudit(bench.store.db.kysely, EVERY_SITE, filter)).toHaveLength(1);
  });

  it('beyond what may wait are dropped, and how many is said in the log', async () => {
    const said: object[] = [];
    const { heldBack, target, noted } = suspectedTarget({ warn: (facts: object) => void said.push(facts) });
    const suspicion: Suspicion = { sinceMs: 1, attempts: 1, quiet: 'after_recovery' };
    const before = { open: null, suspicion, recent: NOTHING_RECENT, maintenance: null };
    for (let endpoint = 0; endpoint < 10_005; endpoint += 1) {
      const endpointId = BigInt(endpoint) as EndpointId;
      heldBack.withdrawn({ ...target, endpointId }, 'http', before, 'mass_failure');
    }
    expect(await noted()).toHaveLength(10_000);
    expect(said).toEqual([{ dropped: 5 }]);
  });
});

/** A target that is suspected of a failure, and what settles it, without an engine around. */
function suspectedTarget(log: Partial<typeof silentLog> = {}) {
  const clock = createFakeClock();
  const written: AuditEntry[] = [];
  const heldBack = createHeldBack({
    clock,
    log: { ...silentLog, ...log },
    recordAudit: async (entries) => void written.push(...entries),
  });
  const fleet = createFleet({ timeoutMs: 10_000, plan: DEFAULT_PLAN });
  const endpoint = {
    endpointId: scoped(EVERY_SITE, 5n as EndpointId),
    siteId: 3n as SiteId,
    url: 'https://a.example/',
  };
  const rest = { intervalSeconds: 60, timeoutSeconds: null, plan: NO_OVERRIDES, maintenance: null };
  const targets = createTargets({
    fleet,
    clock,
    policy: () => POLICY,
    maintenanceOf: (_, own) => own,
    usualMs: () => null,
  });
  const target = targets.of(fleet.add({ ...endpoint, ...rest }));
  const seen = { ...verdict('Seems Down'), shape: 'refused' as const };
  target.memory.set('http', {
    suspicion: { sinceMs: clock.nowMs(), attempts: 1, quiet: 'after_recovery' },
    recent: NOTHING_RECENT,
    failure: { observation: observed([seen], clock.nowMs()), verdict: seen },
  });
  const settle = createSettle({
    gate: { judge: () => ({ kind: 'believe', references: 'not_needed' }) },
    append: async () => true,
    linkCause: async () => {},
    confirm: NO_VERIFIERS,
    counts: createDetectionCounts(createMetrics()),
    heldBack,
    runtime: { record() {} },
    history: { add() {}, addBlind() {} },
    ownFailures: { saw() {} },
    policy: () => POLICY,
    inTurn: () => {},
    arm: () => {},
    onLateWrite: () => {},
    onResult: () => {},
    clock,
  });
  const noted = async () => {
    await heldBack.flush();
    return written;
  };
  return { heldBack, settle, target, noted };
}
