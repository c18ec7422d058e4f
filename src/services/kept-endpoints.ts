/** Which endpoints a site consists of, where some were removed. */
import type { Endpoint } from '../store/endpoints.ts';

/** Those that were not removed; of a site that was removed as a whole, those that it had at the end. */
export function keptEndpoints<E extends Pick<Endpoint, 'removedAtMs'>>(endpoints: readonly E[]): readonly E[] {
  const kept = endpoints.filter(({ removedAtMs }) => removedAtMs === null);
  if (kept.length > 0) return kept.length === endpoints.length ? endpoints : kept;
  const lastAtMs = Math.max(...endpoints.map(({ removedAtMs }) => removedAtMs ?? 0));
  return endpoints.filter(({ removedAtMs }) => removedAtMs === lastAtMs);
}
