/** What goes into an append and what comes of it, and the identities that are refused before anything is written. */
import type { EventId, SiteId } from '../../domain/ids.ts';
import type { Failing, OpenIncident } from '../../domain/incident.ts';
import type { Mutation } from '../../domain/mutation.ts';
import { SITE_STATE_CHECK } from '../../domain/rollup.ts';
import type { EventIdentity, TransitionRecord } from '../event-records.ts';
import type { KeptVerification } from '../event-verifications.ts';
import type { FalsePositive } from '../false-positives.ts';
import type { FailedCheck } from '../history/failures.ts';

export type AppendInput = {
  identity: EventIdentity;
  /** Applied in order. Opening what is open, and changing or closing what is not, changes nothing. */
  mutations: readonly Mutation[];
  /** How far confirmation has come after this append; dropped when nothing is open then. */
  failing: Failing | null;
  /** That is what was stored of it before, so that it need not be written again. Default: it may be new. */
  isFailingStored?: boolean;
  /** Names this append for ever, at most 128 characters: sending it again changes nothing. */
  opId: string;
  /** The lease of the endpoint's bucket that it was decided under; 0 without leases. */
  epoch: number;
  /** The bucket of that lease: an endpoint that was moved to another is somebody else's. Absent without leases. */
  bucketNo?: number;
  atMs: number;
  /** Who saw or did it (spec/01 section 7). */
  source: string;
  /** Stored with the event and each transition, at most 64 KiB of JSON; beyond that its `evidence` is dropped. */
  metadata: object | null;
  /** Whether the status column of the legacy registry follows. */
  project: boolean;
  /** The failed look that led to this, kept in the check history whether anything changes or not; absent: none. */
  failedCheck?: FailedCheck | null;
  /** The failure that verifiers refuted, kept with the append that follows from it; absent: none. */
  falsePositive?: FalsePositive | null;
  /** What verifiers said of the event that this is about; nothing is kept of it where there is none. Absent: nothing. */
  verification?: KeptVerification | null;
  /**
   * Refuses the append when the endpoint is paused, removed or watches another URL by now; null: append regardless.
   * Findings of the whole site are not asked about.
   */
  onlyWhileWatching: { url: string } | null;
  /** Refuses the append unless this event is the open one; absent: whichever is open. */
  onlyEvent?: EventId;
};

/** Says that something other than an event changed what a site is, such as a pause: the site's own event follows. */
export type SiteCue = Pick<AppendInput, 'opId' | 'epoch' | 'atMs' | 'source'> & { siteId: SiteId };

export type Refusal =
  /** See `onlyWhileWatching`. */
  | 'not_watched'
  /** See `onlyEvent`: it is closed, or was never there. */
  | 'event_not_open'
  /** The bucket of the endpoint belongs to another owner or epoch by now: what was decided is stale. */
  | 'lease_lost'
  /** What is open on this identity cannot be understood, such as a state no version knows: it is left as it is. */
  | 'unreadable';

export type Appended = {
  /** The event this append was about; null when none was open and none was opened. */
  eventId: EventId | null;
  /** What is open on this identity afterwards. */
  open: OpenIncident | null;
  /** One per mutation that changed something. */
  transitions: readonly TransitionRecord[];
  /** True: this operation was committed before, and nothing was done now. */
  replayed: boolean;
  /** Why nothing was done; null when it was not refused. */
  refused: Refusal | null;
};

const MAX_OP_ID_LENGTH = 128;
const MAX_DISCRIMINATOR_LENGTH = 128;
const MAX_SEVERITY = 255;
const MAX_INSTANT_MS = 8.64e15;

/** Throws RangeError: a wrong append is a mistake of ours, found before it can hold up others. */
export function checkInput({ identity, opId, mutations, atMs, failing }: AppendInput): void {
  checkIdentity(identity);
  if (!/^[\x21-\x7e]{1,128}$/.test(opId))
    throw new RangeError(`operation id must be 1 to ${MAX_OP_ID_LENGTH} printable characters without spaces`);
  if (!isInstant(atMs)) throw new RangeError('the time of an append must be an instant');
  if (failing !== null && !(isInstant(failing.sinceMs) && Number.isSafeInteger(failing.attempts)))
    throw new RangeError('a confirmation has an instant and a whole number of attempts');
  for (const mutation of mutations) {
    const severity = 'severity' in mutation ? mutation.severity : undefined;
    if (severity !== undefined && (!Number.isInteger(severity) || severity < 0 || severity > MAX_SEVERITY))
      throw new RangeError(`severity must be a whole number from 0 to ${MAX_SEVERITY}`);
    if (mutation.op === 'open' && !isInstant(mutation.startedAtMs))
      throw new RangeError('the start of an event must be an instant');
    if (mutation.op === 'promote' && mutation.beganAtMs !== undefined && !isInstant(mutation.beganAtMs))
      throw new RangeError('since when a change is so must be an instant');
  }
}

function checkIdentity({ checkType, discriminator }: EventIdentity): void {
  // A `:` in the check type could make two identities look alike; the discriminator is last and may hold one.
  if (!/^[a-z0-9_]{1,64}$/.test(checkType)) throw new RangeError(`not a check type: ${checkType}`);
  if ((discriminator?.length ?? 0) > MAX_DISCRIMINATOR_LENGTH)
    throw new RangeError(`discriminator is longer than ${MAX_DISCRIMINATOR_LENGTH} characters`);
  // Databases that pad texts when they compare them would take the two for one.
  if (discriminator !== null && discriminator !== discriminator.trimEnd())
    throw new RangeError('discriminator ends in white space');
  // The event would not be found again by what it is called.
  if (discriminator !== null && (!discriminator.isWellFormed() || discriminator.includes('\0')))
    throw new RangeError('discriminator is no text');
  if (checkType === SITE_STATE_CHECK) throw new RangeError(`${SITE_STATE_CHECK} follows from other events`);
}

/** What a `Date` can hold, and so every column of ours. */
function isInstant(timeMs: number): boolean {
  return Math.abs(timeMs) <= MAX_INSTANT_MS;
}
