/** How long a site, and each of its endpoints, was in which state, and the uptime that follows. */
import { setImmediate } from 'node:timers/promises';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { measureSla, type SlaOptions, type SlaReport } from '../domain/sla.ts';
import { severityOf } from '../domain/state.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { siteEndpoint } from './site-endpoint.ts';
import { readSiteTime, type SiteTime, type StatisticsDeps, type TimedFinding } from './site-time.ts';
import type { StatisticsWindow } from './statistics-window.ts';

/**
 * Failures that have some of their time in the window: `falseAlarms` verifiers or the monitor took back, and `declared`
 * somebody closed as false alarms by hand.
 */
export type Uptime = { report: SlaReport; falseAlarms: number; declared: number };

export type SiteUptime = Uptime & {
  window: StatisticsWindow;
  /** The first ones; `endpointCount` says how many there are. */
  endpoints: readonly (Uptime & { endpoint: Endpoint })[];
  endpointCount: number;
};

/** Of more endpoints figures are there one by one. */
const MAX_ENDPOINTS = 20;

/** Throws `site_not_found`, `invalid_window`. */
export async function siteUptime(
  deps: StatisticsDeps,
  scope: SiteScope,
  asked: { siteId: SiteId; window: StatisticsWindow; options: SlaOptions },
): Promise<SiteUptime> {
  const { options } = asked;
  const time = await readSiteTime(deps, scope, { ...asked, wanted: (all) => all.slice(0, MAX_ENDPOINTS) });
  const report = measureSla(await time.site(), options);
  const endpoints: SiteUptime['endpoints'][number][] = [];
  for (const endpoint of time.endpoints.slice(0, MAX_ENDPOINTS)) {
    // Others have their turn between one and the next.
    await setImmediate();
    endpoints.push(uptimeOf(time, endpoint, options));
  }
  const falseAlarms = falseAlarmsIn(time, () => true).length;
  const declared = countDeclared(time);
  return { window: time.window, report, falseAlarms, declared, endpoints, endpointCount: time.endpoints.length };
}

/** Throws `site_not_found`, `site_endpoint_not_found`, `invalid_window`. */
export async function endpointUptime(
  deps: StatisticsDeps,
  scope: SiteScope,
  asked: { siteId: SiteId; endpointId: EndpointId; window: StatisticsWindow; options: SlaOptions },
): Promise<Uptime & { endpoint: Endpoint; window: StatisticsWindow }> {
  const wanted = (all: readonly Endpoint[]) => [siteEndpoint(all, asked.siteId, asked.endpointId)];
  const time = await readSiteTime(deps, scope, { ...asked, wanted });
  const endpoint = siteEndpoint(time.endpoints, asked.siteId, asked.endpointId);
  return { window: time.window, ...uptimeOf(time, endpoint, asked.options) };
}

function uptimeOf(time: SiteTime, endpoint: Endpoint, options: SlaOptions) {
  const isOfEndpoint = (finding: TimedFinding) => finding.endpointId === endpoint.endpointId;
  return {
    endpoint,
    report: measureSla(time.ofEndpoint(endpoint), options),
    falseAlarms: falseAlarmsIn(time, isOfEndpoint).length,
    declared: countDeclared(time, isOfEndpoint),
  };
}

/** Findings that were failures, were taken back, and have some of their time in the window. */
export function falseAlarmsIn(
  { findings, window }: Pick<SiteTime, 'findings' | 'window'>,
  isWanted: (finding: TimedFinding) => boolean,
): TimedFinding[] {
  return findings.filter((finding) => {
    for (const each of finding.intervals) if (each.isFalseAlarm && failedIn(each, window)) return isWanted(finding);
    return false;
  });
}

/** Findings that were failures in the window, and that somebody closed as false alarms. */
export function countDeclared(
  { findings, window }: Pick<SiteTime, 'findings' | 'window'>,
  isWanted: (finding: TimedFinding) => boolean = () => true,
): number {
  const isOne = (each: TimedFinding) => each.isDeclared && each.intervals.some((part) => failedIn(part, window));
  return findings.filter((finding) => isWanted(finding) && isOne(finding)).length;
}

/** Whether an interval is of a failure and overlaps a stretch of time. */
export function failedIn(
  interval: TimedFinding['intervals'][number],
  stretch: { fromMs: number; toMs: number | null },
): boolean {
  const { fromMs, toMs, severity } = interval;
  if (severity < severityOf('Seems Down')) return false;
  return (stretch.toMs === null || fromMs < stretch.toMs) && (toMs === null || toMs > stretch.fromMs);
}
