/**
 * The latest result of every endpoint: memory first, written behind. What a crash loses is freshness alone, because
 * everything that matters is in the event log.
 */
import type { Insertable } from 'kysely';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { isAnswered, STATES, type State } from '../domain/state.ts';
import type { Timings } from '../domain/timings.ts';
import type { Observation, Verdict } from '../domain/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import type { Database } from './database.ts';
import type { History } from './history/history.ts';
import type { RuntimeTable } from './schema.ts';

export type LatestResult = {
  state: State;
  reason: string;
  /** One plain sentence; may quote what a server sent. */
  summary: string;
  httpCode: number | null;
  address: string | null;
  timings: Timings;
  /** Null without TLS. A look that failed leaves what an earlier one saw. */
  certificateExpiresAtMs: number | null;
  /** Start of the probe. */
  checkedAtMs: number;
};

export interface RuntimeStore {
  /** Takes in what a probe saw and the verdict that speaks for it. Memory only. */
  record(endpoint: { endpointId: EndpointId; siteId: SiteId }, observation: Observation, verdict: Verdict): void;
  /** As if it was never checked: what was seen under another URL says nothing of this one. */
  forget(endpointId: EndpointId): void;
  /** Null when the endpoint was never checked. */
  latest(endpointId: EndpointId): LatestResult | null;
  /** Writes what is due, in one transaction, and says how many rows. What could not be written stays due. */
  flush(): Promise<number>;
  /** Reads back what was written before the last stop. */
  load(): Promise<void>;
}

/**
 * An unchanged result is written again when the written one is older than this and was followed by this many looks: what
 * is fresher stands in the journal of history, and rows are to be few against checks at any interval.
 */
const REFRESH_AFTER_MS = 6 * 60 * 60_000;
const REFRESH_AFTER_LOOKS = 24;
const ROWS_PER_STATEMENT = 100;
/** So that a whole fleet, as after a start, holds up nobody for long. */
const ROWS_PER_TRANSACTION = 1_000;
const ROWS_PER_LOAD = 1_000;

type Entry = { siteId: SiteId; result: LatestResult; written: LatestResult | null; looksSince: number };

export function createRuntime(deps: {
  db: Database;
  clock: Clock;
  /** Where looks may be found that are newer than the rows of freshness. */
  history?: Pick<History, 'newest'>;
}): RuntimeStore {
  const { db, clock, history } = deps;
  const entries = new Map<EndpointId, Entry>();
  const due = new Set<EndpointId>();
  let flushing: Promise<unknown> = Promise.resolve();

  function consider(endpointId: EndpointId, entry: Entry): void {
    if (isDue(entry, clock.nowMs())) due.add(endpointId);
  }

  async function write(batch: readonly { endpointId: EndpointId; entry: Entry; result: LatestResult }[]) {
    const rows = batch.map(({ endpointId, entry, result }) => rowOf(endpointId, entry.siteId, result));
    await db.transaction(async (tx) => {
      for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
        const some = rows.slice(from, from + ROWS_PER_STATEMENT);
        await db.dialect.upsert(tx, { table: 'jetmon_endpoint_runtime', rows: some, key: ['source_site_id'] });
      }
    });
    for (const { endpointId, entry, result } of batch) {
      due.delete(endpointId);
      entry.written = result;
      entry.looksSince = 0;
      // A newer result may have come in while the older one was being written.
      consider(endpointId, entry);
    }
  }

  async function writeDue(): Promise<number> {
    const batch = [...due].flatMap((endpointId) => {
      const entry = entries.get(endpointId);
      return entry === undefined ? [] : [{ endpointId, entry, result: entry.result }];
    });
    if (batch.length === 0) return 0;
    for (let from = 0; from < batch.length; from += ROWS_PER_TRANSACTION) {
      await write(batch.slice(from, from + ROWS_PER_TRANSACTION));
    }
    return batch.length;
  }

  return {
    record({ endpointId, siteId }, observation, verdict) {
      const known = entries.get(endpointId);
      // A look that failed may have ended before the certificate was shown; a healthy one shows what there is.
      const expiryBefore = verdict.state === 'Up' ? null : (known?.result.certificateExpiresAtMs ?? null);
      const result = resultOf(observation, verdict, expiryBefore);
      const entry = known ?? { siteId, result, written: null, looksSince: 0 };
      entry.result = result;
      entry.looksSince += 1;
      entries.set(endpointId, entry);
      consider(endpointId, entry);
    },
    forget(endpointId) {
      entries.delete(endpointId);
      due.delete(endpointId);
    },
    latest: (endpointId) => entries.get(endpointId)?.result ?? null,
    flush() {
      const done = flushing.then(writeDue, writeDue);
      flushing = done;
      return done;
    },
    async load() {
      const rows = await readAll(db);
      if (history !== undefined) await refresh(rows, history);
      for (const [endpointId, entry] of rows) entries.set(endpointId, entry);
    },
  };
}

/** A change is written at once, so a newer healthy look can only have found what the row says. */
async function refresh(rows: ReadonlyMap<EndpointId, Entry>, history: Pick<History, 'newest'>): Promise<void> {
  const healthy = [...rows].filter(([, { result }]) => isAnswered(result.state)).map(([endpointId]) => endpointId);
  for (const [endpointId, { atMs, httpCode, timings }] of await history.newest(new Set(healthy))) {
    const entry = rows.get(endpointId);
    if (entry === undefined || entry.result.checkedAtMs >= atMs) continue;
    entry.result = { ...entry.result, checkedAtMs: atMs, httpCode, timings };
  }
}

function isDue({ result, written, looksSince }: Entry, nowMs: number): boolean {
  if (written === null) return true;
  if (result === written) return false;
  if (result.state !== written.state || result.reason !== written.reason) return true;
  return nowMs - written.checkedAtMs >= REFRESH_AFTER_MS && looksSince >= REFRESH_AFTER_LOOKS;
}

function resultOf(observation: Observation, verdict: Verdict, expiryBefore: number | null): LatestResult {
  return {
    state: verdict.state,
    reason: verdict.reason,
    summary: verdict.summary,
    httpCode: observation.httpCode,
    address: observation.address,
    timings: observation.timings,
    certificateExpiresAtMs: observation.certificateExpiresAtMs ?? expiryBefore,
    checkedAtMs: observation.startedAtMs,
  };
}

/** Text that is longer than its column is cut here, where SQLite would keep it and another database would refuse it. */
function rowOf(endpointId: EndpointId, siteId: SiteId, result: LatestResult): Insertable<RuntimeTable> {
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

async function readAll(db: Database): Promise<Map<EndpointId, Entry>> {
  const found = new Map<EndpointId, Entry>();
  for (let after = 0n; ; ) {
    const rows = await db.kysely
      .selectFrom('jetmon_endpoint_runtime')
      .selectAll()
      .where('source_site_id', '>', after)
      .orderBy('source_site_id')
      .limit(ROWS_PER_LOAD)
      .execute();
    for (const row of rows) {
      // A row that only holds the state of a confirmation, or a state of a newer program: as if never checked.
      const state = STATES.find((known) => known === row.last_state);
      if (state === undefined || row.last_checked_at === null) continue;
      const result: LatestResult = {
        state,
        reason: row.last_reason ?? '',
        summary: row.last_summary ?? '',
        httpCode: row.http_code === null ? null : Number(row.http_code),
        address: row.address,
        timings: timingsOf(row),
        certificateExpiresAtMs: row.ssl_expires_at === null ? null : Number(row.ssl_expires_at),
        checkedAtMs: Number(row.last_checked_at),
      };
      found.set(row.source_site_id as EndpointId, {
        siteId: row.blog_id as SiteId,
        result,
        written: result,
        looksSince: 0,
      });
    }
    const last = rows.at(-1);
    if (rows.length < ROWS_PER_LOAD || last === undefined) return found;
    after = last.source_site_id;
  }
}

type TimingColumns = Record<`${keyof Timings}_ms`, number | null>;

function timingsOf(row: TimingColumns): Timings {
  return {
    ...(row.dns_ms === null ? {} : { dns: row.dns_ms }),
    ...(row.tcp_ms === null ? {} : { tcp: row.tcp_ms }),
    ...(row.tls_ms === null ? {} : { tls: row.tls_ms }),
    ...(row.sent_ms === null ? {} : { sent: row.sent_ms }),
    ...(row.ttfb_ms === null ? {} : { ttfb: row.ttfb_ms }),
    ...(row.headers_ms === null ? {} : { headers: row.headers_ms }),
    ...(row.body_ms === null ? {} : { body: row.body_ms }),
    ...(row.total_ms === null ? {} : { total: row.total_ms }),
  };
}
