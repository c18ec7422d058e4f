/**
 * The same done to many sites: each in a transaction of its own, so that one that is refused stands in nobody's way, or
 * all of them in one, so that all is done or nothing.
 */
import { AppError } from '../domain/errors.ts';
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Change } from '../store/changes.ts';
import { isOutcomeUnknown } from '../store/dialect/trouble.ts';
import type { NewEndpoint } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
import { checkedChanges, type SiteChanges } from './change-endpoints.ts';
import { checkedSite, createWithin, type NewSite, siteExists } from './create-site.ts';
import type { ServiceDeps, SitePolicy } from './deps.ts';
import { siteNotFound } from './find-site.ts';
import { changeSite } from './update-site.ts';

/** What became of one of many. */
export type BulkOutcome = {
  /** `skipped`: nothing was done, because of what became of another. */
  status: 'created' | 'exists' | 'updated' | 'refused' | 'skipped';
  siteId: SiteId | null;
  /** Why it was refused, or what there is already; null otherwise. */
  error: AppError | null;
};

type Done = { status: 'created' | 'updated'; siteId: SiteId; toPublish: Change[] };

/** What is to be done, or why it is not even tried. */
type Step = ((tx: Tx) => Promise<Done>) | AppError;

/** At most 200, in their order. What is no site that could be wanted comes as the refusal of it. */
export async function createSites(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  sites: readonly (NewSite | AppError)[],
  { atomic }: { atomic: boolean },
): Promise<BulkOutcome[]> {
  const wanted = sites.map((site) => (site instanceof AppError ? site : orRefusal(() => checkedSite(policy, site))));
  // One look through the registry for all of them: it has no index by URL.
  const urls = wanted.flatMap((each) => (each instanceof AppError || each.siteId !== null ? [] : [each.url]));
  const { found, upTo } = await deps.endpoints.findByUrls(scope, [...new Set(urls)]);
  const step = (site: NewEndpoint): Step => {
    const existing = site.siteId === null ? found.get(site.url) : undefined;
    if (existing !== undefined) return siteExists(existing);
    const known = site.siteId === null ? { ...site, urlIsNewUpTo: upTo } : site;
    return async (tx) => {
      const { endpoint, toPublish } = await createWithin(deps, tx, scope, known);
      return { status: 'created', siteId: endpoint.siteId, toPublish };
    };
  };
  return run(
    deps,
    wanted.map((each) => (each instanceof AppError ? each : step(each))),
    atomic,
  );
}

/** Endpoints changed in one transaction: nobody else writes while it lasts. */
const MOST_AT_ONCE = 2_000;

function tooManyAtOnce(endpoints: number): AppError {
  return new AppError('invalid_field', `these sites have ${endpoints} endpoints, of which all or none are to change`, {
    fix: `name sites with ${MOST_AT_ONCE} endpoints at most, or leave out atomic`,
    details: { field: 'site_ids' },
  });
}

function oneUrlForMany(sites: number): AppError {
  return new AppError('invalid_field', `member changes.monitor_url: ${sites} sites cannot have one and the same URL`, {
    fix: 'change the URL of each site by itself: PATCH /sites/{id}',
    details: { field: 'changes.monitor_url' },
  });
}

/**
 * The same changes of each, at most 200. Throws `invalid_url` or `invalid_field` where they are allowed for none, or where
 * they are too many for one transaction.
 */
export async function updateSites(
  deps: ServiceDeps,
  policy: SitePolicy,
  scope: SiteScope,
  siteIds: readonly SiteId[],
  { changes, atomic }: { changes: SiteChanges; atomic: boolean },
): Promise<BulkOutcome[]> {
  const wanted = checkedChanges(policy, changes);
  if (wanted.url !== undefined && siteIds.length > 1) throw oneUrlForMany(siteIds.length);
  const there = await deps.endpoints.countBySites(scope, siteIds);
  const many = [...there.values()].reduce((sum, each) => sum + each, 0);
  if (atomic && many > MOST_AT_ONCE) throw tooManyAtOnce(many);
  const step = (siteId: SiteId): Step => {
    if (!there.has(siteId)) return siteNotFound(siteId);
    return async (tx) => {
      const all = await deps.endpoints.bySite(scope, siteId, tx);
      if (all.length === 0) throw siteNotFound(siteId);
      return {
        status: 'updated',
        siteId,
        toPublish: await changeSite(deps, policy, tx, scope, { siteId, all, wanted }),
      };
    };
  };
  const outcomes = await run(deps, siteIds.map(step), atomic);
  return outcomes.map((outcome, index) => ({ ...outcome, siteId: siteIds[index] ?? outcome.siteId }));
}

function run(deps: ServiceDeps, steps: readonly Step[], atomic: boolean): Promise<BulkOutcome[]> {
  return atomic ? runAtOnce(deps, steps) : runEach(deps, steps);
}

/** Rejects with what came between only while nothing was done: what was done is told, whatever came after. */
async function runEach(deps: ServiceDeps, steps: readonly Step[]): Promise<BulkOutcome[]> {
  const outcomes: BulkOutcome[] = [];
  for (const step of steps) {
    const outcome = step instanceof AppError ? refused(step) : await inOwnTransaction(deps, step);
    if ('trouble' in outcome) {
      if (outcomes.every(({ status }) => status === 'refused' || status === 'exists')) throw outcome.trouble;
      outcomes.push(refused(interrupted(outcome.trouble)));
      break;
    }
    outcomes.push(outcome);
  }
  return [...outcomes, ...steps.slice(outcomes.length).map(() => SKIPPED)];
}

async function inOwnTransaction(
  deps: ServiceDeps,
  step: (tx: Tx) => Promise<Done>,
): Promise<BulkOutcome | { trouble: unknown }> {
  const attempted: Change[] = [];
  try {
    const done = await deps.database.transaction(async (tx) => {
      const made = await step(tx);
      attempted.splice(0, attempted.length, ...made.toPublish);
      return made;
    });
    for (const change of done.toPublish) deps.changes.publish(change);
    return outcomeOf(done);
  } catch (error) {
    tellIfUnsure(deps, error, attempted);
    return isRefusal(error) ? refused(error) : { trouble: error };
  }
}

/** Everything that is refused is told, not only the first. */
async function runAtOnce(deps: ServiceDeps, steps: readonly Step[]): Promise<BulkOutcome[]> {
  const attempted: Change[] = [];
  let outcomes: BulkOutcome[] = [];
  const undo = new Error('one of many was refused');
  try {
    await deps.database.transaction(async (tx) => {
      [attempted.length, outcomes] = [0, []];
      for (const step of steps) {
        const done = step instanceof AppError ? step : await step(tx).catch(refusalOrThrow);
        outcomes.push(done instanceof AppError ? refused(done) : outcomeOf(done));
        if (!(done instanceof AppError)) attempted.push(...done.toPublish);
      }
      if (outcomes.some(({ status }) => status === 'refused')) throw undo;
    });
  } catch (error) {
    if (error !== undo) {
      tellIfUnsure(deps, error, attempted);
      throw error;
    }
    return outcomes.map((outcome) => (outcome.error === null ? SKIPPED : outcome));
  }
  for (const change of attempted) deps.changes.publish(change);
  return outcomes;
}

const SKIPPED: BulkOutcome = Object.freeze({ status: 'skipped', siteId: null, error: null });

function outcomeOf({ status, siteId }: Done): BulkOutcome {
  return { status, siteId, error: null };
}

/** That a URL is watched already is what whoever wanted it watched hoped for. */
function refused(error: AppError): BulkOutcome {
  const siteId = error.code === 'site_exists' ? (error.details['site_id'] as SiteId | undefined) : undefined;
  const isThere = siteId !== undefined && error.details['monitor_active'] !== undefined;
  return { status: isThere ? 'exists' : 'refused', siteId: siteId ?? null, error };
}

/** What is wrong with what was asked for, as against trouble of ours. */
function isRefusal(error: unknown): error is AppError {
  const ours = ['unavailable', 'internal', 'usage'];
  return error instanceof AppError && !ours.includes(error.kind);
}

function refusalOrThrow(error: unknown): AppError {
  if (isRefusal(error)) return error;
  throw error;
}

function orRefusal<T>(make: () => T): T | AppError {
  try {
    return make();
  } catch (error) {
    return refusalOrThrow(error);
  }
}

function interrupted(cause: unknown): AppError {
  const code = cause instanceof AppError && cause.kind === 'unavailable' ? cause.code : 'internal';
  const fix = 'look whether it was done, and send what was skipped again';
  return new AppError(code, 'the server failed at this one and did none after it', { fix, cause });
}

/** The commit may have been made: whoever follows these sites must look. */
function tellIfUnsure({ changes }: Pick<ServiceDeps, 'changes'>, error: unknown, attempted: readonly Change[]): void {
  if (!isOutcomeUnknown(error)) return;
  for (const change of attempted) if (change.kind === 'site_changed') changes.publish(change);
}
