/** What the examples of the contracts are told of: two sites, the first with an outage that goes on and an advisory that is over. */
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import type { ServiceDeps } from '../../src/services/deps.ts';
import type { AppendInput } from '../../src/store/append/append-input.ts';
import type { FakeClock } from '../kit/fake-clock.ts';

const MINUTE_MS = 60_000;

export type Watched = { siteId: SiteId; endpointId: EndpointId };

/** Site 1 with endpoint 1 and events 1 and 2, site 2 with endpoint 2. The clock is a quarter of an hour on afterwards. */
export async function seedExamples(deps: ServiceDeps, clock: FakeClock): Promise<void> {
  const first = await addSite(deps, 'https://www.example/');
  const second = await addSite(deps, 'https://status.example/');
  clock.advance(MINUTE_MS);
  recordLook(deps, first, 'Seems Down');
  recordLook(deps, second, 'Up');
  const http = append(first, 'http', 'seed-1', clock.nowMs());
  await deps.events.append({
    ...http,
    mutations: [
      { op: 'open', state: 'Seems Down', startedAtMs: clock.nowMs(), reason: 'opened' },
      { op: 'promote', state: 'Down', reason: 'local_confirmed' },
    ],
    metadata: { summary: 'the server refused the connection', reason: 'connection_refused' },
  });
  clock.advance(4 * MINUTE_MS);
  const tls = append(first, 'tls_expiry', 'seed-2', clock.nowMs());
  const opened = { op: 'open', state: 'Warning', startedAtMs: clock.nowMs(), reason: 'opened' } as const;
  await deps.events.append({ ...tls, mutations: [opened], metadata: { summary: 'the certificate expires in 6 days' } });
  clock.advance(5 * MINUTE_MS);
  const closed = append(first, 'tls_expiry', 'seed-3', clock.nowMs());
  await deps.events.append({ ...closed, mutations: [{ op: 'close', reason: 'probe_cleared' }] });
  clock.advance(5 * MINUTE_MS);
}

export async function addSite({ endpoints }: ServiceDeps, url: string): Promise<Watched> {
  const made = await endpoints.create(EVERY_SITE, {
    siteId: null,
    url,
    active: true,
    bucketNo: 0,
    intervalSeconds: 60,
  });
  if (made.kind !== 'created') throw new Error(`${url}: ${made.kind}`);
  return made.endpoint;
}

export function append(watched: Watched, checkType: string, opId: string, atMs: number): AppendInput {
  return {
    identity: { ...watched, checkType, discriminator: null },
    mutations: [],
    failing: null,
    opId,
    epoch: 0,
    atMs,
    source: 'local',
    metadata: null,
    project: false,
    onlyWhileWatching: null,
  };
}

export function recordLook({ runtime, clock }: ServiceDeps, watched: Watched, state: 'Up' | 'Seems Down'): void {
  const { verdict, ...seen } = LOOKS[state];
  const observation = { startedAtMs: clock.nowMs(), verdicts: [], evidence: null, ...seen };
  runtime.record(watched, observation, { check: 'http', state, ...verdict });
}

const LOOKS = {
  Up: {
    timings: { dns: 4, tcp: 11, tls: 24, ttfb: 61, headers: 62, body: 70, total: 70 },
    httpCode: 200,
    address: '192.0.2.10',
    certificateExpiresAtMs: Date.UTC(2027, 0, 3, 12),
    verdict: { reason: 'ok', summary: 'it answered 200 in 70 ms' },
  },
  'Seems Down': {
    timings: { dns: 4, total: 12 },
    httpCode: null,
    address: '192.0.2.10',
    certificateExpiresAtMs: null,
    verdict: { reason: 'connection_refused', summary: 'the server refused the connection' },
  },
} as const;
