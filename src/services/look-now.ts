/** A look at an endpoint that somebody asks for and waits for: what the engine, or a command without one, is to do. */
import { AppError } from '../domain/errors.ts';
import type { EventId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
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
 * same. Rejects with `too_many_looks` where no place is left, or none for whoever asks, or with `server_not_running`.
 */
export type LookNow = (
  endpoint: Pick<Endpoint, 'endpointId' | 'url' | 'timeoutSeconds' | 'plan'>,
  signal: AbortSignal,
  /** Who asks: a tenant has a share of the places, and no more. */
  scope: SiteScope,
) => Promise<AskedLook | null>;

/** Seconds after which whoever found no place may try again: about as long as a look takes. */
const TRY_AGAIN_S = 5;

/** `whose`: of everybody, or of this tenant. */
export function tooManyLooks(asked: number, whose: 'of this tenant ' | ''): AppError {
  return new AppError('too_many_looks', `${asked} looks ${whose}that were asked for are under way`, {
    fix: 'wait until some have ended, then ask again',
    retryAfterSeconds: TRY_AGAIN_S,
  });
}
