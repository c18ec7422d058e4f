import { expect, it } from 'vitest';
import type { LookStats } from '../engine/looks.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { roundMetrics } from './round-metrics.ts';

it('a round is what there was at its beginning, what came in it, and what is left at its end', () => {
  const metrics = createMetrics();
  const stats = { due: 3, cameDue: 10, dispatched: 7, inFlight: 2 };
  let completed = 5;
  const endRound = roundMetrics(metrics, {
    dispatchStats: () => stats as LookStats,
    completed: () => completed,
    states: () => ({ Up: 4, Unchecked: 1 }),
  });
  const told = () => {
    const series = metrics.read().find(({ name }) => name === 'round')?.series ?? [];
    return Object.fromEntries(series.map((one) => [one.labels['stage'], 'value' in one ? one.value : null]));
  };
  expect(told()).toEqual({});
  Object.assign(stats, { due: 1, cameDue: 14, dispatched: 13, inFlight: 6 });
  completed = 9;
  endRound();
  expect(told()).toEqual({
    due_start: 3,
    selected: 4,
    dispatched: 6,
    completed: 4,
    outstanding: 6,
    due_remaining: 1,
    selected_never_checked: 1,
  });
  endRound();
  expect(told()).toMatchObject({ due_start: 1, selected: 0, dispatched: 0, completed: 0, due_remaining: 1 });
});
