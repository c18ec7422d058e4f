/**
 * How the events of a site went: what figures of its time are made of. The log is only ever added to, so what was read of an
 * event at a version is kept and not read again.
 */
import { sql } from 'kysely';
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import { isDeclaredByHand, transitionsToIntervals } from '../domain/incident-intervals.ts';
import { EVERY_SITE, type SiteScope } from '../domain/site-scope.ts';
import { padded } from './append/statements.ts';
import type { Database } from './database.ts';
import { type Packed, type PackedKinds, textAt } from './dialect/packed.ts';
import { createKeptLines, type KeptLines, merged, type TimeLine } from './kept-lines.ts';
import { preparedWords } from './prepared.ts';
import type { Executor } from './schema.ts';
import { isInScope } from './site-scope.ts';

type LineReason = 'other' | 'false_alarm' | 'declared_by_hand';

type LineChange = {
  /** Null when the event was closed. */
  severityAfter: number | null;
  /**
   * `false_alarm`: verifiers or the monitor took it back. `declared_by_hand`: somebody called it one. What else it may be
   * changes no figure.
   */
  reason: LineReason;
  /** Since when it is so: when it was written, or earlier where that is known. */
  changedAtMs: number;
};

/** `fromMs` and `toMs` as of a half-open window: events that have some of their time in it. */
export type TimeLineQuery = { siteId: SiteId; fromMs: number; toMs: number };

/** Years of an ordinary site, or weeks of one that never stands still. */
const LIMITS = { stepsAtOnce: 8_000, maxSteps: 60_000 };
/** So few events are asked for by their ids. */
const FEW_EVENTS = 128;

const keptOf = new WeakMap<Database, KeptLines>();

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
const OF_NO_FIGURE = STEP_SIZE - 1;
// Somebody who closes an event by hand ends it; what it was until then is not theirs to say.
const step = sql<bigint>`coalesce(t.began_at, t.changed_at) * ${sql.lit(STEP_SIZE)} + case
  when t.reason in ('cause_linked', 'cause_unlinked') then ${sql.lit(OF_NO_FIGURE)}
  when t.severity_after is not null then t.severity_after + ${sql.lit(CLOSED_FOR.length)}
  when t.reason <> 'false_alarm' then ${sql.lit(CLOSED)}
  when t.source = 'api' then ${sql.lit(DECLARED)} else ${sql.lit(REFUTED)} end`;

/** Null: a cause, which changes no figure and must not come between a change and since when it is so. */
function changeOf(step: number): LineChange | null {
  const changedAtMs = Math.floor(step / STEP_SIZE);
  const what = step - changedAtMs * STEP_SIZE;
  if (what === OF_NO_FIGURE) return null;
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
  limits = LIMITS,
): Promise<readonly TimeLine[] | null> {
  const kept = keptOf.get(db) ?? createKeptLines();
  keptOf.set(db, kept);
  const known = kept.of(query.siteId);
  const found =
    (known.length > 0 ? await compareState(db, scope, query, known, limits.maxSteps) : null) ??
    (await compareHeads(db, scope, query, known, limits.maxSteps));
  if (found === 'too much') return null;
  const { lines, missing } = found;
  if (missing.length === 0) return lines;
  const fresh = await readSteps(db, scope, query, missing, limits);
  if (fresh === null) return null;
  kept.keep(query.siteId, fresh);
  return merged(lines, fresh);
}

/** What is known of the events there are, by id, and those of which nothing is, or an earlier version. */
type Compared = { lines: TimeLine[]; missing: bigint[] } | 'too much';

/**
 * Nothing of an event changes once it has ended, and no event is ever taken away: those that are known are all of them
 * where they are as many. Null: they are not. Asked in one statement, because an event may end between two.
 */
async function compareState(
  db: Database,
  scope: SiteScope,
  query: TimeLineQuery,
  known: readonly TimeLine[],
  maxSteps: number,
): Promise<Compared | null> {
  const span = spanOf(query);
  const words = scope.kind === 'all' ? stateOfOne(db.kysely, span) : stateWithin(db.kysely, scope, span).compile();
  const { count, columns } = await db.readPacked(words, STATE_KINDS);
  const open = new Map<bigint, number>();
  let [ended, steps, allSteps] = [0, 0, 0];
  for (let row = 0; row < count; row += 1) {
    const eventId = columns.open[row] ?? 0n;
    const its = columns.steps[row] ?? 0;
    allSteps += its;
    if (eventId === 0n) [ended, steps] = [columns.events[row] ?? 0, its];
    else open.set(eventId, its);
  }
  if (allSteps >= maxSteps) return 'too much';
  const lines: TimeLine[] = [];
  for (const line of known) {
    if (line.endedAtMs === null) {
      if (open.get(line.eventId) !== line.version) continue;
      open.delete(line.eventId);
    } else {
      if (line.startedAtMs >= query.toMs || line.endedAtMs <= query.fromMs) continue;
      ended -= 1;
      steps -= line.version;
    }
    lines.push(line);
  }
  return ended === 0 && steps === 0 ? { lines, missing: [...open.keys()] } : null;
}

function stateWithin(db: Executor, scope: SiteScope, span: Span) {
  return eventsWithin(db, scope, span)
    .select(sql<bigint>`case when e.ended_at is null then e.id else 0 end`.as('open'))
    .select(({ fn }) => [fn.countAll<bigint>().as('events'), fn.sum<bigint>('e.version').as('steps')])
    .groupBy('open');
}

const stateOfOne = preparedWords((db: Executor, hole: <T>(name: keyof Span) => T) =>
  stateWithin(db, EVERY_SITE, { siteId: hole<SiteId>('siteId'), from: hole<bigint>('from'), to: hole<bigint>('to') }),
);

const STATE_KINDS = { open: 'id', events: 'number', steps: 'number' } as const satisfies PackedKinds;

/** Event by event, with their versions. */
async function compareHeads(
  db: Database,
  scope: SiteScope,
  query: TimeLineQuery,
  known: readonly TimeLine[],
  maxSteps: number,
): Promise<Compared> {
  const { count, columns } = await db.readPacked(
    eventsWithin(db.kysely, scope, spanOf(query))
      .select(['e.id as event', 'e.version as version'])
      .orderBy('e.id')
      .limit(maxSteps)
      .compile(),
    HEAD_KINDS,
  );
  if (columns.version.reduce((sum, version) => sum + version, 0) >= maxSteps) return 'too much';
  const lines: TimeLine[] = [];
  const missing: bigint[] = [];
  // Both are by id.
  for (let row = 0, at = 0; row < count; row += 1) {
    const eventId = columns.event[row] ?? 0n;
    while (at < known.length && (known[at] as TimeLine).eventId < eventId) at += 1;
    const line = known[at];
    if (line?.eventId === eventId && line.version === columns.version[row]) lines.push(line);
    else missing.push(eventId);
  }
  return { lines, missing };
}

const HEAD_KINDS = { event: 'id', version: 'number' } as const satisfies PackedKinds;

/** Null as `readTimeLines`. */
async function readSteps(
  db: Database,
  scope: SiteScope,
  query: TimeLineQuery,
  events: readonly bigint[],
  { stepsAtOnce, maxSteps }: typeof LIMITS,
): Promise<TimeLine[] | null> {
  const lines: TimeLine[] = [];
  const only = events.length <= FEW_EVENTS ? events : null;
  let open: OpenLine | null = null;
  const end = () => {
    if (open !== null) lines.push(lineOf(open));
    open = null;
  };
  let after: { eventId: bigint; seq: bigint } | null = null;
  for (let steps = 0; ; ) {
    const { count, columns } = await page(db, scope, query, { only, after, limit: stepsAtOnce });
    for (let row = 0; row < count; row += 1) {
      const eventId = columns.event[row] as EventId;
      const about = textAt(columns.about, row);
      if (about !== '') {
        end();
        open = { eventId, ...eventAbout(about), version: 0, changes: [] } satisfies OpenLine;
      }
      // Without its first step nothing is known of an event.
      if (open?.eventId !== eventId) continue;
      const change = changeOf(columns.step[row] as number);
      open.version += 1;
      if (change !== null) open.changes.push(change);
    }
    if (count < stepsAtOnce) {
      end();
      return lines;
    }
    steps += count;
    if (steps >= maxSteps) return null;
    after = { eventId: columns.event[count - 1] as bigint, seq: BigInt(columns.seq[count - 1] as number) };
  }
}

type OpenLine = Pick<TimeLine, 'eventId' | 'checkType' | 'endpointId' | 'startedAtMs'> & {
  version: number;
  changes: LineChange[];
};

function lineOf({ changes, ...line }: OpenLine): TimeLine {
  const last = changes.at(-1);
  return {
    ...line,
    endedAtMs: last?.severityAfter === null ? last.changedAtMs : null,
    isDeclared: isDeclaredByHand(changes),
    intervals: transitionsToIntervals(changes, line.startedAtMs),
  };
}

type Span = { siteId: SiteId; from: bigint; to: bigint };

function spanOf({ siteId, fromMs, toMs }: TimeLineQuery): Span {
  return { siteId, from: BigInt(fromMs), to: BigInt(toMs) };
}

function eventsWithin(db: Executor, scope: SiteScope, { siteId, from, to }: Span) {
  return db
    .selectFrom('jetmon_events as e')
    .where('e.blog_id', '=', siteId)
    .where(isInScope(scope, 'e.blog_id'))
    .where('e.started_at', '<', to)
    .where(({ eb, or }) => or([eb('e.ended_at', 'is', null), eb('e.ended_at', '>', from)]));
}

type PageOptions = { only: readonly bigint[] | null; after: { eventId: bigint; seq: bigint } | null; limit: number };

function page(
  db: Database,
  scope: SiteScope,
  query: TimeLineQuery,
  { only, after, limit }: PageOptions,
): Promise<Packed<typeof KINDS>> {
  let steps = eventsWithin(db.kysely, scope, spanOf(query))
    .innerJoin('jetmon_event_transitions as t', 't.event_id', 'e.id')
    .select(['e.id as event', 't.seq as seq', step.as('step')])
    // What is the same for all steps of an event is there once.
    .select(
      sql<string | null>`case when t.seq = 1
      then concat(e.check_type, ' ', coalesce(e.endpoint_id, 0), ' ', e.started_at) end`.as('about'),
    )
    .orderBy('e.id')
    .orderBy('t.seq')
    .limit(limit);
  if (only !== null) steps = steps.where('e.id', 'in', padded(only));
  if (after !== null) {
    const { eventId, seq } = after;
    steps = steps
      .where('e.id', '>=', eventId)
      .where(({ eb, or }) => or([eb('e.id', '>', eventId), eb('t.seq', '>', seq)]));
  }
  return db.readPacked(steps.compile(), KINDS);
}

/** A check type holds no spaces. */
function eventAbout(about: string): Pick<TimeLine, 'checkType' | 'endpointId' | 'startedAtMs'> {
  const [checkType = '', endpoint = '0', started = '0'] = about.split(' ');
  const endpointId = BigInt(endpoint) as EndpointId;
  return { checkType, endpointId: endpointId === 0n ? null : endpointId, startedAtMs: Number(started) };
}
