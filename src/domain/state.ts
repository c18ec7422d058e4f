/** The states a check, endpoint or site can be in (spec/01 section 2). The labels are public and exact. */
export const STATES = ['Up', 'Warning', 'Degraded', 'Seems Down', 'Down', 'Paused', 'Maintenance', 'Unknown'] as const;

export type State = (typeof STATES)[number];

/** States an incident can be in while it is open. */
export type IncidentState = 'Warning' | 'Degraded' | 'Seems Down' | 'Down';

/** Whether a look that found this got an answer it has no quarrel with: its timings are those of a site that works. */
export function isAnswered(state: State): boolean {
  return state === 'Up' || state === 'Warning' || state === 'Degraded';
}

/** Ordered weight of a state, 0 to 255. Compare severities, never enumerate them: values above 4 are reserved. */
export function severityOf(state: State): number {
  return SEVERITY[state];
}

const SEVERITY: Readonly<Record<State, number>> = {
  Up: 0,
  Paused: 0,
  Maintenance: 0,
  Unknown: 0,
  Warning: 1,
  Degraded: 2,
  'Seems Down': 3,
  Down: 4,
};
