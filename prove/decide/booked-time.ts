/** What a data folder says of all its endpoints over some time: how long each was taken to be down, and how long unknown. */
import { join } from 'node:path';
import { transitionsToIntervals } from '../../src/domain/incident-intervals.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import { measureSla, type SlaInput } from '../../src/domain/sla.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createHistory } from '../../src/store/history/history.ts';
import { silentLog } from '../../src/telemetry/log.ts';

/** Sums over all endpoints, in ms. */
export type Booked = { endpoints: number; downtimeMs: number; unknownMs: number; upMs: number };

export async function bookedTime(dataDir: string, window: SlaInput['window'], intervalMs: number): Promise<Booked> {
  const db = await openDatabase({ url: `sqlite:${join(dataDir, 'jetmon.db')}` });
  const history = createHistory({ db, clock: systemClock, log: silentLog, writer: 'prove' });
  const booked: Booked = { endpoints: 0, downtimeMs: 0, unknownMs: 0, upMs: 0 };
  try {
    for (const { endpointId } of await createEndpoints(db).all(EVERY_SITE)) {
      const events = await db.kysely
        .selectFrom('jetmon_events')
        .select(['id', 'started_at'])
        .where('endpoint_id', '=', endpointId)
        .where('check_type', '=', 'http')
        .execute();
      const incidents = [];
      for (const { id, started_at } of events) {
        const transitions = await db.kysely
          .selectFrom('jetmon_event_transitions')
          .select(['severity_after', 'reason', 'changed_at'])
          .where('event_id', '=', id)
          .orderBy('seq')
          .execute();
        const changes = transitions.map(({ severity_after, reason, changed_at }) => ({
          severityAfter: severity_after === null ? null : Number(severity_after),
          reason,
          changedAtMs: Number(changed_at),
        }));
        incidents.push(...transitionsToIntervals(changes, Number(started_at)));
      }
      const observed = await history.coverage(endpointId, window.fromMs, window.toMs, intervalMs);
      const { ms, downtimeMs } = measureSla({ window, incidents, observed, paused: [], maintenance: [] });
      booked.endpoints += 1;
      booked.downtimeMs += downtimeMs;
      booked.unknownMs += ms.unknown;
      booked.upMs += ms.up;
    }
  } finally {
    await history.stop();
    await db.close();
  }
  return booked;
}
