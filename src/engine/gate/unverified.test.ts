/** Who wants to be paged for what nobody could verify is not paged for our own trouble. */
import { describe, expect, it } from 'vitest';
import { fleetEngine, verifiers } from '../../../test/kit/fleet-engine.ts';

const MINUTE = 60_000;

/** Nobody can be asked over the same cable. */
function paging(afterMs: number) {
  return verifiers(() => 'no_verdict', { unverified: { afterMs, policy: 'page' } });
}

describe('a failure that nobody could verify', () => {
  it('pages nobody while our cable is cut, however long that is', async () => {
    const { parts } = paging(2 * MINUTE);
    const bench = await fleetEngine(4, { parts });
    await bench.engine.start();
    await bench.pass(MINUTE);
    bench.uplink.shows = () => 'refused';
    await bench.pass(6 * MINUTE);
    expect(await bench.events()).toEqual([]);
    bench.uplink.shows = (fares) => fares;
    await bench.pass(2 * MINUTE);
    expect(await bench.events()).toEqual([]);
  }, 60_000);

  it('pages after a while in which nothing of ours was in doubt, and not before', async () => {
    const { parts } = paging(2 * MINUTE);
    const bench = await fleetEngine(4, { parts });
    await bench.engine.start();
    await bench.pass(MINUTE);
    bench.site(0).fares = 'answered';
    await bench.pass(90_000);
    const severity = async () => (await bench.events()).map((event) => event.severity);
    expect(await severity()).toEqual([3]);
    // A cut in which the open failure can as well be over.
    bench.uplink.shows = () => 'refused';
    await bench.pass(3 * MINUTE);
    expect(await severity()).toEqual([3]);
    bench.uplink.shows = (fares) => fares;
    await bench.pass(90_000);
    expect(await severity()).toEqual([3]);
    await bench.pass(90_000);
    expect(await severity()).toEqual([4]);
  }, 60_000);
});
