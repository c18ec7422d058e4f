/** How long looks took: over a window as a whole, in buckets of time, and phase by phase. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { type PhaseTotals, type Series, STEP_MS, type Step, type Totals } from '../store/history/reads.ts';
import type { ServiceDeps } from './deps.ts';
import { endpointsAsked } from './site-endpoint.ts';
import { refusal, type StatisticsWindow } from './statistics-window.ts';

type Deps = Pick<ServiceDeps, 'endpoints' | 'history'>;

export type TimesQuery = {
  siteId: SiteId;
  /** Null: the endpoints of the site together. */
  endpointId: EndpointId | null;
  window: StatisticsWindow;
};

/** Of more endpoints the first ones are taken; the answer names them. */
const MAX_ENDPOINTS = 20;
const MAX_BUCKETS = 1_500;

/** Throws `site_not_found`, `site_endpoint_not_found`. */
export async function responseTime(
  deps: Deps,
  scope: SiteScope,
  query: TimesQuery,
): Promise<Totals & { endpoints: readonly Endpoint[] }> {
  const endpoints = await endpointsAsked(deps, scope, { ...query, limit: MAX_ENDPOINTS });
  return { endpoints, ...(await deps.history.totals(idsOf(endpoints), query.window)) };
}

export type BucketedTimes = Series & { endpoints: readonly Endpoint[]; step: Step; window: StatisticsWindow };

/** The window is that of the whole buckets. Throws `site_not_found`, `site_endpoint_not_found`, `invalid_window`. */
export async function responseTimes(
  deps: Deps,
  scope: SiteScope,
  { step: asked, ...query }: TimesQuery & { step: Step | null },
): Promise<BucketedTimes> {
  const endpoints = await endpointsAsked(deps, scope, { ...query, limit: MAX_ENDPOINTS });
  const step = asked ?? stepFor(query.window);
  const stepMs = STEP_MS[step];
  const fromMs = Math.floor(query.window.fromMs / stepMs) * stepMs;
  const toMs = Math.ceil(query.window.toMs / stepMs) * stepMs;
  if ((toMs - fromMs) / stepMs > MAX_BUCKETS) {
    const message = `the window has more than ${MAX_BUCKETS} buckets of a ${step}`;
    throw refusal('bucket', message, 'ask for a shorter window or longer buckets');
  }
  const series = await deps.history.seriesOf(idsOf(endpoints), { fromMs, toMs, step });
  return { endpoints, step, window: { fromMs, toMs }, ...series };
}

/** Throws `site_not_found`, `site_endpoint_not_found`. */
export async function timingBreakdown(
  deps: Deps,
  scope: SiteScope,
  query: TimesQuery,
): Promise<PhaseTotals & { endpoints: readonly Endpoint[] }> {
  const endpoints = await endpointsAsked(deps, scope, { ...query, limit: MAX_ENDPOINTS });
  return { endpoints, ...(await deps.history.phases(idsOf(endpoints), query.window)) };
}

function idsOf(endpoints: readonly Endpoint[]): Endpoint['endpointId'][] {
  return endpoints.map(({ endpointId }) => endpointId);
}

/** Some dozens to some hundreds of buckets. */
function stepFor({ fromMs, toMs }: StatisticsWindow): Step {
  const lengthMs = toMs - fromMs;
  if (lengthMs <= 6 * STEP_MS.hour) return 'minute';
  return lengthMs <= 14 * STEP_MS.day ? 'hour' : 'day';
}
