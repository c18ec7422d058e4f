/** Retries whose time went by while nobody could look. */
import { describe, expect, it } from 'vitest';
import { failing, testEngine, watchingEngine } from '../../test/kit/engine.ts';

const MINUTE = 60_000;

/** State of what is open on the one endpoint. */
async function stateOf({ open, endpoint }: Awaited<ReturnType<typeof watchingEngine>>) {
  return (await open()).get(endpoint.endpointId)?.get('http') ?? null;
}

describe('retries that are overdue', () => {
  it('after a long stall do not leave together: a moment is not enough to confirm a failure', async () => {
    const bench = await watchingEngine();
    const { run, prober, clock, quiet } = bench;
    prober.script(failing);
    await run(200);
    expect(await stateOf(bench)).toBe('Seems Down');
    prober.script(() => null);
    const before = prober.jobs.length;
    clock.advance(MINUTE);
    await quiet();
    const left = prober.jobs.slice(before).map(({ monotonicMs }) => monotonicMs);
    for (const [at, monotonicMs] of left.slice(1).entries()) {
      expect(monotonicMs - (left[at] ?? 0)).toBeGreaterThanOrEqual(2_000);
    }
    expect(left).toHaveLength(2);
    for (const { id } of prober.out()) prober.answer(id, failing());
    await run(200);
    expect(await stateOf(bench)).toBe('Down');
  });

  it('because the wall clock jumped ahead leave 2 s one after another too', async () => {
    const bench = await watchingEngine();
    const { run, prober, clock } = bench;
    prober.script(failing);
    await run(1_000);
    prober.script(() => null);
    const before = prober.jobs.length;
    clock.jumpWall(10 * MINUTE);
    await run(MINUTE);
    const left = prober.jobs.slice(before).map(({ monotonicMs }) => monotonicMs);
    expect(left).toHaveLength(2);
    expect((left[1] ?? 0) - (left[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  it('after a restart that took long leave 2 s one after another', async () => {
    const bench = await watchingEngine();
    bench.prober.script(failing);
    await bench.run(200);
    await bench.engine.stop();
    bench.clock.advance(10 * MINUTE);
    const { engine, prober, run } = await testEngine({ store: bench.store, clock: bench.clock });
    await engine.start();
    await run(MINUTE);
    const left = prober.jobs.map(({ monotonicMs }) => monotonicMs);
    expect(left).toHaveLength(2);
    expect((left[1] ?? 0) - (left[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
  });
});
