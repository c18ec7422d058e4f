/** Plans of maintenance as rows, and back. A row that another program wrote and that makes no sense covers nothing. */
import type { Insertable, Selectable } from 'kysely';
import type { EndpointId, SiteId, WindowId } from '../domain/ids.ts';
import { overAtMs, type Planned } from '../domain/planned-maintenance.ts';
import { firstStartMs, type Rule, type Timing, WEEKDAYS } from '../domain/recurrence.ts';
import { formatWallTime, isTimeZone, parseWallTime } from '../domain/time-zone.ts';
import { fitText } from '../lib/text.ts';
import type { MaintenanceWindowsTable } from './schema-operations.ts';

export type StoredWindow = {
  windowId: WindowId;
  /** Null: every site, of the tenant where one is named. */
  siteId: SiteId | null;
  /** Null: every endpoint of the site. */
  endpointId: EndpointId | null;
  tenantId: string | null;
  title: string | null;
  /** `started`: it began when it was asked for. */
  source: 'planned' | 'started';
  plan: Planned;
  /** In which it is shown and, if it comes again, reckoned. */
  zone: string;
  createdBy: string | null;
  /** Tenant whose words the title and the name of the key are; null: of the operator, or not known. */
  wordsOf: string | null;
  createdAtMs: number;
  updatedAtMs: number;
};

export type NewWindow = Pick<
  StoredWindow,
  'siteId' | 'endpointId' | 'title' | 'source' | 'plan' | 'zone' | 'createdBy'
>;

export type WindowRow = Selectable<MaintenanceWindowsTable>;

/** What a `Date` can hold; of what has no end. */
const NEVER_MS = 8.64e15;

const MAX_TITLE = 255;
const MAX_NAME = 128;
const MAX_ANY_MS = 400 * 86_400_000;

/** The columns that tell of a plan. */
export function planColumns(plan: Planned, zone: string) {
  const { timing, fromMs, endedAtMs } = plan;
  const isOnce = timing.kind === 'once';
  return {
    start_at: firstStartMs(timing) ?? fromMs,
    end_at: isOnce ? timing.endMs : null,
    duration_ms: isOnce ? timing.endMs - timing.startMs : timing.durationMs,
    rule: isOnce ? null : ruleText(timing),
    zone,
    effective_from: fromMs,
    over_at: Math.min(NEVER_MS, overAtMs(plan)),
    ended_at: endedAtMs,
  };
}

/** `tenantId`: of whose sites it is, where it is of all of them. */
export function rowOf(
  window: NewWindow,
  { tenantId, wordsOf }: Pick<StoredWindow, 'tenantId' | 'wordsOf'>,
  nowMs: number,
): NewRow {
  const { siteId, endpointId, title, source, plan, zone, createdBy } = window;
  return {
    blog_id: siteId,
    endpoint_id: endpointId,
    tenant_id: tenantId,
    title: titleColumn(title),
    source,
    ...planColumns(plan, zone),
    created_by: createdBy === null ? null : fitText(createdBy, MAX_NAME),
    words_of_tenant: wordsOf,
    created_at: nowMs,
    updated_at: nowMs,
  };
}

export function titleColumn(title: string | null): string | null {
  return title === null ? null : fitText(title, MAX_TITLE);
}

type NewRow = Insertable<MaintenanceWindowsTable>;

/** Null for a row that makes no sense. */
export function windowOfRow(row: WindowRow): StoredWindow | null {
  const timing = timingOf(row);
  if (timing === null) return null;
  return {
    windowId: row.id as WindowId,
    siteId: row.blog_id as SiteId | null,
    endpointId: row.endpoint_id as EndpointId | null,
    tenantId: row.tenant_id,
    title: row.title,
    source: row.source === 'started' ? 'started' : 'planned',
    plan: {
      timing,
      fromMs: Number(row.effective_from),
      endedAtMs: row.ended_at === null ? null : Number(row.ended_at),
    },
    zone: row.zone,
    createdBy: row.created_by,
    wordsOf: row.words_of_tenant,
    createdAtMs: Number(row.created_at),
    updatedAtMs: Number(row.updated_at),
  };
}

function timingOf({ start_at, end_at, duration_ms, rule, zone }: WindowRow): Timing | null {
  if (!isTimeZone(zone)) return null;
  if (rule === null) {
    const [startMs, endMs] = [Number(start_at), Number(end_at ?? 0n)];
    const isWindow = startMs < endMs && startMs >= -NEVER_MS && endMs <= NEVER_MS;
    return isWindow ? { kind: 'once', startMs, endMs } : null;
  }
  const durationMs = Number(duration_ms);
  const told = parseRule(rule);
  if (told === null || !(durationMs > 0 && durationMs <= MAX_ANY_MS)) return null;
  return { kind: 'recurring', ...told, durationMs, zone };
}

function ruleText({ first, rule, untilMs }: Extract<Timing, { kind: 'recurring' }>): string {
  return JSON.stringify({ first: formatWallTime(first), ...rule, until: untilMs });
}

type Told = Pick<Extract<Timing, { kind: 'recurring' }>, 'first' | 'rule' | 'untilMs'>;

function parseRule(text: string): Told | null {
  const value = jsonOf(text);
  if (typeof value !== 'object' || value === null) return null;
  const told = value as Record<string, unknown>;
  const first = typeof told['first'] === 'string' ? parseWallTime(told['first']) : null;
  const rule = ruleOf(told);
  const { until } = told;
  if (first === null || rule === null) return null;
  return { first, rule, untilMs: typeof until === 'number' && Number.isSafeInteger(until) ? until : null };
}

function ruleOf(told: Record<string, unknown>): Rule | null {
  const { unit, every, days, day } = told;
  if (!isWhole(every, 1, 1_000)) return null;
  if (unit === 'day') return { unit, every };
  if (unit === 'month') return isWhole(day, 1, 31) ? { unit, every, day } : null;
  if (unit !== 'week' || !Array.isArray(days)) return null;
  const known = WEEKDAYS.filter((name) => days.includes(name));
  return known.length > 0 ? { unit, every, days: known } : null;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
