/** An incident as the page keeps it, made from what the API or the stream tells. Pure. */
import type { Event, Transition, Verification } from '../../src/contracts/events.ts';
import type { StreamMessages } from '../../src/contracts/utility.ts';
import type { Id } from '../../src/contracts/values.ts';

export type Incident = {
  id: Id;
  siteId: Id;
  endpointId: Id | null;
  checkType: string;
  /** `Resolved` once it ended. */
  state: string;
  startedAt: string;
  endedAt: string | null;
  /** What verifiers said of it last; null: nothing, or of the state it was in before. */
  verification: Verification['outcome'] | null;
  /** Position of the newest transition we know of. */
  seq: number;
  /** From the evidence taken at the start, as far as it is there: the URL, what was seen, what to do about it. */
  url: string | null;
  cause: string | null;
  advice: string | null;
  /** Oldest first; null until someone asked for them. */
  transitions: readonly Transition[] | null;
};

export type TransitionMessage = StreamMessages['transition'];

export function incidentOf(event: Event): Incident {
  return {
    id: event.id,
    siteId: event.site_id,
    endpointId: event.endpoint_id,
    checkType: event.check_type,
    state: event.ended_at === null ? event.state : 'Resolved',
    startedAt: event.started_at,
    endedAt: event.ended_at,
    verification: event.verification?.outcome ?? null,
    seq: event.transition_count,
    ...evidenceOf(event.metadata),
    transitions: null,
  };
}

function evidenceOf(metadata: unknown): Pick<Incident, 'url' | 'cause' | 'advice'> {
  const found = new Map(typeof metadata === 'object' && metadata !== null ? Object.entries(metadata) : []);
  const text = (name: string): string | null => {
    const value: unknown = found.get(name);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  return { url: text('url'), cause: text('summary'), advice: text('advice') };
}

/**
 * Up to which step the page lacks the steps, null when it has them. Steps that are older than what the stream told
 * meanwhile are set aside, so they must be asked for again whenever this changes.
 */
export function stepsLacking({ seq, transitions }: Incident): number | null {
  return transitions === null ? seq : null;
}

/** The incident a transition speaks of, as far as the transition alone tells. */
export function begunBy({ site_id, endpoint_id, check_type, transition }: TransitionMessage): Incident {
  return {
    id: transition.event_id,
    siteId: site_id,
    endpointId: endpoint_id,
    checkType: check_type,
    state: transition.state_after ?? 'Unknown',
    startedAt: transition.changed_at,
    endedAt: null,
    verification: null,
    seq: transition.seq - 1,
    ...evidenceOf(transition.metadata),
    transitions: transition.seq === 1 ? [] : null,
  };
}

/** The incident after one more step. What was said of the state before it holds for what only ends or goes on. */
export function stepped(before: Incident, transition: Transition): Incident {
  const isClose = transition.state_after === 'Resolved';
  const state = transition.state_after ?? before.state;
  const isSaidStill = state === before.state || (isClose && transition.reason !== 'false_alarm');
  const follows = transition.seq === before.seq + 1;
  return {
    ...before,
    state,
    endedAt: isClose ? transition.changed_at : null,
    verification: isSaidStill ? before.verification : null,
    seq: transition.seq,
    transitions: before.transitions !== null && follows ? [...before.transitions, transition] : null,
  };
}

/** Whom it is about, where no URL tells. */
export function subjectOf({ siteId }: Pick<Incident, 'siteId'>): string {
  return String(siteId) === '0' ? 'The monitor itself' : `Site ${String(siteId)}`;
}

/** Whether verifiers were asked about it and too few were heard for a verdict. */
export function isUnverified({ verification }: Pick<Incident, 'verification'>): boolean {
  return verification === 'unverified';
}
