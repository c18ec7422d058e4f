/** A change of a site whose commit may have been made without our hearing of it: whoever follows the site must look. */
import type { SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { TransactionOptions } from '../store/dialect/dialect.ts';
import { isOutcomeUnknown } from '../store/dialect/trouble.ts';
import type { Endpoint } from '../store/endpoints.ts';
import type { Tx } from '../store/schema.ts';
import type { ServiceDeps } from './deps.ts';
import { siteNotFound } from './find-site.ts';

/** Runs a change of the endpoints of a site in a transaction. Throws `site_not_found` where there are none. */
export async function toldIfUnsure<T>(
  deps: Pick<ServiceDeps, 'database' | 'endpoints' | 'changes'>,
  scope: SiteScope,
  siteId: SiteId,
  change: (tx: Tx, endpoints: Endpoint[]) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  let touched: Endpoint[] = [];
  try {
    return await deps.database.transaction(async (tx) => {
      touched = await deps.endpoints.bySite(scope, siteId, tx);
      if (touched.length === 0) throw siteNotFound(siteId);
      return change(tx, touched);
    }, options);
  } catch (error) {
    const endpointIds = touched.map(({ endpointId }) => endpointId);
    if (isOutcomeUnknown(error)) deps.changes.publish({ kind: 'site_changed', siteId, endpointIds, change: 'updated' });
    throw error;
  }
}
