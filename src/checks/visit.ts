/**
 * One visit to a URL: an exchange per hop, redirects followed by hand so that every hop passes the guard anew.
 * All checks of an endpoint look at the same visit; this file gathers and does not judge.
 */
import type { Clock } from '../lib/clock.ts';
import type { Exchange, ExchangeRequest } from '../wire/exchange.ts';
import { MAX_LOCATION_LENGTH } from '../wire/http1-head.ts';

export type Visit = {
  /** Wall clock at the start, ms since the epoch. */
  startedAtMs: number;
  url: string;
  method: 'GET' | 'HEAD';
  /** The first URL first; never empty. */
  hops: readonly [Exchange, ...Exchange[]];
  /** Why redirects were not followed to an end; null when they were. */
  redirectTrouble: RedirectTrouble | null;
  /** Start of the visit to its end, ms. */
  totalMs: number;
  /** How much of that time this machine is known to have been paused, ms. */
  pausedMs: number;
};

export type RedirectTrouble = { kind: 'loop' | 'too_many' | 'bad_location'; location: string };

/** The hop that answered last. */
export function lastHop(visit: Visit): Exchange {
  return visit.hops[visit.hops.length - 1] ?? visit.hops[0];
}

/** Most redirects followed (spec/03 section 5.3). */
export const MAX_REDIRECTS = 10;

/** Bytes and time spent on a body that no rule asks for (spec/03 section 5.6). */
const BODY_LIMITS = { maxBytes: 1_048_576, maxMs: 250 } as const;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

export type Visitor = (url: string, timeoutMs: number) => Promise<Visit>;

/** Builds the visitor. `url` must be absolute http or https; anything else is the caller's mistake and throws. */
export function createVisitor(deps: {
  exchange: (request: ExchangeRequest) => Promise<Exchange>;
  /** For how long between two instants of the monotonic clock this thread did not run, ms. */
  pausedMs: (fromMs: number, toMs: number) => number;
  clock: Clock;
}): Visitor {
  return async (url, timeoutMs) => {
    const startedAtMs = deps.clock.nowMs();
    const startMs = deps.clock.monotonicMs();
    const deadlineMs = startMs + timeoutMs;
    const seen = new Set<string>();
    const fetchHop = (target: URL) => {
      seen.add(target.href);
      return deps.exchange({ url: target, method: 'GET', deadlineMs, body: BODY_LIMITS });
    };

    const first = withoutFragment(new URL(url));
    const hops: [Exchange, ...Exchange[]] = [await fetchHop(first)];
    let at = first;
    let redirectTrouble: RedirectTrouble | null = null;
    for (;;) {
      const location = redirectTarget(hops[hops.length - 1]);
      if (location === null) break;
      const next = resolveLocation(location, at);
      redirectTrouble = troubleWith(next, location, seen, hops.length);
      if (next === null || redirectTrouble !== null) break;
      hops.push(await fetchHop(next));
      at = next;
    }
    const endMs = deps.clock.monotonicMs();
    return {
      startedAtMs,
      url: first.href,
      method: 'GET',
      hops,
      redirectTrouble,
      totalMs: endMs - startMs,
      pausedMs: deps.pausedMs(startMs, endMs),
    };
  };
}

/** A Location without a value leads nowhere. */
function redirectTarget(hop: Exchange | undefined): string | null {
  if (!hop?.reply || hop.failure !== null || !REDIRECTS.has(hop.reply.status)) return null;
  return hop.reply.headers.find(([name, value]) => name === 'location' && value !== '')?.[1] ?? null;
}

/** Null for what cannot be followed; a longer one than we keep was cut, and would lead elsewhere. */
function resolveLocation(location: string, base: URL): URL | null {
  if (location.length > MAX_LOCATION_LENGTH) return null;
  const next = URL.parse(location, base.href);
  if (next === null || (next.protocol !== 'http:' && next.protocol !== 'https:')) return null;
  return withoutFragment(next);
}

/** The fragment never reaches a server, so it must not hide a loop. */
function withoutFragment(url: URL): URL {
  const bare = new URL(url);
  bare.hash = '';
  return bare;
}

function troubleWith(next: URL | null, location: string, seen: Set<string>, hops: number): RedirectTrouble | null {
  if (next === null) return { kind: 'bad_location', location };
  if (seen.has(next.href)) return { kind: 'loop', location };
  if (hops > MAX_REDIRECTS) return { kind: 'too_many', location };
  return null;
}
