/**
 * Every endpoint that is watched, in columns: what to probe and how often. A slot is its number here, and all that the
 * wheel, the jobs and a healthy result need to know of it.
 */
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { MaintenanceWindow } from '../../domain/maintenance.ts';
import { type ProbePlan, planFor } from '../../domain/probe-plan.ts';
import { nextOnPhase, phaseMs } from '../../domain/schedule.ts';
import { type Column, lengthened, reserved } from '../../lib/columns.ts';
import { createIdTable } from '../../lib/id-table.ts';
import { createTextArena } from '../../lib/text-arena.ts';
import type { Endpoint } from '../../store/endpoints.ts';
import type { FleetPage } from '../../store/fleet-rows.ts';

export type Watched = Pick<
  Endpoint,
  'endpointId' | 'siteId' | 'url' | 'intervalSeconds' | 'timeoutSeconds' | 'plan' | 'maintenance'
>;

export interface Fleet {
  /** Endpoints that are watched. */
  size(): number;
  /** All slots are below. */
  extent(): number;
  /** Makes room for so many endpoints. */
  reserve(slots: number): void;
  /** The slot of an endpoint; -1 when it is not watched. */
  find(endpointId: EndpointId): number;
  findHalves(low: number, high: number): number;
  /** Takes in an endpoint that is not watched yet, and gives it a slot, which may have been another's before. */
  add(endpoint: Watched, disabledChecks?: readonly string[]): number;
  addRow(page: FleetPage, row: number): number;
  /** Whether a row of the registry says what is known here already. */
  isAsIn(page: FleetPage, row: number, slot: number): boolean;
  remove(slot: number): void;
  isUsed(slot: number): boolean;
  endpointId(slot: number): EndpointId;
  siteId(slot: number): SiteId;
  url(slot: number): string;
  intervalMs(slot: number): number;
  timeoutMs(slot: number): number;
  /** Null: as the process probes, as nearly all are. */
  plan(slot: number): ProbePlan | null;
  /** When failures are expected; null: never. */
  maintenance(slot: number): MaintenanceWindow | null;
  /** Checks whose verdicts do not count here; null: all count, as nearly everywhere. */
  disabledChecks(slot: number): readonly string[] | null;
  /** Milliseconds from `nowMs` to the next regular check. */
  untilNextCheck(slot: number, nowMs: number): number;
  /** Regular checks that fall due in a second, of all together. */
  checksPerSecond(): number;
  /** Marks are free for use, and gone with the endpoint. */
  mark(slot: number, mark: Mark, isSet: boolean): void;
  has(slot: number, mark: Mark): boolean;
}

/**
 * `urgent`: its next look is a retry. `recovering`: its next look is to tell whether it is well again. `odd`: seen by the
 * sweep, in every other one. `counted`: by the brake, and not well since.
 */
export const MARK = { urgent: 1, odd: 2, counted: 64, recovering: 128 } as const;
export type Mark = (typeof MARK)[keyof typeof MARK];

const USED = 4;
const HAS_PLAN = 8;
const HAS_WINDOW = 16;
const HAS_DISABLED = 32;
/** What the columns hold: 49 days. */
const MAX_MS = 2 ** 32 - 1;
/** A time-out that follows the default of the server, whatever it is by then. */
const SERVERS_OWN = 0;
/** Jobs are numbered by slot. */
export const MAX_SLOTS = 2 ** 26;

/** `timeoutMs` of `defaults` may change; endpoints that name none follow it. */
export function createFleet(defaults: { readonly timeoutMs: number; plan: ProbePlan }): Fleet {
  const table = createIdTable();
  const urls = createTextArena();
  const plans = new Map<number, ProbePlan>();
  const windows = new Map<number, MaintenanceWindow>();
  const disabled = new Map<number, readonly string[]>();
  let flags = new Uint8Array(0);
  let siteIds = new BigInt64Array(0);
  let intervals = new Uint32Array(0);
  let timeouts = new Uint32Array(0);
  let phases = new Uint32Array(0);
  let urlNumbers = new Uint32Array(0);
  let perSecond = 0;

  function flagsOf(slot: number): number {
    return flags[slot] ?? 0;
  }

  function take(endpointId: bigint, siteId: bigint, timing: { intervalMs: number; timeoutMs: number | null }): number {
    if (table.size() >= MAX_SLOTS) throw new RangeError(`more than ${MAX_SLOTS} endpoints cannot be watched`);
    const slot = table.add(endpointId);
    if (slot >= flags.length) makeRoom((column) => lengthened(column, slot));
    const intervalMs = intervalIn(timing.intervalMs);
    flags[slot] = USED;
    siteIds[slot] = siteId;
    intervals[slot] = intervalMs;
    timeouts[slot] = timeoutIn(timing.timeoutMs);
    phases[slot] = phaseMs(endpointId, intervalMs);
    perSecond += 1_000 / intervalMs;
    return slot;
  }

  function makeRoom(lengthen: <C extends Column>(column: C) => C): void {
    flags = lengthen(flags);
    siteIds = lengthen(siteIds);
    intervals = lengthen(intervals);
    timeouts = lengthen(timeouts);
    phases = lengthen(phases);
    urlNumbers = lengthen(urlNumbers);
  }

  /** Another program may have written anything; less than a second would be a flood. */
  function intervalIn(ms: number): number {
    return Math.min(Math.max(ms, 1_000), MAX_MS);
  }

  function timeoutIn(ms: number | null): number {
    return ms === null ? SERVERS_OWN : Math.min(Math.max(ms, 1), MAX_MS);
  }

  function setPlan(slot: number, plan: ProbePlan | null): void {
    if (plan === null) return;
    plans.set(slot, plan);
    flags[slot] = flagsOf(slot) | HAS_PLAN;
  }

  function setWindow(slot: number, window: MaintenanceWindow | null): void {
    if (window === null) return;
    windows.set(slot, window);
    flags[slot] = flagsOf(slot) | HAS_WINDOW;
  }

  function setDisabled(slot: number, checks: readonly string[]): void {
    if (checks.length === 0) return;
    disabled.set(slot, checks);
    flags[slot] = flagsOf(slot) | HAS_DISABLED;
  }

  return {
    size: table.size,
    extent: table.extent,
    reserve(slots) {
      table.reserve(slots);
      makeRoom((column) => reserved(column, slots));
    },
    find: table.find,
    findHalves: table.findHalves,
    add({ endpointId, siteId, url, intervalSeconds, timeoutSeconds, plan, maintenance }, disabledChecks = []) {
      const timeoutMs = timeoutSeconds === null ? null : timeoutSeconds * 1_000;
      const slot = take(endpointId, siteId, { intervalMs: intervalSeconds * 1_000, timeoutMs });
      urlNumbers[slot] = urls.put(0, url);
      setPlan(slot, planFor(plan, defaults.plan));
      setWindow(slot, maintenance);
      setDisabled(slot, disabledChecks);
      return slot;
    },
    addRow(page, row) {
      const timing = { intervalMs: page.intervalMs(row), timeoutMs: page.timeoutMs(row) };
      const slot = take(page.endpointIds[row] ?? 0n, page.siteIds[row] ?? 0n, timing);
      urlNumbers[slot] = urls.put(0, page.urls, page.urlStart(row), page.urlEnd(row));
      setPlan(slot, planFor(page.plan(row), defaults.plan));
      setWindow(slot, page.maintenance(row));
      setDisabled(slot, page.disabledChecks(row));
      return slot;
    },
    isAsIn(page, row, slot) {
      return (
        intervals[slot] === intervalIn(page.intervalMs(row)) &&
        timeouts[slot] === timeoutIn(page.timeoutMs(row)) &&
        siteIds[slot] === page.siteIds[row] &&
        urls.equals(urlNumbers[slot] ?? 0, page.urls, page.urlStart(row), page.urlEnd(row)) &&
        isSame(plans.get(slot) ?? null, planFor(page.plan(row), defaults.plan)) &&
        isSame(windows.get(slot) ?? null, page.maintenance(row)) &&
        isSameList(disabled.get(slot) ?? NONE, page.disabledChecks(row))
      );
    },
    remove(slot) {
      table.remove(slot);
      urls.drop(urlNumbers[slot] ?? 0);
      if ((flagsOf(slot) & HAS_PLAN) !== 0) plans.delete(slot);
      if ((flagsOf(slot) & HAS_WINDOW) !== 0) windows.delete(slot);
      if ((flagsOf(slot) & HAS_DISABLED) !== 0) disabled.delete(slot);
      flags[slot] = 0;
      // What adding up left behind must not outlive the last endpoint.
      perSecond = table.size() === 0 ? 0 : perSecond - 1_000 / (intervals[slot] ?? 1);
    },
    isUsed: (slot) => (flagsOf(slot) & USED) !== 0,
    endpointId: (slot) => table.idAt(slot) as EndpointId,
    siteId: (slot) => (siteIds[slot] ?? 0n) as SiteId,
    url: (slot) => urls.get(urlNumbers[slot] ?? 0),
    intervalMs: (slot) => intervals[slot] ?? MAX_MS,
    timeoutMs: (slot) => timeouts[slot] || defaults.timeoutMs,
    plan: (slot) => ((flagsOf(slot) & HAS_PLAN) === 0 ? null : (plans.get(slot) ?? null)),
    maintenance: (slot) => ((flagsOf(slot) & HAS_WINDOW) === 0 ? null : (windows.get(slot) ?? null)),
    disabledChecks: (slot) => ((flagsOf(slot) & HAS_DISABLED) === 0 ? null : (disabled.get(slot) ?? null)),
    untilNextCheck: (slot, nowMs) => nextOnPhase(nowMs, intervals[slot] ?? MAX_MS, phases[slot] ?? 0) - nowMs,
    checksPerSecond: () => perSecond,
    mark(slot, mark, isSet) {
      flags[slot] = isSet ? flagsOf(slot) | mark : flagsOf(slot) & ~mark;
    },
    has: (slot, mark) => (flagsOf(slot) & mark) !== 0,
  };
}

const NONE: readonly string[] = [];

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

function isSame(one: object | null, other: object | null): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/** A mark by endpoint rather than by slot. */
export function marksOn(fleet: Pick<Fleet, 'find' | 'has' | 'mark'>, mark: Mark) {
  return {
    has(endpointId: EndpointId): boolean {
      const slot = fleet.find(endpointId);
      return slot !== -1 && fleet.has(slot, mark);
    },
    set(endpointId: EndpointId, isSet: boolean): boolean {
      const slot = fleet.find(endpointId);
      if (slot !== -1) fleet.mark(slot, mark, isSet);
      return slot !== -1;
    },
  };
}
