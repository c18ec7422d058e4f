/**
 * What verifiers said last of an event: one row for each they were asked about, beside the log, because an answer that
 * settles nothing changes no event. Written with the append that it came to.
 */
import type { EventId } from '../domain/ids.ts';
import type { VerificationEvidence } from '../domain/verification-evidence.ts';
import { padded } from './append/statements.ts';
import type { Dialect } from './dialect/dialect.ts';
import { parseMetadata } from './metadata.ts';
import type { Tx } from './schema.ts';

/** `unverified`: too few were heard for a verdict, and the failure stays what it is. */
export const VERIFICATION_OUTCOMES = ['confirmed', 'refuted', 'regional', 'unverified'] as const;
export type VerificationOutcome = (typeof VERIFICATION_OUTCOMES)[number];

/** What is kept: at most a few tens of kilobytes, because the votes are bounded. */
export type KeptVerification = {
  outcome: VerificationOutcome;
  /** When it was decided, ms since the epoch. */
  atMs: number;
  evidence: VerificationEvidence;
};

/** As it is read again: `evidence` is null where it cannot be read. */
export type StoredVerification = Pick<KeptVerification, 'outcome' | 'atMs'> & { evidence: VerificationEvidence | null };

export type VerificationWrite = { event: { id: EventId }; verification: KeptVerification };

const ROWS_PER_STATEMENT = 128;

/** The newest takes the place of the one before. */
export async function saveVerifications(tx: Tx, dialect: Dialect, writes: readonly VerificationWrite[]): Promise<void> {
  const rows = writes.map(({ event, verification: { outcome, atMs, evidence } }) => ({
    event_id: event.id,
    outcome,
    verified_at: Math.trunc(atMs),
    evidence: JSON.stringify(evidence),
  }));
  for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
    const some = padded(rows.slice(from, from + ROWS_PER_STATEMENT));
    await dialect.upsert(tx, { table: 'jetmon_event_verifications', rows: some, key: ['event_id'] });
  }
}

/** Columns of a row that may be missing. */
export type VerificationColumns = {
  verification_outcome?: string | null;
  verified_at?: bigint | null;
  verification_evidence?: string | null;
};

/** Null where nobody was asked, or a newer program knows a word that we do not. */
export function verificationOf(row: VerificationColumns): StoredVerification | null {
  const outcome = VERIFICATION_OUTCOMES.find((known) => known === row.verification_outcome);
  if (outcome === undefined || row.verified_at === null || row.verified_at === undefined) return null;
  const { metadata } = parseMetadata(row.verification_evidence ?? null);
  return { outcome, atMs: Number(row.verified_at), evidence: metadata as VerificationEvidence | null };
}
