/** The rules by which the state of a site is made of its parts: read, set and taken back. */
import { CHECKS } from '../checks/registry.ts';
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import { parseRules, type RollupRules } from '../domain/rollup-rules.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { nearest } from '../lib/nearest.ts';
import type { Change } from '../store/changes.ts';
import type { Endpoint } from '../store/endpoints.ts';
import { lockEntriesOf } from '../store/legacy.ts';
import type { Tx } from '../store/schema.ts';
import { deleteRules, storedRules, writeRules } from '../store/site-rules.ts';
import { auditSite } from './audit-site.ts';
import type { ServiceDeps } from './deps.ts';
import { requireSite } from './find-endpoint.ts';
import { followSite } from './follow-site.ts';
import { toldIfUnsure } from './told-if-unsure.ts';

/** `updatedAtMs` null: the site has none of its own, and the defaults hold. */
export type SiteRules = { rules: RollupRules; updatedAtMs: number | null };

/** Throws `site_not_found`. */
export async function siteRules(
  deps: Pick<ServiceDeps, 'database' | 'endpoints'>,
  scope: SiteScope,
  siteId: SiteId,
): Promise<SiteRules> {
  await requireSite(deps, scope, siteId);
  const stored = await storedRules(deps.database.kysely, scope, siteId);
  return { rules: parseRules(stored?.text ?? null).rules, updatedAtMs: stored?.updatedAtMs ?? null };
}

/**
 * In the place of those there were: `wanted` has the members of spec/01 section 3.1, and what it leaves out is as by
 * default. Throws `invalid_field` or `site_not_found`.
 */
export async function setSiteRules(
  deps: ServiceDeps,
  scope: SiteScope,
  siteId: SiteId,
  wanted: object,
): Promise<SiteRules> {
  const rules = strictRules(wanted);
  const updatedAtMs = deps.clock.nowMs();
  await changed(deps, scope, siteId, 'rollup rules set', (tx, endpoints) => {
    requireOwn(rules, siteId, endpoints);
    return writeRules(deps.database, tx, scope, { siteId, text: JSON.stringify(wanted), updatedAtMs });
  });
  return { rules, updatedAtMs };
}

/** Back to the defaults; may be repeated. Throws `site_not_found`. */
export async function deleteSiteRules(deps: ServiceDeps, scope: SiteScope, siteId: SiteId): Promise<void> {
  await changed(deps, scope, siteId, 'rollup rules left to the default', (tx) =>
    deleteRules(tx, scope, siteId, deps.clock.nowMs()),
  );
}

async function changed(
  deps: ServiceDeps,
  scope: SiteScope,
  siteId: SiteId,
  detail: string,
  write: (tx: Tx, endpoints: readonly Endpoint[]) => Promise<void>,
): Promise<void> {
  const toPublish = await toldIfUnsure(deps, scope, siteId, async (tx, endpoints): Promise<Change[]> => {
    // Whoever appends to the log of the site reads either the old rules or the new ones, and not the old ones after us.
    await lockEntriesOf(tx, deps.database.dialect, [siteId]);
    await write(tx, endpoints);
    await auditSite(deps, tx, { siteId, detail });
    const followed = await followSite(deps, tx, siteId);
    // Nothing is looked at otherwise than before: of no endpoint has the engine to hear.
    return [...followed, { kind: 'site_changed', siteId, endpointIds: [], change: 'updated' }];
  });
  for (const change of toPublish) deps.changes.publish(change);
}

/** Throws `invalid_field` with the member that cannot be used. */
function strictRules(wanted: object): RollupRules {
  const { rules, problems } = parseRules(wanted);
  const [first] = problems;
  if (first !== undefined)
    throw refusal(first.member, `member ${first.member}: ${first.problem}`, `correct ${first.member}`);
  const known = CHECKS.map(({ type }) => type);
  for (const checkType of rules.siteChecks.keys()) {
    if (known.includes(checkType)) continue;
    const field = `site_checks.${checkType}`.slice(0, 100);
    const meant = nearest(checkType, known);
    const fix = meant === null ? `known are ${known.join(', ')}` : `did you mean ${meant}?`;
    throw refusal(field, `member ${field}: there is no such check`, fix);
  }
  return rules;
}

/** Throws `invalid_field` where an endpoint is not one of the site. */
function requireOwn({ endpoints: spokenOf }: RollupRules, siteId: SiteId, endpoints: readonly Endpoint[]): void {
  const own = new Set<bigint>(endpoints.map(({ endpointId }) => endpointId));
  for (const endpointId of spokenOf.keys()) {
    if (own.has(endpointId)) continue;
    const field = `endpoints.${endpointId}`;
    throw refusal(field, `member ${field}: site ${siteId} has no such endpoint`, 'list its endpoints to see their ids');
  }
}

function refusal(field: string, message: string, fix: string): AppError {
  return new AppError('invalid_field', message, { fix, details: { field } });
}
