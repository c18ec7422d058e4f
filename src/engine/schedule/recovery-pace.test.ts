import { describe, expect, it } from 'vitest';
import { recoveryWaitMs } from './recovery-pace.ts';

const MINUTE = 60_000;

describe('the wait until the next look for recovery', () => {
  it('is what was wanted while few fail', () => {
    expect(recoveryWaitMs(15_000, { recovering: 3_000, checksPerSecond: 10, intervalMs: 5 * MINUTE })).toBe(15_000);
  });

  it('is stretched so that all of them make no more looks than the fleet is used to', () => {
    const load = { recovering: 100_000, checksPerSecond: 1_000, intervalMs: 5 * MINUTE };
    expect(recoveryWaitMs(15_000, load)).toBe(100_000);
  });

  it('never lets one be looked at less often than by its interval', () => {
    const load = { recovering: 1_000_000, checksPerSecond: 1_000, intervalMs: 5 * MINUTE };
    expect(recoveryWaitMs(15_000, load)).toBe(5 * MINUTE);
    expect(recoveryWaitMs(15_000, { ...load, intervalMs: 5_000 })).toBe(15_000);
  });
});
