import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/kit/runs.ts';
import {
  type Contact,
  eventTypeFor,
  type Happening,
  indexSubscribers,
  type Subscriber,
  WEBHOOK_EVENT_TYPES,
  type Webhook,
  webhookEventType,
} from './delivery-match.ts';

const SEVERITIES: Readonly<Record<string, number>> = { Warning: 1, Degraded: 2, 'Seems Down': 3, Down: 4 };

function happening(change: Partial<Happening> = {}): Happening {
  return {
    siteId: 1n,
    checkType: 'http',
    reason: 'opened',
    stateBefore: null,
    stateAfter: 'Seems Down',
    severityBefore: null,
    severityAfter: 3,
    ...change,
  };
}

const closed = (state: string, reason = 'verifier_cleared') =>
  happening({
    reason,
    stateBefore: state,
    stateAfter: 'Resolved',
    severityBefore: SEVERITIES[state] ?? null,
    severityAfter: null,
  });

const webhook = (change: Partial<Webhook> = {}): Webhook => ({
  family: 'webhook',
  subscriberId: 1n,
  events: null,
  siteIds: null,
  states: null,
  ...change,
});

const contact = (minSeverity: number): Contact => ({ family: 'contact', subscriberId: 1n, siteIds: null, minSeverity });

describe('the type of a transition', () => {
  it.each([
    ['opened', 'event.opened'],
    ['severity_escalation', 'event.severity_changed'],
    ['severity_deescalation', 'event.severity_changed'],
    ['verification_overdue', 'event.severity_changed'],
    ['state_change', 'event.state_changed'],
    ['verifier_confirmed', 'event.state_changed'],
    ['local_confirmed', 'event.state_changed'],
    ['cause_linked', 'event.cause_linked'],
    ['cause_unlinked', 'event.cause_unlinked'],
    ['something_else', null],
    ['constructor', null],
  ])('of reason %s is %s', (reason, type) => {
    expect(webhookEventType(happening({ reason }))).toBe(type);
  });

  it('is a close whenever the event ends, also for a reason that nobody has heard of (D7)', () => {
    for (const reason of ['probe_cleared', 'false_alarm', 'manual_override', 'customer_says_fixed']) {
      expect(webhookEventType(closed('Down', reason))).toBe('event.closed');
    }
  });
});

describe('a webhook', () => {
  it('that asks for a state hears that it began and that it ended (D6)', () => {
    const down = webhook({ states: new Set(['Down']) });
    const confirmed = happening({ reason: 'local_confirmed', stateBefore: 'Seems Down', stateAfter: 'Down' });
    expect(eventTypeFor(down, happening())).toBeNull();
    expect(eventTypeFor(down, confirmed)).toBe('event.state_changed');
    expect(eventTypeFor(down, closed('Down'))).toBe('event.closed');
    expect(eventTypeFor(down, closed('Seems Down'))).toBeNull();
  });
});

describe('a contact', () => {
  it('is told what enters the band and what recovers from it, and nothing below', () => {
    const down = contact(4);
    const confirmed = happening({ reason: 'local_confirmed', severityBefore: 3, severityAfter: 4 });
    expect(eventTypeFor(down, happening())).toBeNull();
    expect(eventTypeFor(down, confirmed)).toBe('alert.state_changed');
    expect(eventTypeFor(down, closed('Down'))).toBe('alert.closed');
    expect(eventTypeFor(down, closed('Seems Down', 'false_alarm'))).toBeNull();
  });

  it('hears nothing of causes', () => {
    expect(eventTypeFor(contact(0), happening({ reason: 'cause_linked' }))).toBeNull();
  });
});

describe('what is never delivered', () => {
  it.each([
    ['the state of a site, which is derived', { checkType: 'site_state' }],
    ['trouble of the monitor itself', { checkType: 'monitor' }],
    ['what belongs to no site', { siteId: 0n }],
  ])('%s', (_, change) => {
    expect(indexSubscribers([webhook(), contact(0)]).match(happening(change))).toEqual([]);
  });
});

/** The same rules written the long way round, over all subscribers. */
function told(subscribers: readonly Subscriber[], what: Happening): string[] {
  const closes = what.stateAfter === 'Resolved';
  const groups = {
    opened: 'opened',
    severity_escalation: 'severity_changed',
    severity_deescalation: 'severity_changed',
    verification_overdue: 'severity_changed',
    state_change: 'state_changed',
    verifier_confirmed: 'state_changed',
    local_confirmed: 'state_changed',
    manual_override: 'state_changed',
    cause_linked: 'cause_linked',
    cause_unlinked: 'cause_unlinked',
  };
  const kind = closes ? 'closed' : new Map(Object.entries(groups)).get(what.reason);
  if (kind === undefined || what.siteId === 0n || ['site_state', 'monitor'].includes(what.checkType)) return [];
  const found: string[] = [];
  for (const subscriber of subscribers) {
    const sites = subscriber.siteIds === null ? [what.siteId] : [...subscriber.siteIds];
    if (!sites.includes(what.siteId)) continue;
    if (subscriber.family === 'webhook') {
      const events = subscriber.events === null ? [`event.${kind}`] : [...subscriber.events];
      const states = subscriber.states === null ? [what.stateAfter ?? '-'] : [...subscriber.states];
      if (!events.includes(`event.${kind}`)) continue;
      if (!states.includes(what.stateAfter ?? '-') && !states.includes(what.stateBefore ?? '-')) continue;
      found.push(`webhook ${subscriber.subscriberId} event.${kind}`);
    } else {
      const before = what.severityBefore === null ? 0 : what.severityBefore;
      const after = what.severityAfter === null ? 0 : what.severityAfter;
      const worth = after >= subscriber.minSeverity || (after === 0 && before >= subscriber.minSeverity);
      if (worth && !kind.startsWith('cause')) found.push(`contact ${subscriber.subscriberId} alert.${kind}`);
    }
  }
  return found.sort();
}

const STATES = ['Warning', 'Degraded', 'Seems Down', 'Down', 'Resolved'];
const REASONS = ['opened', 'severity_escalation', 'state_change', 'local_confirmed', 'cause_linked', 'odd', 'toString'];
const setOf = <T>(values: readonly T[]) =>
  fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }).map((list) => new Set(list)));
const siteIds = setOf([1n, 2n, 3n]);
const severity = fc.option(fc.constantFrom(0, 1, 2, 3, 4));

const subscribers = fc
  .array(
    fc.oneof(
      fc.record({
        family: fc.constant('webhook' as const),
        events: setOf(WEBHOOK_EVENT_TYPES),
        siteIds,
        states: setOf(STATES),
      }),
      fc.record({ family: fc.constant('contact' as const), siteIds, minSeverity: fc.constantFrom(0, 1, 2, 3, 4) }),
    ),
    { maxLength: 12 },
  )
  .map((list): Subscriber[] => list.map((one, index) => ({ ...one, subscriberId: BigInt(index + 1) })));

const happenings = fc.record({
  siteId: fc.constantFrom(0n, 1n, 2n, 3n, 4n),
  checkType: fc.constantFrom('http', 'tls_expiry', 'site_state', 'monitor'),
  reason: fc.constantFrom(...REASONS),
  stateBefore: fc.option(fc.constantFrom(...STATES)),
  stateAfter: fc.option(fc.constantFrom(...STATES)),
  severityBefore: severity,
  severityAfter: severity,
});

describe('the index', () => {
  it('tells exactly those whom a look at every subscriber would tell', () => {
    fc.assert(
      fc.property(subscribers, happenings, (all, what) => {
        const matches = indexSubscribers(all).match(what);
        const found = matches.map(({ subscriber: { family, subscriberId }, eventType }) => {
          return `${family} ${subscriberId} ${eventType}`;
        });
        expect(found.sort()).toEqual(told(all, what));
      }),
      { numRuns: runs(2_000) },
    );
  });

  it('looks at nobody who asked for other sites', () => {
    let looks = 0;
    const watchful = (siteId: bigint): Subscriber => {
      const siteIds = new Set([siteId]);
      siteIds.has = (value) => {
        looks += 1;
        return Set.prototype.has.call(siteIds, value);
      };
      return webhook({ subscriberId: siteId, siteIds });
    };
    const index = indexSubscribers(Array.from({ length: 5_000 }, (_, at) => watchful(BigInt(at + 10))));
    expect(index.match(happening())).toEqual([]);
    expect(looks).toBe(0);
    expect(index.match(happening({ siteId: 10n }))).toHaveLength(1);
    expect(looks).toBe(1);
  });
});
