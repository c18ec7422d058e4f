/**
 * Which sites can be in a state at all, told by the database, so that finding the few that are down reads no others. What a
 * site is in is told by its roll-up alone: these are candidates, and none of those that are in the state is missing.
 */
import { type RawBuilder, sql } from 'kysely';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import { INCIDENT_STATES, type IncidentState, type State, severityOf } from '../domain/state.ts';
import { registry } from './legacy.ts';
import { sitesOfAny, sitesWithPlans, TENANTS_PER_QUERY, type WideNow, wideNow } from './maintenance-now.ts';
import type { Executor } from './schema.ts';

export type MayBe = { states: readonly State[]; minSeverity: number; nowMs: number };

/** A condition on `registry.site_id`. */
export async function mayBeIn(db: Executor, { states, minSeverity, nowMs }: MayBe): Promise<RawBuilder<boolean>> {
  const conditions: RawBuilder<boolean>[] = [];
  const incidents = states.filter((state): state is IncidentState => INCIDENT_STATES.some((one) => one === state));
  if (incidents.length > 0) conditions.push(sql`registry.site_id in ${inTrouble(db, incidents, minSeverity)}`);
  if (minSeverity <= severityOf('Up')) {
    if (states.includes('Paused')) conditions.push(isPausedInPart(db));
    if (states.includes('Maintenance')) {
      conditions.push(...inMaintenance(db, nowMs, await wideNow(db, nowMs)));
    }
    if (states.includes('Up') || states.includes('Unknown')) {
      const troubled = inTrouble(db, INCIDENT_STATES, 0);
      conditions.push(sql`(${isWatched(db)} and registry.site_id not in ${troubled})`);
    }
  }
  if (conditions.length === 0) return sql<boolean>`1 = 0`;
  return sql<boolean>`(${sql.join(conditions, sql` or `)})`;
}

/** By the sites' own events. Only open events have the key, and it is indexed: the history is not read. */
function inTrouble(db: Executor, states: readonly IncidentState[], minSeverity: number) {
  return db
    .selectFrom('jetmon_events')
    .select('blog_id')
    .where('dedup_key', '>', '')
    .where('check_type', '=', SITE_STATE_CHECK)
    .where('state', 'in', states)
    .where('severity', '>=', BigInt(minSeverity));
}

/** Sites with an endpoint that is not watched: few, and read in one go, as no index has them. */
export function isPausedInPart(db: Executor): RawBuilder<boolean> {
  const paused = db.selectFrom(registry(db, 'paused')).select('paused.site_id').where('paused.active', '=', 0n);
  return sql<boolean>`registry.site_id in ${paused}`;
}

/** As a value and not as a condition, which a server would answer for every site there is before the first. */
function isWatched(db: Executor): RawBuilder<boolean> {
  const active = db
    .selectFrom(registry(db, 'watched'))
    .select(({ fn }) => fn.max('watched.active').as('active'))
    .where(sql<boolean>`watched.site_id = registry.site_id`);
  return sql<boolean>`${active} = 1`;
}

/** By the window in the row of an endpoint, by a plan of the site, or by one for more than it. */
function inMaintenance(db: Executor, nowMs: number, { everySite, tenantIds }: WideNow): RawBuilder<boolean>[] {
  if (everySite || tenantIds.length > TENANTS_PER_QUERY) return [sql`1 = 1`];
  const own = db
    .selectFrom('jetmon_endpoint_check_config')
    .select('blog_id')
    .where('maintenance_start', '<=', BigInt(nowMs))
    .where('maintenance_end', '>', BigInt(nowMs));
  const sites = [own, sitesWithPlans(db, nowMs), ...(tenantIds.length === 0 ? [] : [sitesOfAny(db, tenantIds)])];
  return sites.map((some) => sql<boolean>`registry.site_id in ${some}`);
}
