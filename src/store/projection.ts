/** The legacy status of an endpoint as a function of its open events (spec/01 section 12.4). */
import type { EndpointId } from '../domain/ids.ts';
import { LEGACY_STATUS, type LegacyStatus, writeStatus } from './legacy.ts';
import type { Executor } from './schema.ts';

/** The only check that version 1 and its readers know of; advisories of others never show there. */
export const PROJECTED_CHECK = 'http';

/** Any Down is confirmed down, else any Seems Down is down, else running. */
export function legacyStatusFor(openStates: readonly string[]): LegacyStatus {
  if (openStates.includes('Down')) return LEGACY_STATUS.confirmedDown;
  return openStates.includes('Seems Down') ? LEGACY_STATUS.siteDown : LEGACY_STATUS.running;
}

/** Brings the registry in line with the events; runs in the transaction that changed them. */
export async function projectStatus(tx: Executor, endpointId: EndpointId, siteId: bigint, atMs: number): Promise<void> {
  const open = await tx
    .selectFrom('jetmon_events')
    .select('state')
    .where('blog_id', '=', siteId)
    .where('ended_at', 'is', null)
    .where('endpoint_id', '=', endpointId)
    .where('check_type', '=', PROJECTED_CHECK)
    .execute();
  await writeStatus(tx, endpointId, legacyStatusFor(open.map((event) => event.state)), atMs);
}
