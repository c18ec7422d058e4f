import { describe, expect, it } from 'vitest';
import { createPulse } from './gate-pulse.ts';

/** So many replies a second, but for a pause. */
function pulseOf(perSecond: number, { from = 0, to = 200, pause = [0, 0] as [number, number] } = {}) {
  const pulse = createPulse();
  for (let second = from; second < to; second += 1) {
    if (second >= pause[0] && second < pause[1]) continue;
    for (let nth = 0; nth < perSecond; nth += 1) pulse.beat(second * 1000 + (nth * 1000) / perSecond);
  }
  return pulse;
}

describe('the pulse of replies', () => {
  it('is steady in a fleet that is well', () => {
    expect(pulseOf(10).pauseIn(189_500, 199_500)).toBe(0);
  });

  it('tells how long replies stayed away within a look', () => {
    expect(pulseOf(10, { pause: [190, 196] }).pauseIn(189_500, 199_500)).toBe(6);
  });

  it('does not tell of a pause before or after it', () => {
    expect(pulseOf(10, { pause: [180, 188] }).pauseIn(189_500, 199_500)).toBe(0);
  });

  it('does not take chance for a pause: of a slow fleet, silence must be longer', () => {
    expect(pulseOf(2, { pause: [190, 195] }).pauseIn(189_500, 199_500)).toBe(0);
    expect(pulseOf(2, { pause: [190, 196] }).pauseIn(189_500, 199_500)).toBe(6);
  });

  it('cannot tell of a fleet that is looked at less than once in most seconds, nor of the first minute', () => {
    const pulse = createPulse();
    for (let second = 0; second < 190; second += 3) pulse.beat(second * 1000);
    expect(pulse.pauseIn(189_500, 199_500)).toBe(0);
    expect(pulseOf(10, { from: 170, pause: [190, 196] }).pauseIn(189_500, 199_500)).toBe(0);
  });

  it('is not misled by the burst of a start', () => {
    const pulse = createPulse();
    for (let nth = 0; nth < 5_000; nth += 1) pulse.beat(180_000 + nth);
    expect(pulse.pauseIn(189_500, 199_500)).toBe(0);
  });
});
