import { describe, expect, it } from 'vitest';
import { allHold, uncovered } from './intervals.ts';

const window = { fromMs: 10, toMs: 20 };
const span = (fromMs: number, toMs: number | null) => ({ fromMs, toMs });

describe('what is uncovered', () => {
  it('is the whole window where nothing is, and nothing where all is', () => {
    expect(uncovered(window, [])).toEqual([window]);
    expect(uncovered(window, [span(0, null)])).toEqual([]);
    expect(uncovered(window, [span(0, 10), span(20, 30)])).toEqual([window]);
  });

  it('lies between intervals that overlap and come in any order', () => {
    expect(uncovered(window, [span(16, 18), span(12, 14), span(13, 15), span(5, 11)])).toEqual([
      span(11, 12),
      span(15, 16),
      span(18, 20),
    ]);
  });
});

it('all hold where every list does', () => {
  expect(allHold(window, [])).toEqual([window]);
  expect(allHold(window, [[span(0, 15)], [span(12, null)]])).toEqual([span(12, 15)]);
  expect(allHold(window, [[span(0, 15)], []])).toEqual([]);
});
