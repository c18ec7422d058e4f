/**
 * What one class of hostile behaviour is: how a server misbehaves, what must be said of it, and what it may cost. Two
 * classes differ on the wire and in what is expected; the same bytes with another parameter are another seed.
 */
import type { BodyEvidence, TlsEvidence } from '../../src/domain/evidence.ts';
import type { ProbePlan } from '../../src/domain/probe-plan.ts';
import type { Draw } from './draw.ts';

export type Family =
  | 'dns'
  | 'tcp'
  | 'tls'
  | 'framing'
  | 'chunking'
  | 'timing'
  | 'body'
  | 'keyword'
  | 'encoding'
  | 'redirect'
  | 'egress'
  | 'text'
  | 'http2';

export type HostileClass = {
  /** Kebab-case, unique. */
  id: string;
  family: Family;
  /** What the server does, in one plain sentence. */
  what: string;
  plan?: Partial<ProbePlan>;
  /** Deadline of the probe; short where the class is about silence. */
  timeoutMs?: number;
  resolvers?: ResolverProfile;
  /** Starts the server of one seeded draw and returns the URL to probe. */
  serve(draw: Draw): string | Promise<string>;
  expected: Expected;
  budget?: Partial<Budget>;
};

/** Who answers for names: our scripted server, nobody any more, nobody at all, or a dead one before the scripted one. */
export const RESOLVER_PROFILES = ['scripted', 'closed', 'silent', 'first_closed'] as const;
export type ResolverProfile = (typeof RESOLVER_PROFILES)[number];

type State = 'Up' | 'Seems Down' | 'Unknown';

export type Expected = {
  /** Verdict of the check `http`. Several where which one it is depends on how fast packets cross. */
  reason: string | readonly string[];
  state: State | readonly State[];
  /** Where and by which typed code the evidence says it failed; null when nothing did. */
  error: { phase: string; code: string | readonly string[] } | null;
  httpCode?: number;
  /** Verdicts of other checks: its type and reason. */
  also?: Readonly<Record<string, string>>;
  /** Parts of the evidence that must be so; of several values any will do. */
  body?: PartOf<BodyEvidence>;
  tls?: PartOf<TlsEvidence>;
  hops?: number;
};

type PartOf<T> = { [K in keyof T]?: T[K] | readonly T[K][] };

export type Budget = {
  /** Bytes of body that the evidence says were read. */
  bodyBytes: number;
  /** Bytes that servers got rid of, kernel buffers on both sides included. */
  sentBytes: number;
  /** Connections to servers of the draw. */
  connections: number;
};

/** Body budget of the specification and one read more; the kernel's buffers may hold about 10 MiB on loopback. */
export const DEFAULT_BUDGET: Budget = { bodyBytes: 1_048_576 + 65_536, sentBytes: 16_777_216, connections: 1 };
export const DEFAULT_TIMEOUT_MS = 10_000;

type More = Omit<Partial<Expected>, 'reason' | 'state' | 'error'>;

export function up(more: More = {}): Expected {
  return { reason: 'ok', state: 'Up', error: null, ...more };
}

/** A failure of the site. */
export function down(reason: string | readonly string[], error: Expected['error'] = null, more: More = {}): Expected {
  return { reason, state: 'Seems Down', error, ...more };
}

/** Trouble that is or may be ours. */
export function unknown(reason: string, error: Expected['error'] = null, more: More = {}): Expected {
  return { reason, state: 'Unknown', error, ...more };
}

export function at(phase: string, ...codes: string[]): NonNullable<Expected['error']> {
  const [only] = codes;
  return { phase, code: codes.length === 1 && only !== undefined ? only : codes };
}
