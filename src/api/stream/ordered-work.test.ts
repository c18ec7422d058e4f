import { describe, expect, it, vi } from 'vitest';
import { createOrderedWork } from './ordered-work.ts';

describe('createOrderedWork', () => {
  it('keeps the order although some work takes longer', async () => {
    const done: number[] = [];
    const work = createOrderedWork(10, () => expect.unreachable());
    for (const turns of [3, 0, 1]) {
      work.add(async () => {
        for (let n = 0; n < turns; n += 1) await new Promise((resolve) => setImmediate(resolve));
        done.push(turns);
      });
    }
    await vi.waitFor(() => expect(done).toEqual([3, 0, 1]));
  });

  it('goes on after a failure and tells of it', async () => {
    const failed = vi.fn();
    const next = vi.fn(async () => {});
    const work = createOrderedWork(10, failed);
    work.add(() => Promise.reject(new Error('no')));
    work.add(next);
    await vi.waitFor(() => expect(next).toHaveBeenCalled());
    expect(failed).toHaveBeenCalledOnce();
  });

  it('takes on no more than may wait, and more again later', async () => {
    const work = createOrderedWork(2, () => {});
    expect([1, 2, 3].map(() => work.add(async () => {}))).toEqual([true, true, false]);
    await vi.waitFor(() => expect(work.add(async () => {})).toBe(true));
  });
});
