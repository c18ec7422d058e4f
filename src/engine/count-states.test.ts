import { expect, it } from 'vitest';
import type { EndpointId } from '../domain/ids.ts';
import type { IncidentState, State } from '../domain/state.ts';
import { countStates } from './count-states.ts';

/** Slots are numbered from 0, and so are endpoints. */
function fleetOf(size: number, isUsed: (slot: number) => boolean = () => true) {
  return { extent: () => size, isUsed, endpointId: (slot: number) => BigInt(slot) as EndpointId };
}

it('an endpoint counts by the worst that is open on it, else by whether we know how it fares', async () => {
  const known: readonly (State | null)[] = ['Up', 'Unknown', null, 'Seems Down', 'Up', 'Up'];
  const open: Readonly<Record<number, readonly IncidentState[]>> = { 3: ['Warning', 'Down'], 4: ['Warning'] };
  const counted = await countStates({
    fleet: fleetOf(6, (slot) => slot !== 5),
    incidentsAt: (slot) => new Map((open[slot] ?? []).map((state, at) => [`check ${at}`, { state }])),
    runtime: { stateOf: (endpointId) => known[Number(endpointId)] ?? null },
  });
  expect(counted).toEqual({ Up: 1, Unknown: 1, Unchecked: 1, Down: 1, Warning: 1 });
});

it('a large fleet is counted whole', async () => {
  const parts = { fleet: fleetOf(12_345), incidentsAt: () => null, runtime: { stateOf: () => null } };
  expect(await countStates(parts)).toEqual({ Unchecked: 12_345 });
});
