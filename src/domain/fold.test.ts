import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldTransitions, type StoredTransition } from './fold.ts';
import { type State, severityOf } from './state.ts';

type Step = { to: State | 'Resolved'; reason: string; atMs?: number; metadata?: unknown };

/** Transitions as the store writes them for these steps. */
function chain(...steps: Step[]): StoredTransition[] {
  let state: State | null = null;
  return steps.map(({ to, reason, atMs, metadata = null }, index) => {
    const before = state;
    if (to !== 'Resolved') state = to;
    return {
      seq: index + 1,
      severityBefore: before === null ? null : severityOf(before),
      severityAfter: to === 'Resolved' ? null : severityOf(to),
      stateBefore: before,
      stateAfter: to,
      reason,
      metadata,
      changedAtMs: atMs ?? (index + 1) * 1000,
    };
  });
}

const OPENED: Step = { to: 'Seems Down', reason: 'opened' };
const CONFIRMED: Step = { to: 'Down', reason: 'local_confirmed' };
const CLEARED: Step = { to: 'Resolved', reason: 'verifier_cleared' };
const linked = (before: unknown, after: unknown, reason = 'cause_linked'): Step => ({
  to: 'Down',
  reason,
  metadata: { cause_event_id_before: before, cause_event_id_after: after },
});

/** With the transition at `index` changed by hand. */
function tampered(index: number, change: Partial<StoredTransition>, steps = [OPENED, CONFIRMED, CLEARED]) {
  return chain(...steps).map((each, at) => (at === index ? { ...each, ...change } : each));
}

function reasons(transitions: Iterable<StoredTransition>): string[] {
  return foldTransitions(transitions).brokenChain.map(({ seq, reason }) => `${seq} ${reason}`);
}

describe('foldTransitions', () => {
  it('rebuilds an event that was opened, confirmed and closed', () => {
    expect(foldTransitions(chain(OPENED, CONFIRMED, CLEARED))).toEqual({
      state: 'Down',
      severity: 4,
      startedAtMs: 1000,
      isStartExact: false,
      endedAtMs: 3000,
      resolutionReason: 'verifier_cleared',
      causeEventId: null,
      version: 3,
      updatedAtMs: 3000,
      brokenChain: [],
    });
  });

  it('leaves an event open that was not closed', () => {
    const open = { state: 'Seems Down', severity: 3, endedAtMs: null, resolutionReason: null, version: 1 };
    expect(foldTransitions(chain(OPENED))).toMatchObject(open);
  });

  it('takes the start from the opening where it is told', () => {
    for (const started_at of [250, '1970-01-01T00:00:00.250Z']) {
      const told = foldTransitions(chain({ ...OPENED, metadata: { started_at } }));
      expect(told).toMatchObject({ startedAtMs: 250, isStartExact: true, brokenChain: [] });
    }
    expect(foldTransitions(chain({ ...OPENED, metadata: { started_at: 'soon' } }))).toMatchObject({
      startedAtMs: 1000,
    });
  });

  it('follows the cause, also one whose id is beyond 2^53', () => {
    const huge = 2n ** 63n - 1n;
    const path = [OPENED, CONFIRMED, linked(null, String(huge)), linked(String(huge), 7)];
    expect(foldTransitions(chain(...path))).toMatchObject({ causeEventId: 7n, brokenChain: [] });
    const undone = [...path, linked(7, null, 'cause_unlinked'), CLEARED];
    expect(foldTransitions(chain(...undone))).toMatchObject({ causeEventId: null, version: 6, brokenChain: [] });
  });

  it('keeps the cause of an event that is closed', () => {
    expect(foldTransitions(chain(OPENED, CONFIRMED, linked(null, 7), CLEARED)).causeEventId).toBe(7n);
  });

  it.each([
    ['no transition at all', [], ['0 empty']],
    ['a first seq that is not 1', tampered(0, { seq: 2 }), ['2 seq_gap', '2 seq_gap']],
    ['a seq that is missing', tampered(2, { seq: 4 }), ['4 seq_gap']],
    ['a seq that is there twice', tampered(1, { seq: 1 }), ['1 seq_gap', '3 seq_gap']],
    ['a state before that was not', tampered(1, { stateBefore: 'Warning' }), ['2 before_differs']],
    ['a severity before that was not', tampered(2, { severityBefore: 3 }), ['3 before_differs']],
    ['an opening of something open', tampered(0, { stateBefore: 'Warning' }), ['1 before_differs']],
    ['a second close', chain(OPENED, CLEARED, CLEARED), ['3 closed_twice']],
    ['a change after the close', chain(OPENED, CLEARED, CONFIRMED), ['3 changed_after_close']],
    ['a close that keeps a severity', tampered(2, { severityAfter: 4 }), ['3 half_closed']],
    ['a state without a severity', tampered(1, { severityAfter: null }), ['2 half_closed', '3 before_differs']],
    ['time that runs backwards', tampered(2, { changedAtMs: 1999 }), ['3 time_backwards']],
    ['a start after the opening', tampered(0, { metadata: { started_at: 1001 } }), ['1 started_after_opening']],
    ['a state nobody knows', tampered(1, { stateAfter: 'Gone' }), ['2 unknown_state', '3 before_differs']],
    [
      'a state that is no event',
      tampered(0, { stateAfter: 'Unknown', severityAfter: 0 }, [OPENED]),
      ['1 unknown_state'],
    ],
    ['a severity of another state', tampered(1, { severityAfter: 3 }), ['2 severity_differs', '3 before_differs']],
    ['a link without a cause', chain(OPENED, CONFIRMED, linked(null, null)), ['3 cause_unclear']],
    ['an unlinking that links', chain(OPENED, CONFIRMED, linked(null, 7, 'cause_unlinked')), ['3 cause_unclear']],
    ['another cause before', chain(OPENED, CONFIRMED, linked(6, 7)), ['3 cause_unclear']],
    [
      'a link whose metadata is lost',
      chain(OPENED, CONFIRMED, { ...linked(0, 0), metadata: null }),
      ['3 cause_unclear'],
    ],
  ])('reports %s', (_, transitions, expected) => {
    expect(reasons(transitions)).toEqual(expected);
  });

  it('accepts a severity worse than Down, and times that are equal', () => {
    expect(reasons(tampered(1, { severityAfter: 200, changedAtMs: 1000 }, [OPENED, CONFIRMED]))).toEqual([]);
  });

  it('does not let anything after the close change the event', () => {
    const closed = { state: 'Seems Down', severity: 3, endedAtMs: 2000, resolutionReason: 'verifier_cleared' };
    expect(foldTransitions(chain(OPENED, CLEARED, CONFIRMED, CLEARED))).toMatchObject({ ...closed, version: 4 });
  });

  it('reports at most 20 flaws of an event', () => {
    expect(reasons(chain(OPENED, ...Array.from({ length: 50 }, () => CLEARED)))).toHaveLength(20);
  });

  const incidentStates = fc.constantFrom<State>('Warning', 'Degraded', 'Seems Down', 'Down', 'Paused');
  const walks = fc.record({
    states: fc.array(incidentStates, { minLength: 1, maxLength: 8 }),
    isClosed: fc.boolean(),
    gaps: fc.array(fc.nat({ max: 50 }), { minLength: 9, maxLength: 9 }),
  });
  const built = walks.map(({ states, isClosed, gaps }) => {
    const steps = states.map((to, at): Step => ({ to, reason: at === 0 ? 'opened' : 'state_change' }));
    if (isClosed) steps.push({ to: 'Resolved', reason: 'probe_cleared' });
    let atMs = 0;
    const timed = steps.map((step, at) => {
      atMs += gaps[at] ?? 0;
      return { ...step, atMs };
    });
    return { transitions: chain(...timed), states, isClosed, lastMs: atMs };
  });

  it('finds nothing wrong with any chain the store can write, and its end as it was', () => {
    fc.assert(
      fc.property(built, ({ transitions, states, isClosed, lastMs }) => {
        const folded = foldTransitions(transitions);
        const state = states.at(-1);
        expect(folded).toMatchObject({ state, version: transitions.length, updatedAtMs: lastMs, brokenChain: [] });
        expect(folded.endedAtMs).toBe(isClosed ? lastMs : null);
      }),
    );
  });

  it('notices when any one transition but the last is lost', () => {
    fc.assert(
      fc.property(built, fc.nat(), ({ transitions }, pick) => {
        fc.pre(transitions.length > 1);
        const lost = pick % (transitions.length - 1);
        expect(reasons(transitions.filter((_, at) => at !== lost))).not.toEqual([]);
      }),
    );
  });
});
