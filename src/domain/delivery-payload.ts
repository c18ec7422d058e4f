/** The body of a delivery (spec/05 sections 3.3 and 4.2), written once and then sent as it is at every attempt. */
import { stringifyJson } from '../lib/json.ts';
import type { Happening, Match } from './delivery-match.ts';

export type Told = Happening & {
  transitionId: bigint;
  eventId: bigint;
  changedAtMs: number;
};

/** Members in alphabetical order, ids exact. */
export function deliveryPayload({ subscriber, eventType }: Match, told: Told): string {
  const severities =
    subscriber.family === 'webhook'
      ? {}
      : { severity_after: told.severityAfter ?? 0, severity_before: told.severityBefore ?? 0 };
  return stringifyJson({
    event_id: told.eventId,
    occurred_at: new Date(told.changedAtMs).toISOString(),
    reason: told.reason,
    ...severities,
    site_id: told.siteId,
    state: told.stateAfter ?? '',
    transition_id: told.transitionId,
    type: eventType,
  });
}
