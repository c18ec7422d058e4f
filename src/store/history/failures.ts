/** Looks that failed, one row each, written with the decision they led to and never buffered. */
import { type Insertable, type RawBuilder, sql } from 'kysely';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { Observation, Verdict } from '../../domain/verdict.ts';
import { padded } from '../append/statements.ts';
import type { Database } from '../database.ts';
import type { Dialect } from '../dialect/dialect.ts';
import { type PackedTexts, textStart } from '../dialect/packed.ts';
import { preparedWords } from '../prepared.ts';
import type { Executor, Tx } from '../schema.ts';
import type { CheckHistoryTable } from '../schema-history.ts';
import type { Window } from './days.ts';
import { DAY_MS } from './sample.ts';

export type FailedCheck = {
  endpointId: EndpointId;
  siteId: SiteId;
  /** Start of the look. */
  atMs: number;
  method: string;
  /** Null when no reply arrived. */
  httpCode: number | null;
  /** 0 to 8 (spec/03 section 5.4); null when it is not known. */
  errorCode: number | null;
  reason: string;
  /** Milliseconds; null for a phase that did not finish. */
  rttMs: number | null;
  dnsMs: number | null;
  tcpMs: number | null;
  tlsMs: number | null;
  ttfbMs: number | null;
};

const ROWS_PER_STATEMENT = 128;
const MAX_SMALLINT = 32_767;
const MAX_INT = 2 ** 31 - 1;

/** What history keeps of a look that failed. `verdict` is the one that speaks for it. */
export function failedCheckOf(
  endpoint: { endpointId: EndpointId; siteId: SiteId; method?: string },
  observation: Observation,
  verdict: Pick<Verdict, 'reason'>,
): FailedCheck {
  const { timings, evidence } = observation;
  return {
    endpointId: endpoint.endpointId,
    siteId: endpoint.siteId,
    atMs: observation.startedAtMs,
    method: evidence?.method ?? endpoint.method ?? 'GET',
    httpCode: observation.httpCode,
    errorCode: evidence?.error_code ?? null,
    reason: verdict.reason,
    rttMs: timings.total ?? null,
    dnsMs: timings.dns ?? null,
    tcpMs: timings.tcp ?? null,
    tlsMs: timings.tls ?? null,
    ttfbMs: timings.ttfb ?? null,
  };
}

/**
 * Any number of rows; a value no column holds is brought within its bounds, so that it costs nobody their row. A look
 * that is there already stays as it is.
 */
export async function insertFailures(tx: Tx, dialect: Dialect, failures: readonly FailedCheck[]): Promise<void> {
  for (let from = 0; from < failures.length; from += ROWS_PER_STATEMENT) {
    const rows = padded(failures.slice(from, from + ROWS_PER_STATEMENT)).map(rowOf);
    await dialect.upsert(tx, { table: 'jetmon_check_history', rows, key: LOOK, keep: OF_A_LOOK });
  }
}

const LOOK = ['endpoint_id', 'checked_at'] as const;
const OF_A_LOOK = [
  'blog_id',
  'request_method',
  'http_code',
  'error_code',
  'reason',
  'rtt_ms',
  'dns_ms',
  'tcp_ms',
  'tls_ms',
  'ttfb_ms',
] as const;

function rowOf(failure: FailedCheck): Insertable<CheckHistoryTable> {
  return {
    blog_id: failure.siteId,
    endpoint_id: failure.endpointId,
    request_method: failure.method.trim().toUpperCase().slice(0, 16) || 'GET',
    http_code: wholeWithin(failure.httpCode, MAX_SMALLINT),
    error_code: wholeWithin(failure.errorCode, MAX_SMALLINT),
    reason: failure.reason.slice(0, 64).toWellFormed(),
    rtt_ms: wholeWithin(failure.rttMs, MAX_INT),
    dns_ms: wholeWithin(failure.dnsMs, MAX_INT),
    tcp_ms: wholeWithin(failure.tcpMs, MAX_INT),
    tls_ms: wholeWithin(failure.tlsMs, MAX_INT),
    ttfb_ms: wholeWithin(failure.ttfbMs, MAX_INT),
    checked_at: Math.trunc(failure.atMs),
  };
}

/** Null also for what is no number: not known is better than wrong. */
function wholeWithin(value: number | null, max: number): number | null {
  if (value === null || Number.isNaN(value)) return null;
  return Math.min(Math.max(Math.round(value), 0), max);
}

/** Newest first. */
export async function readFailures(
  db: Executor,
  endpointId: EndpointId,
  window: { fromMs: number; toMs: number },
  limit: number,
): Promise<FailedCheck[]> {
  const rows = await db
    .selectFrom('jetmon_check_history')
    .selectAll()
    .where('endpoint_id', '=', endpointId)
    .where('checked_at', '>=', BigInt(Math.ceil(window.fromMs)))
    .where('checked_at', '<', BigInt(Math.ceil(window.toMs)))
    .orderBy('checked_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    endpointId,
    siteId: row.blog_id as SiteId,
    atMs: Number(row.checked_at),
    method: row.request_method,
    httpCode: numberOf(row.http_code),
    errorCode: numberOf(row.error_code),
    reason: row.reason,
    rttMs: numberOf(row.rtt_ms),
    dnsMs: numberOf(row.dns_ms),
    tcpMs: numberOf(row.tcp_ms),
    tlsMs: numberOf(row.tls_ms),
    ttfbMs: numberOf(row.ttfb_ms),
  }));
}

function numberOf(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}

/** How many there are in each step of the window that has any; the instant is one in that step. */
export async function failuresBy(
  tx: Tx,
  endpointId: EndpointId,
  window: Window,
  stepMs: number,
): Promise<{ atMs: number; failed: number }[]> {
  const { rows } = await sql<{ at: bigint; failed: bigint }>`
    select min(checked_at) as at, count(*) as failed from jetmon_check_history
    where ${isWithin(endpointId, window)} group by ${startOf(stepMs)}`.execute(tx);
  return rows.map(({ at, failed }) => ({ atMs: Number(at), failed: Number(failed) }));
}

export async function countFailures(tx: Tx, endpointId: EndpointId, window: Window): Promise<number> {
  const { rows } = await sql<{ failed: bigint }>`
    select count(*) as failed from jetmon_check_history where ${isWithin(endpointId, window)}`.execute(tx);
  return Number(rows[0]?.failed ?? 0n);
}

/** When they were, in order. */
export async function failedTimes(
  db: Pick<Database, 'kysely' | 'readPacked'>,
  tx: Tx,
  endpointId: EndpointId,
  window: Window,
): Promise<number[]> {
  const times: number[] = [];
  const to = BigInt(Math.ceil(window.toMs));
  for (let from = BigInt(Math.ceil(window.fromMs)); ; ) {
    const before = times.length;
    const query = timesWithin(db.kysely, { endpointId, from, to });
    const { count, columns } = await db.readPacked(query, { day: 'number', times: 'text' }, tx);
    for (let row = 0; row < count; row += 1) addTimes(times, columns.times, row, columns.day[row] ?? 0);
    if (times.length - before < TIMES_AT_ONCE) return times;
    from = BigInt((times.at(-1) ?? 0) + 1);
  }
}

/** As a text they take far less than a server lets a text take that it puts together. */
const TIMES_AT_ONCE = 20_000;
const DAY = sql.lit(DAY_MS);

/** A day a row, because a server sends, and we read, each row with a toll of its own. */
const timesWithin = preparedWords((db: Executor, hole: <T>(name: 'endpointId' | 'from' | 'to') => T) => {
  const looks = db
    .selectFrom('jetmon_check_history')
    .select('checked_at as at')
    .where('endpoint_id', '=', hole<bigint>('endpointId'))
    .where('checked_at', '>=', hole<bigint>('from'))
    .where('checked_at', '<', hole<bigint>('to'))
    .orderBy('checked_at')
    .limit(TIMES_AT_ONCE);
  return db
    .selectFrom(looks.as('looks'))
    .select([sql<bigint>`at - at % ${DAY}`.as('day'), sql<string>`group_concat(at % ${DAY} order by at)`.as('times')])
    .groupBy('day')
    .orderBy('day');
});

const [ZERO, COMMA] = [48, 44];

/** Whole numbers with commas between them. */
function addTimes(times: number[], texts: PackedTexts, row: number, dayMs: number): void {
  const { text, ends } = texts;
  const end = ends[row] ?? 0;
  let sinceMs = 0;
  for (let at = textStart(texts, row); at < end; at += 1) {
    const character = text.charCodeAt(at);
    if (character !== COMMA) sinceMs = sinceMs * 10 + character - ZERO;
    if (character !== COMMA && at < end - 1) continue;
    times.push(dayMs + sinceMs);
    sinceMs = 0;
  }
}

/** When the oldest failed look was that is still kept, of any endpoint; null when none is. */
export async function oldestFailureMs(db: Executor): Promise<number | null> {
  const query = db.selectFrom('jetmon_check_history').select('checked_at').orderBy('checked_at').limit(1);
  return numberOf((await query.executeTakeFirst())?.checked_at ?? null);
}

function isWithin(endpointId: EndpointId, { fromMs, toMs }: Window): RawBuilder<unknown> {
  return sql`endpoint_id = ${endpointId} and checked_at >= ${BigInt(Math.ceil(fromMs))}
    and checked_at < ${BigInt(Math.ceil(toMs))}`;
}

/** The step an instant is in. Written into the text, because a parameter would make the division one of fractions. */
function startOf(stepMs: number): RawBuilder<unknown> {
  const step = sql.raw(String(Math.max(1, Math.trunc(stepMs))));
  return sql`checked_at - checked_at % ${step}`;
}
