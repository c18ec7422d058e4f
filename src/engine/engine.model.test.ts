/** The whole engine, drawn at random, against a model that fits on a page: what must be open after each look. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { gatedStore, testEngine } from '../../test/kit/engine.ts';
import { verdict } from '../../test/kit/fake-prober.ts';
import { DEFAULT_POLICY } from '../domain/decision-policy.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { State } from '../domain/state.ts';
import type { Verdict } from '../domain/verdict.ts';
import { systemRandom } from '../lib/random.ts';
import { updateSite } from '../services/update-site.ts';
import { createApiKeys } from '../store/api-keys.ts';
import type { Endpoint } from '../store/endpoints.ts';

const POLICY = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
const CONFIRM_AFTER = 3;
const ENDPOINTS = [0, 1, 2] as const;
/** What flaps is a matter of hours, and of a model of its own. */
const UNBRAKED = {
  ...DEFAULT_POLICY,
  attemptsToConfirm: CONFIRM_AFTER,
  flap: { ...DEFAULT_POLICY.flap, starts: 0 },
};

/** What is open for one check of one endpoint, and how often it failed in this incident. */
type Incident = { state: State | null; failures: number; opened: number };

const NOTHING_OPEN = { state: null, failures: 0 } as const;

function after({ state, failures }: Incident, seen: Verdict['state']): Pick<Incident, 'state' | 'failures'> {
  if (seen === 'Unknown' || (seen === 'Seems Down' && state === 'Down')) return { state, failures };
  if (seen === 'Up') return NOTHING_OPEN;
  if (seen !== 'Seems Down') return { state: seen, failures: 0 };
  return { state: failures + 1 >= CONFIRM_AFTER ? 'Down' : 'Seems Down', failures: failures + 1 };
}

/** One look with its verdicts in order. A database that refuses leaves the first change, and all after it, undone. */
function look(incidents: Map<string, Incident>, verdicts: Verdict[], refused: boolean): void {
  for (const { check, state: seen } of [...verdicts, ...silent(incidents, verdicts)]) {
    const before = incidents.get(check) ?? { ...NOTHING_OPEN, opened: 0 };
    const now = after(before, seen);
    const changed = now.state !== before.state || now.failures !== before.failures;
    if (changed && refused) return;
    const opened = before.opened + (before.state === null && now.state !== null ? 1 : 0);
    incidents.set(check, { ...now, opened });
  }
}

/** Checks with something open that have nothing to say of a look that went all the way: as if they said Up. */
function silent(incidents: Map<string, Incident>, verdicts: Verdict[]): Pick<Verdict, 'check' | 'state'>[] {
  if (verdicts.some(({ state }) => state === 'Seems Down' || state === 'Unknown')) return [];
  const spoke = new Set(verdicts.map(({ check }) => check));
  const open = [...incidents].filter(([check, { state }]) => state !== null && !spoke.has(check));
  return open.map(([check]) => ({ check, state: 'Up' }));
}

function closeAll(incidents: Map<string, Incident>): void {
  for (const [check, { opened }] of incidents) incidents.set(check, { ...NOTHING_OPEN, opened });
}

const who = fc.nat(2);
const http = fc.constantFrom<Verdict['state']>(
  'Up',
  'Up',
  'Seems Down',
  'Seems Down',
  'Seems Down',
  'Unknown',
  'Degraded',
);
const tls = fc.constantFrom<Verdict['state'] | null>('Up', 'Warning', 'Degraded', null);
const sees = fc.record({ http, tls });
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('watch' as const),
      seconds: fc.integer({ min: 1, max: 70 }),
      sees: fc.tuple(sees, sees, sees),
      refuses: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('touch' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('set clock' as const), ms: fc.integer({ min: -9e7, max: 9e7 }) }),
  },
);

type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

/** Three endpoints, the first two of one site. */
async function play(commands: Command[]): Promise<void> {
  const { store, gate } = await gatedStore();
  const database = { refuses: false };
  gate.before = async () => {
    if (database.refuses) throw new Error('the database is locked');
  };
  const first = await store.addEndpoint();
  const endpoints = [first, await store.addEndpoint({ siteId: first.siteId }), await store.addEndpoint()];
  const model = endpoints.map(() => new Map<string, Incident>());
  let shown: Verdict[][] = endpoints.map(() => [verdict('Up')]);

  async function startEngine(clock?: Awaited<ReturnType<typeof testEngine>>['clock']) {
    const parts = { policy: () => UNBRAKED };
    const bench = await testEngine(clock === undefined ? { store, parts } : { store, clock, parts });
    bench.prober.script(({ url }) => {
      const index = endpoints.findIndex((endpoint) => endpoint.url === url);
      const verdicts = shown[index] ?? [];
      look(model[index] ?? new Map(), verdicts, database.refuses);
      return verdicts;
    });
    await bench.engine.start();
    return bench;
  }
  let bench = await startEngine();

  for (const drawn of commands) {
    switch (drawn.kind) {
      case 'watch':
        database.refuses = drawn.refuses;
        shown = drawn.sees.map((seen) =>
          seen.tls === null ? [verdict(seen.http)] : [verdict(seen.http), verdict(seen.tls, 'tls_expiry')],
        );
        await bench.run(drawn.seconds * 1_000);
        database.refuses = false;
        break;
      case 'pause':
      case 'resume': {
        const active = drawn.kind === 'resume';
        const { siteId } = endpoints[drawn.who] ?? first;
        await updateSite(servicesOn(bench), POLICY, EVERY_SITE, siteId, { active });
        await bench.quiet();
        for (const index of ENDPOINTS) {
          if (!active && endpoints[index]?.siteId === siteId) closeAll(model[index] ?? new Map());
        }
        break;
      }
      case 'touch':
        await bench.changed(endpoints[drawn.who] ?? first);
        break;
      case 'restart':
        await bench.engine.stop();
        bench = await startEngine(bench.clock);
        break;
      case 'set clock':
        // A failure that a jump falls into is void, so there is none.
        shown = endpoints.map(() => [verdict('Up')]);
        bench.clock.jumpWall(drawn.ms);
        await bench.run(2_000);
        break;
    }
    expect(await openOf(bench, endpoints)).toEqual(model.map(stillOpen));
  }
  await bench.engine.stop();
  const events = await store.queries.list(EVERY_SITE, { limit: 10_000 });
  // What the engine says of itself is not the model's.
  expect(events.filter(({ siteId }) => siteId !== 0n)).toHaveLength(
    model.flatMap((incidents) => [...incidents.values()]).reduce((sum, { opened }) => sum + opened, 0),
  );
  expect(new Set(bench.opIds).size).toBe(bench.opIds.length);
  expect(await brokenInvariants(store.db)).toEqual([]);
}

function servicesOn({ store, clock, runtime, history }: Awaited<ReturnType<typeof testEngine>>) {
  const random = systemRandom;
  const apiKeys = createApiKeys({ db: store.db, clock, random });
  return { ...store, database: store.db, eventQueries: store.queries, clock, runtime, history, random, apiKeys };
}

async function openOf(bench: Awaited<ReturnType<typeof testEngine>>, endpoints: Endpoint[]) {
  const open = await bench.open();
  return endpoints.map(({ endpointId }) => Object.fromEntries(open.get(endpointId) ?? []));
}

function stillOpen(incidents: Map<string, Incident>): Record<string, State> {
  return Object.fromEntries([...incidents].flatMap(([check, { state }]) => (state === null ? [] : [[check, state]])));
}

it('has open exactly what the model says, whatever is seen, refused, paused, restarted or set', async () => {
  await fc.assert(fc.asyncProperty(fc.array(command, { maxLength: 15 }), play), { numRuns: 60 });
}, 120_000);
