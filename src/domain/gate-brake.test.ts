import { describe, expect, it } from 'vitest';
import { createBrakeCounts } from './gate-brake.ts';

function brakeWith({ looks = 0, onsets = [] as number[], atMs = 0 }) {
  const counts = createBrakeCounts();
  for (let nth = 0; nth < looks; nth += 1) counts.looked(atMs);
  onsets.forEach((of, network) => {
    for (let nth = 0; nth < of; nth += 1) counts.onset(network, atMs);
  });
  return counts;
}

describe('the brake', () => {
  it('holds beyond 20 onsets in five networks', () => {
    expect(brakeWith({ onsets: [4, 4, 4, 4, 4] }).holds(0)).toBe(false);
    expect(brakeWith({ onsets: [5, 4, 4, 4, 4] }).holds(0)).toBe(true);
  });

  it('holds beyond 5 % of what was looked at, where that is more', () => {
    expect(brakeWith({ looks: 1_000, onsets: [10, 10, 10, 10, 10] }).holds(0)).toBe(false);
    expect(brakeWith({ looks: 1_000, onsets: [11, 10, 10, 10, 10] }).holds(0)).toBe(true);
  });

  it('does not hold for four networks, however many fail there', () => {
    expect(brakeWith({ onsets: [500, 500, 500, 500] }).holds(0)).toBe(false);
  });

  it('does not hold for one big host beside a few others that fail by themselves', () => {
    expect(brakeWith({ looks: 2_000, onsets: [1_000, 1, 1, 2, 1, 3, 1] }).holds(0)).toBe(false);
  });

  it('forgets after half a minute, second by second', () => {
    const counts = brakeWith({ looks: 40, onsets: [5, 5, 5, 5, 5] });
    expect(counts.holds(29_999)).toBe(true);
    expect(counts.counts(29_999)).toEqual({ looks: 40, onsets: 25, networks: 5 });
    expect(counts.holds(30_000)).toBe(false);
    expect(counts.counts(30_000)).toEqual({ looks: 0, onsets: 0, networks: 0 });
  });

  it('counts right over any pause, and when time seems to run backwards', () => {
    const counts = brakeWith({ onsets: [1], atMs: 5_000 });
    counts.onset(2, 3_000);
    expect(counts.counts(5_000).onsets).toBe(2);
    counts.onset(3, 10_000_000);
    expect(counts.counts(10_000_000)).toEqual({ looks: 0, onsets: 1, networks: 1 });
  });

  it('stays small in a world of very many networks', () => {
    const counts = createBrakeCounts();
    for (let network = 0; network < 20_000; network += 1) counts.onset(network, 0);
    expect(counts.counts(0)).toMatchObject({ onsets: 20_000, networks: 8_193 });
    expect(counts.counts(60_000)).toEqual({ looks: 0, onsets: 0, networks: 0 });
  });
});
