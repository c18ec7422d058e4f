import { describe, expect, it } from 'vitest';
import { rounded } from './timings.ts';

describe('rounded', () => {
  it('keeps a thousandth of a millisecond, and adds no phase that was not there', () => {
    expect(rounded({ tcp: 1.23449, ttfb: 0.0004, total: 1.2345 })).toEqual({ tcp: 1.234, ttfb: 0, total: 1.235 });
    expect(rounded({ total: 7 })).toEqual({ total: 7 });
  });
});
