/** What is asked of a verifier, and what can come of it. */
import type { BodyBudgets, ProbePlan } from '../domain/probe-plan.ts';
import type { Clock } from '../lib/clock.ts';
import type { Lookup } from '../wire/http2-session.ts';

export type VerifierEntry = {
  /** What it is called in votes and logs. */
  name: string;
  /** Whose say it counts for: verifiers of one region have one between them. */
  region: string;
  host: string;
  port: number;
  /** The secret both sides hold: it lets us in, and replies are signed with a key derived from it. */
  authToken: string;
  /** Null: plaintext HTTP/2. */
  tls: VerifierTls | null;
};

/** PEM texts, not paths. */
export type VerifierTls = {
  /** The only authorities that are believed; null for those of Node. */
  caPem: string | null;
  /** What we show of ourselves where the verifier asks for a certificate; both or neither. */
  certPem: string | null;
  keyPem: string | null;
  /** The name its certificate must bear, where that is not `host`. */
  serverName: string | null;
};

export type RemoteQuestion = {
  /** 1 to 128 printable ASCII characters, new for every question. */
  requestId: string;
  siteId: bigint;
  endpointId: bigint;
  url: string;
  /** Deadline of the probe; the question waits a little longer. */
  timeoutMs: number;
  plan: ProbePlan;
  budgets: BodyBudgets;
};

export type RemoteAnswer =
  | {
      kind: 'answer';
      /** `none`: the verifier could not tell. */
      says: 'down' | 'up' | 'none';
      /** Code of the finding that speaks for the look. */
      reason: string;
      httpCode: number | null;
      /** Legacy error code 0 to 8. */
      errorCode: number;
      failureClass: string | null;
      /** Duration of its probe. */
      rttMs: number | null;
      /** What the verifier calls itself; a stranger's text. */
      host: string;
      /** From the question to the answer, as we measured it. */
      tookMs: number;
    }
  | { kind: 'failed'; reason: RemoteFailure; detail: string; tookMs: number };

/** Why there is no answer that could count. */
export type RemoteFailure =
  | 'unreachable'
  | 'timeout'
  | 'unauthorized'
  | 'bad_signature'
  | 'wrong_request'
  | 'too_large'
  | 'malformed'
  | 'refused';

export interface VerifierClient {
  /** One answer per question, in their order. Never rejects for what a verifier did or did not do. */
  ask(questions: readonly RemoteQuestion[], signal: AbortSignal): Promise<readonly RemoteAnswer[]>;
  /** Whether it says within two seconds that it is well; asks for no token. Never rejects either. */
  status(signal: AbortSignal): Promise<{ ok: boolean; version: string | null }>;
  /** Closes its connections; questions under way fail as `unreachable`. */
  close(): void;
}

export type VerifierClientDeps = {
  clock: Clock;
  /** Address of this machine to ask from; null leaves it to the system. */
  bindSource: string | null;
  /** What names of verifiers resolve to. Default: what the system says. */
  lookup?: Lookup;
  /** Told of each request that asked for looks, with the time until its reply or the end of the wait. */
  onRpc?(result: 'success' | RemoteFailure, tookMs: number): void;
};
