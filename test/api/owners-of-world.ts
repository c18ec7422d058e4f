/**
 * Two tenants, and the operator, each with sites, events, windows, checks and looks in which a text of their own stands:
 * a canary that nobody else may ever be told.
 */
import type { SiteId } from '../../src/domain/ids.ts';
import { EVERY_SITE, type SiteScope } from '../../src/domain/site-scope.ts';
import { createCheck } from '../../src/services/change-check.ts';
import { createSite } from '../../src/services/create-site.ts';
import type { ServiceDeps, SitePolicy } from '../../src/services/deps.ts';
import { planMaintenance } from '../../src/services/plan-maintenance.ts';
import { updateSite } from '../../src/services/update-site.ts';
import { failedCheckOf, insertFailures } from '../../src/store/history/failures.ts';
import { listWindows } from '../../src/store/maintenance-windows.ts';
import { append, recordLook, type Watched } from './example-world.ts';

export type Owner = {
  /** Null: the operator, whose sites belong to no tenant. */
  tenantId: string | null;
  /** Stands in all that is theirs and can hold a text. The name of a tenant is it, too. */
  canary: string;
  /** Stands where nobody may read it, not even they. */
  secret: string;
  siteIds: readonly SiteId[];
};

const POLICY: SitePolicy = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: false };
const HOUR_MS = 3_600_000;

/** The sites that are there, which belong to no tenant. */
export async function operatorOf(deps: ServiceDeps): Promise<Owner> {
  const siteIds = new Set((await deps.endpoints.all(EVERY_SITE)).map(({ siteId }) => siteId));
  return { tenantId: null, ...newTexts(deps, 'operator'), siteIds: [...siteIds] };
}

/** With two new sites. */
export async function addTenant(deps: ServiceDeps, name: string): Promise<Owner & { tenantId: string }> {
  const texts = newTexts(deps, name);
  const tenantId = texts.canary;
  const siteIds: SiteId[] = [];
  for (const path of ['first', 'second']) {
    const site = { siteId: null, url: `https://${texts.canary}.example/${path}` };
    siteIds.push((await createSite(deps, POLICY, { kind: 'tenant', tenantId }, site)).siteId);
  }
  return { tenantId, ...texts, siteIds };
}

function newTexts(deps: ServiceDeps, name: string): Pick<Owner, 'canary' | 'secret'> {
  return { canary: `canary-${name}-${newWord(deps)}`, secret: `secret-${name}-${newWord(deps)}` };
}

function newWord({ random }: Pick<ServiceDeps, 'random'>): string {
  return Buffer.from(random.bytes(8)).toString('hex');
}

/** Puts the texts of an owner into all that is theirs; also again, after others changed or removed it. */
export async function plant(deps: ServiceDeps, owner: Owner): Promise<void> {
  for (const siteId of owner.siteIds) {
    const watched = { siteId, endpointId: await plantOnSite(deps, owner, siteId) };
    recordLook(deps, watched, 'Seems Down');
    await plantInLog(deps, watched, owner);
    await plantInHistory(deps, watched, owner);
    await plantInPlans(deps, siteId, owner);
  }
}

async function plantOnSite(deps: ServiceDeps, { canary, secret, ...owner }: Owner, siteId: SiteId) {
  const plan = {
    keyword: canary,
    forbiddenKeyword: `not ${canary}`,
    forbiddenKeywords: [`nor ${canary}`],
    headers: [['authorization', secret]],
  } as const;
  // A new one each time: an endpoint of the site that was removed may still have the last one.
  const url = `https://${canary}.example/${newWord(deps)}`;
  const { first } = await updateSite(deps, POLICY, scopeOf(owner), siteId, { url, active: true, plan });
  return first.endpointId;
}

async function plantInLog(deps: ServiceDeps, watched: Watched, { canary }: Owner): Promise<void> {
  const atMs = deps.clock.nowMs();
  const opened = { op: 'open', state: 'Seems Down', startedAtMs: atMs, reason: 'opened' } as const;
  const promoted = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
  const down = append(watched, 'http', `plant-${newWord(deps)}`, atMs);
  await deps.events.append({ ...down, mutations: [opened, promoted], metadata: { summary: canary } });
}

async function plantInHistory({ database, clock }: ServiceDeps, watched: Watched, { canary }: Owner): Promise<void> {
  const seen = { timings: {}, httpCode: null, address: null, certificateExpiresAtMs: null };
  const look = { startedAtMs: clock.nowMs(), verdicts: [], evidence: null, ...seen };
  const failure = failedCheckOf(watched, look, { reason: canary });
  await database.transaction((tx) => insertFailures(tx, database.dialect, [failure]));
}

/** What is planned for the site, for all sites of a tenant, and which checks run: once each, unless others took it away. */
async function plantInPlans(deps: ServiceDeps, siteId: SiteId, { canary, ...owner }: Owner): Promise<void> {
  const scope = scopeOf(owner);
  const start = new Date(deps.clock.nowMs() + HOUR_MS).toISOString();
  const timing = { start, durationMs: HOUR_MS, zone: 'UTC', recurrence: null };
  const planned = await listWindows(deps.database.kysely, scope, { afterId: null, limit: 1_000 });
  const own = planned.filter(({ title }) => title === canary);
  for (const siteIds of scope.kind === 'all' ? [[siteId]] : [[siteId], null]) {
    if (own.some((window) => window.siteId === (siteIds === null ? null : siteId))) continue;
    const wanted = { siteIds, endpointId: null, title: canary, createdBy: canary, timing };
    await unlessRefused(planMaintenance(deps, scope, wanted), 'invalid_window');
  }
  const check = { siteId, endpointId: null, checkType: 'redirect_chain', enabled: false };
  await unlessRefused(createCheck(deps, POLICY, scope, check), 'check_exists');
}

/** Others filled the room there is, or the thing is there. */
async function unlessRefused(done: Promise<unknown>, code: string): Promise<void> {
  await done.catch((error: unknown) => {
    if ((error as { code?: unknown }).code !== code) throw error;
  });
}

function scopeOf({ tenantId }: Pick<Owner, 'tenantId'>): SiteScope {
  return tenantId === null ? EVERY_SITE : { kind: 'tenant', tenantId };
}
