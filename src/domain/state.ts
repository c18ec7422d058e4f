/** The states a check, endpoint or site can be in (spec/01 section 2). The labels are public and exact. */
export const STATES = ['Up', 'Warning', 'Degraded', 'Seems Down', 'Down', 'Paused', 'Maintenance', 'Unknown'] as const;

export type State = (typeof STATES)[number];

/** States an incident can be in while it is open, the mildest first. */
export const INCIDENT_STATES = ['Warning', 'Degraded', 'Seems Down', 'Down'] as const;

export type IncidentState = (typeof INCIDENT_STATES)[number];

/** States an event of the log can carry: those of incidents, and `Paused` for the site's own. */
export type LoggedState = IncidentState | 'Paused';

const LOGGED_STATES: ReadonlySet<string> = new Set<LoggedState>([
  'Warning',
  'Degraded',
  'Seems Down',
  'Down',
  'Paused',
]);

/** False for a label that another program, or a newer one, wrote. */
export function isLoggedState(text: string): text is LoggedState {
  return LOGGED_STATES.has(text);
}

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

/** The state a severity of 1 or more stands for; everything above 4 is worse than Down and has no label of its own. */
export function incidentStateOf(severity: number): IncidentState {
  return INCIDENT_STATES[Math.min(severity, INCIDENT_STATES.length) - 1] ?? 'Warning';
}
