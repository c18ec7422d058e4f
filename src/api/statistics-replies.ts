/** Statistics in the shapes the contracts promise. */
import type { EndpointUptime, SiteLook, SiteOutage } from '../contracts/statistics.ts';
import type { SlaOptions, SlaReport } from '../domain/sla.ts';
import { severityOf } from '../domain/state.ts';
import { rounded } from '../domain/timings.ts';
import type { Look } from '../services/list-looks.ts';
import type { OutagePage } from '../services/list-outages.ts';
import type { Uptime } from '../services/measure-uptime.ts';
import type { TimedFinding } from '../services/site-time.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { Series, SeriesBucket, Step } from '../store/history/reads.ts';
import { STEP_MS } from '../store/history/reads.ts';
import type { Figures } from '../store/history/sums.ts';
import { instant, instantOrNull } from './replies.ts';

export function windowReply({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  return { from: instant(fromMs), to: instant(toMs) };
}

export function treatmentReply({ maintenance, degraded, seemsDown, falseAlarms }: SlaOptions) {
  return { maintenance, degraded, seems_down: seemsDown, false_alarms: falseAlarms };
}

type UptimeFigures = Omit<EndpointUptime, 'endpoint_id' | 'monitor_url'>;

export function uptimeReply({ report, falseAlarms, declared }: Uptime): UptimeFigures {
  const { ms, monitoredMs, downtimeMs } = report;
  const totalMs = Object.values(ms).reduce((sum, each) => sum + each, 0);
  return {
    uptime_percent: percentOf(report.uptime),
    coverage_percent: percentOf(report.coverage),
    total_seconds: wholeSeconds(totalMs),
    monitored_seconds: wholeSeconds(monitoredMs),
    up_seconds: wholeSeconds(ms.up),
    down_seconds: wholeSeconds(downtimeMs),
    downtime_seconds: wholeSeconds(downtimeMs),
    degraded_seconds: wholeSeconds(ms.degraded),
    warning_seconds: wholeSeconds(ms.warning),
    maintenance_seconds: wholeSeconds(ms.maintenance),
    paused_seconds: wholeSeconds(ms.paused),
    unknown_seconds: wholeSeconds(ms.unknown),
    total_ms: totalMs,
    monitored_ms: monitoredMs,
    downtime_ms: downtimeMs,
    states_ms: {
      up: ms.up,
      warning: ms.warning,
      degraded: ms.degraded,
      seems_down: ms.seemsDown,
      down: ms.down,
      maintenance: ms.maintenance,
      paused: ms.paused,
      unknown: ms.unknown,
    },
    ...outageFigures(report, { falseAlarms, declared }),
  };
}

export function endpointUptimeReply({ endpoint, ...uptime }: Uptime & { endpoint: Endpoint }): EndpointUptime {
  return { endpoint_id: endpoint.endpointId, monitor_url: endpoint.url, ...uptimeReply(uptime) };
}

function outageFigures({ outages }: SlaReport, { falseAlarms, declared }: Pick<Uptime, 'falseAlarms' | 'declared'>) {
  const { count, meanTimeToRepairMs, meanTimeBetweenFailuresMs } = outages;
  return {
    incident_count: count,
    false_alarm_count: falseAlarms,
    declared_by_hand_count: declared,
    mttr_seconds: meanTimeToRepairMs === null ? null : wholeSeconds(meanTimeToRepairMs),
    mtbf_seconds: meanTimeBetweenFailuresMs === null ? null : wholeSeconds(meanTimeBetweenFailuresMs),
    mttr_ms: meanTimeToRepairMs,
    mtbf_ms: meanTimeBetweenFailuresMs,
  };
}

function wholeSeconds(ms: number): number {
  return Math.trunc(ms / 1000);
}

/** A share as a percentage to a thousandth, rounded as spec/04 section 13.2 says. */
export function percentOf(share: number | null): number | null {
  return share === null ? null : Math.trunc(share * 100_000 + 0.5) / 1000;
}

export function figuresReply(figures: { [Name in keyof Figures]: number | null } | null) {
  const { avgMs, minMs, maxMs, p50, p95, p99 } = figures ?? NO_FIGURES;
  const to = (value: number | null) => (value === null ? null : thousandth(value));
  return {
    mean_ms: to(avgMs),
    min_ms: to(minMs),
    max_ms: to(maxMs),
    p50_ms: to(p50),
    p95_ms: to(p95),
    p99_ms: to(p99),
  };
}

const NO_FIGURES = { avgMs: null, minMs: null, maxMs: null, p50: null, p95: null, p99: null };

export function componentReply({ timed, avgMs, minMs, maxMs, p50, p95, p99 }: Figures & { timed: number }) {
  return {
    samples: timed,
    mean_ms: thousandth(avgMs),
    min_ms: thousandth(minMs),
    max_ms: thousandth(maxMs),
    p50_ms: thousandth(p50),
    p95_ms: thousandth(p95),
    p99_ms: thousandth(p99),
  };
}

function thousandth(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Every bucket of the window, also those in which nobody looked. */
export function bucketsReply(
  { buckets, coarse }: Pick<Series, 'buckets' | 'coarse'>,
  { fromMs, toMs }: { fromMs: number; toMs: number },
  step: Step,
) {
  const byStart = new Map<number, SeriesBucket>(buckets.map((bucket) => [bucket.startMs, bucket]));
  const all = [];
  for (let startMs = fromMs; startMs < toMs; startMs += STEP_MS[step]) {
    const found = byStart.get(startMs) ?? null;
    const isCoarse = coarse !== null && startMs < coarse.toMs && startMs + STEP_MS[step] > coarse.fromMs;
    const checks = isCoarse ? null : (found?.checks ?? 0);
    all.push({ start: instant(startMs), checks, failures: found?.failures ?? 0, ...figuresReply(found) });
  }
  return all;
}

export function outageReply(outage: OutagePage['outages'][number], nowMs: number): SiteOutage {
  const { fromMs, toMs, downtimeMs, worst, events, eventCount } = outage;
  const state = worst === 'down' ? 'Down' : 'Seems Down';
  const endpointIds = new Set(events.flatMap(({ endpointId }) => (endpointId === null ? [] : [endpointId])));
  return {
    start: instant(fromMs),
    end: instantOrNull(toMs),
    duration_ms: Math.max(0, (toMs ?? nowMs) - fromMs),
    downtime_ms: downtimeMs,
    worst_state: state,
    worst_severity: severityOf(state),
    confirmed: worst === 'down',
    endpoint_ids: [...endpointIds],
    events: events.map(failureEventReply),
    event_count: eventCount,
  };
}

export function outagesReply(page: OutagePage, nowMs: number) {
  const { report, longestMs, falseAlarms, falseAlarmCount, declaredCount } = page;
  return {
    summary: {
      count: report.outages.count,
      total_downtime_ms: report.downtimeMs,
      longest_ms: longestMs,
      ...outageFigures(report, { falseAlarms: falseAlarmCount, declared: declaredCount }),
    },
    false_alarms: falseAlarms.map((each) => ({
      ...failureEventReply(each),
      duration_ms: Math.max(0, (each.endedAtMs ?? nowMs) - each.startedAtMs),
    })),
  };
}

function failureEventReply({ eventId, endpointId, checkType, startedAtMs, endedAtMs }: TimedFinding) {
  return {
    event_id: eventId,
    endpoint_id: endpointId,
    check_type: checkType,
    started_at: instant(startedAtMs),
    ended_at: instantOrNull(endedAtMs),
  };
}

export function lookReply(endpointId: bigint, look: Look): SiteLook {
  const at = { checked_at: instant(look.atMs), endpoint_id: endpointId };
  if (look.kind === 'healthy') {
    const { httpCode, timings } = look.sample;
    const rest = { reason: null, error_code: null, request_method: null, timings_ms: rounded(timings) };
    return { ...at, result: 'healthy', http_code: httpCode, ...rest };
  }
  const { httpCode, reason, errorCode, method, rttMs, dnsMs, tcpMs, tlsMs, ttfbMs } = look.failure;
  const phases = { dns: dnsMs, tcp: tcpMs, tls: tlsMs, ttfb: ttfbMs, total: rttMs };
  const timings = Object.fromEntries(Object.entries(phases).filter(([, took]) => took !== null));
  const rest = { reason, error_code: errorCode, request_method: method, timings_ms: timings };
  return { ...at, result: 'failed', http_code: httpCode, ...rest };
}
