import { describe, expect, it } from 'vitest';
import { formatSeconds, parseDuration } from './duration.ts';

describe('a span of time', () => {
  it('is read with a unit, or as seconds without one', () => {
    expect(['30s', '5m', '1h', '2d', '45', ' 10s '].map(parseDuration)).toEqual([30, 300, 3_600, 172_800, 45, 10]);
  });

  it('is refused when it is anything else', () => {
    for (const text of ['', 's', '-5s', '1.5m', '5 m', '1w', '1e3', '99999999s'])
      expect(parseDuration(text)).toBeNull();
  });

  it('is written in its largest whole unit', () => {
    expect([30, 90, 300, 7_200, 86_400].map(formatSeconds)).toEqual(['30 s', '90 s', '5 min', '2 h', '1 d']);
  });
});
