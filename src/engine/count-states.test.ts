import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { IncidentState, State } from '../domain/state.ts';
import { countStates, createStateCounts } from './count-states.ts';

/** Slots are numbered from 0, and so are endpoints. */
function fleetOf(size: number, isUsed: (slot: number) => boolean = () => true) {
  return { extent: () => size, isUsed, endpointId: (slot: number) => BigInt(slot) as EndpointId };
}

it('an endpoint counts by its maintenance, then by the worst that is open on it, else by whether we know how it fares', async () => {
  const known: readonly (State | null)[] = [
    ...['Up', 'Unknown', null, 'Seems Down', 'Up', 'Up', 'Up', null, 'Seems Down', 'Seems Down'],
  ] as (State | null)[];
  const open: Readonly<Record<number, readonly IncidentState[]>> = {
    3: ['Warning', 'Down'],
    4: ['Warning'],
    7: ['Down'],
  };
  const counted = await countStates({
    fleet: fleetOf(10, (slot) => slot !== 5),
    incidentsAt: (slot) => new Map((open[slot] ?? []).map((state, at) => [`check ${at}`, { state }])),
    isInMaintenance: (slot) => slot === 6 || slot === 7,
    runtime: {
      stateOf: (endpointId) => known[Number(endpointId)] ?? null,
      wasServed: (endpointId) => endpointId === 9n,
    },
  });
  expect(counted).toEqual({ Up: 2, Unknown: 2, Unchecked: 1, Down: 1, Warning: 1, Maintenance: 2 });
});

it('a large fleet is counted whole', async () => {
  const parts = {
    fleet: fleetOf(12_345),
    incidentsAt: () => null,
    isInMaintenance: () => false,
    runtime: { stateOf: () => null, wasServed: () => false },
  };
  expect(await countStates(parts)).toEqual({ Unchecked: 12_345 });
});

describe('who asks again and again', () => {
  /** A fleet that is walked in no time, but for what the clock is moved by. */
  function countedFleet(tookMs: number) {
    const clock = createFakeClock();
    let walks = 0;
    const counts = createStateCounts({
      clock,
      fleet: fleetOf(3),
      incidentsAt: () => null,
      isInMaintenance: () => false,
      runtime: {
        stateOf(endpointId) {
          if (endpointId !== 0n) return 'Up';
          walks += 1;
          clock.advance(tookMs);
          return walks === 1 ? 'Unknown' : 'Up';
        },
        wasServed: () => false,
      },
    });
    return { clock, counts, walks: () => walks };
  }

  it('is told anew each time while a walk costs nothing', async () => {
    const { counts, walks } = countedFleet(0);
    expect(await counts()).toEqual({ Unknown: 1, Up: 2 });
    expect(await counts()).toEqual({ Up: 3 });
    expect(walks()).toBe(2);
  });

  it('is told the same for 20 times as long as a walk takes', async () => {
    const { clock, counts, walks } = countedFleet(100);
    const [one, other] = await Promise.all([counts(), counts()]);
    expect(one).toBe(other);
    clock.advance(1_899);
    expect(await counts()).toBe(one);
    clock.advance(1);
    expect(await counts()).toEqual({ Up: 3 });
    expect(walks()).toBe(2);
  });

  it('is told nothing that is older than 10 s, however long a walk takes', async () => {
    const { clock, counts } = countedFleet(2_000);
    await counts();
    clock.advance(8_000);
    expect(await counts()).toEqual({ Up: 3 });
  });

  it('is answered again when the walk before failed', async () => {
    let isBroken = true;
    const counts = createStateCounts({
      clock: createFakeClock(),
      fleet: fleetOf(1),
      incidentsAt: () => null,
      isInMaintenance: () => false,
      runtime: {
        stateOf() {
          if (isBroken) throw new Error('broken');
          return 'Up';
        },
        wasServed: () => false,
      },
    });
    await expect(counts()).rejects.toThrow('broken');
    isBroken = false;
    expect(await counts()).toEqual({ Up: 1 });
  });
});
