/**
 * How far the confirmation of a failure has come, kept in the endpoint's runtime row so that a restart goes on where it
 * stopped. One per endpoint: where two checks fail at once, the later one holds it and the other counts anew.
 */
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import type { Failing } from '../domain/incident.ts';
import { padded } from './append/statements.ts';
import type { Dialect } from './dialect/dialect.ts';
import type { Tx } from './schema.ts';

export type FailingWrite = { siteId: SiteId; endpointId: EndpointId; event: { id: EventId }; failing: Failing };

const ROWS_PER_STATEMENT = 128;

export async function saveFailing(tx: Tx, dialect: Dialect, writes: readonly FailingWrite[]): Promise<void> {
  const rows = writes.map(({ siteId, endpointId, event, failing }) => ({
    source_site_id: endpointId,
    blog_id: siteId,
    failing_event_id: event.id,
    failing_since: Math.trunc(failing.sinceMs),
    failing_attempts: failing.attempts,
  }));
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const some = padded(rows.slice(from, from + ROWS_PER_STATEMENT));
    await dialect.upsert(tx, { table: 'jetmon_endpoint_runtime', rows: some, key: ['source_site_id'] });
  }
}

/** Forgets what these events held. */
export async function settleFailing(
  tx: Tx,
  events: readonly { id: EventId; identity: { endpointId: EndpointId | null } }[],
): Promise<void> {
  const endpointIds = events.flatMap(({ identity }) => (identity.endpointId === null ? [] : [identity.endpointId]));
  if (endpointIds.length === 0) return;
  await tx
    .updateTable('jetmon_endpoint_runtime')
    .set({ failing_event_id: null, failing_since: null, failing_attempts: null })
    .where('source_site_id', 'in', padded(endpointIds))
    .where('failing_event_id', 'in', padded(events.map(({ id }) => id)))
    .execute();
}

export function failingOf(row: { failing_since: bigint | null; failing_attempts: bigint | null }): Failing | null {
  if (row.failing_since === null || row.failing_attempts === null) return null;
  return { sinceMs: Number(row.failing_since), attempts: Number(row.failing_attempts) };
}
