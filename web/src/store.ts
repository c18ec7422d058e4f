/**
 * Keeps the board true: loads it, follows the stream, loads it anew after each reconnect. React only reads from it.
 * Messages that arrive while a load is under way are kept and played on top of what it brings.
 */
import type { WantedUrl, WatchedUrl } from '../../src/client/watch-url.ts';
import type { Site, UpdateSite } from '../../src/contracts/sites.ts';
import type { Id } from '../../src/contracts/values.ts';
import type { Clock, Timer } from '../../src/lib/clock.ts';
import { type BoardApi, isMissing, isOurs, problemOf, wantsKey } from './board-api.ts';
import { awaitsVerdict, sitesToDoubt, siteToFetch } from './fleet.ts';
import {
  type Board,
  EMPTY_BOARD,
  type Message,
  RESOLVED_KEPT,
  reduce,
  type Snapshot,
  type StreamMessage,
} from './model.ts';

export type BoardStore = {
  board(): Board;
  /** Calls back after each change; returns how to stop that. */
  subscribe(changed: () => void): () => void;
  start(): void;
  stop(): void;
  reload(): Promise<void>;
  loadMoreSites(): Promise<void>;
  loadMoreOpen(): Promise<void>;
  loadTransitions(eventId: Id): Promise<void>;
  watch(wanted: WantedUrl): Promise<WatchedUrl>;
  changeSite(id: Id, change: UpdateSite): Promise<void>;
  removeSite(id: Id): Promise<void>;
};

/** A loss shorter than this is a hiccup, not an absence. */
export const GONE_AFTER_MS = 10_000;
/** News of more sites than this at once is answered by loading the board anew. */
const MOST_FETCHES = 10;
const FETCH_DELAY_MS = 200;
/** A load that failed is tried again after this. */
const RETRY_MS = 5_000;
/** How often what no message tells is asked for: sites whose looks stopped coming, and what verifiers said. */
export const DOUBT_EVERY_MS = 30_000;
/** Messages kept during a load; beyond this the load is done again. */
const MOST_KEPT = 2_000;
/** Pages fetched anew after a reconnect, however many were loaded. */
const MOST_PAGES = 5;

export function createBoardStore({ api, clock }: { api: BoardApi; clock: Clock }): BoardStore {
  let board = EMPTY_BOARD;
  const listeners = new Set<() => void>();
  let life: AbortController | null = null;
  let goneTimer: Timer | null = null;
  let kept: StreamMessage[] | null = null;
  let isStale = false;
  let pagesLoaded = 1;
  const wanted = new Map<string, Id>();
  let fetchTimer: Timer | null = null;
  let retryTimer: Timer | null = null;
  let doubtTimer: Timer | null = null;

  function apply(message: Message): void {
    board = reduce(board, message);
    for (const changed of listeners) changed();
  }

  /** Failures of work nobody waits for end here: shown, never lost. */
  function supervise(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (life !== null) refused(error);
    });
  }

  function refused(error: unknown): void {
    if (wantsKey(error)) {
      apply({ type: 'locked' });
      return;
    }
    apply({ type: 'failed', problem: problemOf(error) });
    retryTimer ??= clock.after(RETRY_MS, () => {
      retryTimer = null;
      supervise(reload());
    });
  }

  async function reload(): Promise<void> {
    if (kept !== null) {
      isStale = true;
      return;
    }
    const arrived: StreamMessage[] = [];
    const bornIn = life;
    kept = arrived;
    isStale = false;
    try {
      const snapshot = await fetchSnapshot();
      // Stopped, and perhaps started again, meanwhile: this load is nobody's.
      if (life !== bornIn) return;
      apply({ type: 'loaded', snapshot });
      for (const message of arrived) heard(message);
    } finally {
      if (kept === arrived) kept = null;
    }
    if (isStale) await reload();
  }

  async function fetchSnapshot(): Promise<Snapshot> {
    const [sites, open, ended] = await Promise.all([
      fetchSites(),
      api.openEvents(null),
      api.endedEvents(RESOLVED_KEPT),
    ]);
    return { ...sites, open: open.data, nextOpen: open.page.next, resolved: ended.data };
  }

  async function fetchSites(): Promise<{ sites: Site[]; nextSites: string | null }> {
    const sites: Site[] = [];
    let next: string | null = null;
    let pages = 0;
    do {
      const page = await api.sites(next);
      sites.push(...page.data);
      next = page.page.next;
      pages += 1;
    } while (next !== null && pages < Math.min(pagesLoaded, MOST_PAGES));
    pagesLoaded = pages;
    return { sites, nextSites: next };
  }

  function received(message: StreamMessage): void {
    if (kept === null) heard(message);
    else if (kept.length < MOST_KEPT) kept.push(message);
    else isStale = true;
  }

  function heard(message: StreamMessage): void {
    const id = siteToFetch(board, message);
    apply(message);
    if (id !== null) fetchSoon([id]);
  }

  function fetchSoon(ids: readonly Id[]): void {
    for (const id of ids) wanted.set(String(id), id);
    if (wanted.size === 0) return;
    fetchTimer ??= clock.after(FETCH_DELAY_MS, () => {
      fetchTimer = null;
      supervise(fetchWanted());
    });
  }

  async function fetchWanted(): Promise<void> {
    const ids = [...wanted.values()];
    wanted.clear();
    if (ids.length > MOST_FETCHES) return reload();
    for (const id of ids) {
      try {
        const site = await api.site(id);
        if (life !== null) apply({ type: 'upserted', site });
      } catch (error) {
        if (!isMissing(error)) throw error;
        apply({ type: 'site', data: { site_id: id, change: 'removed' } });
      }
    }
  }

  function doubtNow(): void {
    doubtTimer = clock.after(DOUBT_EVERY_MS, doubtNow);
    fetchSoon(sitesToDoubt(board, clock.nowMs()));
    if (awaitsVerdict(board)) supervise(fetchVerdicts());
  }

  /** Of the newest open incidents alone; the others are told with the next load. */
  async function fetchVerdicts(): Promise<void> {
    const { data } = await api.openEvents(null);
    if (life !== null) apply({ type: 'verified', events: data });
  }

  function opened(): void {
    goneTimer?.cancel();
    goneTimer = null;
    apply({ type: 'linked', link: 'live' });
    supervise(reload());
  }

  function lost(error: unknown): void {
    if (isOurs(error)) apply({ type: 'failed', problem: problemOf(error) });
    // Without a stream the page still shows what it can load.
    if (!board.ready) supervise(reload());
    if (goneTimer !== null || board.link === 'gone') return;
    apply({ type: 'linked', link: 'reconnecting' });
    goneTimer = clock.after(GONE_AFTER_MS, () => {
      goneTimer = null;
      apply({ type: 'linked', link: 'gone' });
    });
  }

  async function follow(signal: AbortSignal): Promise<void> {
    try {
      await api.follow({ opened, lost, message: received }, signal);
    } catch (error) {
      if (signal.aborted) return;
      goneTimer?.cancel();
      goneTimer = null;
      apply({ type: 'linked', link: 'ended' });
      throw error;
    }
  }

  function stop(): void {
    life?.abort();
    life = null;
    goneTimer?.cancel();
    fetchTimer?.cancel();
    retryTimer?.cancel();
    doubtTimer?.cancel();
    goneTimer = null;
    fetchTimer = null;
    retryTimer = null;
    doubtTimer = null;
    kept = null;
  }

  return {
    board: () => board,
    subscribe(changed) {
      listeners.add(changed);
      return () => listeners.delete(changed);
    },
    start() {
      stop();
      life = new AbortController();
      supervise(follow(life.signal));
      doubtTimer = clock.after(DOUBT_EVERY_MS, doubtNow);
    },
    stop,
    reload: () => reload().catch(refused),
    async loadMoreSites() {
      const cursor = board.nextSites;
      const { data, page } = await api.sites(cursor);
      // The board was loaded anew meanwhile, or is being: this page may leave a gap after what is shown then.
      if (kept !== null || board.nextSites !== cursor) return;
      pagesLoaded += 1;
      apply({ type: 'more_sites', sites: data, next: page.next });
    },
    async loadMoreOpen() {
      const cursor = board.nextOpen;
      const { data, page } = await api.openEvents(cursor);
      if (kept !== null || board.nextOpen !== cursor) return;
      apply({ type: 'more_open', events: data, next: page.next });
    },
    async loadTransitions(eventId) {
      apply({ type: 'detailed', event: await api.event(eventId) });
    },
    async watch(wanted) {
      const watched = await api.watch(wanted);
      if (watched.outcome !== 'exists') apply({ type: 'upserted', site: watched.site });
      return watched;
    },
    async changeSite(id, change) {
      apply({ type: 'upserted', site: await api.changeSite(id, change) });
    },
    async removeSite(id) {
      await api.removeSite(id);
      apply({ type: 'site', data: { site_id: id, change: 'removed' } });
    },
  };
}
