import { describe, expect, it } from 'vitest';
import type { StatsdName } from './metric-definition.ts';
import { METRICS } from './metric-names.ts';
import { WITHOUT_COUNTERPART } from './names/without-counterpart.ts';

/** Writes out `a.{b,c}.d`, and leaves `<e>` for whatever may stand there. */
function written(name: string): string[] {
  const [, before = '', choices = '', after = ''] = /^(.*?)\{([^}]*)\}(.*)$/.exec(name) ?? [];
  if (choices === '') return [name];
  return choices.split(',').flatMap((choice) => written(`${before}${choice}${after}`));
}

const CLASSED = ['detection.seems_down.open', 'detection.probe_cleared', 'detection.verifier.false_alarm'].concat(
  ['confirmed', 'still_down'].map((name) => `detection.down.${name}`),
  ['detection.maintenance.swallowed', 'detection.post_recovery_transient_suppressed'],
);

const OPS =
  'open_seems_down,open_confirmed_down,promote_to_down,close_event,close_recovered_event,open_update_ssl_expiry,close_ssl_expiry';
const STREAM_COUNTS =
  'selected,dispatched,completed,backpressure_wait,side_effect_backpressure_wait,result_backpressure_pause,side_effect_backpressure_pause,dispatch_budget_limited,pressure_suppressed,stale_result,check.success,check.failure,side_effect.processed,history.row,history.error,ssl.row,ssl.error,legacy_projection.row';
const STREAM_GAUGES =
  'targets,required_rate,worker_target,pending,inflight,queue_depth,result_depth,side_effect_queue_depth,worker,sps';

/** What version 2 sent, and what version 1 did. */
const OLDER = [
  'round.{complete.time,sites.count,sps.count}',
  'worker.queue.{active,queue_size}',
  'retry.queue.size',
  'scheduler.round.{pages,selected,dispatched,completed,outstanding,due_start,due_remaining,selected_never_checked,due_count_sampled}.count',
  'scheduler.round.selected_oldest_age_sec',
  'scheduler.{dispatch.backpressure_wait,result.stale,result.duplicate,due_count.error,fetch.error}.count',
  'scheduler.{page,round}.{dispatch,wait,process,mark_checked,history,ssl,events}.time',
  'scheduler.{page,round}.{mark_checked.row,history.row,mark_checked.error,history.error,ssl.row,ssl.error}.count',
  'scheduler.{page,round}.check.{success,failure,http_failure,timeout,connect_error,ssl_error,redirect,keyword,tls_deprecated}.count',
  'scheduler.{page,round,streaming}.check.method.{head,get}.profile.{legacy,simple_http,full}.count',
  `scheduler.streaming.{${STREAM_GAUGES},${STREAM_COUNTS}}.count`,
  'scheduler.streaming.check.error.{timeout,connect,ssl,redirect,keyword,body_read,tls_expired,tls_deprecated,other}.count',
  'scheduler.streaming.{avg_latency,scale_latency,max_lag,history,ssl,events,legacy_projection}.time',
  'detection.failure.<class>.count',
  ...CLASSED.map((name) => `${name}.count`),
  ...CLASSED.map((name) => `${name}.<class>.count`),
  'detection.low_confidence_dns.awaiting_verifier.{count,<kind>.count}',
  'detection.verifier.{escalation,no_clients,quorum_met,healthy,confirmations,quorum}.count',
  'detection.down.open_after_verifier.count',
  'detection.{first_failure_to_seems_down,first_failure_to_verification,seems_down_to_down}.time',
  'detection.{seems_down_to_false_alarm,seems_down_to_probe_cleared}.time',
  'verifier.rpc.duration',
  'verifier.{rpc.success,rpc.error,vote.confirm_down,vote.disagree}.count',
  'verifier.host.<host>.rpc.duration',
  'verifier.host.<host>.{rpc.success,rpc.error,vote.confirm_down,vote.disagree}.count',
  'verifier.{auth.rejected,checks.received}.count',
  'verifier.checks.duration.timer',
  'wpcom.notification.{attempt,error,retry,delivered,failed,queued,permanent_failure}.count',
  'wpcom.notification.status.{down,running,confirmed_down,unknown}.{attempt,error,delivered,failed}.count',
  'wpcom.notification.http.<code>.permanent_failure.count',
  'projection.drift.{count,detected.count,check_error.count}',
  `eventstore.mutation.{retry.count,${OPS.split(',')
    .map((op) => `${op}.retry.count`)
    .join(',')}}`,
  'process.{rss_mb,go_sys_mem_mb,heap_alloc_mb}',
  'config_reload.count',
  'worker.spawn.{new,missing}.count',
  'worker.die.{shutdown,evaporate,memlimit,checklimit,code_130,code_other}.count',
  'worker.delete.count',
  'round.{done_sending_work,next}.time',
  'queue.items_left_in_queue_when_fetching_new.count',
  'db.get_next_batch',
  'stats.sites.{sps,error,offline,success,total,queue}.count',
  'stats.workers.{free,halting,working}.count',
  'stats.workers.memory',
  'stats.parent.memory',
  'worker.check.{up,down,still_down}.{code.<n>,error_code.<n>}.count',
  'worker.check.{up,down,still_down}.rtt.{avg,max,min}',
].flatMap(written);

const SENT = Object.values(METRICS).flatMap(({ statsd, labels }) => pathsOf(statsd, labels));

/** With every value of a closed label, and `<...>` for one that is open. */
function pathsOf(
  statsd: readonly StatsdName[],
  labels: Readonly<Record<string, readonly string[] | number>>,
): string[] {
  return statsd.flatMap(({ path }) => {
    const label = (template: string): string[] => {
      const name = /\{(\w+)\}/.exec(template)?.[1];
      if (name === undefined) return [template];
      const values = labels[name];
      const open = name === 'class' || name === 'kind' || typeof values === 'number';
      const said = open || values === undefined ? [`<${name}>`] : (values as readonly string[]);
      return said.flatMap((value) => label(template.replace(`{${name}}`, value)));
    };
    return label(path);
  });
}

function isExplained(name: string): boolean {
  return WITHOUT_COUNTERPART.flatMap(({ names }) => names).some((one) => {
    return one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : one === name;
  });
}

describe('a StatsD name of version 1 or 2', () => {
  it('is sent, or is named with the reason why it is not', () => {
    expect(OLDER.length).toBeGreaterThan(200);
    expect(OLDER.filter((name) => !SENT.includes(name) && !isExplained(name))).toEqual([]);
  });

  it('is not said to be missing when it is sent', () => {
    expect(SENT.filter(isExplained)).toEqual([]);
  });
});
