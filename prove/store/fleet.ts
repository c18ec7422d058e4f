/** A fleet in a database of its own, and failures of it such as the engine hands to the event log. */
import { CompiledQuery, sql } from 'kysely';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import type { Mutation } from '../../src/domain/mutation.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { AppendInput } from '../../src/store/append/append-input.ts';
import { createChanges } from '../../src/store/changes.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createEvents, type EventStore } from '../../src/store/events.ts';
import { createSubscriptions } from '../../src/store/subscriptions.ts';
import { silentLog } from '../../src/telemetry/log.ts';

export type Fleet = {
  db: Database;
  events: EventStore;
  sites: readonly { siteId: SiteId; endpointId: EndpointId; url: string }[];
  close(): Promise<void>;
};

const ROWS_PER_INSERT = 500;

export async function openFleet(url: string, size: number): Promise<Fleet> {
  const db = await openDatabase({ url });
  for (let from = 0; from < size; from += ROWS_PER_INSERT) {
    const count = Math.min(ROWS_PER_INSERT, size - from);
    const values = Array.from({ length: count }, (_, at) => [from + at + 1, 0, urlOf(from + at + 1), 1]).flat();
    const text = `insert into jetpack_monitor_sites (blog_id, bucket_no, monitor_url, monitor_active) values ${Array.from({ length: count }, () => '(?, ?, ?, ?)').join(', ')}`;
    await db.transaction((tx) => tx.executeQuery(CompiledQuery.raw(text, values)));
  }
  const { rows } = await sql<{ endpoint: bigint; site: bigint }>`
    select jetpack_monitor_site_id as endpoint, blog_id as site from jetpack_monitor_sites order by 1`.execute(
    db.kysely,
  );
  // Somebody wants to hear of everything, so that each change has a delivery to write, too.
  await createSubscriptions({ db, clock: systemClock, random: systemRandom }).createWebhook({
    url: 'https://receiver.example/hook',
    createdBy: 'prove',
  });
  const events = createEvents({ db, changes: createChanges({ log: silentLog }) });
  return {
    db,
    events,
    sites: rows.map(({ endpoint, site }) => ({
      siteId: site as SiteId,
      endpointId: endpoint as EndpointId,
      url: urlOf(Number(site)),
    })),
    async close() {
      await events.close();
      await db.close();
    },
  };
}

function urlOf(nth: number): string {
  return `https://site-${nth}.fleet.example/`;
}

/** A refused connection with the evidence that a probe brings back, about 1.5 KB of JSON. */
export function failureOf(
  site: Fleet['sites'][number],
  mutations: readonly Mutation[],
  opId: string,
  attempts: number | null,
): AppendInput {
  const atMs = Date.now();
  return {
    identity: { siteId: site.siteId, endpointId: site.endpointId, checkType: 'http', discriminator: null },
    mutations,
    failing: attempts === null ? null : { sinceMs: atMs, attempts },
    opId,
    epoch: 0,
    atMs,
    source: 'local',
    metadata: {
      reason: 'connection_refused',
      summary: 'the server refused the connection',
      advice: 'Start the web server, or open its port in the firewall.',
      url: site.url,
      http_code: null,
      rtt_ms: 12,
      error_code: 2,
      failure_class: 'server',
      detector_class: 'connect',
      method: 'GET',
      detection_profile: 'full',
      redirect_policy: 'follow',
      attempts,
      observation: { checked_at: new Date(atMs).toISOString(), normal_check_interval_seconds: 60 },
      evidence: {
        method: 'GET',
        detection_profile: 'full',
        hops: [
          {
            url: site.url,
            dns: {
              name: new URL(site.url).hostname,
              resolver: '192.0.2.53:53',
              source: 'machine',
              addresses: ADDRESSES,
            },
            attempts: ADDRESSES.map((address) => ({ address, port: 443, outcome: 'refused', ms: 11.8 })),
            timings: { dns: 1.2, tcp: 11.8, total: 13.0 },
          },
        ],
        error: { phase: 'tcp', code: 'ECONNREFUSED', detail: 'connect ECONNREFUSED 192.0.2.10:443' },
        headers: Array.from({ length: 8 }, (_, at) => [`x-header-${at}`, 'of ordinary length, as replies have them']),
      },
    },
    project: true,
    onlyWhileWatching: { url: site.url },
    failedCheck: attempts === null ? null : lookOf(site, atMs),
  };
}

function lookOf({ siteId, endpointId }: Fleet['sites'][number], atMs: number) {
  const phases = { rttMs: 12, dnsMs: 1, tcpMs: 12, tlsMs: null, ttfbMs: null };
  return {
    siteId,
    endpointId,
    atMs,
    method: 'GET',
    httpCode: null,
    errorCode: 2,
    reason: 'connection_refused',
    ...phases,
  };
}

const ADDRESSES = ['192.0.2.10', '192.0.2.11', '2001:db8::10'];

export const OPEN = (): Mutation => ({ op: 'open', state: 'Seems Down', startedAtMs: Date.now(), reason: 'opened' });
export const CONFIRM: Mutation = { op: 'promote', state: 'Down', reason: 'local_confirmed' };
export const CLOSE: Mutation = { op: 'close', reason: 'verifier_cleared' };
