/** What the page asks of the server: the one place that touches the typed client. */
import { ApiError } from '../../src/client/api-error.ts';
import { createClient } from '../../src/client/client.ts';
import type { WantedUrl, WatchedUrl } from '../../src/client/watch-url.ts';
import { type Event, type EventDetail, listEvents } from '../../src/contracts/events.ts';
import { listSites, type Site, type UpdateSite } from '../../src/contracts/sites.ts';
import type { Id } from '../../src/contracts/values.ts';
import type { Problem, StreamMessage } from './model.ts';

export type PageOf<T> = { data: readonly T[]; page: { next: string | null } };

export type Followers = {
  /** Connected, the first time or again: whatever we knew may be old. */
  opened(): void;
  /** Another attempt follows by itself. */
  lost(error: unknown): void;
  message(message: StreamMessage): void;
};

export type BoardApi = {
  sites(cursor: string | null): Promise<PageOf<Site>>;
  site(id: Id): Promise<Site>;
  /** Creates the site, or resumes it when it exists and is paused or removed. */
  watch(wanted: WantedUrl): Promise<WatchedUrl>;
  changeSite(id: Id, change: UpdateSite): Promise<Site>;
  removeSite(id: Id): Promise<void>;
  openEvents(cursor: string | null): Promise<PageOf<Event>>;
  endedEvents(limit: number): Promise<PageOf<Event>>;
  event(id: Id): Promise<EventDetail>;
  /** Follows the stream until the signal aborts, connecting again by itself; rejects when it gives up. */
  follow(followers: Followers, signal: AbortSignal): Promise<void>;
};

/** Largest page the server gives. */
const PAGE = 200;
const EVENT_PAGE = 50;

export function createBoardApi(options: { baseUrl: string; token: string | null }): BoardApi {
  const { baseUrl, token } = options;
  const client = createClient({ baseUrl, ...(token === null ? {} : { token }) });
  const from = (cursor: string | null) => (cursor === null ? {} : { cursor });
  return {
    sites: (cursor) => client.call(listSites, { query: { removed: 'false', limit: PAGE, ...from(cursor) } }),
    site: client.sites.get,
    watch: client.sites.watch,
    changeSite: client.sites.update,
    removeSite: client.sites.remove,
    openEvents: (cursor) => client.call(listEvents, { query: { active: 'true', limit: EVENT_PAGE, ...from(cursor) } }),
    endedEvents: (limit) => client.call(listEvents, { query: { active: 'false', limit } }),
    event: client.events.get,
    follow: ({ opened, lost, message }, signal) =>
      client.stream(
        {
          transition: (data) => message({ type: 'transition', data }),
          checked: (data) => message({ type: 'checked', data }),
          site: (data) => message({ type: 'site', data }),
          onOpen: opened,
          onReconnect: opened,
          onLost: lost,
        },
        { signal, backoffMs },
      ),
  };
}

/** Someone looks at the page: after half a second, then twice that, but never more than five. */
function backoffMs(attempt: number): number {
  return Math.min(5_000, 500 * 2 ** (attempt - 1)) * (0.75 + Math.random() / 4);
}

/** The server wants a key, or another one. */
export function wantsKey(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

/** What was asked for does not exist, or no longer. */
export function isMissing(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

/** A failure of the page itself: neither the server's word nor its absence. */
export function isOurs(error: unknown): boolean {
  return !(error instanceof ApiError);
}

export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return { message: error.message, fix: error.fix };
  return { message: error instanceof Error ? error.message : String(error), fix: null };
}
