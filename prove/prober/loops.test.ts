import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { blockedLoop } from './blocked-loop.ts';
import { closedLoop, steady, whole } from './closed-loop.ts';
import { dueAfter, measuredNumbers, openLoop } from './open-loop.ts';

it('keeps so many in flight, starts each number once, and measures between its marks', async () => {
  const started: number[] = [];
  let inFlight = 0;
  let most = 0;
  const loop = closedLoop(steady(10, 20, 30), (from, many) => {
    for (let number = from; number < from + many; number += 1) started.push(number);
    inFlight += many;
    most = Math.max(most, inFlight);
  });
  while (inFlight > 0) {
    const ended = Math.min(3, inFlight);
    inFlight -= ended;
    loop.finished(ended);
  }
  expect(started).toEqual(Array.from({ length: 60 }, (_, number) => number));
  expect(most).toBe(10);
  const { checks, cpuMs, wallMs } = await loop.done;
  // Marks are passed in steps of three.
  expect(checks).toBe(30);
  expect(cpuMs).toBeGreaterThanOrEqual(0);
  expect(wallMs).toBeGreaterThan(0);
});

it('offers all at once where as many may be in flight, and measures all of them', async () => {
  const started: [number, number][] = [];
  const loop = closedLoop(whole(5, 5), (from, many) => void started.push([from, many]));
  loop.finished(5);
  expect(started).toEqual([[0, 5]]);
  expect((await loop.done).checks).toBe(5);
});

const OPEN = { perSecond: 100, seconds: 0.5, warmUp: { perSecond: 1_000, seconds: 0.2 } };

it('starts at one rate to warm up and at another to be measured', () => {
  expect([0.1, 0.2, 0.3, 1.7].map((seconds) => dueAfter(seconds, OPEN))).toEqual([100, 200, 210, 350]);
  expect(measuredNumbers(OPEN)).toEqual({ from: 300, to: 350 });
});

it('starts each number once although nothing ends, and measures what comes after the warm-up', async () => {
  const options = { ...OPEN, perSecond: 1_000, seconds: 0.05, warmUp: { perSecond: 1_000, seconds: 0 } };
  let started = 0;
  const loop = openLoop(options, (from, many) => {
    expect(from).toBe(started);
    started += many;
  });
  expect(started).toBe(0);
  while (started < 1_050) await delay(5);
  loop.finished(1_000);
  loop.finished(50);
  expect((await loop.done).checks).toBe(50);
});

it('blocks this thread while what it handed over is in flight', async () => {
  const blockedMs = 40;
  let longestMs = 0;
  let lastMs = performance.now();
  const look = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 1);
  const handedOver: [number, number][] = [];
  const loop = blockedLoop({ times: 2, many: 3, blockMs: blockedMs }, (from, many) => {
    handedOver.push([from, many]);
    setTimeout(() => loop.finished(many), 120);
  });
  expect((await loop.done).checks).toBe(6);
  clearInterval(look);
  expect(handedOver).toEqual([[0, 3], [3, 3]]); // biome-ignore format: two batches on one line
  expect(longestMs).toBeGreaterThanOrEqual(blockedMs);
});
