/** Real stores in temporary folders, and the questions every event log must answer with nothing (reliability: I1 to I6, I17). */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { sql } from 'kysely';
import { describe, it, onTestFinished } from 'vitest';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import { createChanges } from '../../src/store/changes.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type SqliteThread, type SqliteThreads, startSqliteThread } from '../../src/store/dialect/sqlite-link.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEventQueries } from '../../src/store/event-queries.ts';
import type { AppendInput } from '../../src/store/events.ts';
import { createEvents } from '../../src/store/events.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { testMariadb } from './mariadb-each.ts';

/** A folder that is gone when the test is. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon2-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A thread takes longer to start than most tests to run, so it is handed on from one to the next. */
const idleThreads: SqliteThread[] = [];
export const sharedThreads: SqliteThreads = {
  take: () => idleThreads.pop() ?? countOrders(startSqliteThread()),
  async giveBack(thread) {
    if (thread.isAlive()) idleThreads.push(thread);
  },
};

/** Given to a thread and not answered yet. */
let ordersOut = 0;

function countOrders(thread: SqliteThread): SqliteThread {
  return {
    ...thread,
    ask(order) {
      ordersOut += 1;
      return thread.ask(order).finally(() => {
        ordersOut -= 1;
      });
    },
  };
}

/** Resolves when nothing waits for a database, and nothing that an answer led to does. */
export async function databasesAtRest(): Promise<void> {
  do await setImmediate();
  while (ordersOut > 0);
}

/** The same folder gives the same database again, on a server, too. */
export async function temporaryDatabase(folder = temporaryFolder()): Promise<Database> {
  const db = await openDatabase({ url: await databaseUrl(folder), threads: sharedThreads });
  onTestFinished(() => db.close());
  return db;
}

/** Names the database that belongs to a folder: a file in it or, in the project that runs on MariaDB, one of that server. */
export async function databaseUrl(folder: string): Promise<string> {
  const server = testMariadb();
  if (server === null) return join(folder, 'jetmon.db');
  const name = `jetmon_${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  await server.query(`create database if not exists ${name}`);
  onTestFinished(async () => void (await server.query(`drop database if exists ${name}`)));
  return server.url(name);
}

/** For what only a database in a file can show. */
export const onSqliteOnly = {
  get it() {
    return testMariadb() === null ? it : it.skip;
  },
  get describe() {
    return testMariadb() === null ? describe : describe.skip;
  },
};

/** The parts most tests want, on a database of their own. */
export async function temporaryStore(folder?: string) {
  return storeOn(await temporaryDatabase(folder));
}

export function storeOn(db: Database) {
  const changes = createChanges({ log: silentLog });
  const endpoints = createEndpoints(db);
  async function addEndpoint(options: { url?: string; siteId?: SiteId } = {}) {
    const { url = `https://${crypto.randomUUID()}.example/`, siteId = null } = options;
    const created = await endpoints.create({ siteId, url, active: true, bucketNo: 0, intervalSeconds: 60 });
    if (created.kind !== 'created') throw new Error(`endpoint was not created: ${created.kind}`);
    return created.endpoint;
  }
  return {
    db,
    changes,
    endpoints,
    events: createEvents({ db, changes }),
    queries: createEventQueries(db),
    addEndpoint,
  };
}

let operations = 0;

/** An append on the http check of an endpoint, to be changed where a test cares. */
export function appendTo(
  endpoint: { siteId: SiteId; endpointId: EndpointId },
  mutations: AppendInput['mutations'],
  change: Partial<AppendInput> = {},
): AppendInput {
  const { siteId, endpointId } = endpoint;
  return {
    identity: { siteId, endpointId, checkType: 'http', discriminator: null },
    mutations,
    failing: null,
    opId: `test-${process.pid}-${++operations}`,
    epoch: 0,
    atMs: 1_000,
    source: 'local',
    metadata: null,
    project: true,
    onlyWhileWatching: null,
    ...change,
  };
}

/** The same database, with every statement that is sent through it noted by its kind. */
export function countStatements(db: Database) {
  const sent: string[] = [];
  const kysely = db.kysely.withPlugin({
    transformQuery({ node }) {
      sent.push(node.kind);
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const counted: Database = { ...db, kysely, transaction: (run) => kysely.transaction().execute(run) };
  return { db: counted, sent: () => [...sent], reset: () => void sent.splice(0) };
}

/** Each query finds what must not be there. */
const VIOLATIONS = {
  'I1 every mutation has one transition': sql<object>`
    select e.id, e.version, t.c, t.m from jetmon_events e
    left join (select event_id, count(*) c, max(seq) m, min(seq) f from jetmon_event_transitions group by event_id) t
      on t.event_id = e.id
    where e.version <> coalesce(t.c, 0) or e.version <> coalesce(t.m, 0) or t.f <> 1`,
  'I1 every transition has an event': sql<object>`
    select t.id from jetmon_event_transitions t left join jetmon_events e on e.id = t.event_id where e.id is null`,
  'I2 the newest transition tells the event': sql<object>`
    select e.id from jetmon_events e join jetmon_event_transitions t on t.event_id = e.id and t.seq = e.version
    where (e.ended_at is null) <> (t.state_after <> 'Resolved')
      or (e.ended_at is null and (e.state <> t.state_after or e.severity <> t.severity_after))
      or (e.ended_at is not null and (e.state <> t.state_before or e.severity <> t.severity_before
        or e.ended_at <> t.changed_at or e.resolution_reason <> t.reason or t.severity_after is not null))`,
  'I2 each transition begins where the one before ended': sql<object>`
    select t.id from jetmon_event_transitions t
    left join jetmon_event_transitions p on p.event_id = t.event_id and p.seq = t.seq - 1
    where coalesce(t.state_before, '-') <> coalesce(p.state_after, '-')
      or coalesce(t.severity_before, -1) <> coalesce(p.severity_after, -1)`,
  'I3 one open event per identity': sql<object>`
    select blog_id from jetmon_events where ended_at is null
    group by blog_id, coalesce(endpoint_id, 0), check_type, coalesce(discriminator, '') having count(*) > 1`,
  'I4 an operation is there once': sql<object>`
    select op_id from jetmon_event_transitions group by op_id having count(*) > 1`,
  'I6 the legacy status follows the open events': sql<object>`
    select s.jetpack_monitor_site_id from jetpack_monitor_sites s
    where s.site_status <> case
      when exists (select 1 from jetmon_events e where e.endpoint_id = s.jetpack_monitor_site_id
        and e.check_type = 'http' and e.ended_at is null and e.state = 'Down') then 2
      when exists (select 1 from jetmon_events e where e.endpoint_id = s.jetpack_monitor_site_id
        and e.check_type = 'http' and e.ended_at is null and e.state = 'Seems Down') then 0 else 1 end`,
  'I17 time does not run backwards': sql<object>`
    select t.id from jetmon_event_transitions t join jetmon_events e on e.id = t.event_id
    left join jetmon_event_transitions p on p.event_id = t.event_id and p.seq = t.seq - 1
    where t.changed_at < e.started_at or t.changed_at < coalesce(p.changed_at, 0)
      or t.changed_at > coalesce(e.ended_at, t.changed_at)`,
  'a confirmation belongs to an open event': sql<object>`
    select r.source_site_id from jetmon_endpoint_runtime r left join jetmon_events e on e.id = r.failing_event_id
    where r.failing_event_id is not null and (e.id is null or e.ended_at is not null)`,
};

/** The names of the invariants that do not hold; empty when all is well. */
export async function brokenInvariants(db: Database): Promise<string[]> {
  const broken: string[] = [];
  for (const [name, query] of Object.entries(VIOLATIONS)) {
    const { rows } = await query.execute(db.kysely);
    if (rows.length > 0) broken.push(`${name}: ${rows.length} rows`);
  }
  return broken;
}
