import { describe, expect, it } from 'vitest';
import { STATES, severityOf } from './state.ts';

describe('states', () => {
  it('carry the public labels, exactly', () => {
    const labels = ['Up', 'Warning', 'Degraded', 'Seems Down', 'Down', 'Paused', 'Maintenance', 'Unknown'];
    expect([...STATES].sort()).toEqual(labels.sort());
  });

  it('are ordered by severity from an advisory to a confirmed outage', () => {
    const ordered = (['Up', 'Warning', 'Degraded', 'Seems Down', 'Down'] as const).map(severityOf);
    expect(ordered).toEqual([0, 1, 2, 3, 4]);
  });

  it('that are no trouble of the site weigh nothing', () => {
    for (const state of ['Paused', 'Maintenance', 'Unknown'] as const) expect(severityOf(state)).toBe(0);
  });

  it('have whole severities that fit one byte', () => {
    for (const state of STATES) {
      expect(Number.isInteger(severityOf(state))).toBe(true);
      expect(severityOf(state)).toBeGreaterThanOrEqual(0);
      expect(severityOf(state)).toBeLessThanOrEqual(255);
    }
  });
});
