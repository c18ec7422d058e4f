/** The newest healthy look of each endpoint, out of the journal: what a restart knows beyond the rows of freshness. */
import type { EndpointId } from '../../domain/ids.ts';
import { createTurns, type HistoryParts, readOrCount, SEGMENT_STATE } from './parts.ts';
import { HOUR_MS, isBlind, type Sample } from './sample.ts';
import { openSegment } from './segment.ts';

const WITHIN_MS = HOUR_MS;
/** Bounds the start of a large fleet; those not found by then are as fresh as their rows say. */
const MAX_SAMPLES = 4_000_000;
const SEGMENTS_PER_READ = 16;

/** Who is looked for, and who was found: kept by the one who asks, for whom that may be a whole fleet. */
export type Search = {
  /** Endpoints that were not found yet. */
  left(): number;
  /** False for those found already. */
  wants(endpointId: EndpointId): boolean;
  found(endpointId: EndpointId, sample: Sample): void;
};

/** Goes back from the newest segment until all endpoints of interest are found, for an hour of samples at most. */
export async function newestSamples(parts: HistoryParts, search: Search): Promise<void> {
  const segments = await recentSegments(parts);
  const inTurn = createTurns(parts);
  let read = 0;
  for (let from = 0; from < segments.length; from += SEGMENTS_PER_READ) {
    const some = segments.slice(from, from + SEGMENTS_PER_READ);
    if (search.left() === 0 || read > MAX_SAMPLES) break;
    const rows = await parts.db.kysely
      .selectFrom('jetmon_history_journal')
      .select(['id', 'body'])
      .where(
        'id',
        'in',
        some.map(({ id }) => id),
      )
      .execute();
    const bodies = new Map(rows.map(({ id, body }) => [id, body]));
    for (const { id } of some) {
      const body = bodies.get(id);
      if (body === undefined) continue;
      readOrCount(
        parts.trouble,
        () => `segment ${id}`,
        () => takeNewest(body, search),
      );
      await inTurn();
    }
    read += some.reduce((sum, { samples }) => sum + Number(samples), 0);
  }
}

async function recentSegments({ db }: HistoryParts) {
  const journal = db.kysely.selectFrom('jetmon_history_journal');
  const last = await journal.select('to_ms').orderBy('to_ms', 'desc').limit(1).executeTakeFirst();
  if (last === undefined) return [];
  return journal
    .select(['id', 'samples'])
    .where('to_ms', '>=', last.to_ms - BigInt(WITHIN_MS))
    .where('state', '=', BigInt(SEGMENT_STATE.fresh))
    .orderBy('to_ms', 'desc')
    .execute();
}

function takeNewest(body: Uint8Array, search: Search): void {
  const segment = openSegment(body);
  for (const [index, endpointId] of segment.endpointIds().entries()) {
    if (!search.wants(endpointId)) continue;
    const last = segment.at(index).samples.findLast((sample) => !isBlind(sample));
    if (last !== undefined) search.found(endpointId, last);
  }
}
