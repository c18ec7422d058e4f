/** The rows that the latest results are written to and read back from. */
import type { Insertable } from 'kysely';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { STATES } from '../domain/state.ts';
import type { Timings } from '../domain/timings.ts';
import { readAhead } from '../lib/read-ahead.ts';
import type { Database } from './database.ts';
import { type Packed, textAt } from './dialect/packed.ts';
import type { LatestResult } from './latest-results.ts';
import type { RuntimeTable } from './schema.ts';

const ROWS_PER_PAGE = 2_000;

/** Text that is longer than its column is cut here, where SQLite would keep it and another database would refuse it. */
export function runtimeRow(endpointId: EndpointId, siteId: SiteId, result: LatestResult): Insertable<RuntimeTable> {
  const { timings } = result;
  return {
    source_site_id: endpointId,
    blog_id: siteId,
    last_checked_at: Math.trunc(result.checkedAtMs),
    last_state: result.state,
    last_reason: result.reason.slice(0, 64),
    last_summary: result.summary.slice(0, 1_024).toWellFormed(),
    http_code: result.httpCode,
    address: result.address?.slice(0, 64) ?? null,
    dns_ms: timings.dns ?? null,
    tcp_ms: timings.tcp ?? null,
    tls_ms: timings.tls ?? null,
    sent_ms: timings.sent ?? null,
    ttfb_ms: timings.ttfb ?? null,
    headers_ms: timings.headers ?? null,
    body_ms: timings.body ?? null,
    total_ms: timings.total ?? null,
    ssl_expires_at: result.certificateExpiresAtMs,
  };
}

const KINDS = {
  source_site_id: 'id',
  blog_id: 'id',
  last_checked_at: 'number',
  last_state: 'text',
  last_reason: 'text',
  last_summary: 'text',
  http_code: 'number',
  address: 'text',
  dns_ms: 'number',
  tcp_ms: 'number',
  tls_ms: 'number',
  sent_ms: 'number',
  ttfb_ms: 'number',
  headers_ms: 'number',
  body_ms: 'number',
  total_ms: 'number',
  ssl_expires_at: 'number',
} as const;

const NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[];

type Page = Packed<typeof KINDS>['columns'];

export async function countRuntimeRows({ kysely }: Pick<Database, 'kysely'>): Promise<number> {
  const count = kysely.fn.countAll<bigint>().as('rows');
  return Number((await kysely.selectFrom('jetmon_endpoint_runtime').select(count).executeTakeFirstOrThrow()).rows);
}

/** Hands over all that was written, by endpoint id. */
export async function readRuntimeRows(
  db: Pick<Database, 'kysely' | 'readPacked'>,
  take: (endpointId: EndpointId, siteId: SiteId, result: LatestResult) => void,
): Promise<void> {
  const read = (after: bigint) => readPage(db, after);
  for await (const { count, columns } of readAhead(0n, read, nextAfter)) {
    for (let row = 0; row < count; row += 1) {
      const result = resultAt(columns, row);
      if (result === null) continue;
      take(columns.source_site_id[row] as EndpointId, columns.blog_id[row] as SiteId, result);
    }
  }
}

function readPage({ kysely, readPacked }: Pick<Database, 'kysely' | 'readPacked'>, after: bigint) {
  const query = kysely
    .selectFrom('jetmon_endpoint_runtime')
    .select(NAMES)
    .where('source_site_id', '>', after)
    .orderBy('source_site_id')
    .limit(ROWS_PER_PAGE);
  return readPacked(query.compile(), KINDS);
}

function nextAfter({ count, columns }: Packed<typeof KINDS>): bigint | null {
  return count < ROWS_PER_PAGE ? null : (columns.source_site_id[count - 1] ?? null);
}

/** Null for a row that only holds the state of a confirmation, or a state of a newer program: as if never checked. */
function resultAt(columns: Page, row: number): LatestResult | null {
  const label = textAt(columns.last_state, row);
  const state = STATES.find((known) => known === label);
  const checkedAtMs = numberAt(columns.last_checked_at, row);
  if (state === undefined || checkedAtMs === null) return null;
  return {
    state,
    reason: textAt(columns.last_reason, row),
    summary: textAt(columns.last_summary, row),
    httpCode: numberAt(columns.http_code, row),
    address: textAt(columns.address, row) || null,
    timings: timingsAt(columns, row),
    certificateExpiresAtMs: numberAt(columns.ssl_expires_at, row),
    checkedAtMs,
  };
}

function numberAt(column: Float64Array, row: number): number | null {
  const value = column[row] ?? Number.NaN;
  return Number.isNaN(value) ? null : value;
}

const PHASES = ['dns', 'tcp', 'tls', 'sent', 'ttfb', 'headers', 'body', 'total'] as const;

function timingsAt(columns: Page, row: number): Timings {
  const timings: Timings = {};
  for (const phase of PHASES) {
    const ms = numberAt(columns[`${phase}_ms`], row);
    if (ms !== null) timings[phase] = ms;
  }
  return timings;
}
