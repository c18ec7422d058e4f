import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createByteReader, createByteWriter } from './bytes.ts';

const MAX_SIGNED = 2 ** 52 - 1;

describe('numbers as bytes', () => {
  it('come back as they were, in order', () => {
    const number = fc.oneof(fc.nat(300), fc.maxSafeNat(), fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1));
    fc.assert(
      fc.property(fc.array(number), fc.array(fc.integer({ min: -MAX_SIGNED, max: MAX_SIGNED })), (plain, signed) => {
        const writer = createByteWriter(1);
        for (const value of plain) writer.unsigned(value);
        for (const value of signed) writer.signed(value);
        const reader = createByteReader(writer.take());
        expect(plain.map(() => reader.unsigned())).toEqual(plain);
        // There is no negative zero in bytes.
        expect(signed.map(() => reader.signed() + 0)).toEqual(signed.map((value) => value + 0));
        expect(reader.left()).toBe(0);
      }),
    );
  });

  it('take a byte while they are below 128, or between -64 and 63', () => {
    const sizeOf = (write: (writer: ReturnType<typeof createByteWriter>) => void) => {
      const writer = createByteWriter();
      write(writer);
      return writer.length();
    };
    expect([127, 128, 16_383, 16_384].map((value) => sizeOf((to) => to.unsigned(value)))).toEqual([1, 2, 2, 3]);
    expect([-64, 63, -65, 64].map((value) => sizeOf((to) => to.signed(value)))).toEqual([1, 1, 2, 2]);
  });

  it('that are cut short or too long are refused, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const reader = createByteReader(bytes);
        try {
          while (reader.left() > 0) expect(Number.isSafeInteger(reader.unsigned())).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
    expect(() => createByteReader(new Uint8Array([1, 2])).bytes(3)).toThrow(RangeError);
    expect(() => createByteReader(new Uint8Array(12).fill(255)).unsigned()).toThrow(RangeError);
  });
});
