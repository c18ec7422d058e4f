import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventId } from './ids.ts';
import { DEFAULT_CADENCE, type Decision, decide, type OpenIncident } from './incident.ts';
import type { IncidentState, State } from './state.ts';
import type { Verdict } from './verdict.ts';

const policy = { attemptsToConfirm: 3, intervalMs: 60_000, ...DEFAULT_CADENCE };
const T0 = 1_000_000;

function verdict(state: Verdict['state']): Verdict {
  return { check: 'http', state, reason: state === 'Up' ? 'ok' : 'some_reason', summary: 'words' };
}

function incident(state: OpenIncident['state'], attempts = 0, sinceMs = T0): OpenIncident {
  return { eventId: 7n as EventId, state, failing: attempts === 0 ? null : { attempts, sinceMs } };
}

function ops(decision: Decision): string[] {
  return decision.mutations.map((mutation) => {
    return mutation.op === 'close' ? `close ${mutation.reason}` : `${mutation.op} ${mutation.state} ${mutation.reason}`;
  });
}

describe('an outage', () => {
  it('opens Seems Down on the first failure and looks again 2 s after it', () => {
    const decision = decide(null, verdict('Seems Down'), T0, T0 + 30, policy);
    expect(ops(decision)).toEqual(['open Seems Down opened']);
    expect(decision.mutations[0]).toMatchObject({ startedAtMs: T0 });
    expect(decision.failing).toEqual({ sinceMs: T0, attempts: 1 });
    expect(decision.next).toEqual({ why: 'retry', atMs: T0 + 2_000 });
  });

  it('counts the second failure without touching the log and looks again 5 s after the first', () => {
    const decision = decide(incident('Seems Down', 1), verdict('Seems Down'), T0 + 2_000, T0 + 2_050, policy);
    expect(decision.mutations).toEqual([]);
    expect(decision.failing).toEqual({ sinceMs: T0, attempts: 2 });
    expect(decision.next).toEqual({ why: 'retry', atMs: T0 + 5_000 });
  });

  it('becomes Down with the failure that reaches the number of checks', () => {
    const decision = decide(incident('Seems Down', 2), verdict('Seems Down'), T0 + 5_000, T0 + 5_050, policy);
    expect(ops(decision)).toEqual(['promote Down local_confirmed']);
    expect(decision.mutations[0]).toMatchObject({ verification: 'none_configured' });
    expect(decision.next).toEqual({ why: 'recovery', atMs: T0 + 5_050 + 15_000 });
  });

  it('is opened and confirmed at once when one check is enough', () => {
    const decision = decide(null, verdict('Seems Down'), T0, T0, { ...policy, attemptsToConfirm: 1 });
    expect(ops(decision)).toEqual(['open Seems Down opened', 'promote Down local_confirmed']);
  });

  it('changes nothing while it stays Down', () => {
    const decision = decide(incident('Down', 3), verdict('Seems Down'), T0, T0, policy);
    expect(decision.mutations).toEqual([]);
    expect(decision.failing?.attempts).toBe(3);
  });

  it('looks for recovery at the interval when that is shorter than 15 s', () => {
    const decision = decide(incident('Down', 3), verdict('Seems Down'), T0, T0, { ...policy, intervalMs: 4_000 });
    expect(decision.next).toEqual({ why: 'recovery', atMs: T0 + 4_000 });
  });

  it('retries at once when the last attempt hung past the next due time', () => {
    const decision = decide(incident('Seems Down', 1), verdict('Seems Down'), T0, T0 + 12_000, policy);
    expect(decision.next).toEqual({ why: 'retry', atMs: T0 + 12_000 });
  });

  it('counts its retries from now when the clock was set back behind the first failure', () => {
    const decision = decide(incident('Seems Down', 1, T0 + 900_000), verdict('Seems Down'), T0, T0 + 30, policy);
    expect(decision.failing).toEqual({ sinceMs: T0 + 30, attempts: 2 });
    expect(decision.next).toEqual({ why: 'retry', atMs: T0 + 30 + 5_000 });
  });

  it('repeats the last gap when more checks are wanted than offsets are listed', () => {
    const patient = { ...policy, attemptsToConfirm: 9 };
    const decision = decide(incident('Seems Down', 4), verdict('Seems Down'), T0, T0, patient);
    expect(decision.next).toEqual({ why: 'retry', atMs: T0 + 20_000 });
  });
});

describe('recovery', () => {
  it('closes a confirmed outage as verifier_cleared and an unconfirmed one as probe_cleared', () => {
    expect(ops(decide(incident('Down', 3), verdict('Up'), T0, T0, policy))).toEqual(['close verifier_cleared']);
    expect(ops(decide(incident('Seems Down', 1), verdict('Up'), T0, T0, policy))).toEqual(['close probe_cleared']);
  });

  it('returns to the normal interval', () => {
    expect(decide(incident('Down', 3), verdict('Up'), T0, T0, policy).next).toEqual({ why: 'interval' });
  });
});

describe('an advisory', () => {
  it('opens, moves between levels and closes without confirmation or quick retries', () => {
    const opened = decide(null, verdict('Warning'), T0, T0, policy);
    expect(ops(opened)).toEqual(['open Warning opened']);
    expect(opened.next).toEqual({ why: 'interval' });
    expect(ops(decide(incident('Warning'), verdict('Warning'), T0, T0, policy))).toEqual([]);
    expect(ops(decide(incident('Warning'), verdict('Degraded'), T0, T0, policy))).toEqual([
      'promote Degraded severity_escalation',
    ]);
    expect(ops(decide(incident('Degraded'), verdict('Warning'), T0, T0, policy))).toEqual([
      'promote Warning severity_deescalation',
    ]);
    expect(ops(decide(incident('Warning'), verdict('Up'), T0, T0, policy))).toEqual(['close probe_cleared']);
  });

  it('that turns into a failure starts its retries from that failure, not from the advisory', () => {
    const decision = decide(incident('Degraded'), verdict('Seems Down'), T0 + 900_000, T0 + 900_000, policy);
    expect(ops(decision)).toEqual(['promote Seems Down severity_escalation']);
    expect(decision.next).toEqual({ why: 'retry', atMs: T0 + 902_000 });
  });
});

describe('Unknown', () => {
  it('never changes the log, keeps the count, and looks again soon', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<OpenIncident | null>(null, incident('Seems Down', 2), incident('Down', 3), incident('Warning')),
        (open) => {
          const decision = decide(open, verdict('Unknown'), T0, T0, policy);
          expect(decision.mutations).toEqual([]);
          expect(decision.failing).toEqual(open?.failing ?? null);
          expect(decision.next).toEqual({ why: 'unknown', atMs: T0 + 15_000 });
        },
      ),
    );
  });

  it('is looked at again after a quarter of a long interval, never more often than every 15 s', () => {
    const wait = (intervalMs: number) => {
      const { next } = decide(null, verdict('Unknown'), T0, T0, { ...policy, intervalMs });
      return next.why === 'interval' ? null : next.atMs - T0;
    };
    expect([5_000, 30_000, 60_000, 3_600_000].map(wait)).toEqual([5_000, 15_000, 15_000, 900_000]);
  });

  it('that asking again would not clear up, or would make worse, waits for the interval', () => {
    const limited = { ...verdict('Unknown'), followUp: 'interval' as const };
    expect(decide(incident('Down', 3), limited, T0, T0, policy).next).toEqual({ why: 'interval' });
  });
});

/** Applies decisions to the simplest possible log: what any sequence of verdicts may do to it. */
describe('any sequence of verdicts', () => {
  const states: Verdict['state'][] = ['Up', 'Warning', 'Degraded', 'Seems Down', 'Unknown'];

  it('keeps at most one incident, promotes to Down only through the attempts, and closes only on Up', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...states), { maxLength: 60 }), (sequence) => {
        let open: OpenIncident | null = null;
        let failuresInARow = 0;
        sequence.forEach((state, index) => {
          const nowMs = T0 + index * 1_000;
          const decision = decide(open, verdict(state), nowMs, nowMs, policy);
          if (state === 'Seems Down') failuresInARow += 1;
          else if (state !== 'Unknown') failuresInARow = 0;
          for (const mutation of decision.mutations) {
            if (mutation.op === 'open') expect(open).toBeNull();
            if (mutation.op !== 'open') expect(open).not.toBeNull();
            if (mutation.op === 'close') {
              expect(state).toBe('Up');
              open = null;
              continue;
            }
            if (mutation.state === 'Down') expect(failuresInARow).toBeGreaterThanOrEqual(policy.attemptsToConfirm);
            open = { eventId: 1n as EventId, state: mutation.state as IncidentState, failing: null };
          }
          if (open !== null) open = { ...(open as OpenIncident), failing: decision.failing };
          const expected: State | null = (open as OpenIncident | null)?.state ?? null;
          if (state === 'Up') expect(expected).toBeNull();
          if (decision.next.why !== 'interval') expect(decision.next.atMs).toBeGreaterThanOrEqual(nowMs);
        });
      }),
    );
  });
});
