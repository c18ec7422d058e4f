/** What must come of a failure, and what was seen of it last. Pure. */
import type { EventDetail } from '../../contracts/events.ts';
import type { LatestResult } from '../../contracts/sites.ts';
import { AppError } from '../../domain/errors.ts';
import { INCIDENT_STATES } from '../../domain/state.ts';
import { openedFor } from './caused-by.ts';

export type Expectation = {
  state: string | null;
  severity: number | null;
  hasTransition: boolean;
  /** Of a transition. */
  reason: string | null;
};

export type ExpectationOptions = {
  expectEventState?: string;
  expectEventSeverity?: string;
  requireTransition?: boolean;
  expectTransitionReason?: string;
};

export type Seen = {
  latest: Pick<LatestResult, 'state' | 'reason' | 'summary'> | null;
  /** The worst that is open and that the failure caused. */
  event: EventDetail | null;
  /** The worst that is open for something else; it counts for nothing. */
  other: EventDetail | null;
};

export const NOTHING_SEEN: Seen = { latest: null, event: null, other: null };

/** Down, where nothing else is said. Throws `invalid_arguments`. */
export function expectationIn(options: ExpectationOptions): Expectation {
  const { expectEventState, expectEventSeverity, requireTransition, expectTransitionReason: reason = null } = options;
  const severity = expectEventSeverity === undefined ? null : severityIn(expectEventSeverity);
  const hasTransition = requireTransition === true;
  const isOpen = expectEventState === undefined && severity === null && !hasTransition && reason === null;
  const state = expectEventState === undefined ? (isOpen ? 'Down' : null) : stateIn(expectEventState);
  return { state, severity, hasTransition, reason };
}

function stateIn(text: string): string {
  const state = INCIDENT_STATES.find((one) => one.toLowerCase() === text.toLowerCase());
  if (state !== undefined) return state;
  throw new AppError('invalid_arguments', `--expect-event-state ${text} is no state of an event`, {
    fix: `use one of ${INCIDENT_STATES.join(', ')}`,
  });
}

function severityIn(text: string): number {
  const severity = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (severity <= 255) return severity;
  throw new AppError('invalid_arguments', `--expect-event-severity ${text} is no severity`, {
    fix: 'give a number from 0 to 255, such as 4 for Down',
  });
}

export function isMet(
  { state, severity, hasTransition, reason }: Expectation,
  { event }: Pick<Seen, 'event'>,
): boolean {
  if (event === null) return false;
  const { transitions } = event;
  return (
    (state === null || event.state === state) &&
    (severity === null || event.severity === severity) &&
    (!hasTransition || transitions.length > 0) &&
    (reason === null || transitions.some((transition) => transition.reason === reason))
  );
}

export function expectationWords({ state, severity, hasTransition, reason }: Expectation): string {
  const parts = [
    ...(state === null ? [] : [state]),
    ...(severity === null ? [] : [`severity ${severity}`]),
    ...(hasTransition ? ['a transition'] : []),
    ...(reason === null ? [] : [`a transition for ${reason}`]),
  ];
  return `an open event of this failure: ${parts.join(', ')}`;
}

export function seenWords({ latest, event, other }: Seen): string {
  if (event !== null) {
    const steps = event.transitions.map(({ reason }) => reason).join(', ');
    return `event ${event.id} is ${event.state}, severity ${event.severity} (${steps})`;
  }
  const isOpen =
    other === null
      ? 'no event is open'
      : `event ${other.id} is ${other.state} for something else (${openedFor(other) ?? other.check_type})`;
  if (latest === null) return `${isOpen}, and nobody looked yet`;
  return `${isOpen}; the last look: ${latest.state}, ${latest.reason}: ${latest.summary}`;
}

/** Why the failure will never be seen, whatever is waited for; null: it may be. */
export function hopelessWords(
  { latest, event }: Pick<Seen, 'latest' | 'event'>,
  url: string,
): { message: string; fix: string } | null {
  if (event !== null || latest === null || !latest.reason.startsWith('egress_')) return null;
  const { hostname } = new URL(url);
  const message = `the server does not go to ${url}: ${latest.summary}`;
  const rule = /^127\.|^localhost$|\.localhost$/.test(hostname) ? '127.0.0.0/8' : hostname;
  return { message, fix: `start the server with EGRESS_ALLOW=${rule}, beside what it allows already` };
}
