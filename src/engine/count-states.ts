/** How many watched endpoints are in which state; a few at a time, because a fleet may be large and others wait. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OpenIncident } from '../domain/incident.ts';
import { type State, severityOf } from '../domain/state.ts';
import type { RuntimeStore } from '../store/runtime.ts';
import type { Fleet } from './schedule/fleet.ts';

/** `Unchecked`: never looked at. */
export type WatchedStates = Partial<Record<State | 'Unchecked', number>>;

type Parts = {
  fleet: Pick<Fleet, 'extent' | 'isUsed' | 'endpointId'>;
  /** What is open at a slot; null: nothing. */
  incidentsAt(slot: number): ReadonlyMap<string, Pick<OpenIncident, 'state'>> | null;
  runtime: Pick<RuntimeStore, 'stateOf'>;
};

const AT_A_TIME = 5_000;

/** What is changed meanwhile may be counted as it was, or as it is. */
export async function countStates(parts: Parts): Promise<WatchedStates> {
  const counts: WatchedStates = {};
  for (let slot = 0; slot < parts.fleet.extent(); slot += 1) {
    if (slot % AT_A_TIME === AT_A_TIME - 1) await nextTurn();
    if (!parts.fleet.isUsed(slot)) continue;
    const state = stateAt(slot, parts);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** The worst that is open; otherwise whether we know. */
function stateAt(slot: number, { fleet, incidentsAt, runtime }: Parts): State | 'Unchecked' {
  let worst: State | null = null;
  for (const { state } of incidentsAt(slot)?.values() ?? []) {
    if (worst === null || severityOf(state) > severityOf(worst)) worst = state;
  }
  if (worst !== null) return worst;
  const latest = runtime.stateOf(fleet.endpointId(slot));
  if (latest === null) return 'Unchecked';
  return latest === 'Unknown' ? 'Unknown' : 'Up';
}
