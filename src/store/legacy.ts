/**
 * The site registry shared with version 1 (spec/01 section 12): the only file that names a column of
 * `jetpack_monitor_sites`. The table is created in its exact version 1 shape when absent and never altered.
 */
import { type ColumnType, type Generated, sql } from 'kysely';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { Int } from './column-types.ts';
import type { Dialect } from './dialect/dialect.ts';
import type { Executor } from './schema.ts';

export const LEGACY_TABLE = 'jetpack_monitor_sites';

type LegacySitesTable = {
  jetpack_monitor_site_id: Generated<bigint>;
  blog_id: Int;
  bucket_no: Int;
  monitor_url: string;
  monitor_active: Int;
  site_status: Int;
  /** `YYYY-MM-DD HH:MM:SS` in UTC. */
  last_status_change: ColumnType<string | null, string | null, string | null>;
  check_interval: Int;
};

/** The database with the one table that nobody else sees. */
function legacy(db: Executor) {
  return db.withTables<{ [LEGACY_TABLE]: LegacySitesTable }>();
}

/** `site_status`: what version 1 and its readers understand (spec/01 section 12.4). */
export const LEGACY_STATUS = { siteDown: 0, running: 1, confirmedDown: 2 } as const;
export type LegacyStatus = (typeof LEGACY_STATUS)[keyof typeof LEGACY_STATUS];

/** Largest whole minutes the interval column holds. */
const MAX_MINUTES = 255;

/** The registry in our own words, to select and join from. */
export function registry<Alias extends string = 'registry'>(db: Executor, alias?: Alias) {
  return legacy(db)
    .selectFrom(LEGACY_TABLE)
    .select([
      'jetpack_monitor_site_id as endpoint_id',
      'blog_id as site_id',
      'bucket_no',
      'monitor_url as url',
      'monitor_active as active',
      'site_status as legacy_status',
      'last_status_change as status_changed',
      'check_interval as interval_minutes',
    ])
    .as(alias ?? ('registry' as Alias));
}

export type RegistryEntry = {
  siteId: SiteId;
  bucketNo: number;
  url: string;
  active: boolean;
  intervalSeconds: number;
};

/** A new row starts as running; its status has never changed. */
export async function insertEntry(db: Executor, entry: RegistryEntry): Promise<EndpointId> {
  const { insertId } = await legacy(db)
    .insertInto(LEGACY_TABLE)
    .values({
      blog_id: entry.siteId,
      bucket_no: entry.bucketNo,
      monitor_url: entry.url,
      monitor_active: entry.active ? 1 : 0,
      site_status: LEGACY_STATUS.running,
      last_status_change: null,
      check_interval: minutesOf(entry.intervalSeconds),
    })
    .executeTakeFirstOrThrow();
  if (insertId === undefined) throw new Error('the database did not name the row it inserted');
  return insertId as EndpointId;
}

/** `statusChangedAtMs` stamps the instant of change without a change of status, as pausing does. */
export type EntryPatch = Partial<Omit<RegistryEntry, 'siteId'>> & { statusChangedAtMs?: number };

export async function updateEntries(
  db: Executor,
  endpointIds: readonly EndpointId[],
  patch: EntryPatch,
): Promise<void> {
  const values = {
    ...(patch.url === undefined ? {} : { monitor_url: patch.url }),
    ...(patch.active === undefined ? {} : { monitor_active: patch.active ? 1 : 0 }),
    ...(patch.bucketNo === undefined ? {} : { bucket_no: patch.bucketNo }),
    ...(patch.intervalSeconds === undefined ? {} : { check_interval: minutesOf(patch.intervalSeconds) }),
    ...(patch.statusChangedAtMs === undefined ? {} : { last_status_change: legacyInstant(patch.statusChangedAtMs) }),
  };
  if (Object.keys(values).length === 0) return;
  await legacy(db).updateTable(LEGACY_TABLE).set(values).where('jetpack_monitor_site_id', 'in', endpointIds).execute();
}

/** An endpoint as the writer of events needs it. */
export type EntryState = {
  endpointId: EndpointId;
  siteId: SiteId;
  bucketNo: number;
  url: string;
  active: boolean;
  status: number;
};

/** The endpoints of these sites by row id, locked until the transaction ends. */
export async function lockEntriesOf(tx: Executor, dialect: Dialect, siteIds: readonly SiteId[]): Promise<EntryState[]> {
  const query = legacy(tx)
    .selectFrom(LEGACY_TABLE)
    .select(['jetpack_monitor_site_id', 'blog_id', 'bucket_no', 'monitor_url', 'monitor_active', 'site_status'])
    .where('blog_id', 'in', siteIds);
  // Sorted here: asked for an order, a server may read, and wait for, every row of the table.
  const entries = (await dialect.lockForUpdate(query).execute()).map((row) => ({
    endpointId: row.jetpack_monitor_site_id as EndpointId,
    siteId: row.blog_id as SiteId,
    bucketNo: Number(row.bucket_no),
    url: row.monitor_url,
    active: row.monitor_active !== 0n,
    status: Number(row.site_status),
  }));
  return entries.sort((a, b) => (a.endpointId < b.endpointId ? -1 : 1));
}

/** Writes the projected status where it differs, so that the instant of change stays the instant of change. */
export async function writeStatus(
  db: Executor,
  endpointIds: readonly EndpointId[],
  { status, changedAt }: { status: LegacyStatus; changedAt: string },
): Promise<void> {
  await legacy(db)
    .updateTable(LEGACY_TABLE)
    .set({ site_status: status, last_status_change: changedAt })
    .where('jetpack_monitor_site_id', 'in', endpointIds)
    .where('site_status', '<>', BigInt(status))
    .execute();
}

/** Exact seconds hold while they agree with the registry; otherwise another program changed the interval there. */
export function intervalSecondsOf(minutes: number, exactSeconds: number | null): number {
  if (exactSeconds !== null && minutesOf(exactSeconds) === minutes) return exactSeconds;
  return Math.max(1, minutes) * 60;
}

export function minutesOf(seconds: number): number {
  return Math.min(MAX_MINUTES, Math.max(1, Math.ceil(seconds / 60)));
}

/** What the column holds: a second after the epoch until the last second of 2038 that fits. */
const FIRST_INSTANT_MS = 1_000;
const LAST_INSTANT_MS = (2 ** 31 - 1) * 1_000;

/** An instant that the column cannot hold becomes the nearest that it can. */
export function legacyInstant(timeMs: number): string {
  return new Date(Math.min(LAST_INSTANT_MS, Math.max(FIRST_INSTANT_MS, timeMs)))
    .toISOString()
    .slice(0, 19)
    .replace('T', ' ');
}

/** Null when the text is no instant, such as the all-zero one old databases hold. */
export function parseLegacyInstant(text: string | null): number | null {
  const timeMs = text === null ? Number.NaN : Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** Exact version 1 columns and indexes (spec/01 section 12.1). */
export async function createLegacyTable(db: Executor, dialect: Dialect): Promise<void> {
  const { unsigned } = dialect;
  await db.schema
    .createTable(LEGACY_TABLE)
    .ifNotExists()
    .addColumn('jetpack_monitor_site_id', dialect.legacyIdType, (column) => column.primaryKey().autoIncrement())
    .addColumn('blog_id', unsigned('bigint', 20), (column) => column.notNull())
    .addColumn('bucket_no', unsigned('smallint', 2), (column) => column.notNull())
    .addColumn('monitor_url', 'varchar(300)', (column) => column.notNull())
    .addColumn('monitor_active', unsigned('tinyint', 1), (column) => column.notNull().defaultTo(1))
    .addColumn('site_status', unsigned('tinyint', 1), (column) => column.notNull().defaultTo(1))
    .addColumn('last_status_change', sql`timestamp null`, (column) => column.defaultTo(sql`current_timestamp`))
    .addColumn('check_interval', unsigned('tinyint', 1), (column) => column.notNull().defaultTo(5))
    .execute();
  await dialect.ensureIndex(db, 'blog_id_monitor_url', LEGACY_TABLE, ['blog_id', 'monitor_url']);
  await dialect.ensureIndex(db, 'bucket_no_monitor_active_check_interval', LEGACY_TABLE, [
    'bucket_no',
    'monitor_active',
    'check_interval',
  ]);
}
