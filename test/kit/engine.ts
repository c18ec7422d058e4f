/** The whole engine on a real store, a clock the test moves and a prober the test answers for. */
import { onTestFinished } from 'vitest';
import { DEFAULT_POLICY } from '../../src/domain/decision-policy.ts';
import type { EndpointId } from '../../src/domain/ids.ts';
import { DEFAULT_PLAN } from '../../src/domain/probe-plan.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import { createEngine, type EngineParts } from '../../src/engine/engine.ts';
import { NO_VERIFIERS } from '../../src/engine/judge/confirm.ts';
import type { AppendInput } from '../../src/store/append/append-input.ts';
import { createHistory } from '../../src/store/history/history.ts';
import { createRuntime } from '../../src/store/runtime.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { createFakeProber, type FakeProber, verdict } from './fake-prober.ts';
import { databasesAtRest, temporaryStore } from './store.ts';

export type TestStore = Awaited<ReturnType<typeof temporaryStore>>;

export type TestEngineOptions = {
  store?: TestStore;
  clock?: FakeClock;
  /** Parts that differ from the real ones, such as an event store that fails. */
  parts?: Partial<EngineParts>;
};

/** A store whose appends wait, or fail, as the test says. */
export async function gatedStore() {
  const store = await temporaryStore();
  const appends: AppendInput[] = [];
  const gate = { before: async (_input: AppendInput) => {}, after: async (_input: AppendInput) => {} };
  const events: typeof store.events = {
    ...store.events,
    async append(input) {
      appends.push(input);
      await gate.before(input);
      const appended = await store.events.append(input);
      await gate.after(input);
      return appended;
    },
  };
  return { store: { ...store, events }, appends, gate };
}

let operations = 0;

/** An engine that is ready and not started: what it is to find at its start can still be written. */
export async function testEngine(options: TestEngineOptions = {}) {
  const store = options.store ?? (await temporaryStore());
  const clock = options.clock ?? createFakeClock();
  const history = createHistory({ db: store.db, clock, log: silentLog, writer: 'test' });
  const runtime = createRuntime({ db: store.db, clock, history });
  const opIds: string[] = [];
  const probers: FakeProber[] = [];
  const metrics = createMetrics();
  const engine = createEngine({
    ...store,
    eventQueries: store.queries,
    runtime,
    history,
    createProber(onResults) {
      probers.push(createFakeProber(clock, onResults));
      return theOnly(probers);
    },
    clock,
    log: silentLog,
    metrics,
    policy: () => ({ attemptsToConfirm: 3, ...DEFAULT_POLICY }),
    createConfirm: () => NO_VERIFIERS,
    referenceTargets: [],
    projectStatus: true,
    timeoutMs: 10_000,
    plan: DEFAULT_PLAN,
    // What other programs change is nothing to most tests.
    reloadEveryMs: Number.POSITIVE_INFINITY,
    newOpId() {
      opIds.push(`operation-${++operations}`);
      return `operation-${operations}`;
    },
    ...options.parts,
  });
  onTestFinished(() => engine.stop());

  /** Lets everything that waits for the database finish. */
  const quiet = async () => {
    await databasesAtRest();
    await engine.upToDate();
  };

  return {
    store,
    clock,
    runtime,
    history,
    metrics,
    engine,
    prober: theOnly(probers),
    /** One per append, in order. */
    opIds,
    quiet,
    /** Lets time pass, a slot of the wheel at a time, and what is written finish in between. */
    async run(ms: number) {
      for (let left = ms; left > 0; left -= SLOT_MS) {
        clock.advance(Math.min(SLOT_MS, left));
        await quiet();
      }
    },
    /** Tells the engine what a service tells it after it changed a site. */
    async changed(endpoint: { siteId: Parameters<typeof siteChanged>[0]; endpointId: EndpointId }) {
      store.changes.publish(siteChanged(endpoint.siteId, endpoint.endpointId));
      await quiet();
    },
    /** States of the open events, by endpoint and check. */
    async open() {
      const found = await store.events.openIncidents();
      return new Map(
        [...found].map(([id, byCheck]) => [id, new Map([...byCheck].map(([check, { state }]) => [check, state]))]),
      );
    },
  };
}

const SLOT_MS = 50;

type SiteChangedChange = Extract<Parameters<TestStore['changes']['publish']>[0], { kind: 'site_changed' }>;

function siteChanged(siteId: SiteChangedChange['siteId'], endpointId: EndpointId): SiteChangedChange {
  return { kind: 'site_changed', siteId, endpointIds: [endpointId], change: 'updated' };
}

function theOnly(probers: readonly FakeProber[]): FakeProber {
  const [prober] = probers;
  if (prober === undefined) throw new Error('the engine built no prober');
  return prober;
}

/** A look that finds nothing wrong, and one that fails. */
export const up = () => [verdict('Up')];
export const failing = () => [verdict('Seems Down')];

/** A started engine that watches one endpoint. */
export async function watchingEngine(options: TestEngineOptions = {}) {
  const bench = await testEngine(options);
  const endpoint = await bench.store.addEndpoint();
  await bench.engine.start();
  return {
    ...bench,
    endpoint,
    allEvents: () => bench.store.queries.list(EVERY_SITE, { limit: 100 }),
    /** The one job that is out; throws when there is none, or another. */
    onlyJob() {
      const [job, ...others] = bench.prober.out();
      if (job === undefined || others.length > 0) throw new Error(`${bench.prober.inFlight()} jobs are out, not one`);
      return job;
    },
    async pause() {
      await bench.store.endpoints.update(EVERY_SITE, endpoint.endpointId, { active: false });
      await bench.changed(endpoint);
    },
  };
}
