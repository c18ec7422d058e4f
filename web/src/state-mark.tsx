import type { State } from '../../src/domain/state.ts';

/** Class that colours a state; the words are always there too. */
export function stateClass(state: string): string {
  return `state-${state.toLowerCase().replaceAll(' ', '-')}`;
}

/** One shape per state, so that no state is told by colour alone. */
const SHAPES: Readonly<Record<State, string>> = {
  Up: 'M2 8.5 6 12.5 14 4',
  Warning: 'M8 2v7.5M8 13v.5',
  Degraded: 'M2 5l6 6 6-6',
  'Seems Down': 'M4.5 5.5a3.5 3.5 0 1 1 5 3.2Q8 9.400 8 10.500M8 13.500v.5',
  Down: 'M3 3l10 10M13 3 3 13',
  Paused: 'M5 3v10M11 3v10',
  Maintenance: 'M2 8h12',
  Unknown: 'M3 8h.5M8 8h.5M13 8h.5',
};

/** The state as a shape and its word. */
export function StateMark({ state }: { state: State | 'Resolved' }) {
  return (
    <span className={`state ${stateClass(state)}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[state === 'Resolved' ? 'Up' : state]} />
      </svg>
      {state}
    </span>
  );
}
