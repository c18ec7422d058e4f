import { expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createDnsCache } from './dns-cache.ts';

it('keeps a value until its time is over, and for half a minute at most', () => {
  const clock = createFakeClock();
  const cache = createDnsCache<string>(clock);
  cache.put('short', 'a', 2);
  cache.put('long', 'b', 3_600);
  cache.put('none', 'c', 0);
  expect([cache.get('short'), cache.get('long'), cache.get('none')]).toEqual(['a', 'b', undefined]);
  clock.advance(2_000);
  expect([cache.get('short'), cache.get('long')]).toEqual([undefined, 'b']);
  clock.advance(28_000);
  expect(cache.get('long')).toBeUndefined();
});

it('keeps the newest value of a name, wherever the older one was', () => {
  const cache = createDnsCache<number>(createFakeClock(), 4);
  cache.put('a', 1, 9);
  cache.put('b', 1, 9);
  cache.put('c', 1, 9);
  cache.put('a', 2, 9);
  expect(cache.get('a')).toBe(2);
});

it('never holds more than its limit, and forgets what was learned longest ago', () => {
  const cache = createDnsCache<number>(createFakeClock(), 100);
  for (let index = 0; index < 1_000; index += 1) {
    cache.put(`name${index}`, index, 9);
    expect(cache.size()).toBeLessThanOrEqual(100);
    expect(cache.get(`name${index}`)).toBe(index);
    if (index >= 50) expect(cache.get(`name${index - 49}`)).toBe(index - 49);
  }
  expect(cache.get('name0')).toBeUndefined();
});
