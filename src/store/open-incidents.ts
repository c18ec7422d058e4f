/** The open incidents as decide needs them, read at start and when an endpoint changes. */
import type { EndpointId, EventId } from '../domain/ids.ts';
import { type OpenIncident, openIncident } from '../domain/incident.ts';
import { type IncidentState, isLoggedState } from '../domain/state.ts';
import type { Log } from '../telemetry/log.ts';
import { failingOf } from './failing.ts';
import { registry } from './legacy.ts';
import type { Executor } from './schema.ts';

/** Rows read at a time, so that a fleet in trouble does not hold up everything else. */
const BATCH = 1_000;

export async function openIncidents(
  db: Executor,
  log: Pick<Log, 'error'>,
): Promise<Map<EndpointId, Map<string, OpenIncident>>> {
  const found = new Map<EndpointId, Map<string, OpenIncident>>();
  // Paging by the key that only open events have reads open events alone, however long the history is.
  for (let after = ''; ; ) {
    const rows = await select(db)
      .where('event.dedup_key', '>', after)
      .orderBy('event.dedup_key')
      .limit(BATCH)
      .execute();
    for (const row of rows) {
      if (isParked(row, log)) continue;
      const endpointId = row.endpoint_id as EndpointId;
      const ofEndpoint = found.get(endpointId) ?? new Map<string, OpenIncident>();
      found.set(endpointId, ofEndpoint.set(row.check_type, incidentOf(row)));
    }
    const last = rows.at(-1)?.dedup_key;
    if (rows.length < BATCH || last === undefined || last === null) return found;
    after = last;
  }
}

export async function openIncidentsOf(
  db: Executor,
  endpointId: EndpointId,
  log: Pick<Log, 'error'>,
): Promise<Map<string, OpenIncident>> {
  const site = db.selectFrom(registry(db)).select('registry.site_id').where('registry.endpoint_id', '=', endpointId);
  const rows = await select(db)
    .where('event.blog_id', 'in', site)
    .where('event.ended_at', 'is', null)
    .where('event.endpoint_id', '=', endpointId)
    .execute();
  const readable = rows.filter((row) => !isParked(row, log));
  return new Map(readable.map((row) => [row.check_type, incidentOf(row)]));
}

/** Those a check reports without a discriminator: the ones that are decided verdict by verdict. */
function select(db: Executor) {
  return db
    .selectFrom('jetmon_events as event')
    .leftJoin('jetmon_endpoint_runtime as runtime', (join) =>
      join.onRef('runtime.source_site_id', '=', 'event.endpoint_id').onRef('runtime.failing_event_id', '=', 'event.id'),
    )
    .select(['event.id', 'event.endpoint_id', 'event.check_type', 'event.state', 'event.severity', 'event.dedup_key'])
    .select('event.cause_event_id')
    .select(['runtime.failing_since', 'runtime.failing_attempts'])
    .where('event.endpoint_id', 'is not', null)
    .where('event.discriminator', 'is', null);
}

type Row = Awaited<ReturnType<ReturnType<typeof select>['execute']>>[number];

/** A state that no version knows is left as it is, and told: nobody can say what would follow from it. */
function isParked(row: Row, log: Pick<Log, 'error'>): boolean {
  if (isLoggedState(row.state)) return false;
  const facts = { event: String(row.id), endpoint: String(row.endpoint_id), state: row.state };
  log.error(facts, 'an open event has a state this program does not know; it is left alone until it is mended');
  return true;
}

function incidentOf(row: Row): OpenIncident {
  const open = openIncident(row.id as EventId, row.state as IncidentState, Number(row.severity), failingOf(row));
  return row.cause_event_id === null ? open : { ...open, causeEventId: row.cause_event_id as EventId };
}
