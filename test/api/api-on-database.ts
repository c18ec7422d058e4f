/** An API server on a free port of the loopback, over a database of one's own, outside of any test. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiServer } from '../../src/api/server.ts';
import { healthyDetails, http } from '../../src/checks/application/http.ts';
import { verdictOf } from '../../src/checks/check.ts';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import type { Observation } from '../../src/domain/verdict.ts';
import type { Clock } from '../../src/lib/clock.ts';
import type { Random } from '../../src/lib/random.ts';
import type { ServiceDeps } from '../../src/services/deps.ts';
import { openDatabase } from '../../src/store/database.ts';
import type { SqliteThreads } from '../../src/store/dialect/sqlite-link.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { apiParts } from '../kit/api-parts.ts';
import { STATUS_SAMPLE } from './status-sample.ts';

export type ApiOnDatabase = {
  address: string;
  deps: ServiceDeps;
  /** What the engine says when a look has come back. */
  looked(watched: { siteId: SiteId; endpointId: EndpointId }): void;
  close(): Promise<void>;
};

/** What a look finds where no network is to be asked. */
function sampleLook(startedAtMs: number): Observation {
  const details = healthyDetails(200, 84);
  return {
    startedAtMs,
    timings: { dns: 2, tcp: 18, tls: 25, ttfb: 37, total: 84 },
    httpCode: 200,
    address: '192.0.2.7',
    certificateExpiresAtMs: startedAtMs + 60 * 86_400_000,
    verdicts: [verdictOf(http, { reason: 'ok', details })],
    evidence: null,
  };
}

/** `databaseUrl` absent: a file that is gone after `close`. */
export async function startApiOnDatabase(options: {
  clock: Clock;
  random: Random;
  log?: Log;
  databaseUrl?: string;
  threads?: SqliteThreads;
}): Promise<ApiOnDatabase> {
  const { clock, random, log = silentLog } = options;
  const folder = mkdtempSync(join(tmpdir(), 'jetmon2-api-'));
  const db = await openDatabase({
    url: options.databaseUrl ?? join(folder, 'jetmon.db'),
    clock,
    threads: options.threads,
  });
  const deps = apiParts(db, { clock, random });
  const listeners = new Set<(result: { siteId: SiteId; endpointId: EndpointId }) => void>();
  const server = createApiServer({
    deps,
    policy: { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: false },
    log,
    localKey: null,
    page: null,
    proberStats: () => ({ threads: 1, running: 2, waiting: 0, visits: 200, voided: 1, stalled: 0 }),
    status: async () => STATUS_SAMPLE,
    lookNow: async () => ({ observation: sampleLook(clock.nowMs()), isBooked: true, closed: [] }),
    onResult(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    validateReplies: true,
  });
  const { address } = await server.listen({ host: '127.0.0.1', port: 0 });
  return {
    address,
    deps,
    looked(watched) {
      for (const listener of listeners) listener(watched);
    },
    async close() {
      await server.close();
      await db.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
