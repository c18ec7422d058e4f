/** Events and transitions in our own words, and how their rows become them. */
import type { Selectable } from 'kysely';
import type { EndpointId, EventId, SiteId, TransitionId } from '../domain/ids.ts';
import type { IncidentState } from '../domain/state.ts';
import { type StoredVerification, type VerificationColumns, verificationOf } from './event-verifications.ts';
import { parseMetadata } from './metadata.ts';
import type { EventsTable, TransitionsTable } from './schema.ts';

/** What an incident is about: at most one event per identity is open. */
export type EventIdentity = {
  siteId: SiteId;
  /** Null: the finding speaks of the whole site. */
  endpointId: EndpointId | null;
  checkType: string;
  /** Tells apart several findings of one check, such as two keywords. */
  discriminator: string | null;
};

export type EventRecord = EventIdentity & {
  eventId: EventId;
  severity: number;
  /** The last state while it was open; closing does not change it. */
  state: IncidentState;
  startedAtMs: number;
  /** Null while open. */
  endedAtMs: number | null;
  resolutionReason: string | null;
  causeEventId: EventId | null;
  /** Evidence taken when the event opened; null when there is none. */
  metadata: unknown;
  /** Present when stored metadata could not be read. */
  metadataError?: true;
  /** What verifiers said last; null: they were not asked. */
  verification: StoredVerification | null;
  /** When the newest transition happened. */
  updatedAtMs: number;
  transitionCount: number;
};

export type TransitionRecord = {
  transitionId: TransitionId;
  eventId: EventId;
  siteId: SiteId;
  /** Place within the event, from 1 without gaps. */
  seq: number;
  severityBefore: number | null;
  severityAfter: number | null;
  stateBefore: IncidentState | null;
  stateAfter: IncidentState | 'Resolved' | null;
  reason: string;
  source: string;
  metadata: unknown;
  metadataError?: true;
  changedAtMs: number;
  /** Since when it is so, where that is known to be earlier. */
  beganAtMs?: number;
};

export type EventRow = Selectable<EventsTable>;
export type TransitionRow = Selectable<TransitionsTable>;

/** The value of `dedup_key` while the event is open (spec/01 section 4.1). */
export function dedupKey({ siteId, endpointId, checkType, discriminator }: EventIdentity): string {
  return `${siteId}:${endpointId ?? 0n}:${checkType}:${discriminator ?? ''}`;
}

export function eventOf(row: EventRow & VerificationColumns): EventRecord {
  return {
    eventId: row.id as EventId,
    siteId: row.blog_id as SiteId,
    endpointId: row.endpoint_id as EndpointId | null,
    checkType: row.check_type,
    discriminator: row.discriminator,
    severity: Number(row.severity),
    state: row.state as IncidentState,
    startedAtMs: Number(row.started_at),
    endedAtMs: numberOrNull(row.ended_at),
    resolutionReason: row.resolution_reason,
    causeEventId: row.cause_event_id as EventId | null,
    ...parseMetadata(row.metadata),
    verification: verificationOf(row),
    updatedAtMs: Number(row.updated_at),
    // One mutation writes one transition and raises the version by one, so nothing needs to be counted.
    transitionCount: Number(row.version),
  };
}

export function transitionOf(row: TransitionRow): TransitionRecord {
  return {
    transitionId: row.id as TransitionId,
    eventId: row.event_id as EventId,
    siteId: row.blog_id as SiteId,
    seq: Number(row.seq),
    severityBefore: numberOrNull(row.severity_before),
    severityAfter: numberOrNull(row.severity_after),
    stateBefore: row.state_before as IncidentState | null,
    stateAfter: row.state_after as TransitionRecord['stateAfter'],
    reason: row.reason,
    source: row.source,
    ...parseMetadata(row.metadata),
    changedAtMs: Number(row.changed_at),
    ...(row.began_at === null ? {} : { beganAtMs: Number(row.began_at) }),
  };
}

function numberOrNull(value: bigint | null): number | null {
  return value === null ? null : Number(value);
}
