/** What a verifier did for those who asked, counted; and the page on which it tells. */
import { countedVerdict } from '../domain/verdict.ts';
import type { LabelsOf } from '../telemetry/metric-names.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { PROMETHEUS_TYPE, prometheusText } from '../telemetry/prometheus.ts';
import { type ServerReply, type ServerRequest, sendPlain } from './listener.ts';
import type { Seen } from './looks.ts';
import type { Visitor } from './rpc.ts';

export type Surface = LabelsOf<'served_request'>['surface'];
export type Refusal = LabelsOf<'served_refusal'>['why'];

export interface Served {
  request(surface: Surface): void;
  refused(why: Refusal): void;
  /** A batch was looked at, `tookMs` long. */
  batch(found: readonly Seen[], tookMs: number): void;
  /** So many looks are asked for. */
  asked(looks: number): void;
}

export function createServed(metrics: Metrics): Served {
  const duration = metrics.timer('served_batch_duration');
  const looks = metrics.counter('served_look');
  return {
    request: (surface) => metrics.counter('served_request', { surface }).add(),
    refused: (why) => metrics.counter('served_refusal', { why }).add(),
    asked: looks.add,
    batch(found, tookMs) {
      duration.observe(tookMs);
      for (const seen of found) metrics.counter('served_verdict', { state: stateOf(seen) }).add();
    },
  };
}

function stateOf(seen: Seen): LabelsOf<'served_verdict'>['state'] {
  return typeof seen === 'string' ? 'no_time' : (STATES[countedVerdict(seen.verdicts).state] ?? 'unknown');
}

const STATES: Readonly<Record<string, LabelsOf<'served_verdict'>['state']>> = {
  Up: 'up',
  Warning: 'warning',
  Degraded: 'degraded',
  'Seems Down': 'seems_down',
};

export type MetricsPage = {
  metrics: Metrics;
  /** Whether whoever reaches the port may read them (`METRICS_PUBLIC`); else it takes what admits a monitor. */
  isPublic(): boolean;
};

/** `GET /metrics`. */
export function serveMetrics(
  { method }: ServerRequest,
  reply: ServerReply,
  visitor: Pick<Visitor, 'admit'>,
  { metrics, isPublic }: MetricsPage,
): void {
  const words = { 'content-type': 'text/plain; charset=utf-8' };
  if (method !== 'GET' && method !== 'HEAD') sendPlain(reply, 405, 'use GET\n', { ...words, allow: 'GET' });
  else if (!isPublic() && visitor.admit() === null) {
    const text = 'the token is missing or not one of this verifier\n';
    sendPlain(reply, 401, text, { ...words, 'www-authenticate': 'Bearer' });
  } else sendPlain(reply, 200, prometheusText(metrics), { 'content-type': PROMETHEUS_TYPE });
}
