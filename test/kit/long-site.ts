/**
 * A site that was watched for a long time, as a database holds it then: looks thinned out by age, failed looks as rows,
 * outages in the log with the site's own events. Written at once, without the work that led to it.
 */
import type { Insertable } from 'kysely';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import type { Database } from '../../src/store/database.ts';
import { createEndpoints, type Endpoint } from '../../src/store/endpoints.ts';
import { type Part, partsOf, summaryOfPart } from '../../src/store/history/block.ts';
import { type Block, blockRowOf } from '../../src/store/history/blocks.ts';
import { type FailedCheck, insertFailures } from '../../src/store/history/failures.ts';
import { SPAN } from '../../src/store/history/parts.ts';
import { DEFAULT_RETENTION } from '../../src/store/history/retention.ts';
import { DAY_MS, dayOf, type Sample } from '../../src/store/history/sample.ts';
import type { EventsTable, TransitionsTable } from '../../src/store/schema.ts';
import { seeded } from './seeded.ts';

export type LongSite = {
  endpoint: Endpoint;
  /** Looks in all, healthy and failed. */
  looks: number;
  outages: number;
  transitions: number;
  downtimeMs: number;
};

export type LongSiteOptions = {
  nowMs: number;
  days?: number;
  intervalMs?: number;
  /** One after so many looks; each is of three failed looks, and every tenth is a false alarm. */
  looksBetweenOutages?: number;
};

const FAILED_LOOKS = 3;
const ROWS_PER_INSERT = 100;

/** About four transitions an outage; with the defaults 129,600 looks and 1,080 outages of 6,480 transitions. */
export async function writeLongSite(
  db: Database,
  { nowMs, days = 90, intervalMs = 60_000, looksBetweenOutages = 120 }: LongSiteOptions,
): Promise<LongSite> {
  const site = { siteId: null, url: `https://${crypto.randomUUID()}.example/`, active: true, bucketNo: 0 };
  const created = await createEndpoints(db).create(EVERY_SITE, { ...site, intervalSeconds: intervalMs / 1000 });
  if (created.kind !== 'created') throw new Error(`the site was not created: ${created.kind}`);
  const { endpoint } = created;
  const samples: Sample[] = [];
  const failures: FailedCheck[] = [];
  const outages: Outage[] = [];
  const random = seeded(7);
  const looks = Math.floor((days * DAY_MS) / intervalMs);
  for (let nth = 0; nth < looks; nth += 1) {
    const atMs = nowMs - (looks - nth) * intervalMs;
    const place = nth % looksBetweenOutages;
    if (place === 1) outages.push({ fromMs: atMs, toMs: atMs + FAILED_LOOKS * intervalMs, nth: outages.length });
    if (place >= 1 && place <= FAILED_LOOKS) failures.push(failureAt(endpoint, atMs));
    else samples.push(sampleAt(atMs, random));
  }
  const ended = outages.filter(({ toMs }) => toMs < nowMs);
  const blocks = blocksOf(endpoint, samples, nowMs);
  for (const some of inLists(blocks)) {
    await db.transaction(async (tx) => {
      await tx.insertInto('jetmon_history_blocks').values(some.map(blockRowOf)).execute();
    });
  }
  await db.transaction((tx) => insertFailures(tx, db.dialect, failures));
  const transitions = await writeLog(db, endpoint, ended);
  const real = ended.filter((outage) => !isFalseAlarm(outage));
  return {
    endpoint,
    looks,
    outages: real.length,
    transitions,
    downtimeMs: real.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0),
  };
}

type Outage = { fromMs: number; toMs: number; nth: number };

function isFalseAlarm({ nth }: Outage): boolean {
  return nth % 10 === 9;
}

function sampleAt(atMs: number, random: () => number): Sample {
  const about = (tenths: number) => Math.round(tenths * (0.7 + random() * 0.6));
  const [dns, tcp, tls, ttfb] = [about(12), about(180), about(400), about(600)];
  return { atMs, httpCode: 200, dns, tcp, tls, ttfb, total: dns + tcp + tls + ttfb + about(30) };
}

function failureAt({ endpointId, siteId }: Endpoint, atMs: number): FailedCheck {
  const phases = { rttMs: 12, dnsMs: 1, tcpMs: null, tlsMs: null, ttfbMs: null };
  return {
    endpointId,
    siteId,
    atMs,
    method: 'GET',
    httpCode: null,
    errorCode: 2,
    reason: 'connection_refused',
    ...phases,
  };
}

/** Young looks one by one, an hour a row; older ones as sums of hours, a day a row. */
function blocksOf(endpoint: { endpointId: EndpointId; siteId: SiteId }, samples: Sample[], nowMs: number): Block[] {
  const { endpointId, siteId } = endpoint;
  const rawFromMs = dayOf(nowMs - DEFAULT_RETENTION.rawDays * DAY_MS);
  const blockOf = (span: number, startMs: number, parts: Part[]): Block => ({
    endpointId,
    siteId,
    span,
    startMs,
    parts,
  });
  return [...Map.groupBy(samples, ({ atMs }) => dayOf(atMs))].flatMap(([dayMs, some]) => {
    const hours = partsOf(some);
    if (dayMs >= rawFromMs) return hours.map((part) => blockOf(SPAN.hours, part.startMs, [part]));
    const sums = hours.map((part) => ({ startMs: part.startMs, summary: summaryOfPart(part) }));
    return [blockOf(SPAN.day, dayMs, sums)];
  });
}

type EventInsert = Insertable<EventsTable>;
type TransitionInsert = Insertable<TransitionsTable>;

async function writeLog(db: Database, endpoint: Endpoint, outages: readonly Outage[]): Promise<number> {
  const newest = await db.kysely.selectFrom('jetmon_events').select('id').orderBy('id', 'desc').executeTakeFirst();
  const firstId = Number(newest?.id ?? 0n) + 1;
  let written = 0;
  for (const some of inLists(outages)) {
    const events: EventInsert[] = [];
    const transitions: TransitionInsert[] = [];
    for (const outage of some) {
      for (const own of [false, true]) {
        const id = firstId + 2 * outage.nth + (own ? 1 : 0);
        const steps = stepsOf(outage).map((step, at) => ({ ...step, ...identityOf(id, endpoint, at) }));
        transitions.push(...steps);
        events.push(eventRow(id, endpoint, outage, { own, version: steps.length }));
      }
    }
    await db.transaction(async (tx) => {
      await tx.insertInto('jetmon_events').values(events).execute();
      await tx.insertInto('jetmon_event_transitions').values(transitions).execute();
    });
    written += transitions.length;
  }
  return written;
}

function eventRow(
  id: number,
  { siteId, endpointId }: Endpoint,
  outage: Outage,
  { own, version }: { own: boolean; version: number },
): EventInsert {
  const severity = isFalseAlarm(outage) ? 3 : 4;
  return {
    id: BigInt(id),
    blog_id: siteId,
    endpoint_id: own ? null : endpointId,
    check_type: own ? 'site_state' : 'http',
    severity,
    state: severity === 4 ? 'Down' : 'Seems Down',
    started_at: outage.fromMs,
    ended_at: outage.toMs,
    resolution_reason: closeReason(outage),
    metadata: '{}',
    updated_at: outage.toMs,
    version,
  };
}

function identityOf(id: number, { siteId }: Endpoint, at: number) {
  return {
    event_id: id,
    blog_id: siteId,
    seq: at + 1,
    source: 'local',
    metadata: '{}',
    epoch: 0,
    op_id: `long-${id}/${at}`,
  };
}

function closeReason(outage: Outage): string {
  return isFalseAlarm(outage) ? 'false_alarm' : 'verifier_cleared';
}

type Step = Pick<TransitionInsert, 'severity_before' | 'severity_after' | 'reason' | 'changed_at'> &
  Pick<TransitionInsert, 'state_before' | 'state_after'>;

function stepsOf(outage: Outage): Step[] {
  const opened = step([null, 3], [null, 'Seems Down'], 'opened', outage.fromMs);
  if (isFalseAlarm(outage)) return [opened, step([3, null], ['Seems Down', 'Resolved'], 'false_alarm', outage.toMs)];
  return [
    opened,
    step([3, 4], ['Seems Down', 'Down'], 'verifier_confirmed', outage.fromMs + 5_000),
    step([4, null], ['Down', 'Resolved'], 'verifier_cleared', outage.toMs),
  ];
}

type Both<T> = [before: T | null, after: T | null];

function step([sevBefore, sevAfter]: Both<number>, [before, after]: Both<string>, reason: string, atMs: number): Step {
  const severities = { severity_before: sevBefore, severity_after: sevAfter };
  return { ...severities, state_before: before, state_after: after, reason, changed_at: atMs };
}

function inLists<T>(all: readonly T[]): T[][] {
  const lists: T[][] = [];
  for (let from = 0; from < all.length; from += ROWS_PER_INSERT) lists.push(all.slice(from, from + ROWS_PER_INSERT));
  return lists;
}
