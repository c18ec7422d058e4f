/** What tenants have in tests of who may see what: one of everything that a path can name, marked so that it would show. */
import type { Contract } from '../../src/contracts/contract.ts';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import type { NewKey } from '../../src/store/api-keys.ts';
import type { ApiFixture, Reply } from '../kit/api.ts';
import { appendTo } from '../kit/store.ts';

/** Whoever asks. */
export type Caller = { token: string | null; headers?: Record<string, string> };

/** A key that is not limited, and may do everything unless told otherwise. */
export async function callerWith(api: ApiFixture, wanted: Partial<NewKey>): Promise<Caller> {
  const { token } = await api.apiKeys.create({
    consumerName: 'test',
    scope: 'admin',
    rateLimitPerMinute: 9_999,
    ...wanted,
  });
  return { token };
}

/** Ids by the names that paths have for them. */
export type Planted = Readonly<Record<string, number>>;

/**
 * A site of `owner` with an endpoint, an open event, a maintenance window and a setting of a check. What can hold text
 * holds `mark`. On a fresh database each of them is number 1, as the examples of the contracts want it.
 */
export async function plantSite(api: ApiFixture, owner: Caller, mark: string): Promise<Planted> {
  const add = async (path: string, body: object): Promise<Reply['body']> => {
    const reply = await api.ask('POST', `/api/v1/sites${path}`, { ...owner, body });
    if (reply.status !== 201) throw new Error(`${path}: ${reply.text}`);
    return reply.body;
  };
  const site = await add('', {
    monitor_url: `https://${mark}.example/${mark}?${mark}`,
    check_keyword: mark,
    forbidden_keyword: `not ${mark}`,
    custom_headers: { [`X-${mark}`]: mark },
  });
  const endpoint = {
    siteId: BigInt(site.id) as SiteId,
    endpointId: BigInt(site.endpoints[0].endpoint_id) as EndpointId,
  };
  const opened = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
  const { eventId } = await api.events.append(appendTo(endpoint, [opened], { metadata: { summary: mark } }));
  api.record(endpoint);
  const window = await add(`/${site.id}/maintenance`, { title: mark, start: '2100-05-01T02:00', duration_minutes: 5 });
  const check = await add(`/${site.id}/checks`, { check_type: 'tls_deprecated', enabled: false });
  return {
    site_id: site.id,
    endpoint_id: Number(endpoint.endpointId),
    event_id: Number(eventId),
    window_id: window.id,
    check_id: check.id,
  };
}

/**
 * Sends the example of a contract, with other ids in its path where `idFor` has one. A minute later each time, so that no
 * limit of a minute is in the way.
 */
export function askExample(
  api: ApiFixture,
  contract: Contract,
  caller: Caller,
  idFor: (name: string) => number | undefined = () => undefined,
): Promise<Reply> {
  api.clock.move(60_000);
  const { params = {}, query = {}, body } = contract.example ?? {};
  const path = contract.path.replace(/:(\w+)/g, (_, name: string) => String(idFor(name) ?? params[name] ?? 1));
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  const sent = body ?? (contract.body === undefined ? undefined : {});
  return api.ask(contract.method, search === '' ? path : `${path}?${search}`, {
    ...caller,
    ...(sent === undefined ? {} : { body: sent }),
  });
}

/** A refusal without the numbers in it: those that were asked for, and that of the request. */
export function refusalWithoutIds({ status, body }: Reply): unknown {
  const { request_id: _, ...error } = body?.error ?? {};
  return [status, JSON.stringify(error).replace(/\d+/g, '#')];
}
