/**
 * What the page knows, and how each message changes it: pure. Every message can be applied twice or late without harm,
 * because those that arrive while a snapshot is fetched are played again on top of it.
 */
import type { Event, EventDetail, Transition } from '../../src/contracts/events.ts';
import type { Endpoint, Site } from '../../src/contracts/sites.ts';
import type { StreamMessages } from '../../src/contracts/utility.ts';
import type { Id } from '../../src/contracts/values.ts';
import { type State, severityOf } from '../../src/domain/state.ts';
import { begunBy, type Incident, incidentOf, stepped, type TransitionMessage } from './incident.ts';

/** How we stand with the server: `gone` is a loss that lasts, `ended` one after which nothing is tried any more. */
export type Link = 'connecting' | 'live' | 'reconnecting' | 'gone' | 'ended';

/** A refusal or failure in words: what happened, and what to do about it. */
export type Problem = { message: string; fix: string | null };

export type Board = {
  ready: boolean;
  link: Link;
  /** Why the last load failed. */
  problem: Problem | null;
  /** The server asks for a key. */
  locked: boolean;
  /** Keyed by the id as text: ids are 64-bit. */
  sites: ReadonlyMap<string, Site>;
  /** Cursor to sites not loaded yet. */
  nextSites: string | null;
  open: ReadonlyMap<string, Incident>;
  nextOpen: string | null;
  /** Newest first, at most `RESOLVED_KEPT`. */
  resolved: readonly Incident[];
  /** The last change of state, for those who hear the page. */
  announcement: string;
};

export type Snapshot = {
  sites: readonly Site[];
  nextSites: string | null;
  open: readonly Event[];
  nextOpen: string | null;
  resolved: readonly Event[];
};

/** Messages of the stream under their names, and those of the page itself. */
/** All but `reset`: after every lost connection the page fetches what it shows anew. */
type Told = Exclude<keyof StreamMessages, 'reset'>;
export type StreamMessage = { [Name in Told]: { type: Name; data: StreamMessages[Name] } }[Told];

export type Message =
  | StreamMessage
  | { type: 'loaded'; snapshot: Snapshot }
  | { type: 'more_sites'; sites: readonly Site[]; next: string | null }
  | { type: 'more_open'; events: readonly Event[]; next: string | null }
  | { type: 'verified'; events: readonly Event[] }
  | { type: 'upserted'; site: Site }
  | { type: 'detailed'; event: EventDetail }
  | { type: 'linked'; link: Link }
  | { type: 'failed'; problem: Problem }
  | { type: 'locked' };

export const RESOLVED_KEPT = 5;

export const EMPTY_BOARD: Board = {
  ready: false,
  link: 'connecting',
  problem: null,
  locked: false,
  sites: new Map(),
  nextSites: null,
  open: new Map(),
  nextOpen: null,
  resolved: [],
  announcement: '',
};

export function reduce(board: Board, message: Message): Board {
  switch (message.type) {
    case 'loaded':
      return loaded(board, message.snapshot);
    case 'more_sites':
      return { ...board, sites: withSites(board.sites, message.sites), nextSites: message.next };
    case 'more_open':
      return { ...board, open: withOpen(board.open, message.events), nextOpen: message.next };
    case 'verified':
      return verified(board, message.events);
    case 'upserted':
      return upserted(board, message.site);
    case 'detailed':
      return detailed(board, message.event);
    case 'linked':
      return board.link === message.link ? board : { ...board, link: message.link };
    case 'failed':
      return { ...board, problem: message.problem };
    case 'locked':
      return { ...board, locked: true };
    case 'transition':
      return withTransition(withIncident(board, message.data), message.data);
    case 'checked':
      return checked(board, message.data);
    case 'site':
      return message.data.change === 'removed' ? removed(board, message.data.site_id) : board;
  }
}

function loaded(board: Board, snapshot: Snapshot): Board {
  return {
    ...board,
    ready: true,
    problem: null,
    locked: false,
    sites: withSites(new Map(), snapshot.sites),
    nextSites: snapshot.nextSites,
    open: withOpen(new Map(), snapshot.open, board),
    nextOpen: snapshot.nextOpen,
    resolved: snapshot.resolved.slice(0, RESOLVED_KEPT).map((event) => keepTransitions(incidentOf(event), board)),
  };
}

/** A removed site may still be told about, but is not on the board any more. */
function upserted(board: Board, site: Site): Board {
  return site.removed_at === null ? { ...board, sites: withSites(board.sites, [site]) } : removed(board, site.id);
}

function withSites(sites: ReadonlyMap<string, Site>, more: readonly Site[]): ReadonlyMap<string, Site> {
  const next = new Map(sites);
  for (const site of more) next.set(String(site.id), site);
  return next;
}

function withOpen(
  open: ReadonlyMap<string, Incident>,
  events: readonly Event[],
  known: Pick<Board, 'open' | 'resolved'> = { open, resolved: [] },
): ReadonlyMap<string, Incident> {
  const next = new Map(open);
  for (const event of events) next.set(String(event.id), keepTransitions(incidentOf(event), known));
  return next;
}

/** What verifiers said is no step of an incident, so that no message tells it. Nothing else is taken from the events. */
function verified(board: Board, events: readonly Event[]): Board {
  const open = new Map(board.open);
  let isNews = false;
  for (const event of events) {
    const known = open.get(String(event.id));
    const verification = event.verification?.outcome ?? null;
    if (known === undefined || known.seq !== event.transition_count || known.verification === verification) continue;
    open.set(String(event.id), { ...known, verification });
    isNews = true;
  }
  return isNews ? { ...board, open } : board;
}

/** A fetched list has no transitions: those we have stay, unless newer ones exist that we have not seen. */
function keepTransitions(incident: Incident, known: Pick<Board, 'open' | 'resolved'>): Incident {
  const before = findIncident(known, incident.id);
  return before?.seq === incident.seq ? { ...incident, transitions: before.transitions } : incident;
}

/** An open incident, or one of the last resolved. */
export function findIncident(board: Pick<Board, 'open' | 'resolved'>, id: Id): Incident | undefined {
  const key = String(id);
  return board.open.get(key) ?? board.resolved.find((incident) => String(incident.id) === key);
}

function detailed(board: Board, event: EventDetail): Board {
  const seq = Math.max(event.transition_count, event.transitions.at(-1)?.seq ?? 0);
  const known = findIncident(board, event.id);
  if (known !== undefined && known.seq > seq) return board;
  return put(board, { ...incidentOf(event), seq, transitions: event.transitions });
}

/** Files an incident under open or resolved, as its end says. */
function put(board: Board, incident: Incident): Board {
  const key = String(incident.id);
  const open = new Map(board.open);
  if (incident.endedAt === null) {
    open.set(key, incident);
    return { ...board, open };
  }
  open.delete(key);
  const others = board.resolved.filter((other) => String(other.id) !== key);
  const resolved = [incident, ...others].sort((a, b) => ((a.endedAt ?? '') < (b.endedAt ?? '') ? 1 : -1));
  return { ...board, open, resolved: resolved.slice(0, RESOLVED_KEPT) };
}

function withIncident(board: Board, message: TransitionMessage): Board {
  const { transition } = message;
  const known = findIncident(board, transition.event_id);
  if (known !== undefined && known.seq >= transition.seq) return board;
  const isClose = transition.state_after === 'Resolved';
  // The end of an incident that was never shown is no news.
  if (known === undefined && isClose) return board;
  return put(board, stepped(known ?? begunBy(message), transition));
}

function withTransition(board: Board, message: TransitionMessage): Board {
  const site = board.sites.get(String(message.site_id));
  const at = message.transition.changed_at;
  // Instants have one fixed form, so their order is the order of their text.
  if (site === undefined || at < (site.last_status_change_at ?? '')) return board;
  const state = message.site_state;
  const after: Site = {
    ...site,
    current_state: state,
    current_severity: severityOf(state),
    last_status_change_at: state === site.current_state ? site.last_status_change_at : at,
    endpoints: site.endpoints.map((endpoint) =>
      sameId(endpoint.endpoint_id, message.endpoint_id)
        ? inState(endpoint, site.endpoints.length === 1 ? state : stateAfter(message.transition, endpoint))
        : endpoint,
    ),
  };
  const announcement = state === site.current_state ? board.announcement : `${site.monitor_url}: ${state}`;
  return { ...board, sites: withSites(board.sites, [after]), announcement };
}

function stateAfter(transition: Transition, endpoint: Endpoint): State {
  switch (transition.state_after) {
    case 'Resolved':
      return 'Up';
    case 'Warning':
    case 'Degraded':
    case 'Seems Down':
    case 'Down':
      return transition.state_after;
    default:
      return endpoint.current_state;
  }
}

function checked(board: Board, { results }: StreamMessages['checked']): Board {
  const sites = new Map(board.sites);
  for (const { site_id, endpoint_id, site_state, latest } of results) {
    const site = sites.get(String(site_id));
    if (site === undefined) continue;
    const isAlone = site.endpoints.length === 1;
    const endpoints = site.endpoints.map((endpoint) => {
      if (!sameId(endpoint.endpoint_id, endpoint_id) || latest.checked_at < (endpoint.latest?.checked_at ?? '')) {
        return endpoint;
      }
      // One probe cannot tell Seems Down from Down: of several endpoints, a failing one keeps the state it has.
      const state = isAlone ? site_state : latest.state === 'Seems Down' ? endpoint.current_state : latest.state;
      return { ...inState(endpoint, state), latest };
    });
    if (endpoints.every((endpoint, index) => endpoint === site.endpoints[index])) continue;
    const last_checked_at = newest(site.last_checked_at, latest.checked_at);
    sites.set(String(site_id), {
      ...site,
      endpoints,
      last_checked_at,
      current_state: site_state,
      current_severity: severityOf(site_state),
    });
  }
  return { ...board, sites };
}

function removed(board: Board, siteId: Id): Board {
  const site = board.sites.get(String(siteId));
  const sites = new Map(board.sites);
  sites.delete(String(siteId));
  const open = new Map([...board.open].filter(([, incident]) => !sameId(incident.siteId, siteId)));
  const announcement = site === undefined ? board.announcement : `${site.monitor_url}: no longer watched`;
  return { ...board, sites, open, announcement };
}

function inState(endpoint: Endpoint, state: State): Endpoint {
  return { ...endpoint, current_state: state, current_severity: severityOf(state) };
}

function newest(a: string | null, b: string): string {
  return a !== null && a > b ? a : b;
}

function sameId(a: Id | null, b: Id | null): boolean {
  return String(a) === String(b);
}
