/** What was read of the events of sites, for as long as there is room: those asked for longest ago go first. */
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import type { IncidentInterval } from '../domain/incident-intervals.ts';

/** How an event went. Nobody changes what is in it: it is kept for others. */
export type TimeLine = Readonly<{
  eventId: EventId;
  /** Null: the event speaks of the whole site. */
  endpointId: EndpointId | null;
  checkType: string;
  startedAtMs: number;
  /** Null while it is open. */
  endedAtMs: number | null;
  /** Somebody closed it as a false alarm. */
  isDeclared: boolean;
  /** `isFalseAlarm`: verifiers or the monitor took it back; to close it by hand as one does not. */
  intervals: readonly IncidentInterval[];
  /** How many steps that are. */
  version: number;
}>;

export interface KeptLines {
  /** By id. */
  of(siteId: SiteId): readonly TimeLine[];
  /** Adds lines, by id, in the place of earlier versions. Of a site that has too many none is kept. */
  keep(siteId: SiteId, lines: readonly TimeLine[]): void;
  /** Lines and their intervals, of all sites. */
  size(): number;
}

/** Lines and intervals: about 20 MiB. */
const MAX_SIZE = 150_000;

export function createKeptLines(maxSize = MAX_SIZE): KeptLines {
  /** The one asked for last is the last one. */
  const sites = new Map<SiteId, readonly TimeLine[]>();
  let size = 0;

  function drop(siteId: SiteId): void {
    size -= sizeOf(sites.get(siteId) ?? []);
    sites.delete(siteId);
  }

  return {
    of: (siteId) => sites.get(siteId) ?? [],
    keep(siteId, lines) {
      const all = merged(sites.get(siteId) ?? [], lines);
      drop(siteId);
      const its = sizeOf(all);
      if (its === 0 || its > maxSize) return;
      sites.set(siteId, all);
      size += its;
      for (const oldest of sites.keys()) {
        if (size <= maxSize) break;
        drop(oldest);
      }
    },
    size: () => size,
  };
}

function sizeOf(lines: readonly TimeLine[]): number {
  return lines.reduce((sum, { intervals }) => sum + 1 + intervals.length, 0);
}

/** By id, as both are; a fresh one takes the place of the one before it. */
export function merged(before: readonly TimeLine[], fresh: readonly TimeLine[]): readonly TimeLine[] {
  if (fresh.length === 0) return before;
  const all: TimeLine[] = [];
  let at = 0;
  for (const line of fresh) {
    for (let next = before[at]; next !== undefined && next.eventId <= line.eventId; next = before[++at]) {
      if (next.eventId < line.eventId) all.push(next);
    }
    all.push(line);
  }
  return [...all, ...before.slice(at)];
}
