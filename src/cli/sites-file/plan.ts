/** What has to be done so that the watched sites are those of a file. Pure. */
import type { CreateEndpoint } from '../../contracts/endpoints.ts';
import type { SetRollupRules } from '../../contracts/rollup-rules.ts';
import type { CreateSite, UpdateSite } from '../../contracts/sites.ts';
import type { Id } from '../../contracts/values.ts';
import { type Entry, type FileRules, urlsOf, type Wanted, wantedOf } from './entry.ts';
import type { Match } from './match.ts';
import { planEndpoints } from './plan-endpoints.ts';
import { planChecks, planRules } from './plan-rules.ts';
import type { EndpointNow, Watched, WatchedDetails } from './watched.ts';

/** `siteId` null: of the site that the newest step before creates. */
export type Step =
  | { action: 'create'; url: string; body: CreateSite }
  /** One more URL of a site. */
  | { action: 'add_url'; url: string; siteId: Id | null; body: CreateEndpoint }
  /** Of one endpoint, or of all that the site has. `was` holds what the members of `changes` are now. */
  | { action: 'update'; url: string; siteId: Id; endpointId: Id | null; changes: UpdateSite; was: Partial<EndpointNow> }
  /** What was removed is watched again, as the file says and with nothing of what it had. */
  | {
      action: 'revive';
      url: string;
      siteId: Id;
      endpointId: Id | null;
      changes: UpdateSite;
      pausesAfterwards: boolean;
    }
  /** On the site, or on the endpoint with the URL `of`. `enabled` null: back to the default; `checkId` is what was said. */
  | {
      action: 'set_check';
      url: string;
      siteId: Id | null;
      of: string | null;
      checkType: string;
      checkId: Id | null;
      enabled: boolean | null;
      was: boolean | null;
    }
  /** Null: back to the defaults. `keep` is said of endpoints that no file names. */
  | { action: 'set_rules'; url: string; siteId: Id | null; rules: FileRules | null; keep: KeptRules }
  | { action: 'remove'; url: string; siteId: Id };

export type KeptRules = NonNullable<SetRollupRules['endpoints']>;

export type Plan = {
  steps: Step[];
  /** Sites of the file that are as it says. */
  unchanged: number;
  /** What cannot be done, or was not asked for, in plain sentences. */
  notes: string[];
  /** What the server would refuse, in plain sentences: nothing of the plan is to be done then. */
  problems: string[];
};

/** What the server allows; null: it does not say. */
export type ServerLimits = {
  minIntervalSeconds: number | null;
  /** Types of checks, and whether each can be switched off. */
  checks: ReadonlyMap<string, boolean> | null;
};

export type PlanOptions = {
  /** Remove what the file does not name. */
  prune: boolean;
  /** Send header fields that the file has values for, although an endpoint has fields of the same names. */
  rewriteHeaders: boolean;
  limits: ServerLimits;
};

/** What is planned of one site. */
export type Part = {
  entry: Entry;
  wanted: readonly Wanted[];
  /** Null: it is to be created. */
  watched: Watched | null;
  /** Absent where nothing is said that would need them. */
  details: WatchedDetails | undefined;
  /** Null: handed out. */
  siteId: Id | null;
};

/** Whether the file speaks of what `details` hold of a site. */
export function needsDetails({ entry, watched }: Match): boolean {
  if (watched === null) return false;
  const { checks, rollup_rules, endpoints = [] } = entry;
  const speaksOfChecks = checks !== undefined || endpoints.some((endpoint) => endpoint.checks !== undefined);
  return speaksOfChecks || rollup_rules !== undefined || watched.site.removed_at !== null;
}

/** `sites` are all there are, removed ones included. */
export function planSites(
  matches: readonly Match[],
  sites: readonly Watched[],
  detailsOf: ReadonlyMap<Watched, WatchedDetails>,
  options: PlanOptions,
): Plan {
  const plan: Plan = { steps: [], unchanged: 0, notes: [], problems: [] };
  const named = new Set<Watched>();
  const urlsAt = new Map<Watched, string[]>();
  for (const match of matches) {
    const { entry, watched, others } = match;
    for (const site of [watched, ...others]) if (site !== null) named.add(site);
    if (watched !== null) urlsAt.set(watched, [...(urlsAt.get(watched) ?? []), ...urlsOf(entry)]);
    planEntry(match, detailsOf, options, plan);
  }
  for (const [watched, urls] of urlsAt) noteOthers(watched, new Set(urls), plan);
  if (options.prune) {
    for (const watched of sites) {
      const { id, monitor_url, removed_at } = watched.site;
      if (removed_at !== null || named.has(watched)) continue;
      plan.steps.push({ action: 'remove', url: monitor_url, siteId: id });
    }
  }
  return plan;
}

function planEntry(
  { entry, place, watched, others }: Match,
  detailsOf: ReadonlyMap<Watched, WatchedDetails>,
  options: PlanOptions,
  plan: Plan,
): void {
  const [other] = others;
  if (watched !== null && other !== undefined) {
    const ids = `site ${watched.site.id} and to site ${other.site.id}`;
    plan.notes.push(
      `${entry.monitor_url}: its URLs belong to ${ids}; left as it is, name the one meant by its blog_id`,
    );
    return;
  }
  const details = watched === null ? undefined : detailsOf.get(watched);
  const siteId = watched?.site.id ?? entry.blog_id ?? null;
  const part: Part = { entry, wanted: wantedOf(entry), watched, details, siteId };
  const steps = [...planEndpoints(part, options, plan.notes), ...planChecks(part), ...planRules(part)];
  const problems = steps.flatMap((step) => problemsOf(step, options.limits));
  plan.problems.push(...new Set(problems.map((problem) => `site ${place} (${entry.monitor_url}): ${problem}`)));
  plan.steps.push(...steps);
  if (steps.length === 0) plan.unchanged += 1;
}

/** Only what is to be sent counts: a site may have what is not allowed any more. */
function problemsOf(step: Step, { minIntervalSeconds: least, checks: known }: ServerLimits): string[] {
  const sent = 'body' in step ? step.body : 'changes' in step ? step.changes : {};
  const seconds = sent.check_interval_seconds;
  if (least !== null && seconds !== undefined && seconds < least) {
    return [`check_interval_seconds is ${seconds}, and ${least} is the least that the server allows`];
  }
  if (known === null) return [];
  if (step.action === 'set_check' && step.enabled !== null && known.get(step.checkType) !== true) {
    const isFixed = known.has(step.checkType);
    return [
      `checks: ${isFixed ? `${step.checkType} always runs` : `there is no check ${JSON.stringify(step.checkType)}`}`,
    ];
  }
  const types = step.action === 'set_rules' ? Object.keys(step.rules?.site_checks ?? {}) : [];
  return types
    .filter((type) => !known.has(type))
    .map((type) => `rollup_rules.site_checks: there is no check ${JSON.stringify(type)}`);
}

function noteOthers({ site, endpoints }: Watched, urls: ReadonlySet<string>, plan: Plan): void {
  if (site.removed_at !== null) return;
  const more = endpoints.map(({ monitor_url }) => monitor_url).filter((url) => !urls.has(url));
  if (more.length > 0) plan.notes.push(`site ${site.id} has ${more.join(', ')} besides, which the file does not name`);
}
