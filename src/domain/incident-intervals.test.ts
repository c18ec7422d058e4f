import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isDeclaredByHand, transitionsToIntervals } from './incident-intervals.ts';

const at = (changedAtMs: number, severityAfter: number | null, reason = 'state_change') => ({
  changedAtMs,
  severityAfter,
  reason,
});

describe('transitionsToIntervals', () => {
  it('tells when the event was in which state, from when the failure began', () => {
    const transitions = [at(100, 3, 'opened'), at(150, 4), at(400, null, 'verifier_cleared')];
    expect(transitionsToIntervals(transitions, 90)).toEqual([
      { fromMs: 90, toMs: 150, severity: 3, isFalseAlarm: false },
      { fromMs: 150, toMs: 400, severity: 4, isFalseAlarm: false },
    ]);
  });

  it('begins with the opening when the start is not known or lies after it', () => {
    expect(transitionsToIntervals([at(100, 3)], null)[0]).toMatchObject({ fromMs: 100, toMs: null });
    expect(transitionsToIntervals([at(100, 3)], 120)[0]).toMatchObject({ fromMs: 100, toMs: null });
  });

  it('marks every interval of a false alarm', () => {
    const found = transitionsToIntervals([at(1, 1), at(2, 3), at(9, null, 'false_alarm')], null);
    expect(found.map(({ isFalseAlarm }) => isFalseAlarm)).toEqual([true, true]);
  });

  it('leaves what somebody declared a false alarm as it was, and tells that it was declared', () => {
    const declared = [at(1, 3), at(2, 4), at(9, null, 'declared_by_hand')];
    expect(transitionsToIntervals(declared, null).map(({ isFalseAlarm }) => isFalseAlarm)).toEqual([false, false]);
    expect(isDeclaredByHand(declared)).toBe(true);
    expect(isDeclaredByHand([at(1, 3), at(9, null, 'false_alarm'), at(9, null, 'declared_by_hand')])).toBe(false);
    expect(isDeclaredByHand([at(1, 3)])).toBe(false);
  });

  it('is one interval across transitions that leave the severity as it is', () => {
    expect(transitionsToIntervals([at(1, 4), at(5, 4, 'cause_linked'), at(9, null)], null)).toEqual([
      { fromMs: 1, toMs: 9, severity: 4, isFalseAlarm: false },
    ]);
  });

  it('lets a step begin before another that changed nothing was written', () => {
    expect(transitionsToIntervals([at(1, 2), at(8, 2, 'cause_linked'), at(6, 4), at(9, null)], null)).toEqual([
      { fromMs: 1, toMs: 6, severity: 2, isFalseAlarm: false },
      { fromMs: 6, toMs: 9, severity: 4, isFalseAlarm: false },
    ]);
  });

  it('leaves out states that lasted no time, and whatever follows the close', () => {
    expect(transitionsToIntervals([at(5, 3), at(5, 4), at(7, null), at(8, 4)], null)).toEqual([
      { fromMs: 5, toMs: 7, severity: 4, isFalseAlarm: false },
    ]);
    expect(transitionsToIntervals([], null)).toEqual([]);
    expect(transitionsToIntervals([at(5, null)], 1)).toEqual([]);
  });

  it('gives each millisecond of a chain to the state it was in then, also when time runs backwards', () => {
    const changes = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 4 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(changes, fc.boolean(), (made, isClosed) => {
        const transitions = made.map(([changedAtMs, severity]) => at(changedAtMs, severity));
        if (isClosed) transitions.push(at(15, null));
        const found = transitionsToIntervals(transitions, null);
        for (let ms = 0; ms <= 35; ms++) {
          // The clock at a transition is the latest one told by any before it that changed the severity.
          let severity: number | null = null;
          let before: number | null = null;
          let clock = 0;
          for (const each of transitions) {
            if (each.severityAfter !== null && each.severityAfter === before) continue;
            before = each.severityAfter;
            clock = Math.max(clock, each.changedAtMs);
            if (clock <= ms) severity = each.severityAfter;
          }
          const covering = found.filter(({ fromMs, toMs }) => fromMs <= ms && (toMs === null || ms < toMs));
          expect(covering.map((each) => each.severity)).toEqual(severity === null ? [] : [severity]);
        }
      }),
    );
  });
});
