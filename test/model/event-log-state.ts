/** What the model of the event log holds and answers, as plain lists and maps. */
import type { EndpointId, EventId, SiteId } from '../../src/domain/ids.ts';
import type { Failing } from '../../src/domain/incident.ts';
import type { EventIdentity } from '../../src/store/event-records.ts';

export type ModelTransition = {
  eventKey: number;
  seq: number;
  stateBefore: string | null;
  stateAfter: string;
  severityBefore: number | null;
  severityAfter: number | null;
  reason: string;
  source: string;
  opId: string;
  epoch: number;
  changedAtMs: number;
  /** Since when it is so, where that is before it was written. */
  beganAtMs: number | null;
  /** What a link changed; null for every other mutation. */
  causes: { before: string | null; after: string | null } | null;
};

export type ModelEvent = {
  /** Its place among all events of the model. */
  key: number;
  /** What the database called it, once an answer has told. */
  id: EventId | null;
  identity: EventIdentity;
  state: string;
  severity: number;
  startedAtMs: number;
  changedAtMs: number;
  endedAtMs: number | null;
  resolutionReason: string | null;
  causeEventId: EventId | null;
  transitions: ModelTransition[];
};

export type ModelEndpoint = {
  endpointId: EndpointId;
  siteId: SiteId;
  bucketNo: number;
  url: string;
  active: boolean;
  status: number;
  statusChangedAtMs: number | null;
};

export type Model = {
  endpoints: ModelEndpoint[];
  events: ModelEvent[];
  /** Who holds the confirmation of an endpoint. */
  failing: Map<EndpointId, Failing & { eventKey: number }>;
  /** What each operation committed. */
  operations: Map<string, ModelTransition[]>;
  /** Epochs of buckets whose lease is live. */
  leases: Map<number, number>;
};

export type ModelAnswer = {
  eventKey: number | null;
  open: { eventKey: number; state: string; failing: Failing | null } | null;
  transitions: ModelTransition[];
  replayed: boolean;
  refused: string | null;
};

/** What one transaction came to. */
export type ModelCommit = { answers: ModelAnswer[]; touched: Set<ModelEvent> };

export const SEVERITIES: Readonly<Record<string, number>> = {
  Paused: 0,
  Warning: 1,
  Degraded: 2,
  'Seems Down': 3,
  Down: 4,
};

export function emptyModel(): Model {
  return { endpoints: [], events: [], failing: new Map(), operations: new Map(), leases: new Map() };
}

/** Copies as much as changes, so that a search can go on from the same place twice. */
export function copyOf(model: Model): Model {
  return {
    endpoints: model.endpoints.map((endpoint) => ({ ...endpoint })),
    events: model.events.map((event) => ({ ...event, transitions: [...event.transitions] })),
    failing: new Map(model.failing),
    operations: new Map(model.operations),
    leases: new Map(model.leases),
  };
}

export function isUnreadable({ state }: ModelEvent): boolean {
  return !(state in SEVERITIES);
}

/** Spec/01 section 4.1: a missing endpoint is 0, a missing discriminator is empty. */
export function isSameIdentity(a: EventIdentity, b: EventIdentity): boolean {
  return (
    a.siteId === b.siteId &&
    (a.endpointId ?? 0n) === (b.endpointId ?? 0n) &&
    a.checkType === b.checkType &&
    (a.discriminator ?? '') === (b.discriminator ?? '')
  );
}

export function openOn(model: Model, identity: EventIdentity): ModelEvent | null {
  return model.events.find((one) => one.endedAtMs === null && isSameIdentity(one.identity, identity)) ?? null;
}
