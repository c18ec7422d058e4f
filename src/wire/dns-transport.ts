/** What UDP and TCP to a resolver have in common: who listens for the outcome of a query, and what may go wrong. */

export interface Listener {
  /** A reply to exactly this query; at most once. */
  onReply(message: Buffer): void;
  /** The query is lost; never called before the query was handed over. */
  onTrouble(trouble: DnsTrouble): void;
}

export interface OpenQuery {
  /** Forgets the query; nothing is called any more. */
  cancel(): void;
}

export type DnsTrouble = {
  /** `unreachable`: nothing answers there. `broken`: it answers otherwise, not now. `local`: we cannot ask. */
  kind: 'unreachable' | 'broken' | 'local';
  detail: string;
};

/** Codes by which the network says that a resolver cannot be reached. */
const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENETDOWN',
  'EHOSTDOWN',
  'ETIMEDOUT',
  'EAFNOSUPPORT',
]);
/** Codes by which the other side ends a connection. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

/** Any other code is trouble of this machine. */
export function troubleOf(error: Error): DnsTrouble {
  const detail = 'code' in error && typeof error.code === 'string' ? error.code : 'ERROR';
  return { kind: UNREACHABLE.has(detail) ? 'unreachable' : BROKEN.has(detail) ? 'broken' : 'local', detail };
}
