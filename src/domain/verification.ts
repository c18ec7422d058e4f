/**
 * What others say of a failure that we see (reliability.md 3.4, condition 6). A region has one say however many verifiers
 * stand in it, and the quorum is fixed when it is configured: silence is no vote and makes it no smaller.
 */

/** What one verifier saw, kept as evidence. Every text may come from a stranger's server or from a verifier that lies. */
export type Vote = {
  verifier: string;
  region: string;
  /** `none`: no verdict, because it did not answer, could not tell, or answered for something else. */
  says: 'down' | 'up' | 'none';
  /** Reason code of what it saw, or why there is no verdict. */
  reason: string;
  httpCode: number | null;
  /** Legacy error code 0 to 8. */
  errorCode: number;
  failureClass: string | null;
  /** Duration of its probe; null without a verdict. */
  rttMs: number | null;
  /** From the question to the answer, as we measured it. */
  tookMs: number;
  /** Its region is heard, but a verifier that was caught lying counts for nothing. */
  quarantined: boolean;
};

/**
 * `confirmed`: the quorum of regions sees it down. `refuted`: the quorum sees it up, and nobody who can be believed sees
 * it down. `regional`: they were heard and differ. `no_verdict`: too few were heard.
 */
export type Outcome = 'confirmed' | 'refuted' | 'regional' | 'no_verdict';

export type Verification = {
  requestId: string;
  outcome: Outcome;
  votes: readonly Vote[];
  /** Regions that must agree, and regions there are. */
  quorum: number;
  regions: number;
  /** Regions that see it down; what `regional` tells. */
  downRegions: readonly string[];
};
