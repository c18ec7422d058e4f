/** The event log of a running server, read beside it: what was committed, and when. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

export type Step = {
  id: number;
  siteId: number;
  eventId: number;
  stateAfter: string;
  reason: string;
  /** `none_configured` when nobody else was asked; empty when that is not said. */
  how: string;
  startedAtMs: number;
  changedAtMs: number;
};

export interface LogReader {
  /** Transitions of `http` events that were committed since the last call, in order. */
  next(): Step[];
  query(sql: string, ...values: number[]): Record<string, unknown>[];
  close(): void;
}

export function openLog(dataDir: string): LogReader {
  const file = new DatabaseSync(join(dataDir, 'jetmon.db'), { readOnly: true, timeout: 10_000 });
  const steps = file.prepare(
    `select t.id, e.blog_id, t.event_id, t.state_after, t.reason, json_extract(t.metadata, '$.verification') as how, e.started_at, t.changed_at
     from jetmon_event_transitions t join jetmon_events e on e.id = t.event_id
     where t.id > ? and e.check_type = 'http' order by t.id`,
  );
  let last = 0;
  return {
    next() {
      const rows = steps.all(last).map((row) => ({
        id: Number(row['id']),
        siteId: Number(row['blog_id']),
        eventId: Number(row['event_id']),
        stateAfter: String(row['state_after']),
        reason: String(row['reason']),
        how: String(row['how'] ?? ''),
        startedAtMs: Number(row['started_at']),
        changedAtMs: Number(row['changed_at']),
      }));
      last = rows.at(-1)?.id ?? last;
      return rows;
    },
    query: (sql, ...values) => file.prepare(sql).all(...values),
    close: () => file.close(),
  };
}
