/**
 * Which open event of an endpoint explains which failure of it: causation, which changes neither state nor severity
 * (spec/01 section 9). A check that knows the cause of another's failures gets a line here.
 */
import type { EventId } from './ids.ts';
import type { Mutation } from './mutation.ts';
import type { Verdict } from './verdict.ts';

type Link = Extract<Mutation, { op: 'link' }>;

/** What a failed look says, as far as its cause depends on it. */
type Failure = Pick<Verdict, 'check' | 'reason' | 'details'>;

type Rule = {
  check: string;
  reason: string;
  /** The check whose open event explains it. */
  by: string;
  /** Only with one of these codes; absent: always. */
  codes?: ReadonlySet<string>;
};

/** Both sides found no version of TLS that they share. */
const NO_SHARED_VERSION: ReadonlySet<string> = new Set([
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_NO_PROTOCOLS_AVAILABLE',
]);

/**
 * What was warned of came to pass. Of a name that does not resolve and of most faults of a certificate there is no event
 * but that of the http check, which says so itself.
 */
const RULES: readonly Rule[] = [
  { check: 'http', reason: 'tls_expired', by: 'tls_expiry' },
  { check: 'http', reason: 'tls_failed', by: 'tls_deprecated', codes: NO_SHARED_VERSION },
];

/** The check whose open event would explain this failure; null: none is known to. */
export function causeOf({ check, reason, details }: Failure): string | null {
  const rule = RULES.find((one) => one.check === check && one.reason === reason);
  if (rule === undefined) return null;
  return rule.codes === undefined || rule.codes.has(String(details?.['code'])) ? rule.by : null;
}

/**
 * The change that a failed look makes to the cause of its event: `linked` is the cause that stands there. Null: it stays.
 * A cause that no longer explains what is seen, or is no longer open, is taken away.
 */
export function linkFor(
  failure: Failure,
  open: ReadonlyMap<string, { eventId: EventId }>,
  linked: EventId | null,
): Link | null {
  const check = causeOf(failure);
  const causeEventId = check === null ? null : (open.get(check)?.eventId ?? null);
  return causeEventId === linked ? null : { op: 'link', causeEventId };
}
