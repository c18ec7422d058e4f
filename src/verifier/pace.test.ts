import { describe, expect, it } from 'vitest';
import { createPace } from './pace.ts';

const BOUNDS = { least: 50, most: 2_400 };

describe('the questions that are under way at a time', () => {
  it('become more as long as they are answered at once, up to a bound', () => {
    const pace = createPace(BOUNDS);
    const before = pace.questions();
    pace.answered(50, 20, 0, 20, true);
    expect(pace.questions()).toBe(before + 50);
    for (let at = 0; at < 100; at += 1) pace.answered(50, 20, at, at + 20, true);
    expect(pace.questions()).toBe(2_400);
  });

  it('become no more where no more are asked', () => {
    const pace = createPace(BOUNDS);
    const before = pace.questions();
    pace.answered(1, 20, 0, 20, false);
    expect(pace.questions()).toBe(before);
  });

  it('become fewer when they wait over there, once for all that was under way then, and never none', () => {
    const pace = createPace(BOUNDS);
    pace.overloaded(0, 3_000);
    expect(pace.questions()).toBe(200);
    pace.overloaded(1_000, 3_100);
    pace.answered(50, 2_000, 2_000, 4_000, true);
    expect(pace.questions()).toBe(200);
    pace.answered(50, 2_000, 3_500, 5_500, true);
    expect(pace.questions()).toBe(140);
    for (let at = 10; at < 100; at += 1) pace.overloaded(at * 1_000, at * 1_000 + 500);
    expect(pace.questions()).toBe(50);
  });
});

describe('the requests over which questions are spread', () => {
  it('are some at once and few a second after that', () => {
    const pace = createPace(BOUNDS);
    let sent = 0;
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 10) {
      for (let room = pace.requests(nowMs, 10_000); room > 0; room -= 1) {
        pace.sent();
        sent += 1;
      }
    }
    expect(sent).toBeGreaterThanOrEqual(200);
    expect(sent).toBeLessThanOrEqual(16 + 200);
  });
});
