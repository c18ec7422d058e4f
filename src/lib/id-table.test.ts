import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createIdTable } from './id-table.ts';

const MAX = 2n ** 63n - 1n;

describe('a table of ids', () => {
  it('keeps ids exact to their last bit', () => {
    const table = createIdTable();
    const ids = [0n, 1n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n, MAX - 1n, MAX, -1n, -(2n ** 63n)];
    const slots = ids.map((id) => table.add(id));
    expect(slots).toEqual(ids.map((_, index) => index));
    expect(ids.map((id) => table.find(id))).toEqual(slots);
    expect(slots.map((slot) => table.idAt(slot))).toEqual(ids);
    expect(table.findHalves(1, 2 ** 21)).toBe(table.find(2n ** 53n + 1n));
    expect(table.find(2n)).toBe(-1);
  });

  it('gives the slot that became free last', () => {
    const table = createIdTable();
    for (const id of [10n, 11n, 12n]) table.add(id);
    table.remove(0);
    table.remove(1);
    expect([table.add(20n), table.add(21n), table.add(22n)]).toEqual([1, 0, 3]);
    expect(table.extent()).toBe(4);
    expect(table.find(10n)).toBe(-1);
  });

  it('refuses to free a slot that nobody has', () => {
    const table = createIdTable();
    table.add(5n);
    table.remove(0);
    expect(() => table.remove(0)).toThrow(RangeError);
    expect(() => table.remove(9)).toThrow(RangeError);
  });

  it('finds what a map finds, whatever comes and goes', () => {
    const id = fc.oneof(fc.bigInt({ min: 0n, max: 40n }), fc.bigInt({ min: MAX - 40n, max: MAX }));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), id), { maxLength: 400 }), (steps) => {
        const table = createIdTable();
        const model = new Map<bigint, number>();
        for (const [isAdded, wanted] of steps) {
          const slot = model.get(wanted);
          expect(table.find(wanted)).toBe(slot ?? -1);
          if (isAdded && slot === undefined) {
            const given = table.add(wanted);
            expect([...model.values()]).not.toContain(given);
            model.set(wanted, given);
          } else if (!isAdded && slot !== undefined) {
            table.remove(slot);
            model.delete(wanted);
          }
          expect(table.size()).toBe(model.size);
        }
        for (const [known, slot] of model) expect(table.find(known)).toBe(slot);
        expect(table.extent()).toBeLessThanOrEqual(steps.length);
      }),
    );
  });

  it('finds all of a hundred thousand, half of them removed', () => {
    const table = createIdTable();
    for (let id = 1n; id <= 100_000n; id++) table.add(id * 3n);
    for (let id = 1n; id <= 100_000n; id += 2n) table.remove(table.find(id * 3n));
    for (let id = 1n; id <= 100_000n; id++) expect(table.find(id * 3n) === -1).toBe(id % 2n === 1n);
    expect(table.size()).toBe(50_000);
  });
});
