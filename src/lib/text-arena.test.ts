import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTextArena } from './text-arena.ts';

describe('an arena of texts', () => {
  it('gives back what was put, whatever the characters and the length', () => {
    const arena = createTextArena();
    const texts = ['', 'a', 'https://site.example/', 'ä', '日本語 \u{1F600}', 'x'.repeat(60_000), 'y'.repeat(200_000)];
    const numbers = texts.map((text) => arena.put(0, text));
    expect(new Set(numbers).size).toBe(texts.length);
    expect(numbers).not.toContain(0);
    expect(numbers.map(arena.get)).toEqual(texts);
    for (const [index, number] of numbers.entries()) {
      for (const [other, text] of texts.entries()) expect(arena.equals(number, text)).toBe(index === other);
    }
  });

  it('takes a part of a text, and compares with one', () => {
    const arena = createTextArena();
    const page = 'https://a.example/https://ü.example/';
    const numbers = [arena.put(0, page, 0, 18), arena.put(0, page, 18)];
    expect(numbers.map(arena.get)).toEqual(['https://a.example/', 'https://ü.example/']);
    expect(arena.equals(numbers[0] ?? 0, page, 0, 18)).toBe(true);
    expect(arena.equals(numbers[0] ?? 0, page, 18)).toBe(false);
    expect(arena.equals(numbers[1] ?? 0, page, 18)).toBe(true);
  });

  it('does not grow while texts change', () => {
    const arena = createTextArena();
    const numbers = Array.from({ length: 10_000 }, (_, index) => arena.put(0, `https://site-${index}.example/`));
    for (let round = 0; round < 50; round++) {
      for (const [index, number] of numbers.entries()) {
        if (index % 3 === 0) arena.drop(number);
      }
      for (const [index, number] of numbers.entries()) {
        const text = `https://${'x'.repeat((index + round) % 40)}.example/${index}`;
        numbers[index] = arena.put(index % 3 === 0 ? 0 : number, text);
      }
    }
    expect(arena.reserved()).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(arena.get(numbers[99] ?? 0)).toBe(`https://${'x'.repeat((99 + 49) % 40)}.example/99`);
  });

  it('keeps texts apart, whatever comes, changes and goes', () => {
    const text = fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 40 }));
    const step = fc.record({ place: fc.nat(9), text: fc.oneof(fc.constant(null), text) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const arena = createTextArena();
        const model = new Map<number, { number: number; text: string }>();
        for (const drawn of steps) {
          const before = model.get(drawn.place);
          if (drawn.text !== null) {
            model.set(drawn.place, { number: arena.put(before?.number ?? 0, drawn.text), text: drawn.text });
          } else if (before !== undefined) {
            arena.drop(before.number);
            model.delete(drawn.place);
          }
          const kept = [...model.values()];
          expect(kept.map(({ number }) => arena.get(number))).toEqual(kept.map(({ text: wanted }) => wanted));
        }
      }),
    );
  });
});
