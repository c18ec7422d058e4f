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

const KINDS = {
  event: 'id',
  endpoint: 'id',
  check: 'text',
  started: 'number',
  seq: 'number',
  severity: 'number',
  refuted: 'number',
  changed: 'number',
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
        const endpointId = columns.endpoint[row] as EndpointId;
        line = {
          eventId,
          endpointId: endpointId === 0n ? null : endpointId,
          checkType: textAt(columns.check, row),
          startedAtMs: columns.started[row] as number,
          changes: [],
        };
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
    .select(({ fn, val }) => ['e.id as event', fn.coalesce('e.endpoint_id', val(0n)).as('endpoint')])
    // Texts are what takes longest to hand over, so each is there once, with the first step.
    .select(sql<string | null>`case when t.seq = 1 then e.check_type end`.as('check'))
    .select(['e.started_at as started', 't.seq as seq', 't.severity_after as severity'])
    .select(sql<bigint>`case when t.reason = 'false_alarm' then 1 else 0 end`.as('refuted'))
    .select('t.changed_at as changed')
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
