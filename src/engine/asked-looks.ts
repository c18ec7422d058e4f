/**
 * Looks that somebody asks for and waits for. They go the way of every look; here stands who waits for which. Of one
 * endpoint one is out at a time, and all who ask meanwhile share the next.
 */
import type { EndpointId } from '../domain/ids.ts';
import type { AskedLook } from '../services/look-now.ts';

export interface AskedLooks {
  /** A look that begins no sooner than now, and what became of it; null: the endpoint is not watched. */
  ask(endpointId: EndpointId): Promise<AskedLook | null>;
  /** Who waits for the look of this job; told once. */
  take(jobId: number): ((look: AskedLook) => void) | null;
}

/** Of an endpoint that somebody waits for. */
type Line = {
  /** The look that is out. */
  newest: Promise<AskedLook>;
  /** The one that begins after it; null: nobody asked for it. */
  next: Promise<AskedLook | null> | null;
};

/** `begin` hands a look over: the id of its job, null when the endpoint is not watched. */
export function createAskedLooks(begin: (endpointId: EndpointId) => number | null): AskedLooks {
  const waiting = new Map<number, (look: AskedLook) => void>();
  const lines = new Map<EndpointId, Line>();

  async function look(endpointId: EndpointId): Promise<AskedLook | null> {
    const jobId = begin(endpointId);
    if (jobId === null) return null;
    const { promise, resolve } = Promise.withResolvers<AskedLook>();
    waiting.set(jobId, resolve);
    const line: Line = { newest: promise, next: null };
    lines.set(endpointId, line);
    void promise.then(() => {
      if (line.next === null) lines.delete(endpointId);
    });
    return promise;
  }

  async function lookAfter(endpointId: EndpointId, { newest }: Line): Promise<AskedLook | null> {
    await newest;
    lines.delete(endpointId);
    return look(endpointId);
  }

  return {
    ask(endpointId) {
      const line = lines.get(endpointId);
      if (line === undefined) return look(endpointId);
      line.next ??= lookAfter(endpointId, line);
      return line.next;
    },
    take(jobId) {
      const tell = waiting.get(jobId) ?? null;
      waiting.delete(jobId);
      return tell;
    },
  };
}
