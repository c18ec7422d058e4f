import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createQueue } from './queue.ts';

describe('a queue', () => {
  it('gives items back in the order they came, whatever the order of pushes and shifts', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat())), (steps) => {
        const queue = createQueue<number>();
        const model: number[] = [];
        for (const step of steps) {
          if (step === null) expect(queue.shift()).toBe(model.shift());
          else {
            queue.push(step);
            model.push(step);
          }
          expect(queue.size()).toBe(model.length);
        }
        while (model.length > 0) expect(queue.shift()).toBe(model.shift());
        expect(queue.shift()).toBeUndefined();
      }),
    );
  });

  it('stays as small as its backlog under steady load, in which it never runs empty', () => {
    const queue = createQueue<number>();
    for (let index = 0; index < 10; index += 1) queue.push(index);
    const before = liveHeapBytes();
    for (let index = 0; index < 2_000_000; index += 1) {
      queue.push(10 + index);
      if (queue.shift() !== index) expect.unreachable();
    }
    // Kept, two million slots are 16 MB and more.
    expect(liveHeapBytes() - before).toBeLessThan(4_000_000);
    expect(queue.size()).toBe(10);
  });
});

function liveHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
