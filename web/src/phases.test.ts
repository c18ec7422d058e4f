import { describe, expect, it } from 'vitest';
import { scaleOf, segmentsOf } from './phases.ts';

describe('the parts of a bar', () => {
  it('stand in order of time, each from the end of the one before, on the scale', () => {
    const parts = segmentsOf({ dns: 10, tcp: 20, tls: 30, ttfb: 35, body: 5, total: 100 }, 200);
    expect(parts.map(({ phase, from, width }) => [phase, from, width])).toEqual([
      ['dns', 0, 50],
      ['tcp', 50, 100],
      ['tls', 150, 150],
      ['ttfb', 300, 175],
      ['body', 475, 25],
    ]);
  });

  it('leave out phases that did not finish and show the time beyond them', () => {
    const parts = segmentsOf({ dns: 5, total: 1005 }, 1005);
    expect(parts.map(({ phase, ms }) => [phase, ms])).toEqual([
      ['dns', 5],
      ['other', 1000],
    ]);
  });

  it('show the sending and the headers only where they took time', () => {
    const shown = (sent: number, headers: number) => {
      const rest = 100 - sent - headers;
      return segmentsOf({ sent, ttfb: rest, headers, body: 0, total: 100 }, 100).map(({ phase }) => phase);
    };
    expect(shown(0.2, 0.1)).toEqual(['ttfb', 'body']);
    expect(shown(20, 30)).toEqual(['sent', 'ttfb', 'headers', 'body']);
  });

  it('are those that were measured, when a pause of the server left the whole unknown', () => {
    const parts = segmentsOf({ dns: 10, tcp: 30 }, 80);
    expect(parts.map(({ phase, from, width }) => [phase, from, width])).toEqual([
      ['dns', 0, 125],
      ['tcp', 125, 375],
    ]);
    expect(segmentsOf({}, 80)).toEqual([]);
  });

  it('are never wider than the bar, however slow the probe', () => {
    const parts = segmentsOf({ dns: 100, ttfb: 900, total: 1000 }, 50);
    expect(parts.reduce((sum, { width }) => sum + width, 0)).toBeCloseTo(1000);
  });

  it('are none for a probe without times, and odd numbers break nothing', () => {
    expect(segmentsOf({ total: 0 }, 10)).toEqual([]);
    expect(segmentsOf({ dns: -1, tcp: Number.NaN, total: 0 }, 10)).toEqual([]);
  });
});

describe('the common scale', () => {
  it('is a round number that three quarters of the probes fit in', () => {
    expect(scaleOf([69, 169, 240, 240])).toBe(300);
    expect(scaleOf([100])).toBe(100);
    expect(scaleOf([101])).toBe(150);
  });

  it('is not stretched by the few that are slow', () => {
    expect(scaleOf([40, 45, 50, 10_000])).toBe(50);
  });

  it('has a floor, so that loopback sites do not fill it with noise', () => {
    expect(scaleOf([])).toBe(10);
    expect(scaleOf([0.3])).toBe(10);
  });
});
