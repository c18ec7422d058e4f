/**
 * Who is told of which transition (spec/05 sections 3.2, 4.2 and 10): pure, over subscribers that are held in memory by
 * the sites they ask for, so that a transition costs nothing for those who ask for other sites.
 */
import { severityOf } from './state.ts';

export const WEBHOOK_EVENT_TYPES = [
  'event.opened',
  'event.severity_changed',
  'event.state_changed',
  'event.cause_linked',
  'event.cause_unlinked',
  'event.closed',
] as const;

export type WebhookEventType = (typeof WEBHOOK_EVENT_TYPES)[number];
export type AlertEventType = 'alert.opened' | 'alert.severity_changed' | 'alert.state_changed' | 'alert.closed';

export type Webhook = {
  family: 'webhook';
  subscriberId: bigint;
  /** Null: any. */
  events: ReadonlySet<string> | null;
  siteIds: ReadonlySet<bigint> | null;
  states: ReadonlySet<string> | null;
};

export type Contact = {
  family: 'contact';
  subscriberId: bigint;
  siteIds: ReadonlySet<bigint> | null;
  /** The band that is worth telling: this severity and above. */
  minSeverity: number;
};

export type Subscriber = Webhook | Contact;

/** What a transition is to those who may want to hear of it. */
export type Happening = {
  siteId: bigint;
  checkType: string;
  reason: string;
  stateBefore: string | null;
  /** `Resolved` on a close. */
  stateAfter: string | null;
  severityBefore: number | null;
  severityAfter: number | null;
};

export type Match = { subscriber: Subscriber; eventType: WebhookEventType | AlertEventType };

/** Check types that tell what is derived or what is our own: shown, never delivered. */
const NEVER_DELIVERED: ReadonlySet<string> = new Set(['site_state', 'monitor']);

const TYPE_OF_REASON: Readonly<Record<string, WebhookEventType>> = {
  opened: 'event.opened',
  severity_escalation: 'event.severity_changed',
  severity_deescalation: 'event.severity_changed',
  verification_overdue: 'event.severity_changed',
  state_change: 'event.state_changed',
  verifier_confirmed: 'event.state_changed',
  local_confirmed: 'event.state_changed',
  manual_override: 'event.state_changed',
  cause_linked: 'event.cause_linked',
  cause_unlinked: 'event.cause_unlinked',
};

const ALERT_TYPES: Readonly<Partial<Record<WebhookEventType, AlertEventType>>> = {
  'event.opened': 'alert.opened',
  'event.severity_changed': 'alert.severity_changed',
  'event.state_changed': 'alert.state_changed',
  'event.closed': 'alert.closed',
};

/** Null: nobody is told. What ends an event is a close, whatever reason somebody gave for it. */
export function webhookEventType({ reason, stateAfter }: Happening): WebhookEventType | null {
  if (stateAfter === 'Resolved') return 'event.closed';
  return Object.hasOwn(TYPE_OF_REASON, reason) ? (TYPE_OF_REASON[reason] ?? null) : null;
}

/** Whether anybody could be told of it at all. */
export function isDeliverable(happening: Happening): boolean {
  const { siteId, checkType } = happening;
  return siteId > 0n && !NEVER_DELIVERED.has(checkType) && webhookEventType(happening) !== null;
}

/** Null: this subscriber is not told. */
export function eventTypeFor(subscriber: Subscriber, happening: Happening): Match['eventType'] | null {
  const type = webhookEventType(happening);
  if (type === null || subscriber.siteIds?.has(happening.siteId) === false) return null;
  if (subscriber.family === 'webhook') {
    if (subscriber.events?.has(type) === false) return null;
    return inStates(subscriber.states, happening) ? type : null;
  }
  return inBand(subscriber.minSeverity, happening) ? (ALERT_TYPES[type] ?? null) : null;
}

/** Before or after: whoever asks for `Down` also hears that it is over. */
function inStates(states: ReadonlySet<string> | null, { stateBefore, stateAfter }: Happening): boolean {
  if (states === null) return true;
  return [stateBefore, stateAfter].some((state) => state !== null && states.has(state));
}

/** In the band, or recovered from within it. */
function inBand(minSeverity: number, { severityBefore, severityAfter }: Happening): boolean {
  const before = severityBefore ?? 0;
  const after = severityAfter ?? 0;
  return after >= minSeverity || (before >= minSeverity && after === severityOf('Up'));
}

export interface SubscriberIndex {
  readonly size: number;
  /** Who is told, webhooks before contacts, each by id. */
  match(happening: Happening): Match[];
}

export function indexSubscribers(subscribers: Iterable<Subscriber>): SubscriberIndex {
  const everywhere: Subscriber[] = [];
  const bySite = new Map<bigint, Subscriber[]>();
  let size = 0;
  for (const subscriber of subscribers) {
    size += 1;
    if (subscriber.siteIds === null) everywhere.push(subscriber);
    else for (const siteId of subscriber.siteIds) listIn(bySite, siteId).push(subscriber);
  }
  return {
    size,
    match(happening) {
      if (size === 0 || !isDeliverable(happening)) return [];
      const told: Match[] = [];
      for (const list of [everywhere, bySite.get(happening.siteId) ?? []]) {
        for (const subscriber of list) {
          const eventType = eventTypeFor(subscriber, happening);
          if (eventType !== null) told.push({ subscriber, eventType });
        }
      }
      return told.sort(inOrder);
    },
  };
}

function listIn(lists: Map<bigint, Subscriber[]>, siteId: bigint): Subscriber[] {
  const list = lists.get(siteId) ?? [];
  lists.set(siteId, list);
  return list;
}

function inOrder({ subscriber: one }: Match, { subscriber: other }: Match): number {
  if (one.family !== other.family) return one.family === 'webhook' ? -1 : 1;
  return one.subscriberId < other.subscriberId ? -1 : 1;
}
