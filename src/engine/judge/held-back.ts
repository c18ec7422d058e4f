/**
 * Leaves a trace of what was seen and not told: swallowed by a maintenance window, held open by the flap brake, or a
 * suspicion that was taken back. The event log does not speak of these. Notes are written in the background, and bounded
 * by what they speak of, never by how often it is looked at; one that was not written yet is lost with the process.
 */
import { type Decision, isFailing, type Known, type Quiet } from '../../domain/incident.ts';
import type { Verification } from '../../domain/verification.ts';
import { verificationEvidence } from '../../domain/verification-evidence.ts';
import type { Clock } from '../../lib/clock.ts';
import type { AuditEntry } from '../../store/audit.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Target } from './target.ts';

export interface HeldBack {
  /** What a look of ours or an answer of the verifiers led to, once it was written. */
  decided(target: Target, check: string, before: Known, decision: Decision): void;
  /** What was suspected, if anything was, is taken back; noted once an hour for each reason. */
  withdrawn(target: Target, check: string, before: Known, because: string, verification?: Verification): void;
  /** Writes what was noted. Never rejects: what cannot be written is kept and tried again. */
  flush(): Promise<void>;
}

/** Notes that wait; what comes beyond is counted in the log. */
const MOST_WAITING = 10_000;
/** In one statement. */
const BATCH = 200;
/** What is known to be noted: windows, events, suspicions. */
const MOST_KNOWN = 100_000;
const HOUR_MS = 60 * 60_000;
/** An event that is held open for longer is noted again. */
const BRAKE_KNOWN_FOR_MS = 24 * HOUR_MS;

export function createHeldBack(parts: {
  recordAudit(entries: readonly AuditEntry[]): Promise<void>;
  clock: Pick<Clock, 'nowMs'>;
  log: Pick<Log, 'warn'>;
}): HeldBack {
  const { clock, log } = parts;
  const waiting: AuditEntry[] = [];
  const isFirst = createFirstTimes(MOST_KNOWN, clock);
  let dropped = 0;

  function note({ siteId, endpointId }: Target, check: string, entry: Omit<AuditEntry, 'siteId' | 'atMs'>): void {
    if (waiting.length >= MOST_WAITING) {
      dropped += 1;
      return;
    }
    const metadata = { endpoint_id: String(endpointId), check_type: check, ...entry.metadata };
    waiting.push({ ...entry, siteId, metadata, atMs: clock.nowMs() });
  }

  function swallowed(target: Target, check: string, { open, maintenance }: Known): void {
    if (maintenance === null) return;
    const { startMs, endMs } = maintenance;
    // A look that began in it may be decided after it.
    if (!isFirst(`window ${target.endpointId} ${startMs} ${endMs}`, endMs + HOUR_MS)) return;
    note(target, check, {
      eventType: 'maintenance_active',
      eventId: open !== null && isFailing(open) ? open.eventId : null,
      detail: 'a failure was swallowed by the maintenance window',
      metadata: { maintenance_start: instant(startMs), maintenance_end: instant(endMs) },
    });
  }

  function braked(target: Target, check: string, { open, recent }: Known): void {
    if (open === null || !isFirst(`brake ${open.eventId}`, clock.nowMs() + BRAKE_KNOWN_FOR_MS)) return;
    note(target, check, {
      eventType: 'alert_suppressed',
      eventId: open.eventId,
      detail: 'flap brake: the site is well, and its event stays open until it stays well',
      metadata: { began_to_fail: recent.startsMs.map(instant) },
    });
  }

  async function flush(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const some = waiting.slice(0, BATCH);
        await parts.recordAudit(some);
        waiting.splice(0, some.length);
      }
      if (dropped > 0) log.warn({ dropped }, 'more was held back at once than could be noted for the audit');
      dropped = 0;
    } catch (error) {
      log.warn({ err: error }, 'what was held back could not be noted for the audit; it is tried again');
    }
  }

  let flushing = Promise.resolve();

  return {
    decided(target, check, before, { swallowed: isSwallowed, recent }) {
      if (isSwallowed) swallowed(target, check, before);
      else if (before.recent.braked === null && recent.braked !== null) braked(target, check, before);
    },
    withdrawn(target, check, { suspicion }, because, verification) {
      // A site that only we cannot reach is suspected again and again.
      const key = `suspicion ${target.endpointId} ${check} ${because}`;
      if (suspicion === null || !isFirst(key, clock.nowMs() + HOUR_MS)) return;
      const { sinceMs, attempts, quiet } = suspicion;
      const after = SUPPRESSED_AFTER[quiet];
      note(target, check, {
        eventType: 'alert_suppressed',
        detail: `a suspicion was taken back: ${because}`,
        metadata: {
          ...{ suspected_because: quiet, first_failed_at: instant(sinceMs), attempts, withdrawn_because: because },
          ...(after === undefined ? {} : { suppressed_after: after }),
          ...(verification === undefined ? {} : verificationEvidence(verification)),
        },
      });
    },
    flush() {
      flushing = flushing.then(flush);
      return flushing;
    },
  };
}

/** As consumers of the older system know it. */
const SUPPRESSED_AFTER: { readonly [Because in Quiet]?: string } = {
  after_recovery: 'recovery',
  after_false_alarm: 'false_alarm',
};

const PRUNE_EVERY_MS = 60_000;

/** Says of a key whether it is new until then; of more than `most` it says that they are not, rather than all again. */
function createFirstTimes(most: number, clock: Pick<Clock, 'nowMs'>): (key: string, untilMs: number) => boolean {
  const known = new Map<string, number>();
  let pruneAtMs = 0;
  return (key, untilMs) => {
    const nowMs = clock.nowMs();
    if ((known.get(key) ?? nowMs) > nowMs) return false;
    if (known.size >= most && nowMs >= pruneAtMs) {
      pruneAtMs = nowMs + PRUNE_EVERY_MS;
      for (const [old, endMs] of known) if (endMs <= nowMs) known.delete(old);
    }
    if (known.size >= most) return false;
    known.set(key, untilMs);
    return true;
  };
}

function instant(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
