/** Says which checks run where: what is open by a check that runs no more is closed, and the engine takes it up at once. */
import { CHECKS } from '../checks/registry.ts';
import { type CheckSetting, effectiveCheck, MAIN_CHECK } from '../domain/check-settings.ts';
import { AppError } from '../domain/errors.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { nearest } from '../lib/nearest.ts';
import type { Change } from '../store/changes.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
import {
  checksOfSite,
  checksToChange,
  deleteCheck,
  enableCheck,
  insertCheck,
  type NewCheckSetting,
} from '../store/site-checks.ts';
import { auditSite } from './audit-site.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { endpointNotFound } from './find-endpoint.ts';
import { closeOpenEvents } from './follow-site.ts';
import { type CheckPath, findCheck, settingAmong } from './list-checks.ts';
import { toldIfUnsure } from './told-if-unsure.ts';

/** Throws `invalid_field`, `site_not_found`, `site_endpoint_not_found` or `check_exists` (details: `check_id`). */
export function createCheck(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  wanted: NewCheckSetting,
): Promise<CheckSetting> {
  requireKnown(wanted.checkType);
  const { siteId, endpointId, checkType, enabled } = wanted;
  return edited(deps, policy, scope, siteId, async (tx, before, endpoints) => {
    if (endpointId !== null && endpoints.every((endpoint) => endpoint.endpointId !== endpointId)) {
      throw endpointNotFound({ siteId, endpointId });
    }
    const same = before.find((each) => each.checkType === checkType && each.endpointId === endpointId);
    if (same !== undefined) throw checkExists(same);
    const setting = await insertCheck(tx, scope, wanted, deps.clock.nowMs());
    return { setting, words: enabled ? 'enabled' : 'disabled' };
  });
}

/** Throws `check_not_found`. */
export async function updateCheck(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  path: CheckPath,
  { enabled }: { enabled: boolean },
): Promise<CheckSetting> {
  await findCheck(deps, scope, path);
  return edited(deps, policy, scope, path.siteId, async (tx, before) => {
    const setting = settingAmong(before, path);
    if (setting.enabled === enabled) return { setting, words: null };
    const atMs = deps.clock.nowMs();
    await enableCheck(tx, scope, path.checkId, { enabled, atMs });
    return { setting: { ...setting, enabled, updatedAtMs: atMs }, words: enabled ? 'enabled' : 'disabled' };
  });
}

/** Takes back what was said, so that the check runs as if nothing had been. Throws `check_not_found`. */
export async function removeCheck(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  path: CheckPath,
): Promise<void> {
  await findCheck(deps, scope, path);
  await edited(deps, policy, scope, path.siteId, async (tx, before) => {
    const setting = settingAmong(before, path);
    await deleteCheck(tx, scope, path.checkId);
    return { setting, words: 'left to the default' };
  });
}

type Edit = (
  tx: Tx,
  before: readonly CheckSetting[],
  endpoints: readonly Endpoint[],
) => Promise<{ setting: CheckSetting /** What was done, for the trail; null: nothing. */; words: string | null }>;

async function edited(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  siteId: SiteId,
  edit: Edit,
): Promise<CheckSetting> {
  const change = async (tx: Tx, endpoints: readonly Endpoint[]) => {
    const before = await checksToChange(tx, scope, { siteId, dialect: deps.database.dialect });
    const { setting, words } = await edit(tx, before, endpoints);
    if (words === null) return { setting, toPublish: [] };
    await auditSite(deps, tx, { siteId, ...inWords(setting, words) });
    const after = await checksOfSite(tx, scope, siteId);
    const turned = { type: setting.checkType, ...turnedBetween(before, after, setting.checkType, endpoints) };
    return { setting, toPublish: await follow(deps, policy, tx, siteId, turned) };
  };
  // Somebody else who says the same of the same check at the same time is seen at the second look.
  const { setting, toPublish } = await toldIfUnsure(deps, scope, siteId, change, { retryDuplicates: true });
  for (const each of toPublish) deps.changes.publish(each);
  return setting;
}

type Turned = { on: readonly EndpointId[]; off: readonly EndpointId[] };

/** On which endpoints a check runs now and did not before, and the other way round. */
function turnedBetween(
  before: readonly CheckSetting[],
  after: readonly CheckSetting[],
  checkType: string,
  endpoints: readonly Endpoint[],
): Turned {
  const on: EndpointId[] = [];
  const off: EndpointId[] = [];
  for (const { endpointId } of endpoints) {
    const runs = effectiveCheck(after, endpointId, checkType).enabled;
    if (runs !== effectiveCheck(before, endpointId, checkType).enabled) (runs ? on : off).push(endpointId);
  }
  return { on, off };
}

async function follow(
  deps: ServiceDeps,
  policy: SitePolicy,
  tx: Tx,
  siteId: SiteId,
  { type, on, off }: Turned & { type: string },
): Promise<Change[]> {
  const endpointIds = [...on, ...off];
  if (endpointIds.length === 0) return [];
  const gone = new Set<EndpointId | null>(off);
  const closed = await closeOpenEvents(deps, tx, {
    siteId,
    note: `check ${type} disabled`,
    project: policy.projectStatus,
    where: ({ checkType, endpointId }) => checkType === type && gone.has(endpointId),
  });
  return [...closed, { kind: 'site_changed', siteId, endpointIds, change: 'updated' }];
}

function inWords({ checkType, endpointId }: CheckSetting, words: string) {
  const where = endpointId === null ? 'on the site' : `on endpoint ${endpointId}`;
  const facts = endpointId === null ? {} : { endpoint_id: String(endpointId) };
  return { detail: `check ${checkType} ${words} ${where}`, facts: { check_type: checkType, ...facts } };
}

/** Throws `invalid_field`. */
function requireKnown(checkType: string): void {
  const known = CHECKS.map(({ type }) => type).filter((type) => type !== MAIN_CHECK);
  if (known.includes(checkType)) return;
  if (checkType === MAIN_CHECK) {
    throw new AppError('invalid_field', `the check ${MAIN_CHECK} is what watching is, and always runs`, {
      fix: 'pause the endpoint or the site instead',
      details: { field: 'check_type' },
    });
  }
  const meant = nearest(checkType, known);
  throw new AppError('invalid_field', `member check_type: there is no check ${JSON.stringify(checkType)}`, {
    fix: meant === null ? `known are ${known.join(', ')}` : `did you mean ${meant}?`,
    details: { field: 'check_type', ...(meant === null ? {} : { nearest: meant }) },
  });
}

function checkExists({ checkId, checkType, endpointId, siteId, enabled }: CheckSetting): AppError {
  const where = endpointId === null ? `site ${siteId}` : `endpoint ${endpointId}`;
  return new AppError('check_exists', `${where} has a setting of the check ${checkType} already: ${checkId}`, {
    fix: `change that one: PATCH /sites/${siteId}/checks/${checkId}`,
    details: { check_id: checkId, enabled },
  });
}
