/**
 * What happened to endpoints lately, as far as it weighs on what is decided next: read at start, and for one endpoint when
 * it changed. Without evidence, because it is read for many at once.
 */
import { sql } from 'kysely';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { Database } from './database.ts';

export type RecentTransition = {
  endpointId: EndpointId;
  checkType: string;
  /** When the event it belongs to began, and when this change was made; ms since the epoch. */
  startedAtMs: number;
  atMs: number;
  /** Since when what it says is so. */
  beganAtMs: number;
  stateBefore: string | null;
  stateAfter: string | null;
  reason: string;
  source: string;
  /** The flap brake stepped the event down. */
  isBrake: boolean;
};

export interface RecentTransitions {
  /** Those that changed a state from then on, in the order they happened; of more than 50,000 the newest. One query. */
  since(sinceMs: number): Promise<RecentTransition[]>;
  /** The same of one endpoint, of more than 500 the newest. */
  ofEndpoint(endpoint: { siteId: SiteId; endpointId: EndpointId }, sinceMs: number): Promise<RecentTransition[]>;
}

const MOST = 50_000;
const MOST_OF_ONE = 500;

export function createRecentTransitions({ kysely }: Pick<Database, 'kysely'>): RecentTransitions {
  /** Newest first, so that the limit leaves out the oldest. Identities with a discriminator are not decided by looks. */
  const newestFirst = (sinceMs: number, limit: number) =>
    kysely
      .selectFrom('jetmon_event_transitions as transition')
      .innerJoin('jetmon_events as event', 'event.id', 'transition.event_id')
      .select(['event.endpoint_id', 'event.check_type', 'event.started_at'])
      .select(['transition.changed_at', 'transition.began_at', 'transition.state_before', 'transition.state_after'])
      .select(['transition.reason', 'transition.source', IS_BRAKE.as('is_brake')])
      .where('transition.changed_at', '>=', BigInt(Math.trunc(sinceMs)))
      .where('transition.reason', 'not in', ['cause_linked', 'cause_unlinked'])
      .where('event.endpoint_id', 'is not', null)
      .where('event.discriminator', 'is', null)
      .orderBy('transition.changed_at', 'desc')
      .orderBy('transition.id', 'desc')
      .limit(limit);

  return {
    since: async (sinceMs) => inOrder(await newestFirst(sinceMs, MOST).execute()),
    async ofEndpoint({ siteId, endpointId }, sinceMs) {
      const rows = await newestFirst(sinceMs, MOST_OF_ONE)
        .where('transition.blog_id', '=', siteId)
        .where('event.endpoint_id', '=', endpointId)
        .execute();
      return inOrder(rows);
    },
  };
}

/** The fact that the brake leaves with its transition. Looked for in the few that step down, not in all the evidence. */
const IS_BRAKE = sql<bigint>`case
  when transition.state_after <> 'Degraded' or transition.reason <> 'severity_deescalation' then 0
  when not json_valid(transition.metadata) then 0
  when json_extract(transition.metadata, '$.flapping') is null then 0
  else 1 end`;

type Row = {
  endpoint_id: bigint | null;
  check_type: string;
  started_at: bigint;
  changed_at: bigint;
  began_at: bigint | null;
  state_before: string | null;
  state_after: string | null;
  reason: string;
  source: string;
  is_brake: bigint;
};

function inOrder(rows: readonly Row[]): RecentTransition[] {
  return rows.toReversed().map((row) => ({
    endpointId: row.endpoint_id as EndpointId,
    checkType: row.check_type,
    startedAtMs: Number(row.started_at),
    atMs: Number(row.changed_at),
    beganAtMs: Number(row.began_at ?? row.changed_at),
    stateBefore: row.state_before,
    stateAfter: row.state_after,
    reason: row.reason,
    source: row.source,
    isBrake: row.is_brake === 1n,
  }));
}
