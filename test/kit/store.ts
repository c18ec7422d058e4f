/** Real stores in temporary folders, and the question whether what must hold in them does. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import { createChanges } from '../../src/store/changes.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEventQueries } from '../../src/store/event-queries.ts';
import type { AppendInput } from '../../src/store/events.ts';
import { createEvents } from '../../src/store/events.ts';
import { askInvariants } from '../../src/store/invariants.ts';
import { silentLog } from '../../src/telemetry/log.ts';

/** A folder that is gone when the test is. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon2-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function temporaryDatabase(folder = temporaryFolder()): Promise<Database> {
  const db = await openDatabase({ url: join(folder, 'jetmon.db') });
  onTestFinished(() => db.close());
  return db;
}

/** The parts most tests want, on a database of their own. */
export async function temporaryStore(folder?: string) {
  const db = await temporaryDatabase(folder);
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

/** The invariants that do not hold, each with the first ids that break it; empty when all is well. */
export async function brokenInvariants(db: Database): Promise<string[]> {
  const broken: string[] = [];
  for await (const { invariant, ids } of askInvariants(db.kysely)) {
    if (ids !== null && ids.length > 0) broken.push(`${invariant.id} ${invariant.name}: ${invariant.finds} ${ids}`);
  }
  return broken;
}
