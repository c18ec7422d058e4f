/** The steps of `smoke`: what each asks the server for, and what it must find. */
import type { Client } from '../../client/client.ts';
import { listSiteEvents } from '../../contracts/events.ts';
import { triggerSiteCheck } from '../../contracts/site-operations.ts';
import { getSite } from '../../contracts/sites.ts';
import { getHealth, getMe } from '../../contracts/utility.ts';
import { AppError } from '../../domain/errors.ts';
import { hopelessWords } from './expectation.ts';
import { PLAIN_SETTINGS } from './failure-modes.ts';
import { findSite } from './marked-sites.ts';
import { prepareSite } from './prepare-site.ts';
import type { Step } from './steps.ts';

export type SmokeSite = { siteId: bigint; url: string; batch: string };

type StepOptions = { signal: AbortSignal; idempotencyKey: string; isCleanedUp: boolean };

export function smokeSteps(
  client: Client,
  site: SmokeSite,
  { signal, idempotencyKey, isCleanedUp }: StepOptions,
): Step[] {
  const { siteId, url, batch } = site;
  const params = { site_id: siteId };
  let mayBeThere = false;

  async function create(): Promise<string> {
    mayBeThere = true;
    const wanted = {
      siteId,
      url,
      batch,
      settings: PLAIN_SETTINGS,
      mayCreate: true,
      allowUnmarked: false,
      beginsAnew: false,
    };
    const { outcome } = await prepareSite(client, wanted, { idempotencyKey });
    return `site ${siteId} ${outcome === 'created' ? 'is created' : 'was there and is used again'}: ${url}`;
  }

  async function trigger(): Promise<string> {
    const { checks, result, booked, current_state } = await client.call(triggerSiteCheck, { params, signal });
    const [look = null] = checks;
    const hopeless = hopelessWords({ latest: look, event: null }, url);
    if (hopeless !== null) throw new AppError('invalid_arguments', hopeless.message, { fix: hopeless.fix });
    const found = look === null ? 'nothing' : `${look.state}, ${look.summary}`;
    if (!result.success || !booked) {
      const why = booked ? '' : ', and the look does not count';
      const fix = 'name a URL that is well with --url, or see `jetmon2 status`';
      throw new AppError('invalid_url', `the look at ${url} found: ${found}${why}`, { fix });
    }
    return `${found}; the site is ${current_state}`;
  }

  async function events(): Promise<string> {
    const { data } = await client.call(listSiteEvents, { params, query: { limit: 50 }, signal });
    const { last_checked_at, active_events } = await client.call(getSite, { params, signal });
    if (last_checked_at === null) {
      throw new AppError('internal', `site ${siteId} was looked at, and the look is not recorded`, {
        fix: 'see the log of the server',
      });
    }
    return `${data.length} recorded, ${active_events.length} open; last looked at ${last_checked_at}`;
  }

  async function cleanUp(): Promise<string> {
    // Without the signal: it is what follows an interruption. The mark is read again, for creating may have been refused.
    const found = mayBeThere ? await findSite(client, siteId) : null;
    if (found === null || found.site.removed_at !== null || found.batch !== batch) return 'there is nothing to remove';
    await client.sites.remove(siteId);
    return `site ${siteId} is removed`;
  }

  const steps: Step[] = [
    { name: 'health', run: async () => `the server is ${(await client.call(getHealth, { signal })).status}` },
    {
      name: 'me',
      async run() {
        const { consumer_name, scopes } = await client.call(getMe, { signal });
        return `${consumer_name} may ${scopes.join(', ')}`;
      },
    },
    { name: 'create_site', run: create },
    { name: 'trigger_now', run: trigger },
    { name: 'events', run: events },
  ];
  return isCleanedUp ? [...steps, { name: 'cleanup', isCleanup: true, run: cleanUp }] : steps;
}
