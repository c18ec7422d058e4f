import { describe, expect, it } from 'vitest';
import { createSlices } from './slices.ts';

function setUp(isCostly: (item: number) => boolean) {
  const worked: number[] = [];
  const announced: (() => void)[] = [];
  let done = 0;
  const slices = createSlices<number>({
    work(item) {
      worked.push(item);
      return isCostly(item);
    },
    done: (items) => {
      done += items;
    },
    later: (run) => void announced.push(run),
  });
  const turn = () => {
    for (const run of announced.splice(0)) run();
  };
  return { slices, worked, turn, done: () => done, announced };
}

const numbers = (from: number, count: number) => Array.from({ length: count }, (_, at) => from + at);

describe('results', () => {
  it('that are cheap are worked off at once, however many', () => {
    const { slices, worked, announced } = setUp(() => false);
    slices.take(numbers(0, 5_000));
    expect(worked).toHaveLength(5_000);
    expect(announced).toHaveLength(0);
  });

  it('that are costly leave room for others between two slices, in the order they came', () => {
    const { slices, worked, turn, done } = setUp(() => true);
    slices.take(numbers(0, 20));
    slices.take(numbers(20, 20));
    expect(worked).toEqual(numbers(0, 16));
    expect(slices.waiting()).toBe(24);
    turn();
    expect(worked).toEqual(numbers(0, 32));
    turn();
    expect(worked).toEqual(numbers(0, 40));
    expect(done()).toBe(40);
    turn();
    slices.take([7]);
    expect(worked.at(-1)).toBe(7);
  });

  it('that wait at the end are worked off then', () => {
    const { slices, worked, turn } = setUp(() => true);
    slices.take(numbers(0, 1_000));
    slices.finish();
    expect(worked).toEqual(numbers(0, 1_000));
    turn();
    expect(worked).toHaveLength(1_000);
  });
});
