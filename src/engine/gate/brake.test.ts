import { describe, expect, it } from 'vitest';
import { marksOf } from '../../../test/kit/gate-world.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { createBrake } from './brake.ts';
import { createSuspects } from './suspects.ts';

const MANY = 60_000;
const idOf = (nth: number) => BigInt(nth + 1) as EndpointId;

describe('the brake', () => {
  it('counts a target once for as long as it fails, however many there are', () => {
    const brake = createBrake(marksOf());
    const allFail = (atMs: number) => {
      brake.reached(atMs);
      for (let nth = 0; nth < MANY; nth += 1) brake.onset(idOf(nth), nth % 100, atMs);
      return brake.evaluate(atMs);
    };
    expect(allFail(0)).toBe('tripped');
    for (let second = 1; second < 61; second += 1) {
      brake.reached(second * 1_000);
      brake.evaluate(second * 1_000);
    }
    expect(brake.isTripped()).toBe(false);
    expect(allFail(61_000)).toBeNull();
    for (let nth = 0; nth < MANY; nth += 1) brake.passed(idOf(nth));
    expect(allFail(62_000)).toBe('tripped');
  });
});

describe('suspects', () => {
  it('are all that were believed a moment ago, however many', () => {
    const suspects = createSuspects();
    for (let nth = 0; nth < MANY; nth += 1) suspects.believed(idOf(nth), 'answered', nth);
    for (let nth = 0; nth < 10; nth += 1) suspects.believed(idOf(MANY + nth), 'silent', MANY);
    const taken = suspects.take(['answered'], MANY);
    expect(taken.length).toBe(40_000);
    expect([taken[0], taken.at(-1)]).toEqual([idOf(20_000), idOf(MANY - 1)]);
    expect(suspects.take(['answered'], MANY)).toEqual([]);
    expect(suspects.take(['silent'], MANY + 40_000)).toHaveLength(10);
  });

  it('are each named once, and forgotten after a while', () => {
    const suspects = createSuspects();
    for (let times = 0; times < 3_000; times += 1) suspects.believed(idOf(times % 2), 'refused', times);
    expect(suspects.take(['refused'], 3_000)).toEqual([idOf(0), idOf(1)]);
    suspects.believed(idOf(1), 'refused', 3_000);
    expect(suspects.take(['refused'], 43_001)).toEqual([]);
  });
});
