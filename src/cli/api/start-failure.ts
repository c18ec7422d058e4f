/** Makes one site fail: it watches what fails, and is looked at now. Throws only for trouble that all sites share. */
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import type { ReplyOf } from '../../contracts/contract.ts';
import { triggerSiteCheck } from '../../contracts/site-operations.ts';
import type { Id } from '../../contracts/values.ts';
import { AppError } from '../../domain/errors.ts';
import type { Cause } from './caused-by.ts';
import { hopelessWords } from './expectation.ts';
import { type Prepared, prepareSite, type WantedSite } from './prepare-site.ts';

export type Look = Pick<ReplyOf<typeof triggerSiteCheck>['checks'][number], 'state' | 'reason' | 'summary' | 'booked'>;

export type Problem = { code: string; message: string; fix: string | null };

export type Started = {
  siteId: Id;
  /** null: it was left alone. */
  prepared: Prepared | null;
  /** What an event must be of to count as this failure; null: there is none. */
  cause: Cause | null;
  /** null: nobody asked for one, or the server puts a limit on it. */
  look: Look | null;
  /** Why it was not looked at now; its own look follows. */
  notLookedAt: string | null;
  /** Why nothing can come of it. */
  problem: Problem | null;
};

export type StartOptions = {
  isTriggered: boolean;
  /** Reasons for which looks fail then. */
  reasons: readonly string[];
  /** Keys of requests begin with it. */
  keyPrefix: string;
};

/** Throws ApiError. */
export async function startFailure(
  client: Client,
  wanted: WantedSite,
  { isTriggered, reasons, keyPrefix }: StartOptions,
): Promise<Started> {
  const { siteId, url } = wanted;
  const started: Started = { siteId, prepared: null, cause: null, look: null, notLookedAt: null, problem: null };
  try {
    const prepared = await prepareSite(client, wanted, { idempotencyKey: `${keyPrefix}-create-${siteId}` });
    started.prepared = prepared;
    started.cause = causeOf(prepared, reasons);
  } catch (error) {
    return { ...started, problem: problemOf(error) };
  }
  if (!isTriggered) return started;
  try {
    const { checks } = await client.call(triggerSiteCheck, { params: { site_id: siteId } });
    const [look = null] = checks;
    const hopeless = hopelessWords({ latest: look, event: null }, url);
    return { ...started, look, problem: hopeless === null ? null : { code: look?.reason ?? '', ...hopeless } };
  } catch (error) {
    if (!(error instanceof ApiError) || !isLimit(error)) throw error;
    return { ...started, notLookedAt: error.message };
  }
}

function causeOf({ endpointId, url, newestEventBefore }: Prepared, reasons: readonly string[]): Cause {
  return { endpointId, url, reasons, afterEvent: newestEventBefore };
}

/** Throws what is trouble of the caller or the server, and not of one site. */
function problemOf(error: unknown): Problem {
  const isOfSite = error instanceof AppError || (error instanceof ApiError && OF_ONE_SITE.includes(error.status));
  if (!isOfSite) throw error;
  const { code, message, fix } = error;
  return { code, message, fix };
}

const OF_ONE_SITE: readonly number[] = [400, 404, 409, 422];

function isLimit({ code }: ApiError): boolean {
  return code === 'rate_limited' || code === 'too_many_looks';
}
