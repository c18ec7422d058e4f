import { expect, it } from 'vitest';
import { percentile } from '../statistics.ts';
import { parseLimit } from './descriptors.ts';
import { parseCores } from './program.ts';
import { allRight, saysNothingFalse, verdictsOf } from './row.ts';
import { loopDelayMs } from './stopwatch.ts';
import { createTally } from './tally.ts';
import { urlOf } from './urls.ts';

it('takes a percentile by nearest rank, in whatever order the values come', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile(values, 1)).toBe(100);
  expect(percentile([7], 0.01)).toBe(7);
  expect(percentile([], 0.5)).toBeNaN();
});

it('reads lists of cores as the kernel writes them', () => {
  expect(parseCores('0-2,5, 8-8')).toEqual([0, 1, 2, 5, 8]);
  expect(parseCores('')).toEqual([]);
});

it('reads the limit of descriptors out of what the kernel says', () => {
  const limits =
    'Limit  Soft Limit  Hard Limit  Units\nMax processes   100  200  processes\nMax open files  1024  4096  files\n';
  expect(parseLimit(limits)).toBe(1_024);
  expect(parseLimit('')).toBeNull();
});

it('takes the interval of the histogram out of the delay of a loop', () => {
  expect(loopDelayMs(12_500_000)).toBe(2.5);
  expect(loopDelayMs(9_000_000)).toBe(0);
});

it('never asks for the same page twice, and lets hosts take turns', () => {
  const origins = ['http://127.0.0.1:1', 'http://127.0.0.2:1'];
  expect([0, 1, 2].map((number) => urlOf(origins, number))).toEqual([
    'http://127.0.0.1:1/0',
    'http://127.0.0.2:1/1',
    'http://127.0.0.1:1/2',
  ]);
  expect(urlOf(['https://h{n}.test:1'], 7)).toBe('https://h7.test:1/7');
});

it('counts verdicts, and names the most frequent of the others first', () => {
  const tally = createTally();
  for (const said of ['a', 'b', 'b']) tally.add('wrong', said);
  tally.add('right', 'ok');
  expect(tally.counts()).toEqual({ right: 1, wrong: 3, unknown: 0, instead: ['2 × b', '1 × a'] });
  expect(verdictsOf(tally.counts())).toBe('1 of 4 right, 3 false (2 × b, 1 × a)');
});

it('calls nothing right that is not, and nobody truthful who says nothing', () => {
  const counts = { right: 1_000, wrong: 0, unknown: 0, instead: [] };
  expect([allRight(counts), saysNothingFalse(counts)]).toEqual([true, true]);
  expect([allRight({ ...counts, unknown: 10 }), saysNothingFalse({ ...counts, unknown: 10 })]).toEqual([false, true]);
  expect(saysNothingFalse({ ...counts, unknown: 11 })).toBe(false);
  expect(saysNothingFalse({ ...counts, wrong: 1 })).toBe(false);
  expect([allRight({ ...counts, right: 0 }), saysNothingFalse({ ...counts, right: 0 })]).toEqual([false, false]);
});
