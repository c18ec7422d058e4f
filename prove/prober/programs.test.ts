import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { whole } from './closed-loop.ts';
import { startProgram } from './program.ts';
import { runOurs, runYardstick, type Stage, startTarget } from './stage.ts';

const { signal } = new AbortController();
let stage: Stage;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jetmon2-stage-'));
  stage = { folder, long: false, rounds: null, signal, progress: () => {} };
});

afterAll(() => rm(stage.folder, { recursive: true }));

it('the yardstick gets the whole page each time, and the target counts what was asked of it', async () => {
  const target = await startTarget(stage, { keys: null, bytes: 2_000, delayMs: 0 });
  try {
    const { counts, cpuUsPerCheck } = await runYardstick(stage, target, whole(5, 40));
    expect(counts).toEqual({ right: 40, wrong: 0, unknown: 0, instead: [] });
    expect(cpuUsPerCheck).toBeGreaterThan(0);
    expect((await target.stats()).requests).toBe(40);
  } finally {
    await target.stop();
  }
});

it('both clients verify chain and name, and do all the work of a check', async () => {
  const target = await startTarget(stage, { keys: 'ecdsa', bytes: 2_000, delayMs: 0 });
  try {
    const right = { right: 20, wrong: 0, unknown: 0, instead: [] };
    expect((await runYardstick(stage, target, whole(5, 20))).counts).toEqual(right);
    const ours = await runOurs(stage, target, { work: { kind: 'closed', loop: whole(5, 20) } });
    expect(ours.counts).toEqual(right);
    expect(ours.threadDeaths).toBe(0);
    const wrongCa = { ...target, impostor: target.origins[0] ?? null };
    await expect(runYardstick(stage, wrongCa, whole(1, 1))).rejects.toThrow('the impostor was not refused');
  } finally {
    await target.stop();
  }
});

it('a slow target says how long it took, and a check is held against that', async () => {
  const target = await startTarget(stage, { keys: null, bytes: 2_000, delayMs: 20 });
  try {
    const loop = { perSecond: 100, seconds: 0.4, warmUp: { perSecond: 50, seconds: 0.1 } };
    const { ttfbError } = await runOurs(stage, target, { work: { kind: 'open', loop }, measuresTtfb: true });
    // Where this machine paused, nothing is told.
    expect((ttfbError?.of ?? 0) + (ttfbError?.untimed ?? 0)).toBe(40);
    expect(ttfbError?.of).toBeGreaterThan(0);
    expect(ttfbError?.p50Ms).toBeGreaterThanOrEqual(0);
  } finally {
    await target.stop();
  }
});

it('a program that fails says why', async () => {
  const program = startProgram({ file: 'yardstick.ts', input: {}, core: 'any', limitMs: 20_000, signal });
  await expect(program.next()).rejects.toThrow(/yardstick\.ts ended with code 1: .*TypeError/);
  await program.stop();
});
