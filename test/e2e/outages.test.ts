/** Every way a site can fail, from the first look to the closed event, through the real program. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EventDetail, Transition } from '../../src/contracts/events.ts';
import { openDatabase } from '../../src/store/database.ts';
import { brokenInvariants } from '../kit/broken-invariants.ts';
import { createTestCertificates, type TestCertificates } from '../kit/certificates.ts';
import { eventually } from '../kit/eventually.ts';
import { createPlace, type Place, rowsOf, type Server, startServer } from '../kit/program.ts';
import { type Site, startSite } from '../kit/site.ts';

/** How a site is taken down, and what must be found then. */
type Kind = {
  name: string;
  https?: boolean;
  down(site: Site): Promise<void> | void;
  up?(site: Site): Promise<void> | void;
  reason: string;
  /** It may also be trouble of our own, so that soon after a recovery it is confirmed before it is told. */
  isWeak?: true;
  /** What else the very first failure may look like: a request that is under way when the site goes away. */
  cutShort?: readonly string[];
  error: { phase: string; code: string } | null;
};

const KINDS: readonly Kind[] = [
  {
    name: 'answers 500',
    down: (site) => site.behave({ kind: 'status', code: 500 }),
    reason: 'http_server_error',
    error: null,
  },
  {
    name: 'closes its port',
    down: (site) => site.close(),
    up: (site) => site.reopen(),
    reason: 'tcp_refused',
    isWeak: true,
    cutShort: ['tcp_reset', 'http_no_reply', 'body_truncated'],
    error: { phase: 'tcp', code: 'ECONNREFUSED' },
  },
  {
    name: 'takes requests and never answers',
    down: (site) => site.behave({ kind: 'hang', at: 'request' }),
    reason: 'http_timeout',
    isWeak: true,
    error: { phase: 'http', code: 'DEADLINE' },
  },
  {
    name: 'shows a certificate that has expired',
    https: true,
    down: (site) => site.present(certificates.expired),
    up: (site) => site.present(certificates.good),
    reason: 'tls_expired',
    error: { phase: 'tls', code: 'CERT_HAS_EXPIRED' },
  },
  {
    name: 'redirects in a circle',
    down: (site) => site.behave({ kind: 'redirect_loop' }),
    reason: 'redirect_loop',
    error: { phase: 'redirect', code: 'LOOP' },
  },
];

const STATUS_OF_STATE: Readonly<Record<string, number>> = { none: 1, 'Seems Down': 0, Down: 2 };

let place: Place;
let certificates: TestCertificates;
let server: Server;

beforeAll(async () => {
  place = createPlace();
  certificates = await createTestCertificates();
  const caFile = join(place.folder, 'ca.pem');
  writeFileSync(caFile, certificates.caPem);
  server = await startServer({ folder: place.folder, env: { CHECK_CA_FILE: caFile } });
});
afterAll(async () => {
  await server?.end('SIGKILL');
  place?.remove();
});

describe.concurrent('a site that', () => {
  it.for(KINDS)('$name has one event per outage, with the right transitions', async (kind, { onTestFinished }) => {
    const site = await startSite(kind.https ? { identity: certificates.good } : {});
    onTestFinished(() => site.stop());
    const siteId = await watch(site);
    const first = await outage(site, siteId, kind);
    const second = await outage(site, siteId, kind);
    expect(second.id).not.toBe(first.id);
    expect(await eventsOf(siteId)).toMatchObject([second, first].map(({ id }) => ({ id })));
  });

  it('fails once and is well again has an event that was never Down', async ({ onTestFinished }) => {
    const site = await startSite();
    onTestFinished(() => site.stop());
    const siteId = await watch(site);
    site.behave({ kind: 'status', code: 503 });
    await eventually('the failure is seen', () => openStateOf(siteId) !== 'none');
    site.behave({ kind: 'up' });
    await eventually('the event is closed', () => openStateOf(siteId) === 'none');
    const [event, ...others] = await eventsOf(siteId);
    expect(others).toEqual([]);
    expect(event?.resolution_reason).toBe('probe_cleared');
    expect(stepsOf(event)).toEqual([
      [1, null, 'Seems Down', 'opened'],
      [2, 'Seems Down', 'Resolved', 'probe_cleared'],
    ]);
    expect(projected(siteId)).toBe(1);
  });
});

describe('after all of these outages', () => {
  it('the server ends in good order and the event log keeps every invariant', async () => {
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
    const db = await openDatabase({ url: join(place.dataDir, 'jetmon.db') });
    try {
      expect(await brokenInvariants(db)).toEqual([]);
    } finally {
      await db.close();
    }
  });
});

/** Adds the site and waits until it was found well. */
async function watch(site: Site): Promise<number> {
  const added = await server.client.sites.create({
    monitor_url: site.url,
    check_interval_seconds: 1,
    timeout_seconds: 1,
  });
  const siteId = Number(added.id);
  await eventually('the first look', async () => (await server.client.sites.get(siteId)).last_checked_at !== null);
  expect(await server.client.sites.get(siteId)).toMatchObject({ current_state: 'Up', active_events: [] });
  expect(projected(siteId)).toBe(1);
  return siteId;
}

/** One outage from beginning to end; returns its event. */
async function outage(site: Site, siteId: number, kind: Kind): Promise<EventDetail> {
  const earlier = (await eventsOf(siteId)).length;
  await kind.down(site);
  const seen = new Set<string>();
  await eventually('the site is Down', () => {
    const sample = sampleOf(siteId);
    expect(sample.status).toBe(STATUS_OF_STATE[sample.state]);
    seen.add(sample.state);
    return sample.state === 'Down';
  });
  if (kind.isWeak === undefined || earlier === 0) expect(seen).toContain('Seems Down');
  const [opened] = await eventsOf(siteId);
  expect(opened).toMatchObject({ ended_at: null, state: 'Down', severity: 4, transition_count: 2 });
  expect(stepsOf(opened)).toEqual([
    [1, null, 'Seems Down', 'opened'],
    [2, 'Seems Down', 'Down', 'local_confirmed'],
  ]);
  expectProof(opened, kind, site);

  await (kind.up ?? ((one: Site) => one.behave({ kind: 'up' })))(site);
  await eventually('the event is closed', () => sampleOf(siteId).state === 'none');
  await twoMoreLooks(siteId);
  const [closed, ...others] = await eventsOf(siteId);
  expect(others).toHaveLength(earlier);
  if (closed === undefined) throw new Error('the event is gone');
  expect(closed).toMatchObject({ id: opened?.id, resolution_reason: 'verifier_cleared', state: 'Down' });
  expect(stepsOf(closed)).toEqual([
    [1, null, 'Seems Down', 'opened'],
    [2, 'Seems Down', 'Down', 'local_confirmed'],
    [3, 'Down', 'Resolved', 'verifier_cleared'],
  ]);
  expect(sampleOf(siteId)).toEqual({ state: 'none', status: 1 });
  expect(await server.client.sites.get(siteId)).toMatchObject({ current_state: 'Up', active_events: [] });
  return closed;
}

/** The event and its confirmation carry the cause and what was seen. */
function expectProof(event: EventDetail | undefined, kind: Kind, site: Site): void {
  const atOpen = event?.metadata as Record<string, unknown>;
  expect([kind.reason, ...(kind.cutShort ?? [])]).toContain(atOpen['reason']);
  expect(atOpen).toMatchObject({ url: site.url, evidence: { url: site.url } });
  const atConfirm = event?.transitions[1]?.metadata;
  expect(atConfirm).toMatchObject({
    reason: kind.reason,
    verification: 'none_configured',
    attempts: 3,
    evidence: { url: site.url, error: kind.error },
  });
}

/** What is open and what the status column says, read in one statement. */
function sampleOf(siteId: number): { state: string; status: number } {
  const [row] = rowsOf(
    place.dataDir,
    `select s.site_status as status, coalesce(e.state, 'none') as state from jetpack_monitor_sites s
     left join jetmon_events e on e.endpoint_id = s.jetpack_monitor_site_id and e.ended_at is null
     where s.blog_id = ?`,
    siteId,
  );
  return { state: String(row?.['state']), status: Number(row?.['status']) };
}

const openStateOf = (siteId: number) => sampleOf(siteId).state;
const projected = (siteId: number) => sampleOf(siteId).status;

async function twoMoreLooks(siteId: number): Promise<void> {
  for (const nth of ['first', 'second']) {
    const before = (await server.client.sites.get(siteId)).last_checked_at;
    await eventually(`the ${nth} look after`, async () => {
      return (await server.client.sites.get(siteId)).last_checked_at !== before;
    });
  }
}

/** Newest first, each with its transitions. */
async function eventsOf(siteId: number): Promise<EventDetail[]> {
  const events: Promise<EventDetail>[] = [];
  for await (const { id } of server.client.events.list({ site_id: siteId })) events.push(server.client.events.get(id));
  return Promise.all(events);
}

function stepsOf(event: EventDetail | undefined): unknown[] {
  return (event?.transitions ?? []).map((one: Transition) => [one.seq, one.state_before, one.state_after, one.reason]);
}
