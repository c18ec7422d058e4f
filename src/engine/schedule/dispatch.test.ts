import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { createDispatch, RECOVERY, REGULAR, RETRY } from './dispatch.ts';

const LIMITS = { floor: 4, ceiling: 50 };

/** A prober whose looks come back when the test says so. */
function setUp({ checksPerSecond = 0, limits = LIMITS } = {}) {
  const clock = createFakeClock();
  const out: number[] = [];
  const urgent = new Set<number>();
  const recovering = new Set<number>();
  const dueMs = new Map<number, number>();
  const dispatch = createDispatch({
    clock,
    prober: { submit: (jobs) => void out.push(...jobs.map(({ id }) => id)), inFlight: () => out.length },
    jobFor: (slot) => ({ id: slot, url: '', timeoutMs: 1_000, plan: null, evidence: 'unless_healthy' }),
    dueMs: (slot) => dueMs.get(slot) ?? clock.monotonicMs(),
    handedOver: () => {},
    kindOf: (slot) => (recovering.has(slot) ? RECOVERY : urgent.has(slot) ? RETRY : REGULAR),
    checksPerSecond: () => checksPerSecond,
    limits,
  });
  const answer = (looks: number) => {
    const answered = out.splice(0, looks);
    dispatch.answered(answered.length);
    return answered;
  };
  return { clock, dispatch, out, urgent, recovering, dueMs, answer };
}

const slots = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);

describe('what is due', () => {
  it('is handed over at once while there is room, and waits in order when there is none', () => {
    const { dispatch, out, answer } = setUp();
    dispatch.due(slots(0, 3));
    expect(out).toEqual([0, 1, 2]);
    dispatch.due(slots(3, 100));
    expect(out).toEqual([0, 1, 2, 3]);
    expect(dispatch.stats()).toMatchObject({ due: 99, window: 4, inFlight: 4, dispatched: 4 });
    expect([...answer(2), ...answer(4)]).toEqual([0, 1, 2, 3, 4, 5]);
    let seen = 6;
    while (out.length > 0) seen += answer(1).length;
    expect(seen).toBe(103);
    expect(dispatch.stats()).toMatchObject({ due: 0, dispatched: 103 });
  });

  it('waits once, however often it comes due', () => {
    const { dispatch } = setUp();
    dispatch.due(slots(0, 4));
    dispatch.due([9]);
    dispatch.due([9, 9]);
    expect(dispatch.stats().due).toBe(1);
  });

  it('is counted, and what the window had no room for then as well', () => {
    const { dispatch, answer } = setUp();
    dispatch.due(slots(0, 3));
    expect(dispatch.stats()).toMatchObject({ cameDue: 3, waited: 0 });
    dispatch.due(slots(3, 10));
    expect(dispatch.stats()).toMatchObject({ cameDue: 13, waited: 9 });
    answer(4);
    dispatch.due([3, 20]);
    expect(dispatch.stats()).toMatchObject({ cameDue: 15, waited: 11, flightMs: 1_000 });
  });

  it('goes before what waits already when it is a retry, every second time at least', () => {
    const { dispatch, urgent, answer } = setUp();
    dispatch.due(slots(0, 10));
    urgent.add(20);
    urgent.add(21);
    dispatch.due([20, 21]);
    answer(4);
    expect(answer(4)).toEqual([20, 4, 21, 5]);
  });

  it('leaves half of the room to regular looks, however many retries and looks for recovery wait', () => {
    const { dispatch, urgent, recovering, answer } = setUp();
    for (const slot of slots(1_000, 100)) recovering.add(slot);
    for (const slot of slots(2_000, 100)) urgent.add(slot);
    dispatch.due([...slots(1_000, 100), ...slots(2_000, 100), ...slots(0, 100)]);
    answer(4);
    const handedOver = [...answer(4), ...answer(4), ...answer(4), ...answer(4)];
    expect(handedOver.filter((slot) => slot < 1_000)).toEqual(slots(2, 8));
    expect(handedOver.filter((slot) => slot >= 2_000)).toHaveLength(4);
    expect(handedOver.filter((slot) => slot >= 1_000 && slot < 2_000)).toHaveLength(4);
  });

  it('fills the room that another kind leaves', () => {
    const { dispatch, recovering, answer } = setUp();
    for (const slot of slots(1_000, 100)) recovering.add(slot);
    dispatch.due(slots(1_000, 100));
    let seen = 0;
    while (dispatch.stats().inFlight > 0) seen += answer(4).length;
    expect(seen).toBe(100);
  });

  it('is not handed over once it was taken out, or all was stopped', () => {
    const { dispatch, urgent, answer, out } = setUp();
    urgent.add(7);
    dispatch.due(slots(0, 4));
    dispatch.due(slots(4, 4));
    dispatch.remove(5);
    dispatch.remove(7);
    dispatch.remove(30);
    answer(4);
    expect(out).toEqual([4, 6]);
    dispatch.due([9]);
    dispatch.stop();
    answer(2);
    dispatch.due([10]);
    expect(out).toEqual([9]);
    expect(dispatch.stats()).toMatchObject({ due: 1, inFlight: 1 });
  });
});

describe('the window', () => {
  it('holds what the rate and the latency require twice over, and changes with the latency step by step', () => {
    const { clock, dispatch, answer, out } = setUp({ checksPerSecond: 100, limits: { floor: 4, ceiling: 1_000 } });
    // A second is assumed as long as nothing has come back.
    expect(dispatch.stats().window).toBe(201);
    let slot = 0;
    const run = (seconds: number, latencyMs: number) => {
      const began: number[] = [];
      for (let at = 0; at < seconds * 1_000; at += 50) {
        dispatch.due(slots(slot, 5));
        slot += 5;
        while (began.length < out.length) began.push(clock.monotonicMs());
        const over = began.filter((beganMs) => clock.monotonicMs() - beganMs >= latencyMs).length;
        began.splice(0, over);
        answer(over);
        clock.advance(50);
      }
    };
    run(30, 300);
    expect(dispatch.stats().window).toBeGreaterThan(50);
    expect(dispatch.stats().window).toBeLessThan(90);
    run(60, 2_000);
    expect(dispatch.stats().window).toBeGreaterThan(350);
    expect(dispatch.stats().window).toBeLessThan(500);
    expect(dispatch.stats().due).toBe(0);
  });

  it('spreads the first looks of a fleet that nobody ever looked at', () => {
    const { dispatch, out } = setUp({ checksPerSecond: 10_000 / 300, limits: { floor: 64, ceiling: 20_000 } });
    dispatch.due(slots(0, 10_000));
    expect(out.length).toBeLessThan(100);
  });

  it('never leaves its bounds', () => {
    expect(setUp({ checksPerSecond: 1e6 }).dispatch.stats().window).toBe(LIMITS.ceiling);
    expect(setUp({ checksPerSecond: 0 }).dispatch.stats().window).toBe(LIMITS.floor);
  });
});

describe('lateness', () => {
  it('is told of the last minute, from when a look was due', () => {
    const { clock, dispatch, dueMs, answer } = setUp({ limits: { floor: 1_000, ceiling: 1_000 } });
    expect(dispatch.stats().latenessMs).toEqual({ p50: null, p99: null, max: null });
    clock.advance(10_000);
    for (const slot of slots(0, 100)) dueMs.set(slot, clock.monotonicMs() - (slot < 98 ? 5 : 400));
    dispatch.due(slots(0, 100));
    answer(100);
    const { p50, p99, max } = dispatch.stats().latenessMs;
    expect(p50).toBeCloseTo(5, 0);
    expect(p99).toBeGreaterThan(390);
    expect(max).toBeGreaterThan(390);
    clock.advance(45_000);
    dispatch.due([1]);
    expect(dispatch.stats().latenessMs.max).toBeGreaterThan(390);
    clock.advance(61_000);
    expect(dispatch.stats().latenessMs.max).toBeNull();
  });
});
