import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSeenIds } from './seen-ids.ts';

describe('which ids of a log have been seen', () => {
  it('is settled up to the first that is missing', () => {
    const seen = createSeenIds(10n);
    expect([seen.note(11n, 0), seen.note(14n, 0), seen.note(11n, 0)]).toEqual([true, true, false]);
    expect([seen.settled(), seen.top()]).toEqual([11n, 14n]);
    expect(seen.missing()).toMatchObject([{ from: 12n, to: 13n }]);
    seen.note(13n, 5);
    expect(seen.missing()).toMatchObject([{ from: 12n, to: 12n }]);
    seen.note(12n, 5);
    expect(seen.settled()).toBe(14n);
  });

  it('waits for what is missing no longer than it is told to', () => {
    const seen = createSeenIds(0n);
    seen.note(3n, 100);
    seen.note(6n, 200);
    seen.giveUp(100);
    expect(seen.settled()).toBe(3n);
    seen.giveUp(200);
    expect(seen.settled()).toBe(6n);
    expect(seen.note(2n, 300)).toBe(false);
  });

  it('agrees with a plain set, in whatever order ids come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 60 }), (ids) => {
        const seen = createSeenIds(0n);
        const plain = new Set<bigint>();
        for (const id of ids.map(BigInt)) {
          expect(seen.note(id, 0)).toBe(!plain.has(id));
          plain.add(id);
          let settled = 0n;
          while (plain.has(settled + 1n)) settled += 1n;
          expect(seen.settled()).toBe(settled);
          const waited = seen.missing().flatMap(({ from, to }) => {
            const range: bigint[] = [];
            for (let at = from; at <= to; at += 1n) range.push(at);
            return range;
          });
          const absent: bigint[] = [];
          for (let at = 1n; at < seen.top(); at += 1n) if (!plain.has(at)) absent.push(at);
          expect(waited).toEqual(absent);
        }
      }),
    );
  });
});
