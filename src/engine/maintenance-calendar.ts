/**
 * Which maintenance is on for whom, in memory: asked when something fails and never of what is well. What this process
 * changes is told on the bus; what others write is read every few seconds.
 */
import type { EndpointId, SiteId, WindowId } from '../domain/ids.ts';
import { isWithin, type MaintenanceWindow, united } from '../domain/maintenance.ts';
import { coverageFrom, occurrencesIn, overAtMs } from '../domain/planned-maintenance.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Change, Changes } from '../store/changes.ts';
import type { StoredWindow } from '../store/maintenance-rows.ts';
import type { LiveWindows } from '../store/maintenance-windows.ts';
import type { Log } from '../telemetry/log.ts';
import type { Who } from './judge/target.ts';

export interface MaintenanceCalendar {
  /** Reads what is planned, and follows it from then on. Rejects when it cannot be read. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * The newest window that has begun for an endpoint, `own` being that of its row: what is on, or what was last, as far
   * as looks that began in it may still be under way. Null: none.
   */
  begun(who: Who, own: MaintenanceWindow | null): MaintenanceWindow | null;
  isOn(who: Who, own: MaintenanceWindow | null): boolean;
  /** A failure of the endpoint was swallowed: should its window end early, it is looked at then. */
  swallowed(who: Who, own: MaintenanceWindow | null, window: MaintenanceWindow): void;
  /** Resolves when every change published so far has been taken in. */
  upToDate(): Promise<void>;
}

export type CalendarParts = {
  /** Every plan that was not over at an instant. */
  readMaintenance(sinceMs: number): Promise<LiveWindows>;
  changes: Pick<Changes, 'subscribe'>;
  /** Brings the next look at an endpoint forward to now. */
  lookNow(endpointId: EndpointId): void;
  clock: Clock;
  log: Pick<Log, 'warn' | 'info'>;
};

const READ_EVERY_MS = 10_000;
/** Where much is planned, reading all of it costs something. */
const MANY = 5_000;
const READ_MANY_EVERY_MS = 60_000;
/** No look takes longer. */
const REMEMBERED_MS = 3_600_000;
/** What begins later is reckoned then. */
const AHEAD_MS = 86_400_000;

/** A plan with what of it matters from one instant to another. */
type Entry = { stored: StoredWindow; windows: MaintenanceWindow[]; fromMs: number; untilMs: number };

export function createMaintenanceCalendar(parts: CalendarParts): MaintenanceCalendar {
  const { clock, log } = parts;
  const entries = new Map<WindowId, Entry>();
  const bySite = new Map<SiteId, Set<Entry>>();
  const wide = new Set<Entry>();
  let sitesOf: LiveWindows['sitesOf'] = new Map();
  const swallowed = new Map<EndpointId, Who & { own: MaintenanceWindow | null; endMs: number }>();
  let reading = Promise.resolve();
  let changes = 0;
  let isInTrouble = false;
  let stopped = false;
  let timer: Timer | null = null;
  let unsubscribe = () => {};

  function take(stored: StoredWindow): void {
    drop(stored.windowId);
    if (overAtMs(stored.plan) <= clock.nowMs() - REMEMBERED_MS) return;
    const entry: Entry = { stored, windows: [], fromMs: 0, untilMs: 0 };
    entries.set(stored.windowId, entry);
    if (stored.siteId === null) wide.add(entry);
    else bySite.set(stored.siteId, (bySite.get(stored.siteId) ?? new Set()).add(entry));
  }

  function drop(windowId: WindowId): void {
    const entry = entries.get(windowId);
    if (entry === undefined) return;
    entries.delete(windowId);
    wide.delete(entry);
    const { siteId } = entry.stored;
    const others = siteId === null ? undefined : bySite.get(siteId);
    others?.delete(entry);
    if (siteId !== null && others?.size === 0) bySite.delete(siteId);
  }

  /** Those that have begun, of the last hour. Reckoned anew when the next one begins, or the clock was set back. */
  function begunOf(entry: Entry, nowMs: number): readonly MaintenanceWindow[] {
    if (nowMs >= entry.fromMs && nowMs < entry.untilMs) return entry.windows;
    const { plan } = entry.stored;
    entry.windows = occurrencesIn(plan, nowMs - REMEMBERED_MS, nowMs + 1);
    entry.fromMs = nowMs;
    entry.untilMs = nowMs + AHEAD_MS;
    for (const { startMs } of coverageFrom(plan, nowMs)) {
      if (startMs <= nowMs) continue;
      entry.untilMs = Math.min(entry.untilMs, startMs);
      break;
    }
    return entry.windows;
  }

  function* entriesFor({ siteId, endpointId }: Who): Generator<Entry> {
    for (const entry of bySite.get(siteId) ?? []) {
      if (entry.stored.endpointId === null || entry.stored.endpointId === endpointId) yield entry;
    }
    for (const entry of wide) {
      const { tenantId } = entry.stored;
      if (tenantId === null || sitesOf.get(tenantId)?.has(siteId) === true) yield entry;
    }
  }

  function begun(who: Who, own: MaintenanceWindow | null): MaintenanceWindow | null {
    if (wide.size === 0 && !bySite.has(who.siteId)) return own;
    const nowMs = clock.nowMs();
    const found = own !== null && own.startMs <= nowMs ? [own] : [];
    for (const entry of entriesFor(who)) found.push(...begunOf(entry, nowMs));
    return united(found).at(-1) ?? own;
  }

  function isOn(who: Who, own: MaintenanceWindow | null): boolean {
    return isWithin(begun(who, own), clock.nowMs());
  }

  /** Whoever waits for the end of a window that is no more need not wait. */
  function release(): void {
    const nowMs = clock.nowMs();
    for (const [endpointId, { own, endMs, ...who }] of swallowed) {
      if (endMs > nowMs && isOn(who, own)) continue;
      swallowed.delete(endpointId);
      if (endMs > nowMs) parts.lookNow(endpointId);
    }
  }

  function heard(change: Change): void {
    if (change.kind !== 'maintenance_changed') return;
    changes += 1;
    for (const window of change.windows) take(window);
    // Whose sites a tenant's are stands in the database.
    if (change.windows.some(({ tenantId }) => tenantId !== null)) reading = reading.then(read);
    release();
  }

  async function readOnce(): Promise<void> {
    for (let seen = -1; seen !== changes && !stopped; ) {
      seen = changes;
      const live = await parts.readMaintenance(clock.nowMs() - REMEMBERED_MS);
      // What was read before a change would undo it.
      if (seen !== changes) continue;
      const known = new Set(live.windows.map(({ windowId }) => windowId));
      for (const windowId of [...entries.keys()]) if (!known.has(windowId)) drop(windowId);
      for (const window of live.windows) {
        if (entries.get(window.windowId)?.stored.updatedAtMs !== window.updatedAtMs) take(window);
      }
      sitesOf = live.sitesOf;
    }
    release();
  }

  async function read(): Promise<void> {
    try {
      await readOnce();
      if (isInTrouble) log.info('the maintenance windows can be read again');
      isInTrouble = false;
    } catch (error) {
      if (!isInTrouble) log.warn({ err: error }, 'the maintenance windows could not be read; tried again');
      isInTrouble = true;
    }
  }

  function schedule(): void {
    if (stopped) return;
    timer = clock.after(entries.size > MANY ? READ_MANY_EVERY_MS : READ_EVERY_MS, () => {
      reading = reading.then(read);
      void reading.then(schedule);
    });
  }

  return {
    async start() {
      unsubscribe = parts.changes.subscribe(heard);
      await readOnce();
      schedule();
    },
    async stop() {
      stopped = true;
      unsubscribe();
      timer?.cancel();
      await reading;
    },
    begun,
    isOn,
    swallowed({ siteId, endpointId }, own, { endMs }) {
      swallowed.set(endpointId, { siteId, endpointId, own, endMs });
    },
    upToDate: () => reading,
  };
}
