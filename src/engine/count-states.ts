/** How many watched endpoints are in which state; a few at a time, because a fleet may be large and others wait. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OpenIncident } from '../domain/incident.ts';
import { couldTell } from '../domain/rollup.ts';
import { EVERY_SITE, scoped } from '../domain/site-scope.ts';
import { type State, severityOf } from '../domain/state.ts';
import type { Clock } from '../lib/clock.ts';
import type { RuntimeStore } from '../store/runtime.ts';
import type { Fleet } from './schedule/fleet.ts';

/** `Unchecked`: never looked at. */
export type WatchedStates = Partial<Record<State | 'Unchecked', number>>;

type Parts = {
  fleet: Pick<Fleet, 'extent' | 'isUsed' | 'endpointId'>;
  /** What is open at a slot; null: nothing. */
  incidentsAt(slot: number): ReadonlyMap<string, Pick<OpenIncident, 'state'>> | null;
  /** Whether a maintenance window is on. */
  isInMaintenance(slot: number): boolean;
  runtime: Pick<RuntimeStore, 'stateOf' | 'wasServed'>;
};

const AT_A_TIME = 5_000;
/** Whoever asks often costs one part in so many of the time, and nobody gets counts that are older than this. */
const ONE_PART_IN = 20;
const MAX_AGE_MS = 10_000;

/**
 * Counts of a walk over the whole fleet, so that they cannot drift. Whoever asks meanwhile gets the same walk, and its
 * counts are good for 20 times as long as it took, at most 10 s from when it began: of a small fleet they are always new.
 */
export function createStateCounts(parts: Parts & { clock: Pick<Clock, 'monotonicMs'> }): () => Promise<WatchedStates> {
  const { clock } = parts;
  let newest: { counts: Promise<WatchedStates>; freshUntilMs: number } | null = null;

  return () => {
    const beganMs = clock.monotonicMs();
    if (newest !== null && beganMs < newest.freshUntilMs) return newest.counts;
    const walk = { counts: countStates(parts), freshUntilMs: Number.POSITIVE_INFINITY };
    newest = walk;
    walk.counts.then(
      () => {
        const tookMs = clock.monotonicMs() - beganMs;
        walk.freshUntilMs = beganMs + Math.min(tookMs * ONE_PART_IN, MAX_AGE_MS);
      },
      () => {
        walk.freshUntilMs = beganMs;
      },
    );
    return walk.counts;
  };
}

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

/** Maintenance, whatever is open; then the worst that is; otherwise whether we know. */
function stateAt(slot: number, { fleet, incidentsAt, isInMaintenance, runtime }: Parts): State | 'Unchecked' {
  if (isInMaintenance(slot)) return 'Maintenance';
  let worst: State | null = null;
  for (const { state } of incidentsAt(slot)?.values() ?? []) {
    if (worst === null || severityOf(state) > severityOf(worst)) worst = state;
  }
  if (worst !== null) return worst;
  const endpointId = scoped(EVERY_SITE, fleet.endpointId(slot));
  const latest = runtime.stateOf(endpointId);
  if (latest === null) return 'Unchecked';
  return couldTell({ latest, wasServed: runtime.wasServed(endpointId) }) ? 'Up' : 'Unknown';
}
