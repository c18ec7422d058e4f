import { getPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { takePrecedence } from './precedence.ts';

const MODULE = new URL('./precedence.ts', import.meta.url).href;

/** What a thread of its own says after it moved by so many steps; backwards needs no permission. */
function moved(steps: number): Promise<{ isMoved: boolean; by: number }> {
  const code = `
    const { getPriority } = require('node:os');
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(({ takePrecedence }) => {
      const before = getPriority(0);
      const isMoved = takePrecedence(workerData.steps);
      parentPort.postMessage({ isMoved, by: getPriority(0) - before });
    });`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(code, { eval: true, workerData: { module: MODULE, steps } });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

describe('precedence', () => {
  it.runIf(process.platform === 'linux')('is that of the thread that takes it, and of no other', async () => {
    const before = getPriority();
    expect(await moved(-1)).toEqual({ isMoved: true, by: 1 });
    expect(getPriority()).toBe(before);
  });

  it.runIf(process.platform === 'linux')('is taken where it is allowed, and does no harm where it is not', async () => {
    const { isMoved, by } = await moved(1);
    expect(by).toBe(isMoved ? -1 : 0);
  });

  it('is left alone where it would be that of the whole process', () => {
    const before = getPriority();
    expect(takePrecedence(-1, 'darwin')).toBe(false);
    expect(getPriority()).toBe(before);
  });
});
