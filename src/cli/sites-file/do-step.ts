/** One step of a plan as requests. */
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import { createCheck, deleteCheck, updateCheck } from '../../contracts/checks.ts';
import { DEFAULT_SETTINGS } from '../../contracts/default-settings.ts';
import {
  createEndpoint,
  listEndpoints,
  pauseEndpoint,
  type SiteEndpoint,
  updateEndpoint,
} from '../../contracts/endpoints.ts';
import { deleteRollupRules, setRollupRules } from '../../contracts/rollup-rules.ts';
import type { Id } from '../../contracts/values.ts';
import type { Step } from './step.ts';

type Of<Action extends Step['action']> = Extract<Step, { action: Action }>;

/** Steps are to be done in their order. Rejects with ApiError. */
export function createSteps(client: Client): (step: Step) => Promise<void> {
  let newest: Id | null = null;
  /** Endpoints of the site that was asked about last. */
  let known: { siteId: Id; byUrl: Map<string, Id> } | null = null;

  function siteOf(siteId: Id | null): Id {
    const found = siteId ?? newest;
    if (found === null) throw new Error('a step belongs to a site that no step before it creates');
    return found;
  }

  async function endpointAt(siteId: Id, url: string): Promise<Id> {
    if (known?.siteId !== siteId || !known.byUrl.has(url)) {
      const endpoints = await endpointsOf(client, siteId, 'false');
      known = { siteId, byUrl: new Map(endpoints.map((one) => [one.monitor_url, one.endpoint_id])) };
    }
    const id = known.byUrl.get(url);
    if (id === undefined) throw new Error(`site ${siteId} does not have ${url}`);
    return id;
  }

  async function setRules({ siteId: of, rules, keep }: Of<'set_rules'>): Promise<void> {
    const site_id = siteOf(of);
    const params = { site_id };
    if (rules === null) return client.call(deleteRollupRules, { params });
    const endpoints = { ...keep };
    for (const [url, said] of Object.entries(rules.endpoints ?? {})) {
      endpoints[String(await endpointAt(site_id, url))] = said;
    }
    await client.call(setRollupRules, { params, body: { ...rules, endpoints } });
  }

  async function setCheck({ siteId, of, checkId, checkType, enabled }: Of<'set_check'>): Promise<void> {
    const site_id = siteOf(siteId);
    if (checkId !== null) {
      const params = { site_id, check_id: checkId };
      if (enabled === null) await client.call(deleteCheck, { params });
      else await client.call(updateCheck, { params, body: { enabled } });
    } else if (enabled !== null) {
      const endpoint_id = of === null ? null : await endpointAt(site_id, of);
      await sayCheck(client, site_id, { check_type: checkType, endpoint_id, enabled });
    }
  }

  return async (step) => {
    switch (step.action) {
      case 'create':
        newest = (await client.sites.create(step.body)).id;
        return;
      case 'add_url':
        return addUrl(client, siteOf(step.siteId), step.body);
      case 'update':
        return change(client, step);
      case 'revive':
        await change(client, step);
        if (step.pausesAfterwards) await pause(client, step);
        return;
      case 'set_check':
        return setCheck(step);
      case 'set_rules':
        return setRules(step);
      case 'remove':
        return client.sites.remove(step.siteId);
    }
  };
}

/** A URL that was removed before may have said something of it already. */
async function sayCheck(
  client: Client,
  site_id: Id,
  said: { check_type: string; endpoint_id: Id | null; enabled: boolean },
): Promise<void> {
  try {
    await client.call(createCheck, { params: { site_id }, body: said });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'check_exists') throw error;
    const params = { site_id, check_id: error.details['check_id'] as Id };
    await client.call(updateCheck, { params, body: { enabled: said.enabled } });
  }
}

/** One that was removed before is watched again, with nothing of what it had. */
async function addUrl(client: Client, site_id: Id, body: Of<'add_url'>['body']): Promise<void> {
  try {
    await client.call(createEndpoint, { params: { site_id }, body });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'site_exists' || error.details['removed'] !== true) throw error;
    const { monitor_url, monitor_active = true, ...settings } = body;
    const removed = await endpointsOf(client, site_id, 'true');
    const endpointId = removed.find((one) => one.monitor_url === monitor_url)?.endpoint_id;
    if (endpointId === undefined) throw error;
    const nothing = {
      ...DEFAULT_SETTINGS,
      alert_cooldown_minutes: null,
      maintenance_start: null,
      maintenance_end: null,
    };
    const at = { siteId: site_id, endpointId };
    await change(client, { ...at, changes: { ...nothing, ...settings, monitor_active: true } });
    if (!monitor_active) await pause(client, at);
  }
}

async function endpointsOf(client: Client, site_id: Id, removed: 'true' | 'false'): Promise<SiteEndpoint[]> {
  const found: SiteEndpoint[] = [];
  const query = { removed, limit: 200 } as const;
  for await (const endpoint of client.list(listEndpoints, { params: { site_id }, query })) found.push(endpoint);
  return found;
}

type At = { siteId: Id; endpointId: Id | null };

async function change(
  client: Client,
  { siteId, endpointId, changes }: At & Pick<Of<'update'>, 'changes'>,
): Promise<void> {
  if (endpointId === null) await client.sites.update(siteId, changes);
  else {
    const params = { site_id: siteId, endpoint_id: endpointId };
    await client.call(updateEndpoint, { params, body: changes });
  }
}

async function pause(client: Client, { siteId, endpointId }: At): Promise<void> {
  if (endpointId === null) await client.sites.pause(siteId);
  else await client.call(pauseEndpoint, { params: { site_id: siteId, endpoint_id: endpointId } });
}
