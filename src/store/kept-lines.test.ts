import { describe, expect, it } from 'vitest';
import type { EventId, SiteId } from '../domain/ids.ts';
import { createKeptLines, type TimeLine } from './kept-lines.ts';

const site = (id: number) => BigInt(id) as SiteId;
const line = (id: number, version = 1): TimeLine => ({
  eventId: BigInt(id) as EventId,
  endpointId: null,
  checkType: 'http',
  startedAtMs: id,
  endedAtMs: null,
  isDeclared: false,
  intervals: [],
  version,
});

describe('lines that are kept', () => {
  it('are by id, the newest version of each, whatever order they came in', () => {
    const kept = createKeptLines();
    kept.keep(site(1), [line(3), line(5), line(9)]);
    kept.keep(site(1), [line(1), line(5, 2), line(7)]);
    expect(kept.of(site(1))).toEqual([line(1), line(3), line(5, 2), line(7), line(9)]);
    kept.keep(site(1), []);
    expect(kept.size()).toBe(5);
    expect(kept.of(site(2))).toEqual([]);
  });

  it('are never more than there is room for, and those of the site asked for longest ago go first', () => {
    const kept = createKeptLines(4);
    kept.keep(site(1), [line(1), line(2)]);
    kept.keep(site(2), [line(3), line(4)]);
    kept.keep(site(1), []);
    kept.keep(site(3), [line(5)]);
    expect([1, 2, 3].map((id) => kept.of(site(id)).length)).toEqual([2, 0, 1]);
    kept.keep(site(3), [line(6), line(7), line(8), line(9)]);
    expect([1, 2, 3].map((id) => kept.of(site(id)).length)).toEqual([2, 0, 0]);
    expect(kept.size()).toBe(2);
  });

  it('take room for what is in them, and sites without any take none', () => {
    const kept = createKeptLines(4);
    const interval = { fromMs: 1, toMs: 2, severity: 3, isFalseAlarm: false };
    kept.keep(site(1), [{ ...line(1), intervals: [interval, interval] }]);
    expect(kept.size()).toBe(3);
    kept.keep(site(2), []);
    expect(kept.of(site(1))).toHaveLength(1);
    kept.keep(site(2), [line(2), line(3)]);
    expect([kept.of(site(1)).length, kept.size()]).toEqual([0, 2]);
  });
});
