/** Time in which only verifiers have the word is time of which we know nothing. */
import { describe, expect, it } from 'vitest';
import { fleetEngine, verifiers } from '../../../test/kit/fleet-engine.ts';
import type { Outcome } from '../../domain/verification.ts';

const MINUTE = 60_000;

/** Two minutes of a cut: in the second one the word is left to verifiers. */
async function cutFleet() {
  const says = { of: (_siteId: bigint): Outcome => 'no_verdict' };
  const { parts, asked } = verifiers(({ siteId }) => says.of(siteId));
  const bench = await fleetEngine(4, { parts });
  await bench.engine.start();
  await bench.pass(2 * MINUTE);
  const fromMs = bench.clock.nowMs();
  bench.uplink.shows = () => 'refused';
  await bench.pass(2 * MINUTE);
  const { endpointId, siteId } = bench.site(0).endpoint;
  expect(asked.length).toBeGreaterThan(0);
  return { ...bench, says, fromMs, endpointId, siteId };
}

describe('a failure that is left to verifiers', () => {
  it('is Unknown and not observed: there is no failed look of it, and nothing else to see', async () => {
    const { runtime, history, endpointId, fromMs, clock, events } = await cutFleet();
    expect(runtime.latest(endpointId)).toMatchObject({ state: 'Unknown', reason: 'network_unproven' });
    expect(await history.failures(endpointId, 0, clock.nowMs(), 10)).toEqual([]);
    const covered = await history.coverage(endpointId, fromMs + MINUTE, clock.nowMs(), MINUTE);
    expect(covered).toEqual([]);
    expect(await events()).toEqual([]);
  }, 60_000);

  it('is kept as what the outage rests on, and written when they confirm it', async () => {
    const bench = await cutFleet();
    const { says, endpointId, siteId, history, clock } = bench;
    says.of = (asked) => (asked === siteId ? 'confirmed' : 'no_verdict');
    await bench.pass(MINUTE);
    const [event, ...others] = await bench.events();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ siteId, state: 'Down', metadata: { reason: 'tcp_refused' } });
    const failures = await history.failures(endpointId, 0, clock.nowMs(), 10);
    expect(failures.map(({ reason }) => reason)).toContain('tcp_refused');
  }, 60_000);
});
