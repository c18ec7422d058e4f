/** What has to be done so that checks and rollup rules of one site are as an entry of a file says. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { plainRules, rulesOf } from './export-entry.ts';
import type { Part, Step } from './step.ts';

export function planChecks(part: Part): Step[] {
  const { entry, wanted } = part;
  return [checksAt(part, null, entry.checks), ...wanted.map(({ url, checks }) => checksAt(part, url, checks))].flat();
}

/** Of what was removed nothing is left but what the file says. */
function checksAt({ entry, watched, details, siteId }: Part, of: string | null, said: Part['entry']['checks']): Step[] {
  const isRevived = watched !== null && watched.site.removed_at !== null;
  const checks = said ?? (isRevived ? {} : undefined);
  if (checks === undefined) return [];
  const endpointId = of === null ? null : watched?.endpoints.find((one) => one.monitor_url === of)?.endpoint_id;
  const there = (details?.checks ?? []).filter((one) =>
    endpointId === null ? one.endpointId === null : String(one.endpointId) === String(endpointId),
  );
  const types = new Set([...Object.keys(checks), ...there.map(({ checkType }) => checkType)]);
  return [...types].flatMap((checkType): Step[] => {
    const now = there.find((one) => one.checkType === checkType);
    const enabled = checks[checkType] ?? null;
    const was = now?.enabled ?? null;
    if (enabled === was) return [];
    const checkId = now?.checkId ?? null;
    return [{ action: 'set_check', url: entry.monitor_url, siteId, of, checkType, checkId, enabled, was }];
  });
}

export function planRules({ entry, watched, details, siteId }: Part): Step[] {
  const isRevived = watched !== null && watched.site.removed_at !== null;
  const said = entry.rollup_rules === undefined && isRevived ? null : entry.rollup_rules;
  if (said === undefined) return [];
  const endpoints = watched?.endpoints ?? [];
  const there = rulesOf(details?.rules ?? null, endpoints);
  const wanted = said === null ? null : plainRules(said);
  if (isDeepStrictEqual(wanted, there)) return [];
  const own = new Set(endpoints.map(({ endpoint_id }) => String(endpoint_id)));
  const keep = Object.entries(details?.rules?.endpoints ?? {}).filter(([id]) => !own.has(id));
  return [{ action: 'set_rules', url: entry.monitor_url, siteId, rules: wanted, keep: Object.fromEntries(keep) }];
}
