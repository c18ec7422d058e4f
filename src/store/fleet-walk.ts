/** The fleet read in the order of its sites, in columns and page by page: for counting it, whoever may see what of it. */
import { sql } from 'kysely';
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import { SITE_STATE_CHECK } from '../domain/rollup.ts';
import type { Scoped, SiteScope } from '../domain/site-scope.ts';
import type { Database } from './database.ts';
import { intervalSecondsOf, registry } from './legacy.ts';
import { isInScope } from './site-scope.ts';

export type WalkedEndpoint = {
  siteId: SiteId;
  endpointId: Scoped<EndpointId>;
  active: boolean;
  removed: boolean;
  inMaintenance: boolean;
  intervalSeconds: number;
  timeoutSeconds: number | null;
};

const KINDS = {
  site_id: 'id',
  endpoint_id: 'id',
  /** Minutes of the interval above the flags. */
  traits: 'number',
  check_interval_seconds: 'number',
  timeout_seconds: 'number',
} as const;

const ROWS_AT_A_TIME = 2_000;
const ACTIVE = 1;
const REMOVED = 2;
const IN_WINDOW = 4;
const MINUTES_SHIFT = 3;

type Db = Pick<Database, 'kysely' | 'readPacked'>;

/** By site, then by endpoint; a site may go on in the next page. */
export async function* walkFleet(db: Db, scope: SiteScope, nowMs: number): AsyncGenerator<WalkedEndpoint[]> {
  let after = { siteId: 0n, endpointId: 0n };
  for (;;) {
    const { count, columns } = await db.readPacked(pageAfter(db, scope, nowMs, after).compile(), KINDS);
    const page: WalkedEndpoint[] = [];
    for (let row = 0; row < count; row += 1) {
      const traits = columns.traits[row] ?? 0;
      page.push({
        siteId: (columns.site_id[row] ?? 0n) as SiteId,
        endpointId: (columns.endpoint_id[row] ?? 0n) as Scoped<EndpointId>,
        active: (traits & ACTIVE) !== 0,
        removed: (traits & REMOVED) !== 0,
        inMaintenance: (traits & IN_WINDOW) !== 0,
        intervalSeconds: intervalSecondsOf(traits >> MINUTES_SHIFT, orNull(columns.check_interval_seconds[row])),
        timeoutSeconds: orNull(columns.timeout_seconds[row]),
      });
    }
    yield page;
    const last = page.at(-1);
    if (last === undefined || count < ROWS_AT_A_TIME) return;
    after = last;
  }
}

function orNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function pageAfter({ kysely }: Db, scope: SiteScope, nowMs: number, after: { siteId: bigint; endpointId: bigint }) {
  const now = sql.lit(Math.trunc(nowMs));
  const traits = sql<bigint>`case when registry.active <> 0 then ${sql.lit(ACTIVE)} else 0 end
    + case when registry.active = 0 and config.removed_at is not null then ${sql.lit(REMOVED)} else 0 end
    + case when config.maintenance_start <= ${now} and config.maintenance_end > ${now} then ${sql.lit(IN_WINDOW)} else 0 end
    + registry.interval_minutes * ${sql.lit(1 << MINUTES_SHIFT)}`;
  return kysely
    .selectFrom(registry(kysely))
    .leftJoin('jetmon_endpoint_check_config as config', 'config.source_site_id', 'registry.endpoint_id')
    .select(['registry.site_id', 'registry.endpoint_id'])
    .select(traits.as('traits'))
    .select(['config.check_interval_seconds', 'config.timeout_seconds'])
    .where('registry.site_id', '>=', after.siteId)
    .where(({ eb, or }) =>
      or([eb('registry.site_id', '>', after.siteId), eb('registry.endpoint_id', '>', after.endpointId)]),
    )
    .where(isInScope(scope, 'registry.site_id'))
    .orderBy('registry.site_id')
    .orderBy('registry.endpoint_id')
    .limit(ROWS_AT_A_TIME);
}

const INCIDENT_KINDS = { blog_id: 'id', id: 'id', state: 'text', severity: 'number' } as const;

export type SiteIncidentRow = { state: string; severity: number; eventId: EventId };

/** What the log says of the sites that are not plainly well, in one query over what is open. */
export async function openSiteStates(db: Db, scope: SiteScope): Promise<Map<SiteId, SiteIncidentRow>> {
  const query = openEvents(db, scope)
    .select(['blog_id', 'id', 'state', 'severity'])
    .where('check_type', '=', SITE_STATE_CHECK);
  const { count, columns } = await db.readPacked(query.compile(), INCIDENT_KINDS);
  const found = new Map<SiteId, SiteIncidentRow>();
  const { text, ends } = columns.state;
  for (let row = 0; row < count; row += 1) {
    const state = text.slice(row === 0 ? 0 : ends[row - 1], ends[row]);
    const eventId = (columns.id[row] ?? 0n) as EventId;
    found.set((columns.blog_id[row] ?? 0n) as SiteId, { state, severity: columns.severity[row] ?? 0, eventId });
  }
  return found;
}

/** Open events of sites by check type; those that only record what state a site is in are not counted. */
export async function countOpenEvents(db: Db, scope: SiteScope): Promise<Map<string, number>> {
  const rows = await openEvents(db, scope)
    .select(({ fn }) => ['check_type', fn.countAll<bigint>().as('events')])
    .where('check_type', '<>', SITE_STATE_CHECK)
    .where('blog_id', '>', 0n)
    .groupBy('check_type')
    .execute();
  return new Map(rows.map((row) => [row.check_type, Number(row.events)]));
}

/** Only open events have the key, and it is indexed: the history is not read. */
function openEvents({ kysely }: Db, scope: SiteScope) {
  return kysely
    .selectFrom('jetmon_events')
    .where('dedup_key', '>', '')
    .where(isInScope(scope, 'jetmon_events.blog_id'));
}
