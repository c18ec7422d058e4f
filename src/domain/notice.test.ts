import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cooldownMs, isMuted, NOTHING_TOLD, type Notice, type Told, toldAfter } from './notice.ts';

const COOLDOWN = 1_800_000;

/** Delivers what is not muted; says what was. */
function told(notices: readonly [Notice, number][], cooldown = COOLDOWN): string[] {
  let known: Told = NOTHING_TOLD;
  return notices.map(([notice, atMs]) => {
    const muted = isMuted(notice, known, atMs, cooldown);
    known = toldAfter(notice, !muted, known, atMs);
    return `${notice} ${muted ? 'muted' : 'told'}`;
  });
}

describe('the cooldown', () => {
  it('mutes a Down that follows one that was told, and its recovery with it', () => {
    const notices: [Notice, number][] = [
      ['down', 0],
      ['recovery', 60_000],
      ['down', 120_000],
      ['recovery', 180_000],
    ];
    expect(told(notices)).toEqual(['down told', 'recovery told', 'down muted', 'recovery muted']);
  });

  it('is over after its time, counted from the Down that was told', () => {
    const notices: [Notice, number][] = [
      ['down', 0],
      ['recovery', 1],
      ['down', COOLDOWN - 1],
      ['recovery', COOLDOWN],
      ['down', COOLDOWN],
    ];
    expect(told(notices).filter((one) => one.endsWith('told'))).toEqual(['down told', 'recovery told', 'down told']);
  });

  it('is none when it is 0 or less', () => {
    expect([cooldownMs(null, 30), cooldownMs(5, 30), cooldownMs(0, 30), cooldownMs(null, -1)]).toEqual([
      COOLDOWN,
      300_000,
      0,
      0,
    ]);
    expect(
      told(
        [
          ['down', 0],
          ['recovery', 1],
          ['down', 1],
        ],
        0,
      ),
    ).not.toContain('down muted');
  });

  it('does not hold against a time that lies ahead', () => {
    expect(isMuted('down', { downAtMs: 900_000, isDownTold: false }, 0, COOLDOWN)).toBe(false);
  });

  it('counts for a Down that was delivered alone: one that was given up mutes nothing, and its recovery is muted', () => {
    const after = toldAfter('down', false, NOTHING_TOLD, 0);
    expect(isMuted('down', after, 1, COOLDOWN)).toBe(false);
    expect(isMuted('recovery', after, 1, COOLDOWN)).toBe(true);
  });

  it('tells each recovery that follows a Down that was told, and no other, whatever the times are', () => {
    const gaps = fc.array(fc.integer({ min: -COOLDOWN, max: 2 * COOLDOWN }), { maxLength: 30 });
    fc.assert(
      fc.property(gaps, fc.constantFrom(0, 60_000, COOLDOWN), (waits, cooldown) => {
        let nowMs = 0;
        const notices = waits.map((ms, index): [Notice, number] => {
          nowMs += ms;
          return [index % 2 === 0 ? 'down' : 'recovery', nowMs];
        });
        const outcome = told(notices, cooldown);
        for (let at = 1; at < outcome.length; at += 2) {
          expect(outcome[at]).toBe(outcome[at - 1] === 'down told' ? 'recovery told' : 'recovery muted');
        }
      }),
    );
  });
});
