/** Compares the status column of the registry with the events that are open, some rows at a time (spec/01 section 12.4). */
import type { EndpointId } from '../domain/ids.ts';
import { registry } from './legacy.ts';
import { legacyStatusFor, PROJECTED_CHECK } from './projection.ts';
import type { Executor } from './schema.ts';

export type DriftPage = {
  /** Rows whose status is not what the log says. */
  drifted: EndpointId[];
  compared: number;
  /** Where the next page begins; null when this was the last one. */
  next: EndpointId | null;
};

export const BEFORE_ALL = 0n as EndpointId;

/**
 * One statement, so that status and events are of one moment: each is committed with the other. Of what is paused or
 * removed the status stays that of what is open on it, as `replay --verify` has it.
 */
export async function driftPage(db: Executor, after: EndpointId, limit: number): Promise<DriftPage> {
  const page = db
    .selectFrom(registry(db, 'r'))
    .select(['r.endpoint_id', 'r.site_id', 'r.legacy_status'])
    .where('r.endpoint_id', '>', after)
    .orderBy('r.endpoint_id')
    .limit(limit)
    .as('p');
  const rows = await db
    .selectFrom(page)
    .leftJoin('jetmon_events as e', (on) =>
      on
        .onRef('e.blog_id', '=', 'p.site_id')
        .onRef('e.endpoint_id', '=', 'p.endpoint_id')
        .on('e.check_type', '=', PROJECTED_CHECK)
        .on('e.ended_at', 'is', null),
    )
    .select(['p.endpoint_id', 'p.legacy_status', 'e.state'])
    .orderBy('p.endpoint_id')
    .execute();
  const byEndpoint = new Map<bigint, { status: bigint; states: string[] }>();
  for (const { endpoint_id, legacy_status, state } of rows) {
    const known = byEndpoint.get(endpoint_id) ?? { status: legacy_status, states: [] };
    if (state !== null) known.states.push(state);
    byEndpoint.set(endpoint_id, known);
  }
  const drifted = [...byEndpoint].filter(([, { status, states }]) => status !== BigInt(legacyStatusFor(states)));
  const last = [...byEndpoint.keys()].at(-1);
  return {
    drifted: drifted.map(([endpointId]) => endpointId as EndpointId),
    compared: byEndpoint.size,
    next: last === undefined || byEndpoint.size < limit ? null : (last as EndpointId),
  };
}
