/** One row for each failure that the quorum of verifiers refuted (spec/01 section 11.4), and only so many of them. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { VerificationEvidence } from '../domain/verification-evidence.ts';
import type { Executor } from './schema.ts';

export type FalsePositive = {
  siteId: SiteId;
  /** Of which it was seen, and by which check; absent: not known. */
  endpointId?: EndpointId | null;
  checkType?: string;
  /** What the failed look saw: status, legacy error code and duration; null where there was none. */
  httpCode: number | null;
  errorCode: number | null;
  rttMs: number | null;
  /** Who said what. */
  evidence?: VerificationEvidence;
  atMs: number;
};

/** Beyond this many the oldest go. */
export const MAX_FALSE_POSITIVES = 100_000;

const ROWS_PER_STATEMENT = 128;
/** Rows of one transaction of `forgetFalsePositives`. */
export const FORGOTTEN_AT_ONCE = 500;
const MAX_SMALLINT = 32_767;
const MAX_INT = 2 ** 31 - 1;

/** Joins the caller's transaction when it is given one. */
export function recordFalsePositive(db: Executor, one: FalsePositive): Promise<void> {
  return recordFalsePositives(db, [one]);
}

/** A value no column holds is brought within its bounds, so that it costs nobody their row. */
export async function recordFalsePositives(db: Executor, all: readonly FalsePositive[]): Promise<void> {
  for (let from = 0; from < all.length; from += ROWS_PER_STATEMENT) {
    const rows = all.slice(from, from + ROWS_PER_STATEMENT).map((one) => ({
      blog_id: one.siteId,
      endpoint_id: one.endpointId ?? null,
      check_type: one.checkType ?? null,
      http_code: wholeWithin(one.httpCode, MAX_SMALLINT),
      error_code: wholeWithin(one.errorCode, MAX_SMALLINT),
      rtt_ms: wholeWithin(one.rttMs, MAX_INT),
      evidence: one.evidence === undefined ? null : JSON.stringify(one.evidence),
      created_at: BigInt(Math.trunc(one.atMs)),
    }));
    await db.insertInto('jetmon_false_positives').values(rows).execute();
  }
}

/**
 * Deletes up to `FORGOTTEN_AT_ONCE` rows: those before `beforeMs`, and the oldest beyond `max`. Returns how many; when it
 * is that many, there may be more.
 */
export async function forgetFalsePositives(
  tx: Executor,
  { beforeMs, max = MAX_FALSE_POSITIVES }: { beforeMs: number; max?: number },
): Promise<number> {
  const newestTooMany = await tx
    .selectFrom('jetmon_false_positives')
    .select('id')
    .orderBy('id', 'desc')
    .limit(1)
    .offset(max)
    .executeTakeFirst();
  // Ids go with time, so that no index over the time is needed.
  const oldest = await tx
    .selectFrom('jetmon_false_positives')
    .select(['id', 'created_at'])
    .orderBy('id')
    .limit(FORGOTTEN_AT_ONCE)
    .execute();
  const ids = oldest
    .filter(({ id, created_at }) => created_at < BigInt(Math.trunc(beforeMs)) || id <= (newestTooMany?.id ?? -1n))
    .map(({ id }) => id);
  if (ids.length > 0) await tx.deleteFrom('jetmon_false_positives').where('id', 'in', ids).execute();
  return ids.length;
}

/** Null also for what is no number: not known is better than wrong. */
function wholeWithin(value: number | null, max: number): number | null {
  if (value === null || Number.isNaN(value)) return null;
  return Math.min(Math.max(Math.round(value), 0), max);
}
