/**
 * One visit to a URL: an exchange per hop, redirects followed by hand so that every hop passes the guard anew.
 * All checks of an endpoint look at the same visit; this file gathers and does not judge.
 */
import { type BodyBudgets, effectivePlan, isExpected, type ProbePlan } from '../domain/probe-plan.ts';
import type { Clock } from '../lib/clock.ts';
import type { BodyWanted, Deadline, Exchange, ExchangeRequest, StatusMeaning, WireFailure } from '../wire/exchange.ts';
import { MAX_LOCATION_LENGTH } from '../wire/http1-head.ts';
import type { Precedence } from '../wire/network-gate.ts';
import type { RunExchange } from '../wire/run-exchange.ts';
import { withoutUserInfo } from '../wire/shown-url.ts';

export type Visit = {
  /** Wall clock at the start, ms since the epoch. */
  startedAtMs: number;
  url: string;
  /** What was asked for, as it was carried out (see `effectivePlan`). */
  plan: ProbePlan;
  /** The first URL first; never empty. */
  hops: readonly [Exchange, ...Exchange[]];
  /** Why redirects were not followed to an end; null when they were. */
  redirectTrouble: RedirectTrouble | null;
  /** Start of the visit to its end, ms. */
  totalMs: number;
  /** How much of that time this machine is known to have been paused, ms. */
  pausedMs: number;
  /** What those pauses may have cost the site, by which its time-out moved, ms; null: more than it could move by. */
  givenBackMs: number | null;
  /** Earlier runs of the same job that a pause of ours made void. */
  voidedRuns: number;
};

/** `forbidden`: the plan takes any redirect for a failure. `no_location`: a redirect that leads nowhere. */
export type RedirectTrouble = {
  kind: 'loop' | 'too_many' | 'bad_location' | 'no_location' | 'forbidden';
  location: string;
};

/**
 * Whether a pause of our own makes the visit prove nothing: a time-out it fell into, unless the time-out moved on by what
 * the pause may have cost. What a server said to us stands, whenever we heard it (reliability.md 3.4).
 */
export function isVoid(visit: Visit): boolean {
  const { failure } = lastHop(visit);
  if (failure === null || visit.pausedMs === 0 || !isTimeout(failure)) return false;
  // Resolvers and the search of a body have times of their own, which do not move.
  return failure.phase === 'dns' || failure.code !== 'DEADLINE' || visit.givenBackMs === null;
}

/** What is lost is sent again by the other side after this at first (RFC 6298 section 2.1). */
const FIRST_RETRANSMISSION_MS = 1_000;

/** How long a thread did not run within some time, ms: all together, and in the longest of its pauses. */
export type Pauses = { sumMs: number; longestMs: number };

export const NO_PAUSES: Pauses = { sumMs: 0, longestMs: 0 };

/**
 * By how much pauses move the end of a visit, ms: by themselves, and by the wait for what the other side sent meanwhile in
 * vain, which it doubles every time (RFC 6298 section 5.5). Null for more than the time-out itself: better to begin anew.
 */
export function givenBackMs({ sumMs, longestMs }: Pauses, timeoutMs: number): number | null {
  if (sumMs === 0) return 0;
  const lostMs = sumMs + Math.max(longestMs, FIRST_RETRANSMISSION_MS);
  return lostMs <= timeoutMs ? lostMs : null;
}

/** Somebody waited in vain: the check for the site, or the DNS client for its resolvers. */
function isTimeout(failure: WireFailure): boolean {
  const { phase, code } = failure;
  return hitDeadline(failure) || (phase === 'dns' && (code === 'TIMEOUT' || code === 'NO_RESOLVER'));
}

/** The time of the check was used up, or the budget of its search. */
export function hitDeadline(failure: WireFailure): boolean {
  if (failure.phase === 'dns') return failure.atDeadline === true;
  return failure.code === 'DEADLINE' || failure.code === 'TIME_BUDGET';
}

/** Which keyword rule the page breaks; a text that was cut is not known to lack the required one. */
export function failedKeywordRule(visit: Visit): 'required' | 'forbidden' | null {
  const { failure, reply } = lastHop(visit);
  const search = failure === null ? (reply?.body.search ?? null) : null;
  if (search === null || search.outcome !== 'searched') return null;
  if (search.isRequiredMissing && reply?.body.complete === true) return 'required';
  return search.forbiddenFound === null ? null : 'forbidden';
}

export type VisitRequest = {
  /** Absolute http or https URL; anything else is the caller's mistake and throws. */
  url: string;
  timeoutMs: number;
  plan: ProbePlan;
  /** How much of the body is read; the visitor's own when absent. */
  budgets?: BodyBudgets | undefined;
  /** Evidence will be asked for whatever the visit brings, the hash of the body included. */
  wantsEvidence: boolean;
  voidedRuns: number;
  /** Where connections to one network are few. */
  precedence?: Precedence | undefined;
};

/** `done` for anything a site does, `threw` for a bug of ours. */
export type Visitor = (request: VisitRequest, done: (visit: Visit) => void, threw: (error: unknown) => void) => void;

/** The hop that answered last. */
export function lastHop(visit: Visit): Exchange {
  return visit.hops[visit.hops.length - 1] ?? visit.hops[0];
}

/** Most redirects followed (spec/03 section 5.3). */
export const MAX_REDIRECTS = 10;

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

type VisitorParts = {
  exchange: RunExchange;
  /** The pauses of this thread between two instants of the monotonic clock. */
  pauses: (fromMs: number, toMs: number) => Pauses;
  clock: Clock;
  budgets: BodyBudgets;
};

/** Builds the visitor. Calls exactly one of `done` and `threw`, once, possibly before it returns. */
export function createVisitor(parts: VisitorParts): Visitor {
  /** What the last visit asked of every hop: nearly all endpoints have one plan. */
  let last: { plan: ProbePlan; wantsEvidence: boolean; template: HopTemplate } | null = null;

  function templateOf({ plan, budgets, wantsEvidence }: VisitRequest): HopTemplate {
    if (budgets !== undefined) return hopTemplate(effectivePlan(plan), budgets, wantsEvidence);
    if (last?.plan !== plan || last.wantsEvidence !== wantsEvidence) {
      last = { plan, wantsEvidence, template: hopTemplate(effectivePlan(plan), parts.budgets, wantsEvidence) };
    }
    return last.template;
  }

  return (request, done, threw) => {
    new RunningVisit(parts, request, templateOf(request), done, threw).start();
  };
}

/** What is the same for all hops of a visit. */
type HopTemplate = Omit<ExchangeRequest, 'url' | 'headers' | 'deadline'> & { plan: ProbePlan };

function hopTemplate(plan: ProbePlan, budgets: BodyBudgets, wantsEvidence: boolean): HopTemplate {
  return {
    plan,
    method: plan.method,
    body: bodyWanted(plan, budgets, wantsEvidence),
    meaningOf: meaningUnder(plan),
    wantsChain: wantsEvidence,
    http2: plan.http2,
  };
}

/** One visit on its way; a class, because every check makes one. */
class RunningVisit implements Deadline {
  readonly #parts: VisitorParts;
  readonly #request: VisitRequest;
  readonly #template: HopTemplate;
  readonly #done: (visit: Visit) => void;
  readonly #threw: (error: unknown) => void;
  readonly #startedAtMs: number;
  readonly #startMs: number;
  readonly #first: URL;
  /** The URL of the hop that is under way. */
  #at: URL;
  #waitedMs = 0;
  #hops: [Exchange, ...Exchange[]] | null = null;
  #seen: Set<string> | null = null;

  constructor(
    parts: VisitorParts,
    request: VisitRequest,
    template: HopTemplate,
    done: (visit: Visit) => void,
    threw: (error: unknown) => void,
  ) {
    this.#parts = parts;
    this.#request = request;
    this.#template = template;
    this.#done = done;
    this.#threw = threw;
    this.#startedAtMs = parts.clock.nowMs();
    this.#startMs = parts.clock.monotonicMs();
    this.#first = withoutFragment(new URL(request.url));
    this.#at = this.#first;
  }

  start(): void {
    this.#goTo(this.#first, this.#template.plan.headers);
  }

  /**
   * One for all hops. Pauses of ours and what was waited for limits of ours are no time of the site; a pause within such a
   * wait counts as both.
   */
  atMs(): number {
    const { timeoutMs } = this.#request;
    return this.#startMs + timeoutMs + this.#waitedMs + (givenBackMs(this.#pauses(), timeoutMs) ?? 0);
  }

  #pauses(): Pauses {
    return this.#parts.pauses(this.#startMs, this.#parts.clock.monotonicMs());
  }

  #goTo(url: URL, headers: ExchangeRequest['headers']): void {
    this.#at = url;
    const { method, body, meaningOf, wantsChain, http2 } = this.#template;
    const { precedence = null } = this.#request;
    const hop = { url, method, headers, deadline: this, body, meaningOf, wantsChain, http2, precedence };
    this.#parts.exchange(hop, (exchange) => this.#arrived(exchange), this.#threw);
  }

  #arrived(hop: Exchange): void {
    this.#waitedMs += hop.waitedMs;
    if (this.#hops === null) this.#hops = [hop];
    else this.#hops.push(hop);
    const status = hop.reply?.status ?? 0;
    if (hop.failure !== null || this.#template.meaningOf(status) !== 'redirect') this.#finish(this.#hops, null);
    else this.#follow(this.#hops, locationsOf(hop));
  }

  #follow(walked: [Exchange, ...Exchange[]], locations: readonly string[]): void {
    const { plan } = this.#template;
    const location = locations.join(', ');
    const next = locations.length === 1 ? resolveLocation(location, this.#at) : null;
    this.#seen ??= new Set([this.#first.href]);
    const trouble = troubleWith(plan, next, location, this.#seen, walked.length);
    if (next === null || trouble !== null) {
      this.#finish(walked, trouble);
      return;
    }
    this.#seen.add(next.href);
    // What is meant for one origin is no other's business (reliability.md E4).
    this.#goTo(next, next.origin === this.#first.origin ? plan.headers : []);
  }

  #finish(walked: readonly [Exchange, ...Exchange[]], redirectTrouble: RedirectTrouble | null): void {
    const endMs = this.#parts.clock.monotonicMs();
    const pauses = this.#parts.pauses(this.#startMs, endMs);
    this.#done({
      startedAtMs: this.#startedAtMs,
      url: withoutUserInfo(this.#first),
      plan: this.#template.plan,
      hops: walked,
      redirectTrouble,
      totalMs: endMs - this.#startMs - this.#waitedMs,
      pausedMs: pauses.sumMs,
      givenBackMs: givenBackMs(pauses, this.#request.timeoutMs),
      voidedRuns: this.#request.voidedRuns,
    });
  }
}

/** Only a full look reads bodies (spec/03 section 5.1). */
function bodyWanted(plan: ProbePlan, budgets: BodyBudgets, hash: boolean): BodyWanted {
  const { keyword, forbiddenKeywords } = plan;
  const hasRules = keyword !== null || forbiddenKeywords.length > 0;
  return {
    maxBytes: plan.profile === 'full' ? budgets.bodyMaxBytes : 0,
    maxMs: budgets.bodyMaxMs,
    rules: hasRules
      ? {
          required: keyword === null ? null : Buffer.from(keyword),
          forbidden: forbiddenKeywords.map((text) => Buffer.from(text)),
        }
      : null,
    rulesMaxBytes: budgets.keywordMaxBytes,
    rulesMaxMs: budgets.keywordMaxMs,
    hash,
  };
}

/**
 * A redirect that is listed by itself or among others of its kind is an answer like any other, and not followed; one that
 * merely lies in a wide range, as in 200-399, is followed as ever.
 */
function meaningUnder(plan: ProbePlan): (status: number) => StatusMeaning {
  const { expectedStatus } = plan;
  if (expectedStatus === null) return defaultMeaning;
  const asAnswers = expectedStatus.filter(([from, to]) => from >= 300 && to <= 399);
  return (status) => {
    if (REDIRECTS.has(status) && !isExpected(status, { expectedStatus: asAnswers })) return 'redirect';
    return isExpected(status, plan) ? 'success' : 'error';
  };
}

function defaultMeaning(status: number): StatusMeaning {
  if (REDIRECTS.has(status)) return 'redirect';
  return status < 400 ? 'success' : 'error';
}

/** The places a redirect names: none, or one, or several, of which browsers follow none. */
function locationsOf(hop: Exchange): string[] {
  const values = (hop.reply?.headers ?? []).filter(([name, value]) => name === 'location' && value !== '');
  return [...new Set(values.map(([, value]) => value))];
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
  if (url.hash === '') return url;
  const bare = new URL(url);
  bare.hash = '';
  return bare;
}

function troubleWith(
  plan: ProbePlan,
  next: URL | null,
  location: string,
  seen: ReadonlySet<string>,
  hops: number,
): RedirectTrouble | null {
  if (location === '') return { kind: 'no_location', location };
  if (plan.redirects === 'fail') return { kind: 'forbidden', location };
  if (next === null) return { kind: 'bad_location', location };
  if (seen.has(next.href)) return { kind: 'loop', location };
  if (hops > MAX_REDIRECTS) return { kind: 'too_many', location };
  return null;
}
