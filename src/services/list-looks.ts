/** Looks at one endpoint one by one, healthy and failed, newest first. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { FailedCheck } from '../store/history/failures.ts';
import type { HistorySample } from '../store/history/reads.ts';
import type { ServiceDeps } from './deps.ts';
import { endpointsAsked } from './site-endpoint.ts';
import type { StatisticsWindow } from './statistics-window.ts';

export type Look = { atMs: number } & (
  | { kind: 'healthy'; sample: HistorySample }
  | { kind: 'failed'; failure: FailedCheck }
);

export type LookQuery = {
  siteId: SiteId;
  /** Null: the first one of the site. */
  endpointId: EndpointId | null;
  window: StatisticsWindow;
  /** Only looks that began before this instant; null: all. */
  beforeMs: number | null;
  /** 1 to 200. */
  limit: number;
};

export type LookPage = {
  endpointId: EndpointId;
  looks: readonly Look[];
  /** When the last one of this page began, when another page follows. */
  next: number | null;
};

/** No endpoint is looked at twice in one ms, so the time of a look is its place. Throws `site_not_found`, `site_endpoint_not_found`. */
export async function listLooks(
  deps: Pick<ServiceDeps, 'endpoints' | 'history'>,
  scope: SiteScope,
  { siteId, endpointId: asked, window, beforeMs, limit }: LookQuery,
): Promise<LookPage> {
  const [endpoint] = await endpointsAsked(deps, scope, { siteId, endpointId: asked, limit: 1 });
  const { endpointId } = endpoint as NonNullable<typeof endpoint>;
  const { fromMs } = window;
  const toMs = Math.min(window.toMs, beforeMs ?? window.toMs);
  if (toMs <= fromMs) return { endpointId, looks: [], next: null };
  const samples = await deps.history.samples(endpointId, fromMs, toMs, limit + 1);
  const failures = await deps.history.failures(endpointId, fromMs, toMs, limit + 1);
  const found: Look[] = [
    ...samples.map((sample): Look => ({ kind: 'healthy', atMs: sample.atMs, sample })),
    ...failures.map((failure): Look => ({ kind: 'failed', atMs: failure.atMs, failure })),
  ].sort((a, b) => b.atMs - a.atMs);
  const looks = found.slice(0, limit);
  return { endpointId, looks, next: found.length > looks.length ? (looks.at(-1)?.atMs ?? null) : null };
}
