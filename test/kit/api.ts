/** A real API server on loopback over a real store, with a clock that can be moved forward. */
import { onTestFinished } from 'vitest';
import { type ApiServerOptions, createApiServer } from '../../src/api/server.ts';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import type { Observation } from '../../src/domain/verdict.ts';
import { type Clock, systemClock } from '../../src/lib/clock.ts';
import { parseJson } from '../../src/lib/json.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { SitePolicy } from '../../src/services/deps.ts';
import type { Database } from '../../src/store/database.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { apiParts } from './api-parts.ts';
import { storeOn, temporaryStore } from './store.ts';

export const LOCAL_KEY = 'jm_LOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLO';

type Options = Partial<
  Pick<ApiServerOptions, 'page' | 'log' | 'localKey' | 'metrics' | 'status' | 'moreRoutes' | 'lookNow' | 'verifiers'>
> & {
  policy?: Partial<SitePolicy>;
  proberStats?: ApiServerOptions['proberStats'];
  tenantPerMinute?: number;
  host?: string;
  /** Replaces the machine's clock, timers and all. */
  clock?: Clock;
  /** Another than a fresh one, which stays open. */
  database?: Database;
};

export type Reply = {
  status: number;
  headers: Headers;
  text: string;
  /** Parsed by our own codec; undefined when there is no body. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into replies freely
  body: any;
};

export type Ask = { token?: string | null; body?: unknown; text?: string; headers?: Record<string, string> };

export type ApiFixture = Awaited<ReturnType<typeof startApi>>;

/** Closed when the test is. Calls carry the local key unless told otherwise. */
export async function startApi(options: Options = {}) {
  const { db, addEndpoint } = options.database === undefined ? await temporaryStore() : storeOn(options.database);
  const clock = createMovableClock(options.clock ?? systemClock);
  const deps = apiParts(db, { clock, random: systemRandom });
  const listeners = new Set<(result: { siteId: SiteId; endpointId: EndpointId }) => void>();
  const server = createApiServer({
    deps,
    policy: { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true, ...options.policy },
    log: options.log ?? silentLog,
    localKey: options.localKey === undefined ? LOCAL_KEY : options.localKey,
    tenantPerMinute: () => options.tenantPerMinute ?? 0,
    page: options.page ?? null,
    proberStats: options.proberStats ?? (() => null),
    ...(options.verifiers === undefined ? {} : { verifiers: options.verifiers }),
    ...(options.lookNow === undefined ? {} : { lookNow: options.lookNow }),
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    ...(options.status === undefined ? {} : { status: options.status }),
    ...(options.moreRoutes === undefined ? {} : { moreRoutes: options.moreRoutes }),
    onResult(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    validateReplies: true,
  });
  const { address } = await server.listen({ host: options.host ?? '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());

  async function ask(
    method: string,
    path: string,
    { token = LOCAL_KEY, body, text, headers }: Ask = {},
  ): Promise<Reply> {
    const payload = text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(address + path, {
      method,
      redirect: 'manual',
      headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(payload === undefined ? {} : { body: payload }),
    });
    const reply = await response.text();
    const parsed = parseJson(reply);
    return {
      status: response.status,
      headers: response.headers,
      text: reply,
      body: parsed.ok ? parsed.value : undefined,
    };
  }

  return {
    ...deps,
    clock,
    server,
    address,
    ask,
    addEndpoint,
    listening: () => listeners.size,
    /** What the engine does when a probe has come back. */
    record(endpoint: { siteId: SiteId; endpointId: EndpointId }, state: 'Up' | 'Unknown' | 'Seems Down' = 'Up') {
      const observation = { ...OBSERVATION, startedAtMs: clock.nowMs() };
      deps.runtime.record(endpoint, observation, { check: 'http', state, reason: 'ok', summary: 'all is well' });
      for (const listener of listeners) listener({ siteId: endpoint.siteId, endpointId: endpoint.endpointId });
    },
  };
}

const OBSERVATION: Omit<Observation, 'startedAtMs'> = {
  timings: { dns: 1, tcp: 2, ttfb: 3.50000001, body: 0.25, total: 6.75 },
  httpCode: 200,
  address: '192.0.2.1',
  certificateExpiresAtMs: Date.UTC(2027, 1, 3, 12),
  verdicts: [],
  evidence: null,
};

/** A clock that is moved forward at will; its timers are not. */
function createMovableClock(base: Clock): Clock & { move(ms: number): void } {
  let moved = 0;
  return {
    nowMs: () => base.nowMs() + moved,
    monotonicMs: () => base.monotonicMs() + moved,
    after: base.after,
    move(ms) {
      moved += ms;
    },
  };
}
