/**
 * Looks that somebody asks for and waits for. They go the way of every look; here stands who waits for which. Of one
 * endpoint one is out at a time, and all who ask meanwhile share the next, so that asking often confirms nothing sooner.
 */
import type { EndpointId } from '../domain/ids.ts';
import type { Clock } from '../lib/clock.ts';
import type { AskedLook } from '../services/look-now.ts';

export interface AskedLooks {
  /** A look that begins no sooner than now, and what became of it; null: the endpoint is not watched. */
  ask(endpointId: EndpointId): Promise<AskedLook | null>;
  /** Who waits for the look of this job; told once. */
  take(jobId: number): ((look: AskedLook) => void) | null;
}

/** While a failure is being confirmed, asked looks begin this far apart: no less than its retries need. */
const GAP_MS = 5_000;

type Line = {
  /** When the newest look began, on the monotonic clock. */
  beganMs: number;
  /** Resolves when that one is back. */
  newest: Promise<unknown>;
  isOut: boolean;
  /** The one that begins after it; null: nobody asked for it. */
  next: Promise<AskedLook | null> | null;
};

export function createAskedLooks(parts: {
  clock: Pick<Clock, 'monotonicMs' | 'after'>;
  /** Hands a look over; the id of its job, null when the endpoint is not watched. */
  begin(endpointId: EndpointId): number | null;
  isConfirming(endpointId: EndpointId): boolean;
}): AskedLooks {
  const { clock } = parts;
  const waiting = new Map<number, (look: AskedLook) => void>();
  const lines = new Map<EndpointId, Line>();

  async function begin(endpointId: EndpointId, line: Line): Promise<AskedLook | null> {
    line.next = null;
    lines.delete(endpointId);
    const jobId = parts.begin(endpointId);
    if (jobId === null) return null;
    const { promise, resolve } = Promise.withResolvers<AskedLook>();
    waiting.set(jobId, resolve);
    lines.set(endpointId, line);
    line.beganMs = clock.monotonicMs();
    line.isOut = true;
    line.newest = promise.then(() => {
      line.isOut = false;
    });
    return promise;
  }

  /** Nothing is kept of endpoints that nobody asked about lately. */
  function forgetOld(): void {
    const beforeMs = clock.monotonicMs() - GAP_MS;
    for (const [endpointId, { beganMs, isOut, next }] of lines) {
      if (!isOut && next === null && beganMs <= beforeMs) lines.delete(endpointId);
    }
  }

  async function beginAfter(endpointId: EndpointId, line: Line): Promise<AskedLook | null> {
    await line.newest;
    const leftMs = line.beganMs + GAP_MS - clock.monotonicMs();
    if (leftMs > 0 && parts.isConfirming(endpointId)) {
      await new Promise<void>((resolve) => clock.after(leftMs, resolve));
    }
    return begin(endpointId, line);
  }

  return {
    ask(endpointId) {
      forgetOld();
      const line = lines.get(endpointId);
      if (line === undefined) {
        return begin(endpointId, { beganMs: 0, newest: Promise.resolve(), isOut: false, next: null });
      }
      line.next ??= beginAfter(endpointId, line);
      return line.next;
    },
    take(jobId) {
      if (waiting.size === 0) return null;
      const tell = waiting.get(jobId) ?? null;
      waiting.delete(jobId);
      return tell;
    },
  };
}
