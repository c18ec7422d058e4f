/** A name that our resolver does not find, though it answers others: an outage only if a quorum of others says so. */
import { describe, expect, it } from 'vitest';
import { fleetEngine, verifiers } from '../../../test/kit/fleet-engine.ts';
import type { Outcome } from '../../domain/verification.ts';

const MINUTE = 60_000;

/** Four sites for two minutes; then the name of the first one is lost. */
async function lostName(outcome: Outcome | null, of = 4) {
  const { parts, asked } = verifiers(() => outcome ?? 'no_verdict', {
    unverified: { afterMs: MINUTE, policy: 'page' },
  });
  const bench = await fleetEngine(of, outcome === null ? {} : { parts });
  await bench.engine.start();
  await bench.pass(2 * MINUTE);
  const lostMs = bench.clock.nowMs();
  bench.site(0).fares = 'unresolved';
  return { ...bench, asked, lostMs, endpointId: bench.site(0).endpoint.endpointId };
}

describe('a name that is not resolved while others are', () => {
  it('is Down when verifiers confirm it, from the first look on that could not tell', async () => {
    const { pass, events, lostMs, clock, site, runtime, endpointId } = await lostName('confirmed');
    await pass(90_000);
    const [event, ...others] = await events();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ state: 'Down', metadata: { reason: 'dns_servfail' } });
    expect(event?.startedAtMs).toBeGreaterThanOrEqual(lostMs);
    expect(clock.nowMs() - (event?.startedAtMs ?? 0)).toBeGreaterThan(5_000);
    expect(runtime.latest(endpointId)).toMatchObject({ state: 'Unknown', reason: 'dns_servfail' });
    site(0).fares = 'up';
    await pass(20_000);
    expect(await events()).toMatchObject([{ resolutionReason: 'verifier_cleared' }]);
  }, 60_000);

  it('stays Unknown when there are no verifiers', async () => {
    const { pass, events, runtime, endpointId } = await lostName(null);
    await pass(5 * MINUTE);
    expect(await events()).toEqual([]);
    expect(runtime.latest(endpointId)).toMatchObject({ state: 'Unknown', reason: 'dns_servfail' });
  }, 60_000);

  it('opens nothing and pages nobody while verifiers are not heard', async () => {
    const { pass, events, asked } = await lostName('no_verdict');
    await pass(5 * MINUTE);
    expect(asked.length).toBeGreaterThan(2);
    expect(await events()).toEqual([]);
  }, 60_000);

  it('is asked of nobody while no other site is reached', async () => {
    const { pass, events, asked, uplink } = await lostName('confirmed');
    uplink.shows = () => 'unresolved';
    await pass(50_000);
    expect(asked).toEqual([]);
    expect(await events()).toEqual([]);
  }, 60_000);

  it('is asked of nobody where there are too few others to show that the resolver is well', async () => {
    const { pass, events, asked } = await lostName('confirmed', 2);
    await pass(3 * MINUTE);
    expect(asked).toEqual([]);
    expect(await events()).toEqual([]);
  }, 60_000);
});
