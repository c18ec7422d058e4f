import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../test/kit/seeded.ts';
import { createByteReader, createByteWriter } from '../lib/bytes.ts';
import {
  bucketOf,
  count,
  type Histogram,
  mergeInto,
  middleOf,
  percentiles,
  readHistogram,
  writeHistogram,
} from './histogram.ts';

const random = seeded(7);
const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Milliseconds with fraction, as they are measured. */
const DISTRIBUTIONS: Readonly<Record<string, () => number>> = {
  even: () => random() * 2_000,
  'under 4 ms': () => 0.4 + random() * 3,
  'log-normal': () => Math.exp(5 + 0.8 * normal()),
  'on two humps': () => (random() < 0.7 ? 40 + 3 * normal() : 900 + 50 * normal()),
  'long of tail': () => 20 / (1 - random()) ** 1.3,
  constant: () => 250,
};
const SHARES = [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

function histogramOf(values: readonly number[]): Histogram {
  const histogram: Histogram = new Map();
  for (const value of values) count(histogram, bucketOf(value));
  return histogram;
}

const values = fc.array(fc.oneof(fc.nat(200), fc.nat(100_000), fc.nat(2 ** 31 - 1)));

describe('a percentile', () => {
  it.each(Object.keys(DISTRIBUTIONS))('of values that are %s is within 1 %% or 0.05 ms of the exact one', (name) => {
    const draw = DISTRIBUTIONS[name] ?? Math.random;
    for (const size of [1, 2, 60, 10_000]) {
      const exact = Array.from({ length: size }, () => Math.max(0, draw())).sort((a, b) => a - b);
      const told = percentiles(histogramOf(exact.map((ms) => Math.round(ms * 10))), SHARES);
      for (const [index, share] of SHARES.entries()) {
        const place = Math.min(Math.max(Math.trunc(share * size + 0.5), 1), size);
        const want = exact[place - 1] ?? Number.NaN;
        const got = (told[index] ?? Number.NaN) / 10;
        expect(Math.abs(got - want), `${share} of ${size}: ${got} for ${want}`).toBeLessThanOrEqual(
          Math.max(0.01 * want, 0.05 + 1e-9),
        );
      }
    }
  });

  it('of nothing is null', () => {
    expect(percentiles(new Map(), [0.5, 1])).toEqual([null, null]);
  });
});

describe('a bucket', () => {
  it('holds its own middle, is in order, and is never wider than 1.6 % of what it holds', () => {
    let before = -1;
    for (let bucket = 0; bucket <= bucketOf(2 ** 31 - 1); bucket++) {
      expect(bucketOf(Math.floor(middleOf(bucket)))).toBe(bucket);
      expect(middleOf(bucket)).toBeGreaterThan(before);
      before = middleOf(bucket);
    }
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), (value) => {
        expect(Math.abs(middleOf(bucketOf(value)) - value)).toBeLessThanOrEqual(value / 128);
      }),
    );
  });

  it('takes what is out of range at the nearest end', () => {
    expect(bucketOf(-5)).toBe(0);
    expect(bucketOf(2 ** 40)).toBe(bucketOf(2 ** 31 - 1));
  });
});

describe('merging', () => {
  it('gives the histogram of all values together', () => {
    fc.assert(
      fc.property(values, values, (some, others) => {
        const merged = histogramOf(some);
        mergeInto(merged, histogramOf(others));
        expect(merged).toEqual(histogramOf([...some, ...others]));
      }),
    );
  });
});

describe('a histogram as bytes', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(values, (all) => {
        const writer = createByteWriter();
        writeHistogram(writer, histogramOf(all));
        expect(readHistogram(createByteReader(writer.take()))).toEqual(histogramOf(all));
      }),
    );
  });

  it('that is damaged is refused or read, and never runs on', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readHistogram(createByteReader(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});
