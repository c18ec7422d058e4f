/** Handlers of what is done to a site besides changing it. */
import type { ReplyOf } from '../../contracts/contract.ts';
import {
  closeEvent,
  pauseSite,
  resumeSite,
  triggerCheck,
  triggerEndpointCheck,
  triggerSiteCheck,
} from '../../contracts/site-operations.ts';
import { AppError } from '../../domain/errors.ts';
import type { CheckId, EndpointId, EventId, SiteId } from '../../domain/ids.ts';
import { isAnswered } from '../../domain/state.ts';
import { rounded } from '../../domain/timings.ts';
import { countedVerdict, type Observation, type Verdict, worstVerdict } from '../../domain/verdict.ts';
import { closeEvent as close } from '../../services/close-event.ts';
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import type { LookNow } from '../../services/look-now.ts';
import {
  type Triggered,
  type TriggeredCheck,
  triggerCheck as trigger,
  triggerEndpoint,
  triggerNow,
} from '../../services/trigger-now.ts';
import { updateSite } from '../../services/update-site.ts';
import { eventDetailReply, instant, siteReply } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function siteOperationRoutes(deps: ServiceDeps, policy: SitePolicy, lookNow: LookNow | null): Route[] {
  return [
    route(pauseSite, async ({ scope, ids }) =>
      siteReply(await updateSite(deps, policy, scope, ids.site_id as SiteId, { active: false })),
    ),
    route(resumeSite, async ({ scope, ids }) =>
      siteReply(await updateSite(deps, policy, scope, ids.site_id as SiteId, { active: true })),
    ),
    route(triggerSiteCheck, async ({ scope, ids }) =>
      triggeredReply(await triggerNow(deps, lookNow ?? nobodyLooks, scope, ids.site_id as SiteId), deps.clock.nowMs()),
    ),
    route(triggerEndpointCheck, async ({ scope, ids }) => {
      const path = { siteId: ids.site_id as SiteId, endpointId: ids.endpoint_id as EndpointId };
      const { check, endpoint, closed } = await triggerEndpoint(deps, lookNow ?? nobodyLooks, scope, path);
      const nowMs = deps.clock.nowMs();
      return {
        result: resultOf(observationOf(check, nowMs)),
        current_state: endpoint.rolledUp.state,
        active_events_closed: [...closed],
        check: checkReply(check, nowMs),
      };
    }),
    route(triggerCheck, async ({ scope, ids }) => {
      const path = { siteId: ids.site_id as SiteId, checkId: ids.check_id as CheckId };
      const { setting, checks, leftOut, site, closed } = await trigger(deps, lookNow ?? nobodyLooks, scope, path);
      const nowMs = deps.clock.nowMs();
      return {
        check_type: setting.checkType,
        enabled: setting.enabled,
        current_state: site.rolledUp.state,
        active_events_closed: [...closed],
        endpoints: checks.map((check) => foundBy(setting.checkType, check, nowMs)),
        endpoints_left_out: leftOut,
      };
    }),
    route(closeEvent, async ({ scope, ids, body }) => {
      const { reason = 'manual_override', note = null } = body;
      const wanted = { siteId: ids.site_id as SiteId, eventId: ids.event_id as EventId, reason, note };
      return eventDetailReply(await close(deps, policy, scope, wanted), deps.clock.nowMs());
    }),
  ];
}

async function nobodyLooks(): Promise<never> {
  throw new AppError('server_not_running', 'nothing that could look runs here', {
    fix: 'start a server with `jetmon2 serve`',
  });
}

type Reply = ReplyOf<typeof triggerSiteCheck>;

function triggeredReply({ checks, leftOut, site, closed }: Triggered, nowMs: number): Reply {
  const [first] = checks;
  return {
    result: resultOf(observationOf(first, nowMs)),
    current_state: site.rolledUp.state,
    active_events_closed: [...closed],
    booked: checks.every(isBooked),
    checks: checks.map((check) => checkReply(check, nowMs)),
    endpoints_left_out: leftOut,
  };
}

const TIMED_OUT = 1;

function resultOf(observation: Observation): Reply['result'] {
  const { timings, httpCode, certificateExpiresAtMs: expiresAtMs, evidence, verdicts } = observation;
  const whole = (ms: number | undefined) => Math.round(ms ?? 0);
  return {
    http_code: httpCode ?? 0,
    error_code: evidence?.error_code ?? (verdicts === NOT_FINISHED ? TIMED_OUT : 0),
    success: isAnswered(countedVerdict(verdicts).state),
    rtt_ms: whole(timings.total),
    dns_ms: whole(timings.dns),
    tcp_ms: whole(timings.tcp),
    tls_ms: whole(timings.tls),
    ttfb_ms: whole(timings.ttfb),
    ...(expiresAtMs === null ? {} : { ssl_expires_at: instant(expiresAtMs) }),
  };
}

function isBooked({ look }: TriggeredCheck): boolean {
  return typeof look !== 'string' && look.isBooked;
}

function checkReply(check: TriggeredCheck, nowMs: number): Reply['checks'][number] {
  const { endpoint } = check;
  const { verdicts, httpCode, address, timings, startedAtMs } = observationOf(check, nowMs);
  const { state, reason, summary } = countedVerdict(verdicts);
  return {
    endpoint_id: endpoint.endpointId,
    monitor_url: endpoint.url,
    booked: isBooked(check),
    state,
    reason,
    summary,
    http_code: httpCode,
    address,
    timings_ms: rounded(timings),
    checked_at: instant(startedAtMs),
    findings: verdicts.map(findingReply),
  };
}

function findingReply({ check, state, reason, summary }: Verdict) {
  return { check, state, reason, summary };
}

/** Of a look that did not come to its end no check has anything to say but that. */
function foundBy(checkType: string, triggered: TriggeredCheck, nowMs: number) {
  const { endpoint, look } = triggered;
  const { verdicts, startedAtMs } = observationOf(triggered, nowMs);
  const own = verdicts.filter(({ check }) => typeof look === 'string' || check === checkType);
  return {
    endpoint_id: endpoint.endpointId,
    monitor_url: endpoint.url,
    booked: isBooked(triggered),
    finding: own.length === 0 ? null : { ...findingReply(worstVerdict(own)), check: checkType },
    checked_at: instant(startedAtMs),
  };
}

const NOT_FINISHED: Observation['verdicts'] = [
  {
    check: 'http',
    state: 'Unknown',
    reason: 'not_finished',
    summary: 'the look did not end while the caller waited; it goes on',
  },
];

const NOT_BEGUN: Observation['verdicts'] = [
  {
    check: 'http',
    state: 'Unknown',
    reason: 'no_place',
    summary: 'too many looks that were asked for are under way; this one did not begin, so ask again',
  },
];

function observationOf({ look }: TriggeredCheck, nowMs: number): Observation {
  if (typeof look !== 'string') return look.observation;
  return {
    startedAtMs: nowMs,
    timings: {},
    httpCode: null,
    address: null,
    certificateExpiresAtMs: null,
    verdicts: look === 'no_place' ? NOT_BEGUN : NOT_FINISHED,
    evidence: null,
  };
}
