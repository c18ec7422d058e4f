/** From our words to the API's: what services return, in the shapes the contracts promise. */
import type { PROBE_SETTINGS } from '../checks/probe.settings.ts';
import type { EndpointDetail, SiteEndpoint } from '../contracts/endpoints.ts';
import type { EventDetail, Event as EventReply, EventSummary, Transition, Verification } from '../contracts/events.ts';
import type { Endpoint, LatestResult as LatestReply, SiteDetail, Site as SiteReply } from '../contracts/sites.ts';
import { formatExpectedStatus, type ProbePlanOverrides } from '../domain/probe-plan.ts';
import { rounded } from '../domain/timings.ts';
import type { EndpointView, SiteView } from '../services/site-view.ts';
import type { EventRecord, TransitionRecord } from '../store/event-records.ts';
import type { StoredVerification } from '../store/event-verifications.ts';
import type { LatestResult } from '../store/latest-results.ts';

export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

export function instantOrNull(ms: number | null): string | null {
  return ms === null ? null : instant(ms);
}

/** The header by which a command marks what it adds. No other header is ever shown. */
const BATCH_HEADER = 'x-jetmon-cli-batch';

export function siteReplyWithBatch(view: SiteView): SiteReply {
  const [, batch = ''] = view.first.plan.headers.find(([name]) => name.toLowerCase() === BATCH_HEADER) ?? [];
  return { ...siteReply(view), ...(batch === '' ? {} : { cli_batch: batch }) };
}
/** Endpoints shown with their site. */
const MAX_ENDPOINTS_SHOWN = 50;

export function siteReply(view: SiteView): SiteReply {
  const { first, siteId } = view;
  return {
    id: siteId,
    blog_id: siteId,
    ...watchedReply(first),
    monitor_active: view.active,
    removed_at: instantOrNull(view.removedAtMs),
    current_state: view.rolledUp.state,
    current_severity: view.rolledUp.severity,
    active_event_id: view.rolledUp.eventId,
    endpoints: view.endpoints.slice(0, MAX_ENDPOINTS_SHOWN).map(endpointReply),
    endpoint_count: view.endpoints.length,
  };
}

/** What a site says of its first endpoint, and each endpoint of itself. */
function watchedReply(endpoint: EndpointView) {
  return {
    monitor_url: endpoint.url,
    bucket_no: endpoint.bucketNo,
    check_interval: Math.ceil(endpoint.intervalSeconds / 60),
    check_interval_seconds: endpoint.intervalSeconds,
    timeout_seconds: endpoint.timeoutSeconds,
    ...settingsReply(endpoint.plan),
    last_checked_at: instantOrNull(endpoint.latest?.checkedAtMs ?? null),
    last_status_change_at: instantOrNull(endpoint.statusChangedAtMs),
    ssl_expiry_date: instantOrNull(endpoint.latest?.certificateExpiresAtMs ?? null)?.slice(0, 10) ?? null,
    maintenance_start: instantOrNull(endpoint.maintenance?.startMs ?? null),
    maintenance_end: instantOrNull(endpoint.maintenance?.endMs ?? null),
    alert_cooldown_minutes: endpoint.alertCooldownMinutes,
  };
}

export function siteEndpointReply(endpoint: EndpointView): SiteEndpoint {
  return {
    site_id: endpoint.siteId,
    ...endpointReply(endpoint),
    ...watchedReply(endpoint),
    removed_at: instantOrNull(endpoint.removedAtMs),
    active_event_id: endpoint.rolledUp.eventId,
  };
}

export function endpointDetailReply(endpoint: EndpointView): EndpointDetail {
  return { ...siteEndpointReply(endpoint), active_events: endpoint.openEvents.map(eventSummary) };
}

type SettingsReply = Pick<SiteReply, Exclude<keyof typeof PROBE_SETTINGS, 'custom_headers'> | 'custom_header_names'>;

/** Of the headers only the names: their values may be secrets. */
function settingsReply(plan: ProbePlanOverrides): SettingsReply {
  return {
    request_method: plan.method,
    detection_profile: plan.profile,
    redirect_policy: plan.redirects ?? 'follow',
    expected_status: plan.expectedStatus === null ? null : formatExpectedStatus(plan.expectedStatus),
    check_keyword: plan.keyword,
    forbidden_keyword: plan.forbiddenKeyword,
    forbidden_keywords: [...plan.forbiddenKeywords],
    custom_header_names: plan.headers.map(([name]) => name),
    http2: plan.http2,
  };
}

export function siteDetailReply(view: SiteView): SiteDetail {
  return { ...siteReply(view), active_events: view.openEvents.map(eventSummary) };
}

function endpointReply(endpoint: EndpointView): Endpoint {
  return {
    endpoint_id: endpoint.endpointId,
    monitor_url: endpoint.url,
    monitor_active: endpoint.active,
    check_interval_seconds: endpoint.intervalSeconds,
    current_state: endpoint.rolledUp.state,
    current_severity: endpoint.rolledUp.severity,
    latest: endpoint.latest === null ? null : latestReply(endpoint.latest),
  };
}

export function latestReply(latest: LatestResult): LatestReply {
  return {
    state: latest.state,
    reason: latest.reason,
    summary: latest.summary,
    http_code: latest.httpCode,
    address: latest.address,
    timings_ms: rounded(latest.timings),
    checked_at: instant(latest.checkedAtMs),
  };
}

function eventSummary(event: EventRecord): EventSummary {
  return {
    id: event.eventId,
    check_type: event.checkType,
    severity: event.severity,
    state: event.state,
    started_at: instant(event.startedAtMs),
  };
}

/** `nowMs` ends the duration of an event that is open. */
export function eventReply(event: EventRecord, nowMs: number): EventReply {
  return {
    ...eventSummary(event),
    site_id: event.siteId,
    endpoint_id: event.endpointId,
    discriminator: event.discriminator,
    ended_at: instantOrNull(event.endedAtMs),
    resolution_reason: event.resolutionReason,
    cause_event_id: event.causeEventId,
    metadata: event.metadata,
    verification: event.verification === null ? null : verificationReply(event.verification),
    duration_ms: Math.max(0, (event.endedAtMs ?? nowMs) - event.startedAtMs),
    transition_count: event.transitionCount,
  };
}

/** What cannot be read any more of the votes is left out. */
function verificationReply({ outcome, atMs, evidence }: StoredVerification): Verification {
  return {
    outcome,
    verified_at: instant(atMs),
    quorum: evidence?.verifier_quorum ?? 0,
    regions: evidence?.verifier_regions ?? 0,
    down_regions: evidence?.verifier_down_regions ?? [],
    votes: (evidence?.verifier_results ?? []).map((vote) => ({
      verifier: vote.host,
      region: vote.region,
      says: vote.says,
      reason: vote.reason,
      http_code: vote.http_code,
      failure_class: vote.failure_class,
      rtt_ms: vote.rtt_ms,
      took_ms: vote.took_ms,
      quarantined: vote.quarantined ?? false,
    })),
  };
}

export function eventDetailReply(
  detail: { event: EventRecord; transitions: readonly TransitionRecord[] },
  nowMs: number,
): EventDetail {
  return { ...eventReply(detail.event, nowMs), transitions: detail.transitions.map(transitionReply) };
}

export function transitionReply(transition: TransitionRecord): Transition {
  return {
    id: transition.transitionId,
    event_id: transition.eventId,
    seq: transition.seq,
    severity_before: transition.severityBefore,
    severity_after: transition.severityAfter,
    state_before: transition.stateBefore,
    state_after: transition.stateAfter,
    reason: transition.reason,
    source: transition.source,
    metadata: transition.metadata,
    changed_at: instant(transition.changedAtMs),
    ...(transition.beganAtMs === undefined ? {} : { began_at: instant(transition.beganAtMs) }),
  };
}
