/** How the events of a site went, step by step: what figures of its time are made of. Read in pages, as columns. */
import { sql } from 'kysely';
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Database } from './database.ts';
import { type Packed, textAt } from './dialect/packed.ts';
import { isInScope } from './site-scope.ts';

export type TimeLine = {
  eventId: EventId;
  /** Null: the event speaks of the whole site. */
  endpointId: EndpointId | null;
  checkType: string;
  startedAtMs: number;
  /** In the order they happened. */
  changes: readonly LineChange[];
};

export type LineChange = {
  /** Null when the event was closed. */
  severityAfter: number | null;
  /** What else it may be changes no figure. */
  reason: 'false_alarm' | 'other';
  changedAtMs: number;
};

/** `fromMs` and `toMs` as of a half-open window: events that have some of their time in it. */
export type TimeLineQuery = { siteId: SiteId; fromMs: number; toMs: number };

/** Years of an ordinary site, or weeks of one that never stands still. */
const LIMITS = { stepsAtOnce: 8_000, maxSteps: 60_000 };

/** In the order in which `page` selects them. */
const KINDS = {
  event: 'id',
  seq: 'number',
  severity: 'number',
  changed: 'number',
  about: 'text',
  refuted: 'number',
} as const;

/** All events of the site, its own among them, by id. Null when there are more steps than anybody can read at once. */
export async function readTimeLines(
  db: Database,
  scope: SiteScope,
  query: TimeLineQuery,
  { stepsAtOnce, maxSteps } = LIMITS,
): Promise<TimeLine[] | null> {
  const lines: (TimeLine & { changes: LineChange[] })[] = [];
  let after = { eventId: 0n, seq: 0n };
  for (let steps = 0; ; ) {
    const { count, columns } = await page(db, scope, query, { ...after, limit: stepsAtOnce });
    for (let row = 0; row < count; row += 1) {
      const eventId = columns.event[row] as EventId;
      let line = lines.at(-1);
      if (line?.eventId !== eventId) {
        const about = textAt(columns.about, row);
        // Without its first step nothing is known of an event.
        if (about === '') continue;
        line = { eventId, ...eventAbout(about), changes: [] };
        lines.push(line);
      }
      const severity = columns.severity[row] as number;
      line.changes.push({
        severityAfter: Number.isNaN(severity) ? null : severity,
        reason: columns.refuted[row] === 1 ? 'false_alarm' : 'other',
        changedAtMs: columns.changed[row] as number,
      });
    }
    if (count < stepsAtOnce) return lines;
    steps += count;
    if (steps >= maxSteps) return null;
    after = { eventId: columns.event[count - 1] as bigint, seq: BigInt(columns.seq[count - 1] as number) };
  }
}

function page(
  db: Database,
  scope: SiteScope,
  { siteId, fromMs, toMs }: TimeLineQuery,
  after: { eventId: bigint; seq: bigint; limit: number },
): Promise<Packed<typeof KINDS>> {
  const query = db.kysely
    .selectFrom('jetmon_events as e')
    .innerJoin('jetmon_event_transitions as t', 't.event_id', 'e.id')
    .select(['e.id as event', 't.seq as seq', 't.severity_after as severity', 't.changed_at as changed'])
    // Each value of each row is made and handed over: what is the same for all steps of an event is there once.
    .select(
      sql<string | null>`case when t.seq = 1
      then concat(e.check_type, ' ', coalesce(e.endpoint_id, 0), ' ', e.started_at) end`.as('about'),
    )
    .select(sql<bigint | null>`case when t.reason = 'false_alarm' then 1 end`.as('refuted'))
    .where('e.blog_id', '=', siteId)
    .where(isInScope(scope, 'e.blog_id'))
    .where('e.started_at', '<', BigInt(toMs))
    .where(({ eb, or }) => or([eb('e.ended_at', 'is', null), eb('e.ended_at', '>', BigInt(fromMs))]))
    .where('e.id', '>=', after.eventId)
    .where(({ eb, or }) => or([eb('e.id', '>', after.eventId), eb('t.seq', '>', after.seq)]))
    .orderBy('e.id')
    .orderBy('t.seq')
    .limit(after.limit);
  return db.readPacked(query.compile(), KINDS);
}

/** A check type holds no spaces. */
function eventAbout(about: string): Pick<TimeLine, 'checkType' | 'endpointId' | 'startedAtMs'> {
  const [checkType = '', endpoint = '0', started = '0'] = about.split(' ');
  const endpointId = BigInt(endpoint) as EndpointId;
  return { checkType, endpointId: endpointId === 0n ? null : endpointId, startedAtMs: Number(started) };
}
