/**
 * What endpoints and rules of a site were before they were changed: noted in the transaction that changes them, because
 * figures of a time are made of what held then.
 */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { parseRules, type RollupRules } from '../domain/rollup-rules.ts';
import type { Earlier, WatchState } from '../domain/site-past.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Executor, Tx } from './schema.ts';
import { isInScope } from './site-scope.ts';

const TABLE = 'jetmon_earlier_settings';

type Watched = { endpointId: EndpointId; siteId: SiteId; active: boolean; intervalSeconds: number };

/** The same change of each of them. Nothing is noted where it changes nothing. */
export async function rememberEndpoints(
  tx: Tx,
  endpoints: readonly Watched[],
  after: Partial<Pick<Watched, 'active' | 'intervalSeconds'>>,
  nowMs: number,
): Promise<void> {
  const bySite = new Map<SiteId, Noted[]>();
  for (const { siteId, endpointId, active, intervalSeconds } of endpoints) {
    const isSame =
      (after.active ?? active) === active && (after.intervalSeconds ?? intervalSeconds) === intervalSeconds;
    if (isSame) continue;
    const state = active ? 'watched' : 'paused';
    const noted = { endpoint_id: endpointId, state, check_interval_seconds: intervalSeconds } as const;
    const others = bySite.get(siteId);
    if (others === undefined) bySite.set(siteId, [noted]);
    else others.push(noted);
  }
  for (const [siteId, noted] of bySite) await remember(tx, siteId, nowMs, noted);
}

/** An endpoint was not there before. */
export async function rememberAbsence(
  tx: Tx,
  { siteId, endpointId, intervalSeconds }: Pick<Watched, 'siteId' | 'endpointId' | 'intervalSeconds'>,
  nowMs: number,
): Promise<void> {
  const state = 'absent' satisfies WatchState;
  await remember(tx, siteId, nowMs, [{ endpoint_id: endpointId, state, check_interval_seconds: intervalSeconds }]);
}

/** `text` null: the defaults held. */
export async function rememberRules(tx: Tx, siteId: SiteId, text: string | null, nowMs: number): Promise<void> {
  await remember(tx, siteId, nowMs, [{ rules: text }]);
}

/** Of one site; a read goes through half as many. */
const MOST_KEPT = 20_000;
const PRUNED_EVERY = 64n;

type Noted = { endpoint_id?: EndpointId; state?: WatchState; check_interval_seconds?: number; rules?: string | null };

async function remember(tx: Tx, siteId: SiteId, nowMs: number, noted: readonly Noted[]): Promise<void> {
  const rows = noted.map((each) => ({ blog_id: siteId, until_at: nowMs, ...each }));
  const { insertId = 0n } = await tx.insertInto(TABLE).values(rows).executeTakeFirstOrThrow();
  // Of several rows one database names the first, the other the last.
  if (insertId % PRUNED_EVERY >= BigInt(rows.length)) return;
  const ofSite = tx.selectFrom(TABLE).select('until_at').where('blog_id', '=', siteId);
  const oldest = await ofSite.orderBy('until_at', 'desc').limit(1).offset(MOST_KEPT).executeTakeFirst();
  if (oldest === undefined) return;
  await tx.deleteFrom(TABLE).where('blog_id', '=', siteId).where('until_at', '<=', oldest.until_at).execute();
}

export type EarlierSettings = {
  /** In order, of endpoints of which anything was noted. */
  endpoints: ReadonlyMap<EndpointId, readonly Earlier<{ state: WatchState; intervalMs: number }>[]>;
  /** In order. */
  rules: readonly Earlier<{ rules: RollupRules }>[];
};

/** Null when more was changed since `fromMs` than anybody can reckon with at once. */
export async function earlierSettings(
  db: Executor,
  scope: SiteScope,
  siteId: SiteId,
  fromMs: number,
): Promise<EarlierSettings | null> {
  const limit = MOST_KEPT / 2;
  const rows = await db
    .selectFrom(`${TABLE} as s`)
    .select(['endpoint_id', 'until_at', 'state', 'check_interval_seconds', 'rules'])
    .where('blog_id', '=', siteId)
    .where(isInScope(scope, 's.blog_id'))
    .orderBy('until_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  if (rows.length === limit && Number(rows.at(-1)?.until_at ?? 0n) > fromMs) return null;
  const endpoints = new Map<EndpointId, Earlier<{ state: WatchState; intervalMs: number }>[]>();
  const rules: Earlier<{ rules: RollupRules }>[] = [];
  for (const row of rows.reverse()) {
    const untilMs = Number(row.until_at);
    const endpointId = row.endpoint_id as EndpointId | null;
    if (endpointId === null) {
      rules.push({ untilMs, rules: parseRules(row.rules).rules });
      continue;
    }
    const noted = { untilMs, state: stateOf(row.state), intervalMs: Number(row.check_interval_seconds ?? 0n) * 1000 };
    const others = endpoints.get(endpointId);
    if (others === undefined) endpoints.set(endpointId, [noted]);
    else others.push(noted);
  }
  return { endpoints, rules };
}

function stateOf(text: string | null): WatchState {
  return text === 'paused' || text === 'absent' ? text : 'watched';
}
