/**
 * How far the confirmation of a failure has come, kept in the endpoint's runtime row so that a restart goes on where it
 * stopped. One per endpoint: where two checks fail at once, the later one holds it and the other counts anew.
 */
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import type { Failing } from '../domain/incident.ts';
import type { Dialect } from './dialect/dialect.ts';
import type { Tx } from './schema.ts';

export async function saveFailing(
  tx: Tx,
  dialect: Dialect,
  endpoint: { siteId: SiteId; endpointId: EndpointId },
  eventId: EventId,
  failing: Failing | null,
): Promise<void> {
  if (failing === null) {
    await tx
      .updateTable('jetmon_endpoint_runtime')
      .set({ failing_event_id: null, failing_since: null, failing_attempts: null })
      .where('source_site_id', '=', endpoint.endpointId)
      .where('failing_event_id', '=', eventId)
      .execute();
    return;
  }
  const row = {
    source_site_id: endpoint.endpointId,
    blog_id: endpoint.siteId,
    failing_event_id: eventId,
    failing_since: Math.trunc(failing.sinceMs),
    failing_attempts: failing.attempts,
  };
  await dialect.upsert(tx, { table: 'jetmon_endpoint_runtime', rows: [row], key: ['source_site_id'] });
}

export function failingOf(row: { failing_since: bigint | null; failing_attempts: bigint | null }): Failing | null {
  if (row.failing_since === null || row.failing_attempts === null) return null;
  return { sinceMs: Number(row.failing_since), attempts: Number(row.failing_attempts) };
}
