/**
 * What a batch of appends has to know before it can be planned, read in a fixed number of queries whatever its size. The
 * registry rows of the sites are locked first: whoever changes the events of a site waits here for whoever does so now.
 */

import { type Selectable, sql } from 'kysely';
import type { EndpointId, EventId, SiteId } from '../../domain/ids.ts';
import type { EventState } from '../../domain/mutation.ts';
import { SITE_STATE_CHECK } from '../../domain/rollup.ts';
import type { RollupRules } from '../../domain/rollup-rules.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { isLoggedState } from '../../domain/state.ts';
import type { Dialect } from '../dialect/dialect.ts';
import { dedupKey, type EventIdentity, type TransitionRow } from '../event-records.ts';
import { lockEpochs } from '../leases.ts';
import { type EntryState, lockEntriesOf } from '../legacy.ts';
import type { EventsTable, Tx } from '../schema.ts';
import { readRules } from '../site-rules.ts';
import type { AppendInput, SiteCue } from './append-input.ts';
import { padded } from './statements.ts';

/** An event of the log as appends see it: everything that can change, and nothing of its evidence. */
export type LoggedEvent = EventState & {
  /** 0 until the database has named it. */
  id: EventId;
  identity: EventIdentity;
  version: number;
  /** Null while open. */
  endedAtMs: number | null;
  resolutionReason: string | null;
  /** Its state is none that we know: nobody can say what would follow from it. */
  unreadable: boolean;
};

export type LogView = {
  /** Endpoints of each site by row id; a site that is not in the registry has none. */
  endpoints: Map<SiteId, EntryState[]>;
  /** Open events of each site. */
  open: Map<SiteId, Map<string, LoggedEvent>>;
  /** What was committed before, by the operation that did it. */
  committed: Map<string, TransitionRow[]>;
  /** Of the sites that have rules of their own. */
  rules: Map<SiteId, RollupRules>;
  /** When the own event of a site ended, where that is not before what is to be opened now. */
  siteEnds: Map<SiteId, number>;
  /** Epochs of buckets whose lease is live. */
  epochs: Map<number, bigint>;
};

export function holdsLease({ epochs }: LogView, bucketNo: number, epoch: number): boolean {
  return epochs.get(bucketNo) === BigInt(epoch);
}

export async function readLog(
  tx: Tx,
  dialect: Dialect,
  inputs: readonly AppendInput[],
  cues: readonly SiteCue[],
): Promise<LogView> {
  const siteIds = [...new Set([...inputs.map(({ identity }) => identity.siteId), ...cues.map(({ siteId }) => siteId)])];
  siteIds.sort(ascending);
  const view: LogView = {
    endpoints: new Map(),
    open: new Map(),
    committed: new Map(),
    rules: new Map(),
    siteEnds: new Map(),
    epochs: new Map(),
  };
  for (const siteId of siteIds) {
    view.endpoints.set(siteId, []);
    view.open.set(siteId, new Map());
  }
  for (const entry of await lockEntriesOf(tx, dialect, padded(siteIds))) view.endpoints.get(entry.siteId)?.push(entry);
  // Only now: a batch on the same sites that held the locks has committed.
  const registered = siteIds.filter((siteId) => view.endpoints.get(siteId)?.length !== 0);
  const others = siteIds.filter((siteId) => view.endpoints.get(siteId)?.length === 0);
  const open = await openEventsOf(tx, dialect, registered);
  open.push(...(await openEventsOf(tx, dialect, others, { areLocked: true })));
  for (const event of open) {
    view.open.get(event.identity.siteId)?.set(dedupKey(event.identity), event);
  }
  await readCommitted(tx, inputs, view);
  view.rules = await readRules(tx, EVERY_SITE, siteIds);
  await readSiteEnds(tx, dialect, inputs, cues, view);
  await readLeases(tx, dialect, inputs, view);
  return view;
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function eventsBySite(tx: Tx, { readBy }: Dialect) {
  return tx.selectFrom(
    sql<Selectable<EventsTable>>`${sql.table('jetmon_events')}`.as<'event'>(readBy('event', 'events_site_ended')),
  );
}

/** Locked are the events of sites that have no row in the registry to wait at. */
async function openEventsOf(
  tx: Tx,
  dialect: Dialect,
  siteIds: readonly SiteId[],
  { areLocked = false } = {},
): Promise<LoggedEvent[]> {
  if (siteIds.length === 0) return [];
  const query = eventsBySite(tx, dialect)
    .select(['id', 'blog_id', 'endpoint_id', 'check_type', 'discriminator', 'severity', 'state'])
    .select(['started_at', 'updated_at', 'version', 'cause_event_id'])
    .where('blog_id', 'in', padded(siteIds))
    .where('ended_at', 'is', null);
  const rows = await (areLocked ? dialect.lockForUpdate(query) : query).execute();
  return rows.map((row) => ({
    id: row.id as EventId,
    identity: {
      siteId: row.blog_id as SiteId,
      endpointId: row.endpoint_id as EndpointId | null,
      checkType: row.check_type,
      discriminator: row.discriminator,
    },
    state: row.state as LoggedEvent['state'],
    severity: Number(row.severity),
    startedAtMs: Number(row.started_at),
    changedAtMs: Number(row.updated_at),
    version: Number(row.version),
    causeEventId: row.cause_event_id as EventId | null,
    endedAtMs: null,
    resolutionReason: null,
    unreadable: !isLoggedState(row.state),
  }));
}

/** A site's own event begins when its cause did, and not before the one before it ended: looks of two endpoints overlap. */
async function readSiteEnds(
  tx: Tx,
  dialect: Dialect,
  inputs: readonly AppendInput[],
  cues: readonly SiteCue[],
  { siteEnds }: LogView,
): Promise<void> {
  const siteIds = new Set<SiteId>(cues.map(({ siteId }) => siteId));
  let fromMs = Math.min(...cues.map(({ atMs }) => atMs));
  for (const { identity, mutations, atMs } of inputs) {
    if (mutations.length === 0) continue;
    siteIds.add(identity.siteId);
    fromMs = Math.min(fromMs, atMs);
    for (const mutation of mutations) {
      if (mutation.op === 'open') fromMs = Math.min(fromMs, mutation.startedAtMs);
      if (mutation.op === 'promote') fromMs = Math.min(fromMs, mutation.beganAtMs ?? fromMs);
    }
  }
  if (siteIds.size === 0) return;
  const rows = await eventsBySite(tx, dialect)
    .select(['blog_id', 'ended_at'])
    .where('blog_id', 'in', padded([...siteIds]))
    .where('ended_at', '>', BigInt(Math.trunc(fromMs)))
    .where('check_type', '=', SITE_STATE_CHECK)
    .execute();
  for (const { blog_id, ended_at } of rows) {
    const siteId = blog_id as SiteId;
    const endedAtMs = Number(ended_at);
    siteEnds.set(siteId, Math.max(siteEnds.get(siteId) ?? endedAtMs, endedAtMs));
  }
}

/** Shared locks: nobody takes a bucket over between this look and the commit. */
async function readLeases(tx: Tx, dialect: Dialect, inputs: readonly AppendInput[], view: LogView): Promise<void> {
  const buckets = new Set<number>();
  for (const { identity, epoch } of inputs) {
    if (epoch === 0) continue;
    const entries = view.endpoints.get(identity.siteId) ?? [];
    const entry = entries.find(({ endpointId }) => endpointId === identity.endpointId) ?? entries[0];
    if (entry !== undefined) buckets.add(entry.bucketNo);
  }
  if (buckets.size === 0) return;
  for (const [bucket, { epoch, live }] of await lockEpochs(tx, dialect, [...buckets])) {
    if (live) view.epochs.set(bucket, epoch);
  }
}

/** An operation's first transition is there if any of it is: they were committed together. */
async function readCommitted(tx: Tx, inputs: readonly AppendInput[], { committed }: LogView): Promise<void> {
  const firsts = inputs.filter(({ mutations }) => mutations.length > 0).map(({ opId }) => opIdOf(opId, 1));
  if (firsts.length === 0) return;
  const transitions = () => tx.selectFrom('jetmon_event_transitions');
  const found = await transitions().select('op_id').where('op_id', 'in', padded(firsts)).execute();
  if (found.length === 0) return;
  const known = new Set(found.map((row) => row.op_id));
  for (const { opId, mutations } of inputs) {
    if (!known.has(opIdOf(opId, 1))) continue;
    const ids = mutations.map((_, index) => opIdOf(opId, index + 1));
    const rows = await transitions().selectAll().where('op_id', 'in', ids).orderBy('id').execute();
    committed.set(opId, rows);
  }
}

/** The place among an operation's transitions, not among its mutations: the first one always exists. */
export function opIdOf(opId: string, nth: number): string {
  return `${opId}/${nth}`;
}

/** The transition of the site's own event that follows an operation: at most one for each of the operation's own. */
export function siteOpIdOf(opId: string, nth: number): string {
  return nth === 1 ? `${opId}/site` : `${opId}/site${nth}`;
}
