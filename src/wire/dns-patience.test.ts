import { expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createDeadlines } from './deadlines.ts';
import { Patience, type Waiting } from './dns-patience.ts';

function waiting(): Waiting & { ended: number } {
  const one = {
    ended: 0,
    onPatienceEnd() {
      one.ended += 1;
    },
  };
  return one;
}

it('ends each waiting after its time and once, but not one that is done', () => {
  const clock = createFakeClock();
  const patience = new Patience(250, clock, createDeadlines(clock));
  const [early, done, late] = [waiting(), waiting(), waiting()];
  patience.begin(early);
  patience.begin(done);
  clock.advance(100);
  patience.begin(late);
  patience.done(done);
  clock.advance(140);
  expect([early.ended, late.ended]).toEqual([0, 0]);
  clock.advance(20);
  expect([early.ended, done.ended, late.ended]).toEqual([1, 0, 0]);
  clock.advance(1_000);
  expect([early.ended, done.ended, late.ended]).toEqual([1, 0, 1]);
  expect(patience.size).toBe(0);
});

it('sets one timer, however many wait, and none while nobody does', () => {
  const clock = createFakeClock();
  const deadlines = createDeadlines(clock);
  let set = 0;
  const counted = {
    ...deadlines,
    at(atMs: number, run: () => void) {
      set += 1;
      return deadlines.at(atMs, run);
    },
  };
  const patience = new Patience(250, clock, counted);
  for (let index = 0; index < 1_000; index += 1) {
    const one = waiting();
    patience.begin(one);
    patience.done(one);
  }
  expect(set).toBe(1);
  clock.advance(10_000);
  expect(set).toBe(1);
});
