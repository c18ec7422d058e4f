/** Handlers of statistics. */
import type { QueryOf } from '../../contracts/contract.ts';
import {
  getEndpointUptime,
  getResponseTime,
  getResponseTimes,
  getSiteUptime,
  getTimingBreakdown,
  listSiteHistory,
  listSiteIncidents,
} from '../../contracts/statistics.ts';
import { AppError } from '../../domain/errors.ts';
import { type EndpointId, MAX_ID, type SiteId } from '../../domain/ids.ts';
import type { SlaOptions } from '../../domain/sla.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { listLooks } from '../../services/list-looks.ts';
import { listOutages } from '../../services/list-outages.ts';
import { endpointUptime, siteUptime } from '../../services/measure-uptime.ts';
import { responseTime, responseTimes, timingBreakdown } from '../../services/response-times.ts';
import { type StatisticsWindow, statisticsWindow, type WindowQuery } from '../../services/statistics-window.ts';
import type { Endpoint } from '../../store/endpoints.ts';
import { cursorTo, idAtCursor } from '../paging.ts';
import { type Route, route } from '../serve-contract.ts';
import {
  bucketsReply,
  componentReply,
  endpointUptimeReply,
  figuresReply,
  lookReply,
  outageReply,
  outagesReply,
  treatmentReply,
  uptimeReply,
  windowReply,
} from '../statistics-replies.ts';

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'history' | 'clock'>;

export function statisticsRoutes(deps: Deps): Route[] {
  const windowOf = (query: WindowQuery): StatisticsWindow => statisticsWindow(query, deps.clock.nowMs());
  return [...uptimeRoutes(deps, windowOf), ...timeRoutes(deps, windowOf), ...listRoutes(deps, windowOf)];
}

type WindowOf = (query: WindowQuery) => StatisticsWindow;

function uptimeRoutes(deps: Deps, windowOf: WindowOf): Route[] {
  return [
    route(getSiteUptime, async ({ scope, ids, query }) => {
      const siteId = ids.site_id as SiteId;
      const options = optionsOf(query);
      const found = await siteUptime(deps, scope, { siteId, window: windowOf(query), options });
      return {
        site_id: siteId,
        window: windowReply(found.window),
        treatment: treatmentReply(options),
        ...uptimeReply(found),
        endpoints: found.endpoints.map(endpointUptimeReply),
        endpoint_count: found.endpointCount,
      };
    }),
    route(getEndpointUptime, async ({ scope, ids, query }) => {
      const asked = { siteId: ids.site_id as SiteId, endpointId: ids.endpoint_id as EndpointId };
      const options = optionsOf(query);
      const found = await endpointUptime(deps, scope, { ...asked, window: windowOf(query), options });
      return {
        site_id: asked.siteId,
        window: windowReply(found.window),
        treatment: treatmentReply(options),
        ...endpointUptimeReply(found),
      };
    }),
  ];
}

function timeRoutes(deps: Deps, windowOf: WindowOf): Route[] {
  return [
    route(getResponseTime, async ({ scope, ids, query }) => {
      const asked = timesAsked(ids.site_id as SiteId, query, windowOf(query));
      const { endpoints, checks, failures, timed, figures } = await responseTime(deps, scope, asked);
      return {
        ...ofEndpoints(asked.siteId, endpoints),
        window: windowReply(asked.window),
        samples: timed,
        checks,
        failures,
        ...figuresReply(figures),
        truncated: false,
      };
    }),
    route(getResponseTimes, async ({ scope, ids, query }) => {
      const asked = timesAsked(ids.site_id as SiteId, query, windowOf(query));
      const found = await responseTimes(deps, scope, { ...asked, step: query.bucket ?? null });
      return {
        ...ofEndpoints(asked.siteId, found.endpoints),
        window: windowReply(found.window),
        bucket: found.step,
        buckets: bucketsReply(found, found.window, found.step),
      };
    }),
    route(getTimingBreakdown, async ({ scope, ids, query }) => {
      const asked = timesAsked(ids.site_id as SiteId, query, windowOf(query));
      const { endpoints, looks, covered, isTruncated, phases } = await timingBreakdown(deps, scope, asked);
      const components = Object.entries(phases).map(([phase, figures]) => [phase, componentReply(figures)]);
      return {
        ...ofEndpoints(asked.siteId, endpoints),
        window: windowReply(asked.window),
        covered: covered === null ? null : windowReply(covered),
        samples: looks,
        truncated: isTruncated,
        components: Object.fromEntries(components),
      };
    }),
  ];
}

function listRoutes(deps: Deps, windowOf: WindowOf): Route[] {
  return [
    route(listSiteIncidents, async ({ scope, ids, query }) => {
      const options = optionsOf(query);
      const page = await listOutages(deps, scope, {
        siteId: ids.site_id as SiteId,
        window: windowOf(query),
        options,
        beforeMs: instantAtCursor(query.cursor),
        limit: query.limit,
      });
      const nowMs = deps.clock.nowMs();
      return {
        data: page.outages.map((outage) => outageReply(outage, nowMs)),
        page: { next: cursorToInstant(page.next), limit: query.limit },
        window: windowReply(page.window),
        treatment: treatmentReply(options),
        ...outagesReply(page, nowMs),
      };
    }),
    route(listSiteHistory, async ({ scope, ids, query }) => {
      const asked = timesAsked(ids.site_id as SiteId, query, windowOf(query));
      const beforeMs = instantAtCursor(query.cursor);
      const { endpointId, looks, next } = await listLooks(deps, scope, { ...asked, beforeMs, limit: query.limit });
      return {
        data: looks.map((look) => lookReply(endpointId, look)),
        page: { next: cursorToInstant(next), limit: query.limit },
        window: windowReply(asked.window),
        endpoint_id: endpointId,
      };
    }),
  ];
}

function ofEndpoints(siteId: SiteId, endpoints: readonly Endpoint[]) {
  return { site_id: siteId, endpoint_ids: endpoints.map(({ endpointId }) => endpointId) };
}

function optionsOf(query: QueryOf<typeof getSiteUptime>): SlaOptions {
  const { maintenance, degraded, seems_down, false_alarms } = query;
  return { maintenance, degraded, seemsDown: seems_down, falseAlarms: false_alarms };
}

function timesAsked(siteId: SiteId, { endpoint_id }: { endpoint_id?: string | undefined }, window: StatisticsWindow) {
  return { siteId, endpointId: endpoint_id === undefined ? null : endpointIdOf(endpoint_id), window };
}

function endpointIdOf(text: string): EndpointId {
  const id = BigInt(text);
  if (id <= MAX_ID) return id as EndpointId;
  throw new AppError('invalid_filter', 'query member endpoint_id: it is more than 64 bits hold', {
    fix: 'read the site to see its endpoints',
    details: { field: 'endpoint_id' },
  });
}

/** What is listed here has one place in time, which is as good as an id. */
function cursorToInstant(ms: number | null): string | null {
  return cursorTo(ms === null ? null : BigInt(ms));
}

function instantAtCursor(cursor: string | undefined): number | null {
  const at = idAtCursor(cursor);
  return at === null ? null : Number(at);
}
