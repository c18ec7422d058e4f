/** A look at an endpoint that somebody asks for and waits for: what the engine, or a command without one, is to do. */
import type { EventId } from '../domain/ids.ts';
import type { Observation } from '../domain/verdict.ts';
import type { Endpoint } from '../store/endpoints.ts';

export type AskedLook = {
  /** As it counts: what may be trouble of our own is Unknown in it. */
  observation: Observation;
  /** Whether it went the way of every look. False: it was seen, and changed nothing. */
  isBooked: boolean;
  /** Events that this very look closed. */
  closed: readonly EventId[];
};

/**
 * Looks now and resolves when what follows is written. Null: the signal came first; the look goes on and is booked all the
 * same. Rejects with `too_many_looks` or `server_not_running`.
 */
export type LookNow = (
  endpoint: Pick<Endpoint, 'endpointId' | 'url' | 'timeoutSeconds' | 'plan'>,
  signal: AbortSignal,
) => Promise<AskedLook | null>;
