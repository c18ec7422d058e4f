/** Handlers of maintenance windows. */
import type { QueryOf } from '../../contracts/contract.ts';
import {
  getMaintenance,
  listMaintenance,
  listSiteMaintenance,
  type MaintenanceWindow,
  planMaintenance,
  planSiteMaintenance,
  removeMaintenance,
  startMaintenance,
  stopMaintenance,
  type UpdateMaintenance,
  updateMaintenance,
} from '../../contracts/maintenance.ts';
import { AppError } from '../../domain/errors.ts';
import { type EndpointId, MAX_ID, type SiteId, type WindowId } from '../../domain/ids.ts';
import { isWithin } from '../../domain/maintenance.ts';
import { currentOrNext } from '../../domain/planned-maintenance.ts';
import { firstStartMs } from '../../domain/recurrence.ts';
import type { SiteScope } from '../../domain/site-scope.ts';
import { formatWallTime, wallTimeAt } from '../../domain/time-zone.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { findMaintenance, listMaintenance as list } from '../../services/list-maintenance.ts';
import { recurrenceOf, type SentTiming } from '../../services/maintenance-timing.ts';
import {
  changeMaintenance,
  planMaintenance as plan,
  removeMaintenance as remove,
  type WindowChanges,
} from '../../services/plan-maintenance.ts';
import { startMaintenance as start, stopMaintenance as stop } from '../../services/start-maintenance.ts';
import type { StoredWindow } from '../../store/maintenance-rows.ts';
import { cursorTo, idAtCursor } from '../paging.ts';
import type { Principal } from '../principal.ts';
import { instant, instantOrNull } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function maintenanceRoutes(deps: ServiceDeps): Route[] {
  const { clock } = deps;
  const replyTo = (scope: SiteScope) => (window: StoredWindow) => windowReply(window, scope, clock.nowMs());

  async function page(scope: SiteScope, siteId: SiteId | null, query: QueryOf<typeof listSiteMaintenance>) {
    const { limit, status = null } = query;
    const { windows, next } = await list(deps, scope, {
      afterId: idAtCursor<WindowId>(query.cursor),
      ...{ limit, siteId, status },
    });
    return { data: windows.map(replyTo(scope)), page: { next: cursorTo(next), limit } };
  }

  return [
    route(listMaintenance, ({ scope, query: { site_id, ...query } }) =>
      page(scope, site_id === undefined ? null : siteIdIn(site_id), query),
    ),
    route(listSiteMaintenance, ({ scope, ids, query }) => page(scope, ids.site_id as SiteId, query)),
    route(
      planMaintenance,
      async ({ principal, scope, requestSlot, body: { site_ids, all_sites, title = null, ...timing } }) => {
        if ((site_ids === undefined) === (all_sites === undefined)) throw whichSites();
        const siteIds = site_ids === undefined ? null : [...new Set(site_ids.map(BigInt))].map((id) => id as SiteId);
        const wanted = {
          siteIds,
          endpointId: null,
          title,
          timing: sentTiming(timing),
          createdBy: nameOf(principal),
          requestSlot,
        };
        return { data: (await plan(deps, scope, wanted)).map(replyTo(scope)) };
      },
    ),
    route(
      planSiteMaintenance,
      async ({ principal, scope, ids, requestSlot, body: { endpoint_id, title = null, ...timing } }) => {
        const [planned] = await plan(deps, scope, {
          siteIds: [ids.site_id as SiteId],
          endpointId: endpoint_id === undefined ? null : (BigInt(endpoint_id) as EndpointId),
          title,
          timing: sentTiming(timing),
          createdBy: nameOf(principal),
          requestSlot,
        });
        if (planned === undefined) throw new Error('nothing was planned');
        return replyTo(scope)(planned);
      },
    ),
    route(getMaintenance, async ({ scope, ids }) =>
      replyTo(scope)(await findMaintenance(deps, scope, ids.window_id as WindowId)),
    ),
    route(updateMaintenance, async ({ scope, ids, body }) =>
      replyTo(scope)(await changeMaintenance(deps, scope, ids.window_id as WindowId, changesIn(body))),
    ),
    route(removeMaintenance, async ({ scope, ids }) => {
      await remove(deps, scope, ids.window_id as WindowId);
      return undefined;
    }),
    route(startMaintenance, async ({ principal, scope, ids, body: { duration_minutes, note } }) => {
      const wanted = { durationMs: duration_minutes * MINUTE_MS, note, createdBy: nameOf(principal) };
      return replyTo(scope)(await start(deps, scope, ids.site_id as SiteId, wanted));
    }),
    route(stopMaintenance, async ({ scope, ids }) => {
      const { ended, isStillOn } = await stop(deps, scope, ids.site_id as SiteId);
      return { site_id: ids.site_id, ended: ended.map(replyTo(scope)), is_active: isStillOn };
    }),
  ];
}

const MINUTE_MS = 60_000;

function windowReply(window: StoredWindow, scope: SiteScope, nowMs: number): MaintenanceWindow {
  const { plan, zone } = window;
  const { timing } = plan;
  const isOnce = timing.kind === 'once';
  const startMs = firstStartMs(timing) ?? plan.fromMs;
  const next = currentOrNext(plan, nowMs);
  return {
    id: window.windowId,
    site_id: window.siteId,
    endpoint_id: window.endpointId,
    title: maySeeWords(window, scope) ? window.title : null,
    source: window.source,
    start: instant(startMs),
    end: isOnce ? instant(timing.endMs) : null,
    duration_seconds: (isOnce ? timing.endMs - timing.startMs : timing.durationMs) / 1_000,
    time_zone: zone,
    local_start: formatWallTime(wallTimeAt(zone, startMs)),
    recurrence: isOnce ? null : recurrenceReply(timing),
    is_active: isWithin(next, nowMs),
    next_start: instantOrNull(next?.startMs ?? null),
    next_end: instantOrNull(next?.endMs ?? null),
    created_by: maySeeWords(window, scope) ? window.createdBy : null,
    created_at: instant(window.createdAtMs),
    updated_at: instant(window.updatedAtMs),
    ended_at: instantOrNull(plan.endedAtMs),
  };
}

/** A site may be of several tenants, and what one calls its plans and its keys is not for the others. */
function maySeeWords({ wordsOf }: StoredWindow, scope: SiteScope): boolean {
  return scope.kind === 'all' || wordsOf === scope.tenantId;
}

type Recurring = Extract<StoredWindow['plan']['timing'], { kind: 'recurring' }>;

function recurrenceReply({ rule, untilMs }: Recurring): NonNullable<MaintenanceWindow['recurrence']> {
  const { frequency, interval, days, dayOfMonth } = recurrenceOf(rule);
  return {
    ...{ frequency, interval, until: instantOrNull(untilMs) },
    ...(days === undefined ? {} : { days: [...days] }),
    ...(dayOfMonth === undefined ? {} : { day_of_month: dayOfMonth }),
  };
}

type Timing = Omit<UpdateMaintenance, 'title'>;

function sentTiming({ start, ...timing }: Timing & { start: string }): SentTiming {
  const { zone = 'UTC', recurrence = null, ...rest } = changesIn(timing);
  const { end, durationMs } = rest;
  return { start, end, durationMs, zone, recurrence };
}

/** Members that are present, in the words of the services. */
function changesIn({ title, start, end, duration_minutes, time_zone, recurrence }: UpdateMaintenance): WindowChanges {
  return {
    ...(title === undefined ? {} : { title }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...(duration_minutes === undefined ? {} : { durationMs: duration_minutes * MINUTE_MS }),
    ...(time_zone === undefined ? {} : { zone: time_zone }),
    ...(recurrence === undefined ? {} : { recurrence: recurrence === null ? null : sentRecurrence(recurrence) }),
  };
}

function sentRecurrence(sent: NonNullable<UpdateMaintenance['recurrence']>): NonNullable<SentTiming['recurrence']> {
  const { frequency, interval = 1, days, day_of_month: dayOfMonth, until } = sent;
  return { frequency, interval, days, dayOfMonth, until };
}

function whichSites(): AppError {
  return new AppError('invalid_field', 'site_ids and all_sites exclude each other, and one of them is needed', {
    fix: 'send the ids of the sites, or all_sites: true',
    details: { field: 'site_ids' },
  });
}

function siteIdIn(text: string): SiteId {
  const id = BigInt(text);
  if (id <= MAX_ID) return id as SiteId;
  throw new AppError('invalid_filter', 'query member site_id is not the number of a site', {
    fix: 'list the sites to see their ids',
    details: { field: 'site_id' },
  });
}

/** Who planned it, as far as a trace tells. */
function nameOf(principal: Principal | null): string | null {
  if (principal === null) return null;
  return principal.kind === 'key' ? principal.key.consumerName : 'local';
}
