/** `GET /metrics`, for Prometheus: a key with read scope, or none where the operator opened it. */
import type { FastifyInstance } from 'fastify';
import { accessOf } from '../contracts/access.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { PROMETHEUS_TYPE, prometheusText } from '../telemetry/prometheus.ts';
import type { Auth } from './auth.ts';

export type ServedMetrics = {
  metrics: Pick<Metrics, 'read'>;
  /** Whether whoever reaches the port may read them (`METRICS_PUBLIC`). */
  isPublic(): boolean;
};

const ACCESS = accessOf({ operationId: 'metrics', tag: 'Utility', scope: 'read' });

export function serveMetrics(app: FastifyInstance, { metrics, isPublic }: ServedMetrics, auth: Auth): void {
  app.route({
    method: 'GET',
    url: '/metrics',
    async onRequest(request, reply) {
      if (ACCESS !== null && !isPublic()) await auth.admit(request, reply, ACCESS);
    },
    async handler(_request, reply) {
      return reply.type(PROMETHEUS_TYPE).send(prometheusText(metrics));
    },
  });
}
