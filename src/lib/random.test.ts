import { expect, it } from 'vitest';
import { createPooledRandom, systemRandom } from './random.ts';

/** Fills with 1, 2, 3 ... and so on from where the last call ended. */
function counting() {
  let next = 0;
  const fills: number[] = [];
  const random = createPooledRandom((into) => {
    fills.push(into.length);
    for (let at = 0; at < into.length; at += 1) into[at] = ++next % 251;
  });
  return { random, fills };
}

it('every byte of the generator is handed out once, in its order, until a request is longer than what is left', () => {
  const { random, fills } = counting();
  const found = Array.from({ length: 1_024 }, () => [...random.bytes(16)]).flat();
  expect(fills).toEqual([8_192, 8_192]);
  expect(found).toEqual(Array.from({ length: 16_384 }, (_, at) => (at + 1) % 251));
  const [before] = random.bytes(100);
  expect(random.bytes(100)[0]).not.toBe(before);
});

it('more than is asked for at a time comes from the generator itself', () => {
  const { random, fills } = counting();
  expect(random.bytes(10_000)).toHaveLength(10_000);
  expect(fills).toEqual([10_000]);
  expect(random.bytes(0)).toHaveLength(0);
});

it('what was handed out is of whoever asked for it', () => {
  const one = systemRandom.bytes(32);
  const copy = [...one];
  for (let times = 0; times < 1_000; times += 1) systemRandom.bytes(32);
  expect([...one]).toEqual(copy);
  expect(one.byteOffset).toBe(0);
  expect(one.buffer.byteLength).toBe(32);
});
