/**
 * Rounds, for whoever knew the program by them. The wheel has none: each endpoint has its own time. What comes near is an
 * interval of statistics, told as what there was at its beginning, what came in it, and what is left at its end.
 */
import type { WatchedStates } from '../engine/count-states.ts';
import type { Engine } from '../engine/engine.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { ROUND_STAGES } from '../telemetry/names/looks.ts';

type Round = Readonly<Record<(typeof ROUND_STAGES)[number], number>>;

/** Nothing is told before the first round is over. Returns what ends a round. */
export function roundMetrics(
  metrics: Metrics,
  parts: {
    dispatchStats: Engine['dispatchStats'];
    /** Looks that came back since the start. */
    completed(): number;
    /** As counted last; null: not yet. */
    states(): WatchedStates | null;
  },
): () => void {
  const { dispatchStats, completed, states } = parts;
  const now = () => ({ ...dispatchStats(), completed: completed() });
  let before = now();
  let newest: Round | null = null;
  for (const stage of ROUND_STAGES) metrics.gauge('round', () => newest?.[stage] ?? Number.NaN, { stage });
  return () => {
    const after = now();
    const counted = states();
    newest = {
      due_start: before.due,
      selected: after.cameDue - before.cameDue,
      dispatched: after.dispatched - before.dispatched,
      completed: after.completed - before.completed,
      outstanding: after.inFlight,
      due_remaining: after.due,
      selected_never_checked: counted === null ? Number.NaN : (counted.Unchecked ?? 0),
    };
    before = after;
  };
}
