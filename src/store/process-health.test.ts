import { expect, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import { type ProcessHealth, readProcessHealth, writeProcessHealth } from './process-health.ts';

const HEALTH: ProcessHealth = {
  hostId: 'node.example',
  processType: 'monitor',
  pid: 4_711,
  version: '1.2.3',
  runtimeVersion: 'v24.0.0',
  state: 'running',
  healthy: true,
  startedAtMs: 1_000.5,
  updatedAtMs: 2_000,
  apiPort: 8080,
  workers: 2,
  activeChecks: 3,
  queueDepth: 4,
  heapBytes: 5 * 1024 * 1024,
  rssBytes: 6e15,
};

it('a process has one row, which keeps when it was made', async () => {
  const { db } = await temporaryStore();
  expect(await readProcessHealth(db, 'node.example')).toBeNull();
  await writeProcessHealth(db, HEALTH);
  await writeProcessHealth(db, { ...HEALTH, state: 'stopped', healthy: false, updatedAtMs: 3_000 });
  await writeProcessHealth(db, { ...HEALTH, hostId: 'other.example', pid: 1 });
  expect(await readProcessHealth(db, 'node.example')).toEqual({ pid: 4_711, state: 'stopped', updatedAtMs: 3_000 });
  const [row] = await db.kysely.selectFrom('jetmon_process_health').selectAll().orderBy('host_id').execute();
  expect(row).toMatchObject({ process_id: 'node.example:monitor', health_status: 'degraded' });
  expect([row?.created_at, row?.updated_at, row?.started_at, row?.rss_mem_mb].map(Number)).toEqual([
    2_000, 3_000, 1_000, 2_147_483_647,
  ]);
});

it('the longest name of a host fits', async () => {
  const { db } = await temporaryStore();
  const hostId = 'h'.repeat(400);
  await writeProcessHealth(db, { ...HEALTH, hostId });
  expect(await readProcessHealth(db, hostId)).toMatchObject({ pid: 4_711 });
});
