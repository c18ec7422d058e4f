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

export type LineReason = 'other' | 'false_alarm' | 'declared_by_hand';

export type LineChange = {
  /** Null when the event was closed. */
  severityAfter: number | null;
  /**
   * `false_alarm`: verifiers or the monitor took it back. `declared_by_hand`: somebody called it one. What else it may be
   * changes no figure.
   */
  reason: LineReason;
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
  step: 'number',
  about: 'text',
} as const;

/**
 * When a step was, and how severe the event was then or why it was closed, as one number: each value of each row is made
 * and handed over. Exact until the year 2527; a severity is at most 255 and follows the reasons of a close.
 */
const STEP_SIZE = 512;
const CLOSED_FOR = ['other', 'false_alarm', 'declared_by_hand'] as const satisfies readonly LineReason[];
const [CLOSED, REFUTED, DECLARED] = [0, 1, 2];
// Somebody who closes an event by hand ends it; what it was until then is not theirs to say.
const step = sql<bigint>`t.changed_at * ${sql.lit(STEP_SIZE)} + case
  when t.severity_after is not null then t.severity_after + ${sql.lit(CLOSED_FOR.length)}
  when t.reason <> 'false_alarm' then ${sql.lit(CLOSED)}
  when t.source = 'api' then ${sql.lit(DECLARED)} else ${sql.lit(REFUTED)} end`;

function changeOf(step: number): LineChange {
  const changedAtMs = Math.floor(step / STEP_SIZE);
  const what = step - changedAtMs * STEP_SIZE;
  const reason = CLOSED_FOR[what];
  return reason === undefined
    ? { severityAfter: what - CLOSED_FOR.length, reason: 'other', changedAtMs }
    : { severityAfter: null, reason, changedAtMs };
}

/** All events of the site, its own among them, by id. Null when there are more steps than anybody can read at once. */
export async function readTimeLines(
  db: Database,
  scope: SiteScope,
  query: TimeLineQuery,
  { stepsAtOnce, maxSteps } = LIMITS,
): Promise<TimeLine[] | null> {
  const lines: (TimeLine & { changes: LineChange[] })[] = [];
  let after: { eventId: bigint; seq: bigint } | null = null;
  for (let steps = 0; ; ) {
    const { count, columns } = await page(db, scope, query, { after, limit: stepsAtOnce });
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
      line.changes.push(changeOf(columns.step[row] as number));
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
  { after, limit }: { after: { eventId: bigint; seq: bigint } | null; limit: number },
): Promise<Packed<typeof KINDS>> {
  const all = db.kysely
    .selectFrom('jetmon_events as e')
    .innerJoin('jetmon_event_transitions as t', 't.event_id', 'e.id')
    .select(['e.id as event', 't.seq as seq', step.as('step')])
    // What is the same for all steps of an event is there once.
    .select(
      sql<string | null>`case when t.seq = 1
      then concat(e.check_type, ' ', coalesce(e.endpoint_id, 0), ' ', e.started_at) end`.as('about'),
    )
    .where('e.blog_id', '=', siteId)
    .where(isInScope(scope, 'e.blog_id'))
    .where('e.started_at', '<', BigInt(toMs))
    .where(({ eb, or }) => or([eb('e.ended_at', 'is', null), eb('e.ended_at', '>', BigInt(fromMs))]))
    .orderBy('e.id')
    .orderBy('t.seq')
    .limit(limit);
  if (after === null) return db.readPacked(all.compile(), KINDS);
  const { eventId, seq } = after;
  const rest = all
    .where('e.id', '>=', eventId)
    .where(({ eb, or }) => or([eb('e.id', '>', eventId), eb('t.seq', '>', seq)]));
  return db.readPacked(rest.compile(), KINDS);
}

/** A check type holds no spaces. */
function eventAbout(about: string): Pick<TimeLine, 'checkType' | 'endpointId' | 'startedAtMs'> {
  const [checkType = '', endpoint = '0', started = '0'] = about.split(' ');
  const endpointId = BigInt(endpoint) as EndpointId;
  return { checkType, endpointId: endpointId === 0n ? null : endpointId, startedAtMs: Number(started) };
}
