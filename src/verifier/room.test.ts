import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRoom } from './room.ts';

const limits = { requests: 8, batch: 10, questions: () => 80 };

describe('the room of a verifier', () => {
  it('is shared by sites that may hang up to three quarters, of requests and of questions', () => {
    const many = createRoom(limits);
    for (let request = 0; request < 6; request += 1) many.take(true, 1);
    expect(many.forRequest(true, 1)).toBe(0);
    expect(many.forRequest(false, 10)).toBe(10);
    const large = createRoom(limits);
    large.take(true, 60);
    expect(large.forRequest(true, 1)).toBe(0);
    expect(large.forRequest(false, 10)).toBe(10);
  });

  it('is all of it for the others, which leave none', () => {
    const room = createRoom(limits);
    room.take(false, 80);
    expect(room.forRequest(false, 1)).toBe(0);
    expect(room.forRequest(true, 1)).toBe(0);
  });

  it('is not given in bits, but to the first of a kind', () => {
    const room = createRoom(limits);
    expect(room.forRequest(false, 100)).toBe(80);
    room.take(false, 75);
    expect(room.forRequest(false, 10)).toBe(0);
    expect(room.forRequest(true, 10)).toBe(5);
  });

  it('is never overdrawn, and empty again when all that went out is over', () => {
    const asks = fc.array(fc.record({ mayHang: fc.boolean(), size: fc.integer({ min: 1, max: 40 }) }));
    fc.assert(
      fc.property(asks, (asked) => {
        const room = createRoom(limits);
        const ends: (() => void)[] = [];
        let sum = 0;
        for (const { mayHang, size } of asked) {
          const given = room.forRequest(mayHang, size);
          expect(given).toBeLessThanOrEqual(size);
          if (given === 0) continue;
          sum += given;
          ends.push(room.take(mayHang, given));
          expect(sum).toBeLessThanOrEqual(80);
          expect(ends.length).toBeLessThanOrEqual(8);
        }
        for (const end of ends) end();
        expect(room.forRequest(false, 80)).toBe(80);
        expect(room.forRequest(true, 60)).toBe(60);
      }),
    );
  });
});
