import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BodyPieces } from './body-pieces.ts';

function gather(lengths: readonly number[]): { passed: Buffer[]; whole: Buffer } {
  const passed: Buffer[] = [];
  const pieces = new BodyPieces((bytes) => passed.push(Buffer.from(bytes)));
  const given = lengths.map((length, index) => Buffer.alloc(length, index));
  for (const piece of given) {
    const bytes = Buffer.from(piece);
    pieces.push(bytes);
    bytes.fill(255);
  }
  pieces.flush();
  pieces.flush();
  return { passed, whole: Buffer.concat(given) };
}

it('passes all bytes on in order, whatever their pieces', () => {
  const lengths = fc.array(fc.oneof(fc.nat({ max: 10 }), fc.nat({ max: 600 }), fc.nat({ max: 5_000 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(lengths, (sizes) => {
      const { passed, whole } = gather(sizes);
      expect(Buffer.concat(passed).equals(whole)).toBe(true);
      expect(passed.every(({ length }) => length > 0 || sizes.includes(0))).toBe(true);
    }),
  );
});

it('makes few pieces of many small ones, and passes a large one as it is', () => {
  expect(gather(Array<number>(10_000).fill(1)).passed.length).toBeLessThan(10);
  expect(gather([5_000, 5_000]).passed.map(({ length }) => length)).toEqual([5_000, 5_000]);
});
