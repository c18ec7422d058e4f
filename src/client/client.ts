/**
 * The typed client of the API, for the command line and the page. Everything it knows of routes and shapes comes from
 * the contracts; replies of a server of the same major version are trusted to have them.
 */
import type { BodyInputOf, Contract, ParamsOf, QueryInputOf, ReplyOf } from '../contracts/contract.ts';
import {
  type Event,
  type EventDetail,
  getEvent,
  listEvents,
  listEventTransitions,
  listSiteEvents,
  type Transition,
} from '../contracts/events.ts';
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
import type { Callable, ContractOf, RowOf } from './operation.ts';
import { queryText } from './query-text.ts';
import { type ClientOptions, createRequest } from './request.ts';
import { type Received, sendAgain } from './retry.ts';
import { type StreamHandlers, type StreamOptions, stream } from './stream.ts';
import { type WantedUrl, type WatchedUrl, watchUrl } from './watch-url.ts';

/** What a call needs: path ids, query and body as far as the contract has them. */
export type CallInput<C extends Contract> = Part<'params', ParamsOf<C>> &
  Part<'query', QueryInputOf<C>, true> &
  Part<'body', BodyInputOf<C>> &
  (C extends { isIdempotent: true } ? CallOnce : unknown) & { signal?: AbortSignal };

export type CallOnce = {
  /**
   * 1 to 255 printable ASCII characters, new for each new request. With it the request is carried out once, however often
   * it is sent, and it is sent again when no reply comes or the server asks for it.
   */
  idempotencyKey?: string;
};

type CallParts = CallOnce & {
  params?: Record<string, Id>;
  query?: object;
  body?: unknown;
  signal?: AbortSignal;
};

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
  /** One operation. Throws ApiError for anything but success, and the signal's reason when it was aborted. */
  call<O extends Callable>(operation: O, input: NoInfer<CallInput<ContractOf<O>>>): Promise<ReplyOf<ContractOf<O>>>;
  /** Every row of an operation that answers with pages, page after page as they are wanted. */
  list<O extends Callable>(operation: O, input: NoInfer<CallInput<ContractOf<O>>>): AsyncGenerator<RowOf<O>>;
  sites: {
    /** Every site, page after page. */
    list(query?: SiteQuery, signal?: AbortSignal): AsyncGenerator<Site>;
    get(siteId: Id): Promise<SiteDetail>;
    create(site: CreateSite, once?: CallOnce): Promise<Site>;
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
    /** Every step of an event, oldest first, page after page. */
    transitions(siteId: Id, eventId: Id, signal?: AbortSignal): AsyncGenerator<Transition>;
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

  async function call<O extends Callable>(
    contract: O,
    input: NoInfer<CallInput<ContractOf<O>>>,
  ): Promise<ReplyOf<ContractOf<O>>> {
    const { params = {}, query = {}, body: sent, signal, ...once } = input as CallParts;
    const idempotencyKey = contract.isIdempotent === true ? once.idempotencyKey : undefined;
    const path = pathOf(contract.path, params) + queryText(query);
    const init = {
      method: contract.method,
      ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
      ...(sent === undefined ? {} : { body: stringifyJson(sent) }),
      ...withSignal(signal),
    };
    async function send(): Promise<Received> {
      const response = await request(path, init);
      return { response, body: await bodyOf(response, options.baseUrl) };
    }
    const retry = options.retry ?? {};
    const mayRepeat = contract.method === 'GET' ? retry.reads === true : idempotencyKey !== undefined;
    const { response, body } = mayRepeat ? await sendAgain(send, retry, signal) : await send();
    const { status } = response;
    if (status < 200 || status > 299) throw refusalFrom(status, body);
    if (status !== contract.status) throw badReply(status, `expected status ${contract.status}`);
    return body as ReplyOf<ContractOf<O>>;
  }

  async function* list<O extends Callable>(
    operation: O,
    input: NoInfer<CallInput<ContractOf<O>>>,
  ): AsyncGenerator<RowOf<O>> {
    const { query = {} } = input as { query?: object };
    const fetchPage = (page: object) => call(operation, { ...input, query: page }) as Promise<PageOf<RowOf<O>>>;
    yield* pages(query, fetchPage);
  }

  const create = (body: CreateSite, once: CallOnce = {}) => call(createSite, { body, ...once });
  const update = (site_id: Id, body: UpdateSite) => call(updateSite, { params: { site_id }, body });

  return {
    call,
    list,
    sites: {
      list: (query = {}, signal) => list(listSites, { query, ...withSignal(signal) }),
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
        const rest = { query, ...withSignal(signal) };
        return site_id === undefined ? list(listEvents, rest) : list(listSiteEvents, { params: { site_id }, ...rest });
      },
      get: (event_id) => call(getEvent, { params: { event_id } }),
      transitions: (site_id, event_id, signal) =>
        list(listEventTransitions, { params: { site_id, event_id }, ...withSignal(signal) }),
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
