/** The row in which a process says how it fares, for whoever looks at the database and not at the process. */
import type { Database } from './database.ts';
import type { DatabaseToRead } from './dialect/dialect.ts';

export type ProcessState = 'starting' | 'running' | 'draining' | 'stopping' | 'stopped';

export type ProcessHealth = {
  hostId: string;
  processType: 'monitor';
  pid: number;
  version: string;
  runtimeVersion: string;
  state: ProcessState;
  /** Whether anything is wrong. */
  healthy: boolean;
  startedAtMs: number;
  updatedAtMs: number;
  apiPort: number | null;
  workers: number;
  activeChecks: number;
  queueDepth: number;
  heapBytes: number;
  rssBytes: number;
};

const MEGABYTE = 1024 * 1024;
/** Columns are plain integers. */
const MAX_INTEGER = 2_147_483_647;

export async function writeProcessHealth(db: Database, health: ProcessHealth): Promise<void> {
  const hostId = health.hostId.slice(0, 255);
  await db.transaction((tx) =>
    db.dialect.upsert(tx, {
      table: 'jetmon_process_health',
      key: ['process_id'],
      keep: ['created_at'],
      rows: [
        {
          process_id: processId(hostId, health.processType),
          host_id: hostId,
          process_type: health.processType,
          pid: health.pid,
          version: health.version.slice(0, 64),
          build_date: null,
          runtime_version: health.runtimeVersion.slice(0, 64),
          state: health.state,
          health_status: health.healthy ? 'ok' : 'degraded',
          started_at: Math.trunc(health.startedAtMs),
          updated_at: Math.trunc(health.updatedAtMs),
          api_port: health.apiPort,
          dashboard_port: health.apiPort,
          worker_count: whole(health.workers),
          active_checks: whole(health.activeChecks),
          queue_depth: whole(health.queueDepth),
          runtime_mem_mb: whole(health.heapBytes / MEGABYTE),
          rss_mem_mb: whole(health.rssBytes / MEGABYTE),
          created_at: Math.trunc(health.updatedAtMs),
        },
      ],
    }),
  );
}

/** What a process of this host said last; null when none ever did. */
export async function readProcessHealth(
  db: Pick<DatabaseToRead, 'kysely'>,
  hostId: string,
): Promise<{ pid: number; state: string; updatedAtMs: number } | null> {
  const row = await db.kysely
    .selectFrom('jetmon_process_health')
    .select(['pid', 'state', 'updated_at'])
    .where('process_id', '=', processId(hostId.slice(0, 255), 'monitor'))
    .executeTakeFirst();
  return row === undefined ? null : { pid: Number(row.pid), state: row.state, updatedAtMs: Number(row.updated_at) };
}

function processId(hostId: string, processType: string): string {
  return `${hostId}:${processType}`;
}

function whole(value: number): number {
  return Math.min(MAX_INTEGER, Math.max(0, Math.round(value)));
}
