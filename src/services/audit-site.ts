/** The trace of what was done to a site, written in the transaction that does it, so that neither is there alone. */
import { isDeepStrictEqual } from 'node:util';
import type { SiteId } from '../domain/ids.ts';
import { recordAudit } from '../store/audit.ts';
import type { EndpointPatch } from '../store/endpoint-settings.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
import type { ServiceDeps } from './deps.ts';

/** `facts` name what changed, never the value of what may be a secret. */
export async function auditSite(
  deps: Pick<ServiceDeps, 'clock'>,
  tx: Tx,
  { siteId, detail, facts = null }: { siteId: SiteId; detail: string; facts?: object | null },
): Promise<void> {
  const atMs = deps.clock.nowMs();
  await recordAudit(tx, [{ siteId, eventType: 'config_change', source: 'api', detail, metadata: facts, atMs }]);
}

type Change = { detail: string; facts: object | null };

/** What a patch changes on these endpoints, in words; null when all of it is as it was. The URL is that of the first. */
export function changeInWords(
  before: readonly Endpoint[],
  url: string | undefined,
  patch: EndpointPatch,
  whose: 'site' | 'endpoint' = 'site',
): Change | null {
  const [first] = before;
  const words: string[] = [];
  if (patch.active === false && before.some((endpoint) => endpoint.active)) words.push(`${whose} paused`);
  if (patch.active === true && before.some((endpoint) => !endpoint.active)) words.push(`${whose} resumed`);
  if (url !== undefined && first !== undefined && url !== first.url)
    words.push(`URL changed from ${first.url} to ${url}`);
  const changed = changedSettings(before, patch);
  if (changed.length > 0) words.push(`settings changed: ${changed.join(', ')}`);
  if (words.length === 0) return null;
  const facts = changed.length > 0 ? { changed } : null;
  if (whose === 'site' || first === undefined) return { detail: words.join('; '), facts };
  return ofEndpoint(first, words.join('; '), facts);
}

/** The same said of one endpoint of a site. */
export function ofEndpoint({ endpointId, url }: Endpoint, detail: string, facts: object | null = null): Change {
  return { detail: `${url}: ${detail}`, facts: { endpoint_id: String(endpointId), ...facts } };
}

function changedSettings(before: readonly Endpoint[], patch: EndpointPatch): string[] {
  const { bucketNo, intervalSeconds, timeoutSeconds, alertCooldownMinutes, maintenance, plan } = patch;
  const plain = Object.entries({ bucketNo, intervalSeconds, timeoutSeconds, alertCooldownMinutes, maintenance });
  const ofPlan = Object.entries(plan ?? {});
  return [
    ...plain.filter(([name, value]) => value !== undefined && before.some((it) => differs(it, name, value))),
    ...ofPlan.filter(([name, value]) => before.some((it) => differs(it.plan, name, value))),
  ].map(([name]) => name);
}

function differs(before: object, name: string, value: unknown): boolean {
  return !isDeepStrictEqual(Reflect.get(before, name), value);
}
