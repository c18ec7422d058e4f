/**
 * The latest result of every endpoint: memory first, written behind. What a crash loses is freshness alone, because
 * everything that matters is in the event log.
 */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { Scoped } from '../domain/site-scope.ts';
import { isAnswered, type State } from '../domain/state.ts';
import type { Observation, Verdict } from '../domain/verdict.ts';
import type { Clock } from '../lib/clock.ts';
import { type Column, lengthened, reserved, withRoomToGrow } from '../lib/columns.ts';
import type { Database } from './database.ts';
import type { History } from './history/history.ts';
import { createLatestResults, type LatestResult, type LatestResults } from './latest-results.ts';
import { countRuntimeRows, readRuntimeRows, runtimeRow } from './runtime-rows.ts';

export interface RuntimeStore {
  /** Takes in what a probe saw and the verdict that speaks for it. Memory only. */
  record(endpoint: { endpointId: EndpointId; siteId: SiteId }, observation: Observation, verdict: Verdict): void;
  /** As if it was never checked: what was seen under another URL says nothing of this one. */
  forget(endpointId: EndpointId): void;
  /** Null when the endpoint was never checked. */
  latest(endpointId: Scoped<EndpointId>): LatestResult | null;
  /** What the last look found; null when the endpoint was never checked. */
  stateOf(endpointId: Scoped<EndpointId>): State | null;
  /** Whether an earlier look than the last one had an answer, since the endpoint is watched. Lost at a restart. */
  wasServed(endpointId: Scoped<EndpointId>): boolean;
  /** It is watched from now on: looks before say nothing of whether it is served. */
  begin(endpointId: EndpointId): void;
  /** How long the last look took, ms, when it had an answer; null otherwise. */
  usualMs(endpointId: EndpointId): number | null;
  /** Start of the last look when it found the endpoint plainly Up; null otherwise. */
  healthyAtMs(endpointId: EndpointId): number | null;
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
/** Of a result that was never written. */
const NEVER = 0;
/** `FOREIGN`: the last look itself was before the endpoint was watched. */
const [NOT_SERVED, SERVED, FOREIGN] = [0, 1, 2];

export function createRuntime(deps: {
  db: Database;
  clock: Clock;
  /** Where looks may be found that are newer than the rows of freshness. */
  history?: Pick<History, 'newest'>;
}): RuntimeStore {
  const { db, clock, history } = deps;
  const latest = createLatestResults();
  /** Kind of the written result, plus one; when that look was; looks since; whether it is to be written. */
  let writtenKind = new Uint32Array(0);
  let writtenAt = new Float64Array(0);
  let looksSince = new Uint16Array(0);
  let isDue = new Uint8Array(0);
  /** What looks before the last one found. */
  let before = new Uint8Array(0);
  let due = 0;
  /** Endpoints that were forgotten while rows are being written. */
  const forgotten = new Set<EndpointId>();
  let flushing: Promise<unknown> = Promise.resolve();

  function add(endpointId: EndpointId, siteId: SiteId): number {
    const slot = latest.add(endpointId, siteId);
    if (slot >= isDue.length) makeRoom((column) => lengthened(column, slot));
    writtenKind[slot] = NEVER;
    looksSince[slot] = 0;
    before[slot] = NOT_SERVED;
    return slot;
  }

  function makeRoom(lengthen: <C extends Column>(column: C) => C): void {
    writtenKind = lengthen(writtenKind);
    writtenAt = lengthen(writtenAt);
    looksSince = lengthen(looksSince);
    isDue = lengthen(isDue);
    before = lengthen(before);
  }

  function setDue(slot: number, is: boolean): void {
    const before = isDue[slot] === 1;
    if (before === is) return;
    isDue[slot] = is ? 1 : 0;
    due += is ? 1 : -1;
  }

  /** Before the next result takes the place of the last one. */
  function noteServed(slot: number): void {
    if (before[slot] === FOREIGN) before[slot] = NOT_SERVED;
    else if (isAnswered(latest.state(slot))) before[slot] = SERVED;
  }

  function mustBeWritten(slot: number): boolean {
    if (writtenKind[slot] === NEVER) return true;
    const looks = looksSince[slot] ?? 0;
    if (looks === 0) return false;
    if (latest.kind(slot) + 1 !== writtenKind[slot]) return true;
    return clock.nowMs() - (writtenAt[slot] ?? 0) >= REFRESH_AFTER_MS && looks >= REFRESH_AFTER_LOOKS;
  }

  function written(slot: number, kind: number, checkedAtMs: number, looks: number): void {
    writtenKind[slot] = kind + 1;
    writtenAt[slot] = checkedAtMs;
    // A newer result may have come in while the older one was being written.
    looksSince[slot] = (looksSince[slot] ?? 0) - looks;
    setDue(slot, mustBeWritten(slot));
  }

  async function write(slots: readonly number[]): Promise<void> {
    forgotten.clear();
    const batch = slots.map((slot) => ({
      slot,
      endpointId: latest.endpointId(slot),
      kind: latest.kind(slot),
      checkedAtMs: latest.checkedAtMs(slot),
      looks: looksSince[slot] ?? 0,
    }));
    const rows = slots.map((slot) => runtimeRow(latest.endpointId(slot), latest.siteId(slot), latest.get(slot)));
    await db.transaction(async (tx) => {
      for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
        const some = rows.slice(from, from + ROWS_PER_STATEMENT);
        await db.dialect.upsert(tx, { table: 'jetmon_endpoint_runtime', rows: some, key: ['source_site_id'] });
      }
    });
    for (const { slot, endpointId, kind, checkedAtMs, looks } of batch) {
      if (!forgotten.has(endpointId)) written(slot, kind, checkedAtMs, looks);
    }
  }

  /** Those that are due from a slot on. */
  function dueFrom(first: number): number[] {
    const slots: number[] = [];
    for (let slot = first; slot < latest.extent() && slots.length < ROWS_PER_TRANSACTION; slot += 1) {
      if (isDue[slot] === 1) slots.push(slot);
    }
    return slots;
  }

  async function writeDue(): Promise<number> {
    let rows = 0;
    for (let next = 0; due > 0; ) {
      const slots = dueFrom(next);
      if (slots.length === 0) break;
      await write(slots);
      rows += slots.length;
      next = (slots.at(-1) ?? 0) + 1;
    }
    return rows;
  }

  return {
    record({ endpointId, siteId }, observation, verdict) {
      const known = latest.find(endpointId);
      const slot = known === -1 ? add(endpointId, siteId) : known;
      if (known !== -1 && (before[slot] === FOREIGN || !isAnswered(verdict.state))) noteServed(slot);
      // A look that failed may have ended before the certificate was shown; a healthy one shows what there is.
      const expiryBefore = verdict.state === 'Up' ? null : latest.certificateExpiresAtMs(slot);
      latest.put(slot, resultOf(observation, verdict, expiryBefore));
      looksSince[slot] = Math.min((looksSince[slot] ?? 0) + 1, MAX_LOOKS);
      setDue(slot, mustBeWritten(slot));
    },
    forget(endpointId) {
      const slot = latest.find(endpointId);
      if (slot === -1) return;
      setDue(slot, false);
      latest.remove(slot);
      forgotten.add(endpointId);
    },
    latest(endpointId) {
      const slot = latest.find(endpointId);
      return slot === -1 ? null : latest.get(slot);
    },
    stateOf(endpointId) {
      const slot = latest.find(endpointId);
      return slot === -1 ? null : latest.state(slot);
    },
    wasServed(endpointId) {
      const slot = latest.find(endpointId);
      return slot !== -1 && before[slot] === SERVED;
    },
    begin(endpointId) {
      const slot = latest.find(endpointId);
      if (slot !== -1) before[slot] = FOREIGN;
    },
    usualMs(endpointId) {
      const slot = latest.find(endpointId);
      return slot === -1 || !isAnswered(latest.state(slot)) ? null : (latest.get(slot).timings.total ?? null);
    },
    healthyAtMs(endpointId) {
      const slot = latest.find(endpointId);
      return slot === -1 || latest.state(slot) !== 'Up' ? null : latest.checkedAtMs(slot);
    },
    flush() {
      const done = flushing.then(writeDue, writeDue);
      flushing = done;
      return done;
    },
    async load() {
      const slots = withRoomToGrow(await countRuntimeRows(db));
      latest.reserve(slots);
      makeRoom((column) => reserved(column, slots));
      await readRuntimeRows(db, (endpointId, siteId, result) => {
        const known = latest.find(endpointId);
        const slot = known === -1 ? add(endpointId, siteId) : known;
        latest.put(slot, result);
        looksSince[slot] = 0;
        written(slot, latest.kind(slot), result.checkedAtMs, 0);
      });
      if (history !== undefined) await refresh(latest, history);
    },
  };
}

const MAX_LOOKS = 2 ** 16 - 1;

/** A change is written at once, so a newer healthy look can only have found what the row says. */
async function refresh(latest: LatestResults, history: Pick<History, 'newest'>): Promise<void> {
  const isWanted = new Uint8Array(latest.extent());
  let left = 0;
  for (let slot = 0; slot < isWanted.length; slot += 1) {
    if (!latest.isUsed(slot) || !isAnswered(latest.state(slot))) continue;
    isWanted[slot] = 1;
    left += 1;
  }
  await history.newest({
    left: () => left,
    wants: (endpointId) => isWanted[latest.find(endpointId)] === 1,
    found(endpointId, { atMs, httpCode, timings }) {
      const slot = latest.find(endpointId);
      isWanted[slot] = 0;
      left -= 1;
      if (latest.checkedAtMs(slot) < atMs) latest.refresh(slot, { checkedAtMs: atMs, httpCode, timings });
    },
  });
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
