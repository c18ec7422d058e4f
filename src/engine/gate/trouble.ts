/** Tells whoever runs the monitor of what holds the gate: one event for each trouble, and how many targets it kept from a verdict. */
import type { GateReason } from '../../domain/gate.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { Clock } from '../../lib/clock.ts';
import { CALM_AFTER_MS, type OperatorEvents } from './operator-events.ts';
import { ADVICE, clockJumped, REFERENCES_FAILING, SUMMARY } from './words.ts';

export type Held = Exclude<GateReason, 'clock_jumped'>;

export interface GateTrouble {
  /** This target has no verdict because of it. */
  affects(name: Held, endpointId: EndpointId): void;
  /** It is there. Facts go into the event. */
  isOn(name: Held, facts?: Readonly<Record<string, number>>): void;
  isOver(name: Held): void;
  clockJumped(byMs: number): void;
  /** Whether the reference targets are lost, and how many pass. */
  references(areLost: boolean, stats: { passing: number; of: number }): void;
}

const MOST_AFFECTED = 100_000;

export function createGateTrouble(parts: {
  clock: Clock;
  trouble: Pick<OperatorEvents, 'raise' | 'calm'>;
}): GateTrouble {
  const { clock, trouble } = parts;
  const affected = {
    network_unproven: { targets: new Set<EndpointId>(), lastMs: 0 },
    mass_failure: { targets: new Set<EndpointId>(), lastMs: 0 },
  };

  return {
    affects(name, endpointId) {
      const those = affected[name];
      const nowMs = clock.monotonicMs();
      // The event of the last time has ended by then.
      if (nowMs - those.lastMs > CALM_AFTER_MS) those.targets.clear();
      those.lastMs = nowMs;
      if (those.targets.size < MOST_AFFECTED) those.targets.add(endpointId);
    },
    isOn(name, facts = {}) {
      affected[name].lastMs = clock.monotonicMs();
      const told = { affected_targets: affected[name].targets.size, ...facts };
      trouble.raise(name, { state: 'Degraded', summary: SUMMARY[name], advice: ADVICE[name], facts: told });
    },
    isOver: (name) => trouble.calm(name),
    clockJumped(byMs) {
      const facts = { jumped_by_ms: Math.round(byMs) };
      const summary = clockJumped(byMs);
      trouble.raise('clock_jumped', { state: 'Warning', summary, advice: ADVICE.clock_jumped, facts });
      trouble.calm('clock_jumped');
    },
    references(areLost, { passing, of }) {
      if (!areLost) return trouble.calm('references_failing');
      const facts = { passing, targets: of };
      trouble.raise('references_failing', { state: 'Degraded', ...REFERENCES_FAILING, facts });
    },
  };
}
