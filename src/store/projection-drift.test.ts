import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import type { Endpoint } from './endpoints.ts';
import { LEGACY_STATUS, LEGACY_TABLE } from './legacy.ts';
import { BEFORE_ALL, driftPage } from './projection-drift.ts';

async function projecting() {
  const store = await temporaryStore();
  const fail = ({ siteId, endpointId, url }: Endpoint, checkType: string, state: 'Down' | 'Seems Down' | 'Warning') =>
    store.events.append({
      identity: { siteId, endpointId, checkType, discriminator: null },
      mutations: [{ op: 'open', state, startedAtMs: 1, reason: 'opened' }],
      failing: null,
      opId: `${checkType}-${endpointId}`,
      epoch: 0,
      atMs: 1,
      source: 'local',
      metadata: null,
      project: true,
      onlyWhileWatching: { url },
    });
  const overwrite = ({ endpointId }: Endpoint, status: number) =>
    sql`update ${sql.table(LEGACY_TABLE)} set ${sql.ref('site_status')} = ${status}
        where ${sql.ref('jetpack_monitor_site_id')} = ${endpointId}`.execute(store.db.kysely);
  return { ...store, fail, overwrite };
}

describe('the status of the registry', () => {
  it('is compared with what is open on each endpoint, a page at a time', async () => {
    const { db, addEndpoint, fail, overwrite } = await projecting();
    const well = await addEndpoint();
    const down = await addEndpoint();
    const advised = await addEndpoint();
    await fail(down, 'http', 'Down');
    await fail(advised, 'tls_expiry', 'Warning');
    expect(await driftPage(db.kysely, BEFORE_ALL, 10)).toEqual({ drifted: [], compared: 3, next: null });
    await overwrite(well, LEGACY_STATUS.siteDown);
    await overwrite(down, LEGACY_STATUS.running);
    const first = await driftPage(db.kysely, BEFORE_ALL, 2);
    expect(first).toEqual({ drifted: [well.endpointId, down.endpointId], compared: 2, next: down.endpointId });
    const second = await driftPage(db.kysely, first.next ?? BEFORE_ALL, 2);
    expect(second).toEqual({ drifted: [], compared: 1, next: null });
  });

  it('of no endpoint is nothing to compare', async () => {
    const { db } = await projecting();
    expect(await driftPage(db.kysely, BEFORE_ALL, 10)).toEqual({ drifted: [], compared: 0, next: null });
  });
});
