/**
 * What is still to be told to whom. A delivery is written in the transaction of the transition it tells of, never found
 * afterwards by reading past a mark: ids are given at insert, and a transaction that commits late would be passed over.
 */
import { isDeliverable } from '../domain/delivery-match.ts';
import { deliveryPayload, type Told } from '../domain/delivery-payload.ts';
import type { Database } from './database.ts';
import type { EventIdentity, TransitionRecord } from './event-records.ts';
import type { Tx } from './schema.ts';
import { createSubscriberCache } from './subscriber-cache.ts';

export type CommittedTransition = { identity: EventIdentity; transition: TransitionRecord };

export interface Outbox {
  /**
   * Joins the transaction that wrote these transitions: one delivery for each and every active subscriber it matches, due
   * at once. A delivery that is there already stays as it is. Returns how many deliveries these transitions call for.
   */
  enqueue(tx: Tx, committed: readonly CommittedTransition[]): Promise<number>;
}

const ROWS_PER_STATEMENT = 200;

export function createOutbox(deps: { db: Pick<Database, 'dialect'> }): Outbox {
  const { dialect } = deps.db;
  const cache = createSubscriberCache(dialect);
  return {
    async enqueue(tx, committed) {
      const told = committed.map(toldOf).filter(isDeliverable);
      if (told.length === 0) return 0;
      const { subscribers, nowMs } = await cache.current(tx);
      const rows = told.flatMap((what) => subscribers.match(what).map((match) => rowOf(match, what, nowMs)));
      for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
        const some = rows.slice(from, from + ROWS_PER_STATEMENT);
        await dialect.upsert(tx, { table: 'jetmon_deliveries', rows: some, key: KEY, keep: KEEP });
      }
      return rows.length;
    },
  };
}

const KEY = ['family', 'subscriber_id', 'transition_id'] as const;
const KEEP = [
  'event_id',
  'blog_id',
  'event_type',
  'severity',
  'payload',
  'status',
  'attempt',
  'next_attempt_at',
  'created_at',
] as const;

type Match = Parameters<typeof deliveryPayload>[0];

function rowOf(match: Match, told: Told, nowMs: bigint) {
  return {
    family: match.subscriber.family,
    subscriber_id: match.subscriber.subscriberId,
    transition_id: told.transitionId,
    event_id: told.eventId,
    blog_id: told.siteId,
    event_type: match.eventType,
    severity: told.severityAfter ?? 0,
    payload: deliveryPayload(match, told),
    status: 'pending',
    attempt: 0,
    next_attempt_at: nowMs,
    created_at: nowMs,
  };
}

function toldOf({ identity, transition }: CommittedTransition): Told {
  return { ...transition, siteId: identity.siteId, checkType: identity.checkType };
}
