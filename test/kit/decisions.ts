/** Decisions for tests: policies, looks and answers, and the simplest log that decisions can be applied to. */
import { DEFAULT_POLICY, type DecisionPolicy } from '../../src/domain/decision-policy.ts';
import type { EventId } from '../../src/domain/ids.ts';
import {
  type Decision,
  type Known,
  NOTHING_RECENT,
  type OpenIncident,
  openIncident,
} from '../../src/domain/incident.ts';
import { type EventState, stepFor } from '../../src/domain/mutation.ts';
import type { IncidentState } from '../../src/domain/state.ts';
import type { FailureShape, Verdict } from '../../src/domain/verdict.ts';
import type { Outcome, Verification } from '../../src/domain/verification.ts';

export const POLICY: DecisionPolicy = {
  attemptsToConfirm: 3,
  ...DEFAULT_POLICY,
  intervalMs: 60_000,
  timeoutMs: 10_000,
  usualMs: 200,
};

export const VERIFIED: DecisionPolicy = { ...POLICY, verifiers: 'configured' };

export const NOTHING_KNOWN: Known = { open: null, suspicion: null, recent: NOTHING_RECENT, maintenance: null };

export function verdictOf(state: Verdict['state'], shape: FailureShape = 'answered'): Verdict {
  const reason = state === 'Up' ? 'ok' : 'some_reason';
  return { check: 'http', state, reason, summary: 'words', ...(state === 'Seems Down' ? { shape } : {}) };
}

export function incident(state: IncidentState, attempts = 0, sinceMs = 0): OpenIncident {
  return { eventId: 7n as EventId, state, failing: attempts === 0 ? null : { attempts, sinceMs } };
}

export function knowing(known: Partial<Known>): Known {
  return { ...NOTHING_KNOWN, ...known };
}

export function verification(outcome: Outcome, downRegions: readonly string[] = []): Verification {
  return { requestId: 'request', outcome, votes: [], quorum: 2, regions: 3, downRegions };
}

/** A decision's changes, one line each. */
export function changes({ mutations }: Decision): string[] {
  return mutations.map((mutation) => {
    if (mutation.op === 'close') return `close ${mutation.reason}`;
    if (mutation.op === 'set_severity') return `severity ${mutation.severity} ${mutation.reason}`;
    return `${mutation.op} ${mutation.state} ${mutation.reason}`;
  });
}

/** What is known after a decision was written, and the transitions that it made. */
export function applied(known: Known, decision: Decision, nowMs: number) {
  let event: EventState | null =
    known.open === null
      ? null
      : {
          state: known.open.state,
          severity: known.open.severity ?? SEVERITY[known.open.state],
          startedAtMs: 0,
          changedAtMs: 0,
          causeEventId: null,
        };
  const steps = [];
  for (const mutation of decision.mutations) {
    const step = stepFor(event, mutation, nowMs);
    if (step === null) throw new Error(`${mutation.op} changes nothing`);
    steps.push(step);
    event = step.endedAtMs === null ? step : null;
  }
  const { suspicion, recent, failing } = decision;
  const open = event && openIncident(1n as EventId, event.state as IncidentState, event.severity, failing);
  return { steps, known: { ...known, open, suspicion, recent } satisfies Known };
}

const SEVERITY: Readonly<Record<IncidentState, number>> = { Warning: 1, Degraded: 2, 'Seems Down': 3, Down: 4 };
