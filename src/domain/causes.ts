/**
 * Which open event of an endpoint explains which failure of it: causation, which changes neither state nor severity
 * (spec/01 section 9). A check that knows the cause of another's failures gets a line here.
 */
import type { EventId } from './ids.ts';
import type { Mutation } from './mutation.ts';
import type { Verdict } from './verdict.ts';

type Link = Extract<Mutation, { op: 'link' }>;

/** By the check that fails and the reason it gives: the check whose event explains it. */
const EXPLAINED_BY: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  http: { tls_expired: 'tls_expiry' },
};

/** The check whose open event would explain this failure; null: none is known to. */
export function causeOf({ check, reason }: Pick<Verdict, 'check' | 'reason'>): string | null {
  const reasons = Object.hasOwn(EXPLAINED_BY, check) ? EXPLAINED_BY[check] : undefined;
  return reasons !== undefined && Object.hasOwn(reasons, reason) ? (reasons[reason] ?? null) : null;
}

/**
 * The change that a failed look makes to the cause of its event: `linked` is the cause that stands there. Null: it stays.
 * A cause that no longer explains what is seen, or is no longer open, is taken away.
 */
export function linkFor(
  failure: Pick<Verdict, 'check' | 'reason'>,
  open: ReadonlyMap<string, { eventId: EventId }>,
  linked: EventId | null,
): Link | null {
  const check = causeOf(failure);
  const causeEventId = check === null ? null : (open.get(check)?.eventId ?? null);
  return causeEventId === linked ? null : { op: 'link', causeEventId };
}
