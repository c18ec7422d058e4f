/** A log of a great many transitions, written as the writer would have written them, without its work for each. */
import { CompiledQuery } from 'kysely';
import type { Database } from '../../src/store/database.ts';

/** Seems Down, Down, resolved. */
const TRANSITIONS_OF_AN_EVENT = 3;
const EVENTS_AT_ONCE = 500;
const T0 = 1_700_000_000_000;

/** Returns how many events there are. */
export async function fillLog(db: Database, transitions: number, progress: (text: string) => void): Promise<number> {
  const events = Math.ceil(transitions / TRANSITIONS_OF_AN_EVENT);
  for (let from = 0; from < events; from += EVENTS_AT_ONCE) {
    const count = Math.min(EVENTS_AT_ONCE, events - from);
    await db.transaction(async (tx) => {
      await tx.executeQuery(CompiledQuery.raw(...eventsFrom(from, count)));
      await tx.executeQuery(CompiledQuery.raw(...transitionsFrom(from, count)));
    });
    if (from % 50_000 === 0) progress(`${from} of ${events} events written`);
  }
  return events;
}

function eventsFrom(from: number, count: number): [string, unknown[]] {
  const values: unknown[] = [];
  for (let nth = from + 1; nth <= from + count; nth += 1) {
    const atMs = T0 + nth * 1_000;
    values.push(nth, nth, nth, 'http', 4, 'Down', atMs, atMs + 60_000, 'verifier_cleared', '{}', atMs + 60_000, 3);
  }
  const columns =
    'id, blog_id, endpoint_id, check_type, severity, state, started_at, ended_at, resolution_reason, metadata, updated_at, version';
  return [`insert into jetmon_events (${columns}) values ${placeholders(12, count)}`, values];
}

function transitionsFrom(from: number, count: number): [string, unknown[]] {
  const values: unknown[] = [];
  for (let nth = from + 1; nth <= from + count; nth += 1) {
    const atMs = T0 + nth * 1_000;
    const row = (seq: number, ...change: unknown[]) =>
      values.push(nth, nth, seq, ...change, 'local', '{}', `op-${nth}/${seq}`);
    row(1, null, 3, null, 'Seems Down', 'opened', atMs);
    row(2, 3, 4, 'Seems Down', 'Down', 'local_confirmed', atMs + 5_000);
    row(3, 4, null, 'Down', 'Resolved', 'verifier_cleared', atMs + 60_000);
  }
  const columns =
    'event_id, blog_id, seq, severity_before, severity_after, state_before, state_after, reason, changed_at, source, metadata, op_id';
  const text = `insert into jetmon_event_transitions (${columns}) values ${placeholders(12, count * TRANSITIONS_OF_AN_EVENT)}`;
  return [text, values];
}

function placeholders(columns: number, rows: number): string {
  const one = `(${Array.from({ length: columns }, () => '?').join(', ')})`;
  return Array.from({ length: rows }, () => one).join(', ');
}
