/** What has to be done so that the watched sites are those of a file. Pure. */
import { MAX_ENDPOINTS } from '../../services/create-site.ts';
import { urlsOf, wantedOf } from './entry.ts';
import type { Match } from './match.ts';
import { planEndpoints } from './plan-endpoints.ts';
import { planChecks, planRules } from './plan-rules.ts';
import type { Part, Plan, PlanOptions, ServerLimits, Step } from './step.ts';
import type { Watched, WatchedDetails } from './watched.ts';

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
  const problems = [...roomProblem(watched, steps), ...steps.flatMap((step) => problemsOf(step, options.limits))];
  plan.problems.push(...new Set(problems.map((problem) => `site ${place} (${entry.monitor_url}): ${problem}`)));
  plan.steps.push(...steps);
  if (steps.length === 0) plan.unchanged += 1;
}

function roomProblem(watched: Watched | null, steps: readonly Step[]): string[] {
  const has = watched?.endpoints.length ?? 0;
  const added = steps.filter(({ action }) => action === 'add_url').length;
  if (added === 0 || has + added <= MAX_ENDPOINTS) return [];
  return [`its site has ${has} URLs, and with ${added} more they are more than ${MAX_ENDPOINTS}`];
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
