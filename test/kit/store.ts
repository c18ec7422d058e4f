/** Real stores in temporary folders, and the question whether what must hold in them does. */
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, it, onTestFinished } from 'vitest';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import type { AppendInput } from '../../src/store/append/append-input.ts';
import { type AuditEntry, recordAudit } from '../../src/store/audit.ts';
import { createChanges } from '../../src/store/changes.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { type SqliteThread, type SqliteThreads, startSqliteThread } from '../../src/store/dialect/sqlite-link.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEventQueries } from '../../src/store/event-queries.ts';
import { createEvents } from '../../src/store/events.ts';
import { createFleetRows } from '../../src/store/fleet-rows.ts';
import { liveWindows } from '../../src/store/maintenance-windows.ts';
import { createRecentTransitions } from '../../src/store/recent-transitions.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { fillTestMariadb, testMariadb } from './mariadb-each.ts';
import { quickFolder } from './quick-folder.ts';

/** A folder that is gone when the test is. */
export function temporaryFolder(within = tmpdir()): string {
  const folder = mkdtempSync(join(within, 'jetmon2-test-'));
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
let allAnswered = Promise.withResolvers<void>();

function countOrders(thread: SqliteThread): SqliteThread {
  return {
    ...thread,
    ask(order) {
      if (ordersOut === 0) allAnswered = Promise.withResolvers();
      ordersOut += 1;
      return thread.ask(order).finally(() => {
        ordersOut -= 1;
        if (ordersOut === 0) allAnswered.resolve();
      });
    },
  };
}

/**
 * Resolves when nothing waits for a database, and nothing that an answer led to does. Sleeps meanwhile: to ask again and
 * again would take the processor from the thread that is to answer.
 */
export async function databasesAtRest(): Promise<void> {
  await setImmediate();
  while (ordersOut > 0) {
    await allAnswered.promise;
    await setImmediate();
  }
}

/** A file with the tables that the migrations make: copying it takes a tenth of the time of making them for each test. */
let madeFile: Promise<Buffer> | null = null;

async function makeFile(): Promise<Buffer> {
  const folder = mkdtempSync(join(quickFolder(), 'jetmon2-test-'));
  try {
    const path = join(folder, 'jetmon.db');
    await (await openDatabase({ url: path, threads: sharedThreads })).close();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The same folder gives the same database again, on a server, too. Without one it lies where no commit waits for a disk:
 * what a disk does to a database is tested in folders of its own.
 */
export async function temporaryDatabase(folder = temporaryFolder(quickFolder())): Promise<Database> {
  const url = await databaseUrl(folder);
  if (testMariadb() !== null) {
    await fillTestMariadb(basename(url));
  } else if (!existsSync(url)) {
    madeFile ??= makeFile();
    writeFileSync(url, await madeFile, { mode: 0o600 });
  }
  const db = await openDatabase({ url, threads: sharedThreads });
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
    const created = await endpoints.create(EVERY_SITE, { siteId, url, active: true, bucketNo: 0, intervalSeconds: 60 });
    if (created.kind !== 'created') throw new Error(`endpoint was not created: ${created.kind}`);
    return created.endpoint;
  }
  return {
    db,
    changes,
    endpoints,
    fleetRows: createFleetRows(db),
    events: createEvents({ db, changes }),
    queries: createEventQueries(db),
    recentTransitions: createRecentTransitions(db),
    recordAudit: (entries: readonly AuditEntry[]) => recordAudit(db.kysely, entries),
    readMaintenance: (sinceMs: number) => liveWindows(db.kysely, EVERY_SITE, sinceMs),
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
