/** The endpoints that are to be watched, page by page and without an object each: how a fleet of millions is read. */
import { sql } from 'kysely';
import type { EndpointId } from '../domain/ids.ts';
import type { MaintenanceWindow } from '../domain/maintenance.ts';
import { NO_OVERRIDES, type ProbePlanOverrides } from '../domain/probe-plan.ts';
import type { Database } from './database.ts';
import { type Packed, textStart } from './dialect/packed.ts';
import { windowOf } from './endpoints.ts';
import { intervalSecondsOf, registry } from './legacy.ts';
import { PLAN_COLUMNS, planOfRow } from './plan-columns.ts';
import { disabledWithin } from './site-checks.ts';

/** Rows by endpoint id, ascending; paused and removed ones are among them. */
export interface FleetPage {
  readonly count: number;
  /** The last id of the page; null when no page follows. */
  readonly next: EndpointId | null;
  readonly endpointIds: BigInt64Array;
  readonly siteIds: BigInt64Array;
  isActive(row: number): boolean;
  intervalMs(row: number): number;
  /** Null: the server's default. */
  timeoutMs(row: number): number | null;
  /** The URLs of all rows as one text; that of a row is from `urlStart` to `urlEnd`. */
  readonly urls: string;
  urlStart(row: number): number;
  urlEnd(row: number): number;
  plan(row: number): ProbePlanOverrides;
  /** When failures are expected; null: never. */
  maintenance(row: number): MaintenanceWindow | null;
  /** Checks that are not run on it. */
  disabledChecks(row: number): readonly string[];
}

export interface FleetRows {
  /** Rows there are, paused and removed ones among them. */
  count(): Promise<number>;
  /** At most `limit` rows with an id after `after`. */
  page(after: bigint, limit: number): Promise<FleetPage>;
  /** Checks that are not run on one endpoint. */
  disabledChecks(endpointId: EndpointId): Promise<readonly string[]>;
}

/** Before every id. */
export const BEFORE_ALL = -1n;

const KINDS = {
  endpoint_id: 'id',
  site_id: 'id',
  url: 'text',
  /** Minutes of the interval, whether it has wishes of its own, whether it is active: a cell less is time saved. */
  traits: 'number',
  check_interval_seconds: 'number',
  timeout_seconds: 'number',
} as const;

const WISH_COLUMNS = [...PLAN_COLUMNS, 'maintenance_start', 'maintenance_end'] as const;
const WISH_REFS = WISH_COLUMNS.map((column) => sql.ref(`config.${column}`));
const IS_ACTIVE = 1;
const HAS_WISHES = 2;
const MINUTES_SHIFT = 2;
const TRAITS = sql<bigint>`case when active <> 0 then ${sql.lit(IS_ACTIVE)} else 0 end
  + case when coalesce(${sql.join(WISH_REFS)}) is null then 0 else ${sql.lit(HAS_WISHES)} end
  + interval_minutes * ${sql.lit(1 << MINUTES_SHIFT)}`.as('traits');

type Wishes = { plan: ProbePlanOverrides; maintenance: MaintenanceWindow | null };
type WishesById = ReadonlyMap<bigint, Wishes>;

export function createFleetRows(db: Pick<Database, 'kysely' | 'readPacked'>): FleetRows {
  const { kysely } = db;

  function rowsAfter(after: bigint, limit: number) {
    return kysely
      .selectFrom(registry(kysely))
      .leftJoin('jetmon_endpoint_check_config as config', 'config.source_site_id', 'registry.endpoint_id')
      .select(['registry.endpoint_id', 'registry.site_id', 'registry.url'])
      .select(TRAITS)
      .select(['config.check_interval_seconds', 'config.timeout_seconds'])
      .where('registry.endpoint_id', '>', after)
      .orderBy('registry.endpoint_id')
      .limit(limit);
  }

  /** Few endpoints want anything else than the others, so that their wishes are read apart. */
  async function wishesWithin(first: bigint, last: bigint): Promise<WishesById> {
    const rows = await kysely
      .selectFrom('jetmon_endpoint_check_config')
      .select(['source_site_id', ...WISH_COLUMNS])
      .where('source_site_id', '>=', first)
      .where('source_site_id', '<=', last)
      .where(({ or, eb }) => or(WISH_COLUMNS.map((column) => eb(column, 'is not', null))))
      .execute();
    return new Map(rows.map((row) => [row.source_site_id, { plan: planOfRow(row), maintenance: windowOf(row) }]));
  }

  return {
    async count() {
      const count = kysely.fn.countAll<bigint>().as('rows');
      return Number((await kysely.selectFrom(registry(kysely)).select(count).executeTakeFirstOrThrow()).rows);
    },
    async page(after, limit) {
      const packed = await db.readPacked(rowsAfter(after, limit).compile(), KINDS);
      const { endpoint_id: ids, traits } = packed.columns;
      const first = ids[traits.findIndex(hasWishes)];
      const last = ids[traits.findLastIndex(hasWishes)];
      const wishes = first === undefined || last === undefined ? NO_WISHES : await wishesWithin(first, last);
      const [from, to] = [ids[0], ids[packed.count - 1]];
      const disabled = from === undefined || to === undefined ? NONE_DISABLED : await disabledWithin(kysely, from, to);
      return pageOf(packed, { wishes, disabled }, limit);
    },
    async disabledChecks(endpointId) {
      return (await disabledWithin(kysely, endpointId, endpointId)).get(endpointId) ?? NO_CHECKS;
    },
  };
}

const NO_WISHES: WishesById = new Map();
const NONE_DISABLED: Besides['disabled'] = new Map();
const NO_CHECKS: readonly string[] = [];

function hasWishes(traits: number): boolean {
  return (traits & HAS_WISHES) !== 0;
}

/** What few endpoints have, by endpoint. */
type Besides = { wishes: WishesById; disabled: ReadonlyMap<bigint, readonly string[]> };

function pageOf({ count, columns }: Packed<typeof KINDS>, { wishes, disabled }: Besides, limit: number): FleetPage {
  const { endpoint_id: endpointIds, url } = columns;
  const traitsAt = (row: number) => columns.traits[row] ?? 0;
  const wishesAt = (row: number) => (hasWishes(traitsAt(row)) ? wishes.get(endpointIds[row] ?? 0n) : undefined);
  const secondsOf = (column: Float64Array, row: number) => {
    const seconds = column[row] ?? Number.NaN;
    return Number.isNaN(seconds) ? null : seconds;
  };
  return {
    count,
    next: count < limit ? null : ((endpointIds[count - 1] ?? null) as EndpointId | null),
    endpointIds,
    siteIds: columns.site_id,
    isActive: (row) => (traitsAt(row) & IS_ACTIVE) !== 0,
    intervalMs(row) {
      return intervalSecondsOf(traitsAt(row) >> MINUTES_SHIFT, secondsOf(columns.check_interval_seconds, row)) * 1_000;
    },
    timeoutMs(row) {
      const seconds = secondsOf(columns.timeout_seconds, row);
      return seconds === null ? null : seconds * 1_000;
    },
    urls: url.text,
    urlStart: (row) => textStart(url, row),
    urlEnd: (row) => url.ends[row] ?? 0,
    plan: (row) => wishesAt(row)?.plan ?? NO_OVERRIDES,
    maintenance: (row) => wishesAt(row)?.maintenance ?? null,
    disabledChecks: (row) => (disabled.size === 0 ? NO_CHECKS : (disabled.get(endpointIds[row] ?? 0n) ?? NO_CHECKS)),
  };
}
