/**
 * The typed client of the API, for the command line and the page. Everything it knows of routes and shapes comes from
 * the contracts; replies of a server of the same major version are trusted to have them.
 */
import type { BodyInputOf, Contract, ParamsOf, QueryInputOf, ReplyOf } from '../contracts/contract.ts';
import { type Event, type EventDetail, getEvent, listEvents, listSiteEvents } from '../contracts/events.ts';
import {
  type CreateSite,
  createSite,
  deleteSite,
  getSite,
  listSites,
  type Site,
  type SiteDetail,
  type UpdateSite,
  updateSite,
} from '../contracts/sites.ts';
import { getStatus } from '../contracts/status.ts';
import { getHealth, getMe } from '../contracts/utility.ts';
import type { Id } from '../contracts/values.ts';
import { parseJson, stringifyJson } from '../lib/json.ts';
import { badReply, refusalFrom, unreachable } from './api-error.ts';
import { type ClientOptions, createRequest } from './request.ts';
import { type StreamHandlers, type StreamOptions, stream } from './stream.ts';
import { type WantedUrl, type WatchedUrl, watchUrl } from './watch-url.ts';

/** What a call needs: path ids, query and body as far as the contract has them. */
export type CallInput<C extends Contract> = Part<'params', ParamsOf<C>> &
  Part<'query', QueryInputOf<C>, true> &
  Part<'body', BodyInputOf<C>> & { signal?: AbortSignal };

type Part<Name extends string, T, Optional = false> = [T] extends [undefined]
  ? unknown
  : [keyof T] extends [never]
    ? unknown
    : Optional extends true
      ? { [N in Name]?: T }
      : { [N in Name]: T };

type SiteQuery = QueryInputOf<typeof listSites>;
type EventQuery = QueryInputOf<typeof listEvents>;

export type Client = {
  /** One request. Throws ApiError for anything but success, and the signal's reason when it was aborted. */
  call<C extends Contract>(contract: C, input: CallInput<C>): Promise<ReplyOf<C>>;
  sites: {
    /** Every site, page after page. */
    list(query?: SiteQuery, signal?: AbortSignal): AsyncGenerator<Site>;
    get(siteId: Id): Promise<SiteDetail>;
    create(site: CreateSite): Promise<Site>;
    /** Creates the site, or resumes it when it exists and is paused or removed. */
    watch(wanted: WantedUrl): Promise<WatchedUrl>;
    update(siteId: Id, changes: UpdateSite): Promise<Site>;
    pause(siteId: Id): Promise<Site>;
    resume(siteId: Id): Promise<Site>;
    remove(siteId: Id): Promise<void>;
  };
  events: {
    /** Events of one site, or of all, newest first, page after page. */
    list(query?: EventQuery & { site_id?: Id }, signal?: AbortSignal): AsyncGenerator<Event>;
    get(eventId: Id): Promise<EventDetail>;
  };
  me(): Promise<ReplyOf<typeof getMe>>;
  health(): Promise<ReplyOf<typeof getHealth>>;
  status(): Promise<ReplyOf<typeof getStatus>>;
  /**
   * Follows what happens until the signal is aborted, over lost connections. Resolves on abort; rejects with ApiError
   * when the server refuses the caller (401 or 403).
   */
  stream(handlers: StreamHandlers, options: StreamOptions): Promise<void>;
};

export function createClient(options: ClientOptions): Client {
  const request = createRequest(options);

  async function call<C extends Contract>(contract: C, input: CallInput<C>): Promise<ReplyOf<C>> {
    const parts = input as { params?: Record<string, Id>; query?: object; body?: unknown; signal?: AbortSignal };
    const path = pathOf(contract.path, parts.params ?? {}) + queryOf(parts.query ?? {});
    const response = await request(path, {
      method: contract.method,
      ...(parts.body === undefined ? {} : { body: stringifyJson(parts.body) }),
      ...(parts.signal === undefined ? {} : { signal: parts.signal }),
    });
    const body = await bodyOf(response, options.baseUrl);
    if (!response.ok) throw refusalFrom(response.status, body);
    if (response.status !== contract.status) throw badReply(response.status, `expected status ${contract.status}`);
    return body as ReplyOf<C>;
  }

  const create = (body: CreateSite) => call(createSite, { body });
  const update = (site_id: Id, body: UpdateSite) => call(updateSite, { params: { site_id }, body });

  return {
    call,
    sites: {
      list: (query = {}, signal) => pages(query, (page) => call(listSites, { query: page, ...withSignal(signal) })),
      get: (site_id) => call(getSite, { params: { site_id } }),
      create,
      watch: (wanted) => watchUrl({ create, update }, wanted),
      update,
      pause: (site_id) => update(site_id, { monitor_active: false }),
      resume: (site_id) => update(site_id, { monitor_active: true }),
      remove: (site_id) => call(deleteSite, { params: { site_id } }),
    },
    events: {
      list({ site_id, ...query } = {}, signal) {
        if (site_id === undefined) {
          return pages(query, (page) => call(listEvents, { query: page, ...withSignal(signal) }));
        }
        const params = { site_id };
        return pages(query, (page) => call(listSiteEvents, { params, query: page, ...withSignal(signal) }));
      },
      get: (event_id) => call(getEvent, { params: { event_id } }),
    },
    me: () => call(getMe, {}),
    health: () => call(getHealth, {}),
    status: () => call(getStatus, {}),
    stream: (handlers, streamOptions) => stream(request, handlers, streamOptions),
  };
}

async function bodyOf(response: Response, baseUrl: string): Promise<unknown> {
  if (response.status === 204) return undefined;
  const text = await response.text().catch((cause: unknown) => {
    throw unreachable(baseUrl, cause);
  });
  const parsed = parseJson(text, { maxDepth: 64 });
  if (!parsed.ok) throw badReply(response.status, 'no JSON');
  return parsed.value;
}

function pathOf(pattern: string, params: Record<string, Id>): string {
  return pattern.replace(/:(\w+)/g, (_, name: string) => String(params[name]));
}

function queryOf(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  return given.length === 0 ? '' : `?${search}`;
}

function withSignal(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

type PageOf<Row> = { data: Row[]; page: { next: string | null } };

async function* pages<Query extends object, Row>(
  query: Query,
  fetchPage: (query: Query & { cursor?: string }) => Promise<PageOf<Row>>,
): AsyncGenerator<Row> {
  let page = await fetchPage(query);
  for (;;) {
    yield* page.data;
    if (page.page.next === null) return;
    page = await fetchPage({ ...query, cursor: page.page.next });
  }
}
