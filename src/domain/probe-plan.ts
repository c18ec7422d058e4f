/** How one endpoint is to be probed, as data: what is asked for, and what of the answer is good. Pure. */

export type ProbePlan = {
  method: RequestMethod;
  profile: DetectionProfile;
  redirects: RedirectPolicy;
  /** Statuses that are good, as inclusive ranges; null means 1 to 399 (spec/03 section 5.4). */
  expectedStatus: readonly StatusRange[] | null;
  /** Text that must stand in the page; null for none. */
  keyword: string | null;
  /** Texts none of which may stand in the page. */
  forbiddenKeywords: readonly string[];
  /** Header fields sent with the request; values may be secrets, which never leave the prober. */
  headers: readonly (readonly [name: string, value: string])[];
  /** Offer HTTP/2 by ALPN. */
  http2: boolean;
};

export const REQUEST_METHODS = ['HEAD', 'GET'] as const;
export type RequestMethod = (typeof REQUEST_METHODS)[number];

/** `legacy` and `simple_http` look at the status alone and differ as names of rollout cohorts (spec/03 section 5.1). */
export const DETECTION_PROFILES = ['legacy', 'simple_http', 'full'] as const;
export type DetectionProfile = (typeof DETECTION_PROFILES)[number];

/** `alert` follows and says so, `fail` takes the first redirect for a failure. */
export const REDIRECT_POLICIES = ['follow', 'alert', 'fail'] as const;
export type RedirectPolicy = (typeof REDIRECT_POLICIES)[number];

/** Longest keyword, in UTF-16 units: what its column holds whatever the characters (spec/03 section 5.7). */
export const MAX_KEYWORD_LENGTH = 500;
export const MAX_FORBIDDEN_KEYWORDS = 20;

export type StatusRange = readonly [from: number, to: number];

export const DEFAULT_PLAN: ProbePlan = {
  method: 'GET',
  profile: 'full',
  redirects: 'follow',
  expectedStatus: null,
  keyword: null,
  forbiddenKeywords: [],
  headers: [],
  http2: false,
};

/** What one endpoint wants otherwise than the process does; null or empty leaves it to the process. */
export type ProbePlanOverrides = {
  method: RequestMethod | null;
  profile: DetectionProfile | null;
  redirects: RedirectPolicy | null;
  expectedStatus: readonly StatusRange[] | null;
  keyword: string | null;
  /** The one text and the list of texts that may not stand in the page: two settings for one rule. */
  forbiddenKeyword: string | null;
  forbiddenKeywords: readonly string[];
  headers: ProbePlan['headers'];
  http2: boolean;
};

export const NO_OVERRIDES: ProbePlanOverrides = {
  method: null,
  profile: null,
  redirects: null,
  expectedStatus: null,
  keyword: null,
  forbiddenKeyword: null,
  forbiddenKeywords: [],
  headers: [],
  http2: false,
};

/** The plan of an endpoint; null when it is that of the process, as for nearly all. */
export function planFor(overrides: ProbePlanOverrides, defaults: ProbePlan): ProbePlan | null {
  if (overrides === NO_OVERRIDES) return null;
  const forbidden = new Set([overrides.forbiddenKeyword ?? '', ...overrides.forbiddenKeywords]);
  forbidden.delete('');
  const plan: ProbePlan = {
    method: overrides.method ?? defaults.method,
    profile: overrides.profile ?? defaults.profile,
    redirects: overrides.redirects ?? defaults.redirects,
    expectedStatus: overrides.expectedStatus ?? defaults.expectedStatus,
    keyword: overrides.keyword ?? defaults.keyword,
    forbiddenKeywords: forbidden.size === 0 ? defaults.forbiddenKeywords : [...forbidden],
    headers: overrides.headers.length === 0 ? defaults.headers : overrides.headers,
    http2: overrides.http2 || defaults.http2,
  };
  const members = Object.keys(plan) as (keyof ProbePlan)[];
  return members.every((member) => plan[member] === defaults[member]) ? null : plan;
}

/** Whether a status counts as success under a plan. */
export function isExpected(status: number, { expectedStatus }: Pick<ProbePlan, 'expectedStatus'>): boolean {
  if (expectedStatus === null) return status > 0 && status < 400;
  return expectedStatus.some(([from, to]) => status >= from && status <= to);
}

/** Reads `200-299, 401`; null for text that is no such list, has more than 20 members, or leaves 100 to 599. */
export function parseExpectedStatus(text: string): StatusRange[] | null {
  const ranges: StatusRange[] = [];
  for (const part of text.split(',')) {
    const [, from, to] = /^\s*(\d{3})(?:\s*-\s*(\d{3}))?\s*$/.exec(part) ?? [];
    const range: StatusRange = [Number(from), Number(to ?? from)];
    if (!(range[0] >= 100 && range[0] <= range[1] && range[1] <= 599)) return null;
    ranges.push(range);
  }
  return ranges.length <= 20 ? ranges : null;
}

/** As a person would write it: `200-299,401`. */
export function formatExpectedStatus(ranges: readonly StatusRange[]): string {
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',');
}

/** The profile as it is carried out: HEAD brings no body, so `full` becomes `simple_http` (spec/03 section 5.1). */
export function profileOf({ method, profile }: Pick<ProbePlan, 'method' | 'profile'>): DetectionProfile {
  return method === 'HEAD' && profile === 'full' ? 'simple_http' : profile;
}

/** The plan as it is carried out: only `full` reads bodies, knows keywords and has a redirect policy. */
export function effectivePlan(plan: ProbePlan): ProbePlan {
  const profile = profileOf(plan);
  if (profile === 'full') return plan;
  return { ...plan, profile, redirects: 'follow', keyword: null, forbiddenKeywords: [] };
}

/** How much of a body is read, for all endpoints alike (spec/03 section 5.6). */
export type BodyBudgets = {
  /** Bytes and ms where nothing is looked for. */
  bodyMaxBytes: number;
  bodyMaxMs: number;
  /** Bytes of text that are searched for keywords, and ms; 0 ms leaves it to the deadline of the check. */
  keywordMaxBytes: number;
  keywordMaxMs: number;
};

export const DEFAULT_BUDGETS: BodyBudgets = {
  bodyMaxBytes: 1_048_576,
  bodyMaxMs: 250,
  keywordMaxBytes: 1_048_576,
  keywordMaxMs: 0,
};
