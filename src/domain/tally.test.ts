import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bucketOf, count, type Histogram, percentiles } from './histogram.ts';
import { createTally } from './tally.ts';

const values = fc.oneof(fc.nat(200), fc.nat(100_000), fc.nat(2 ** 31 - 1));

it('a tally is the histogram of what was added, in any order and any number at once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(values, fc.integer({ min: 1, max: 9 }))), (added) => {
      const tally = createTally();
      const plain: Histogram = new Map();
      for (const [value, times] of added) {
        tally.add(bucketOf(value), times);
        count(plain, bucketOf(value), times);
      }
      expect(tally.histogram()).toEqual(plain);
      const shares = [0, 0.5, 0.99, 1];
      expect(percentiles(tally.histogram(), shares)).toEqual(percentiles(plain, shares));
    }),
  );
});
