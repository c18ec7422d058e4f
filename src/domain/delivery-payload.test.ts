import { describe, expect, it } from 'vitest';
import { deliveryPayload, type Told } from './delivery-payload.ts';

const CLOSED: Told = {
  siteId: 2n ** 63n - 1n,
  eventId: 2n ** 53n + 1n,
  transitionId: 7n,
  checkType: 'http',
  reason: 'verifier_cleared',
  stateBefore: 'Down',
  stateAfter: 'Resolved',
  severityBefore: 4,
  severityAfter: null,
  changedAtMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
};

describe('the payload', () => {
  it('has exactly the members of the contract, in order, with exact ids', () => {
    const subscriber = { family: 'webhook', subscriberId: 1n, events: null, siteIds: null, states: null } as const;
    expect(deliveryPayload({ subscriber, eventType: 'event.closed' }, CLOSED)).toBe(
      '{"event_id":9007199254740993,"occurred_at":"2026-01-02T03:04:05.678Z","reason":"verifier_cleared",' +
        '"site_id":9223372036854775807,"state":"Resolved","transition_id":7,"type":"event.closed"}',
    );
  });

  it('tells a contact both severities, an absent one as 0', () => {
    const subscriber = { family: 'contact', subscriberId: 1n, siteIds: null, minSeverity: 4 } as const;
    expect(JSON.parse(deliveryPayload({ subscriber, eventType: 'alert.closed' }, CLOSED))).toMatchObject({
      type: 'alert.closed',
      severity_before: 4,
      severity_after: 0,
    });
  });
});
