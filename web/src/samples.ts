/** Sites, events and stream messages for the tests of the page. */
import type { Event, Transition, Verification } from '../../src/contracts/events.ts';
import type { Endpoint, LatestResult, Site } from '../../src/contracts/sites.ts';
import type { Id } from '../../src/contracts/values.ts';
import { type State, severityOf } from '../../src/domain/state.ts';
import type { StreamMessage } from './model.ts';

/** An instant `second` seconds after a fixed one. */
export function at(second: number): string {
  return new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
}

export function latest(second: number, state: State = 'Up'): LatestResult {
  const timings_ms = { dns: 1, tcp: 2, tls: 3, sent: 0.1, ttfb: 4, headers: 0.1, body: 5, total: 15.2 };
  return { state, reason: 'ok', summary: 'Fine.', http_code: 200, address: null, timings_ms, checked_at: at(second) };
}

export function endpoint(id: Id, state: State, more: Partial<Endpoint> = {}): Endpoint {
  return {
    endpoint_id: id,
    monitor_url: `https://e${id}.example/`,
    monitor_active: true,
    check_interval_seconds: 300,
    current_state: state,
    current_severity: severityOf(state),
    latest: null,
    ...more,
  };
}

/** A site with one endpoint, whose id is the site's. */
export function site(id: Id, state: State = 'Up', more: Partial<Site> = {}): Site {
  return {
    id,
    blog_id: id,
    monitor_url: `https://s${id}.example/`,
    monitor_active: state !== 'Paused',
    removed_at: null,
    bucket_no: 0,
    check_interval: 5,
    check_interval_seconds: 300,
    timeout_seconds: null,
    request_method: null,
    detection_profile: null,
    redirect_policy: 'follow',
    expected_status: null,
    check_keyword: null,
    forbidden_keyword: null,
    forbidden_keywords: [],
    custom_header_names: [],
    http2: false,
    current_state: state,
    current_severity: severityOf(state),
    active_event_id: null,
    last_checked_at: null,
    last_status_change_at: null,
    ssl_expiry_date: null,
    maintenance_start: null,
    maintenance_end: null,
    alert_cooldown_minutes: null,
    endpoints: [endpoint(id, state)],
    endpoint_count: 1,
    ...more,
  };
}

export function event(id: Id, siteId: Id, more: Partial<Event> = {}): Event {
  return {
    id,
    site_id: siteId,
    endpoint_id: siteId,
    check_type: 'http',
    discriminator: null,
    severity: 3,
    state: 'Seems Down',
    started_at: at(10),
    ended_at: null,
    resolution_reason: null,
    cause_event_id: null,
    metadata: { summary: 'Nothing listens there.' },
    verification: null,
    duration_ms: 0,
    transition_count: 1,
    ...more,
  };
}

export function verification(outcome: Verification['outcome']): Verification {
  return { outcome, verified_at: at(20), quorum: 2, regions: 3, down_regions: [], votes: [] };
}

export function transition(eventId: Id, seq: number, state: string, more: Partial<Transition> = {}): Transition {
  return {
    id: seq,
    event_id: eventId,
    seq,
    severity_before: null,
    severity_after: null,
    state_before: null,
    state_after: state,
    reason: 'opened',
    source: 'local',
    metadata: {},
    changed_at: at(10 + seq),
    ...more,
  };
}

/** The stream message of a transition of a site's first endpoint. */
export function moved(siteId: Id, siteState: State, step: Transition): StreamMessage & { type: 'transition' } {
  const data = { site_id: siteId, endpoint_id: siteId, check_type: 'http', transition: step, site_state: siteState };
  return { type: 'transition', data };
}

/** The stream message of one new result. */
export function result(siteId: Id, siteState: State, seen: LatestResult, endpointId: Id = siteId): StreamMessage {
  const results = [{ site_id: siteId, endpoint_id: endpointId, site_state: siteState, latest: seen }];
  return { type: 'checked', data: { results } };
}
