import { expect, it } from 'vitest';
import { failing, type TestStore, testEngine, up, watchingEngine } from '../../test/kit/engine.ts';
import type { FakeClock } from '../../test/kit/fake-clock.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { changeMaintenance, planMaintenance, removeMaintenance } from '../services/plan-maintenance.ts';
import { startMaintenance, stopMaintenance } from '../services/start-maintenance.ts';
import { createChanges } from '../store/changes.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { silentLog } from '../telemetry/log.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const at = (ms: number) => new Date(ms).toISOString();

type Bench = { store: TestStore; clock: FakeClock };

/** What a service needs; with a bus of its own it is another process. */
function deps({ store, clock }: Bench, changes = store.changes) {
  return { ...store, database: store.db, changes, clock };
}

const elsewhere = (bench: Bench) => deps(bench, createChanges({ log: silentLog }));

function plan(bench: Bench, siteIds: [Endpoint['siteId']] | null, timing: object, who = deps(bench)) {
  const rest = { endpointId: null, title: null, createdBy: null };
  const wanted = { start: at(bench.clock.nowMs()), durationMs: HOUR, zone: 'UTC', recurrence: null, ...timing };
  return planMaintenance(who, EVERY_SITE, { siteIds, ...rest, timing: wanted });
}

/** An engine whose only site is looked at and fails, whenever it is looked at. */
async function failingEngine() {
  const bench = await watchingEngine();
  const { prober, endpoint } = bench;
  return {
    ...bench,
    siteId: endpoint.siteId,
    /** Lets time pass, and every look fail. */
    async fail(ms: number) {
      for (let left = ms; left > 0; left -= 5_000) {
        bench.clock.advance(Math.min(left, 5_000));
        await bench.quiet();
        for (const job of prober.out()) prober.answer(job.id, failing());
        await bench.quiet();
      }
    },
    async states() {
      return [...((await bench.open()).get(endpoint.endpointId)?.values() ?? [])];
    },
  };
}

it('a site that fails while recurring maintenance is on opens nothing, and does so once it is over', async () => {
  const bench = await failingEngine();
  const startMs = bench.clock.nowMs() - DAY + 2 * MINUTE;
  const recurrence = { frequency: 'daily', interval: 1 } as const;
  await plan(bench, [bench.siteId], { start: at(startMs), durationMs: 10 * MINUTE, recurrence });
  await bench.run(1_000);
  bench.prober.answer(bench.onlyJob().id, up());
  await bench.run(2 * MINUTE);
  await bench.fail(9 * MINUTE);
  expect(await bench.allEvents()).toEqual([]);
  await bench.fail(2 * MINUTE);
  expect(await bench.states()).toEqual(['Down']);
});

it('what was open when maintenance was started is closed by it, and opens anew when it is stopped', async () => {
  const bench = await failingEngine();
  await bench.fail(2 * MINUTE);
  expect(await bench.states()).toEqual(['Down']);
  await startMaintenance(deps(bench), EVERY_SITE, bench.siteId, { durationMs: HOUR, createdBy: null });
  await bench.fail(2 * MINUTE);
  expect(await bench.states()).toEqual([]);
  expect(await bench.allEvents()).toMatchObject([{ resolutionReason: 'maintenance_swallowed' }]);
  await stopMaintenance(deps(bench), EVERY_SITE, bench.siteId);
  // Nobody waits for the next round to see how it fares now.
  await bench.fail(10_000);
  expect(await bench.states()).not.toEqual([]);
});

it('maintenance that another process plans or takes back is heard of within seconds', async () => {
  const bench = await failingEngine();
  const [planned] = await plan(bench, null, {}, elsewhere(bench));
  await bench.run(11_000);
  await bench.fail(3 * MINUTE);
  expect(await bench.allEvents()).toEqual([]);
  await removeMaintenance(elsewhere(bench), EVERY_SITE, planned?.windowId ?? (0n as never));
  await bench.fail(20_000);
  expect(await bench.states()).not.toEqual([]);
});

it('maintenance that is made longer or moved while it is on holds as it is then', async () => {
  const bench = await failingEngine();
  const [planned] = await plan(bench, [bench.siteId], { durationMs: 3 * MINUTE });
  const windowId = planned?.windowId ?? (0n as never);
  await bench.fail(2 * MINUTE);
  await changeMaintenance(deps(bench), EVERY_SITE, windowId, { durationMs: 10 * MINUTE });
  await bench.fail(6 * MINUTE);
  expect(await bench.allEvents()).toEqual([]);
  await changeMaintenance(deps(bench), EVERY_SITE, windowId, { start: at(bench.clock.nowMs() + HOUR) });
  await bench.fail(10_000);
  expect(await bench.states()).not.toEqual([]);
});

it('maintenance of a tenant covers the sites that are theirs', async () => {
  const bench = await testEngine();
  const [own, foreign] = [await bench.store.addEndpoint(), await bench.store.addEndpoint()];
  const row = { tenant_id: 'one', blog_id: own.siteId, created_at: 1, updated_at: 1 };
  await bench.store.db.kysely.insertInto('jetmon_site_tenants').values(row).execute();
  await bench.engine.start();
  const timing = { start: at(bench.clock.nowMs()), durationMs: HOUR, zone: 'UTC', recurrence: null };
  const scope = { kind: 'tenant', tenantId: 'one' } as const;
  const wanted = { siteIds: null, endpointId: null, title: null, createdBy: null, timing };
  await planMaintenance(deps(bench), scope, wanted);
  await bench.quiet();
  for (let passed = 0; passed < MINUTE; passed += 5_000) {
    bench.clock.advance(5_000);
    await bench.quiet();
    for (const job of bench.prober.out()) bench.prober.answer(job.id, failing());
    await bench.quiet();
  }
  expect([...(await bench.open()).keys()]).toEqual([foreign.endpointId]);
  expect(await bench.engine.states()).toMatchObject({ Maintenance: 1 });
});

it('a healthy look reads nothing of maintenance, however much is planned', async () => {
  const bench = await watchingEngine();
  let reads = 0;
  const second = await testEngine({
    store: bench.store,
    parts: {
      async readMaintenance(sinceMs) {
        reads += 1;
        return bench.store.readMaintenance(sinceMs);
      },
    },
  });
  await second.engine.start();
  expect(reads).toBe(1);
  await second.run(9_000);
  for (const job of second.prober.out()) second.prober.answer(job.id, up());
  expect(reads).toBe(1);
});
