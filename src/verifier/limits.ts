/** How much one caller may ask for, in one place. */
import { MAX_FORBIDDEN_KEYWORDS } from '../domain/probe-plan.ts';

export const MAX_REQUEST_BYTES = 10 * 1024 * 1024;
/** As the monitors before this one sent them. */
export const MAX_SITES = 200;
/** Requests that are answered at a time, of all callers together: as many as a few monitors send at most. */
export const MAX_BATCHES = 128;
/** Looks under way at a time; the rest waits its turn. */
export const MAX_LOOKS = 512;
/** Longest deadline of a look. */
export const MAX_TIMEOUT_MS = 255_000;
export const MAX_URL_LENGTH = 4_096;
/** The one text and the list of a monitor together. */
export const MAX_FORBIDDEN = MAX_FORBIDDEN_KEYWORDS + 1;
/** Most of a body that is ever read. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** What a batch may take beyond the longest deadline in it. Less than a monitor waits, so that it hears what there is. */
export const GRACE_MS = 3_000;

/** Questions in one call of ours, and the most that is read of the reply to them. */
export const SITES_PER_CALL = 50;
export const MAX_REPLY_BYTES = 64 * 1024;
export const MAX_REASON_LENGTH = 100;
export const MAX_HOST_LENGTH = 255;
