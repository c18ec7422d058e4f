/**
 * How an endpoint is to be probed, in columns of its row (spec/01 section 12.3). What is written was judged before; what
 * is read may come from another program, so what does not fit counts as absent and nothing here throws.
 */
import {
  DETECTION_PROFILES,
  formatExpectedStatus,
  MAX_FORBIDDEN_KEYWORDS,
  MAX_KEYWORD_LENGTH,
  NO_OVERRIDES,
  type ProbePlanOverrides,
  parseExpectedStatus,
  REDIRECT_POLICIES,
  REQUEST_METHODS,
} from '../domain/probe-plan.ts';
import { headerProblem, headersProblem, withoutOuterSpace } from '../domain/request-headers.ts';
import { parseJson } from '../lib/json.ts';

export const PLAN_COLUMNS = [
  'check_keyword',
  'forbidden_keyword',
  'forbidden_keywords',
  'custom_headers',
  'redirect_policy',
  'request_method',
  'detection_profile',
  'expected_status',
  'http2',
] as const;

type TextColumn = Exclude<(typeof PLAN_COLUMNS)[number], 'http2'>;

/** The columns as they are written. */
export type PlanRow = Record<TextColumn, string | null> & { http2: number };

/** The columns as they are read: of a row that was never written, all null. */
type StoredPlan = Record<TextColumn, string | null> & { http2: bigint | null };

/** The columns that a change touches. */
export function planColumns(change: Partial<ProbePlanOverrides>): Partial<PlanRow> {
  const { method, profile, redirects, expectedStatus, keyword, forbiddenKeyword, forbiddenKeywords, headers, http2 } =
    change;
  return {
    ...(method === undefined ? {} : { request_method: method }),
    ...(profile === undefined ? {} : { detection_profile: profile }),
    ...(redirects === undefined ? {} : { redirect_policy: redirects }),
    ...(expectedStatus === undefined
      ? {}
      : { expected_status: expectedStatus === null ? null : formatExpectedStatus(expectedStatus) }),
    ...(keyword === undefined ? {} : { check_keyword: keyword }),
    ...(forbiddenKeyword === undefined ? {} : { forbidden_keyword: forbiddenKeyword }),
    ...(forbiddenKeywords === undefined
      ? {}
      : { forbidden_keywords: forbiddenKeywords.length === 0 ? null : JSON.stringify(forbiddenKeywords) }),
    ...(headers === undefined
      ? {}
      : { custom_headers: headers.length === 0 ? null : JSON.stringify(Object.fromEntries(headers)) }),
    ...(http2 === undefined ? {} : { http2: http2 ? 1 : 0 }),
  };
}

/** One and the same object for the many rows that want nothing. */
export function planOfRow(row: StoredPlan): ProbePlanOverrides {
  if (PLAN_COLUMNS.every((column) => row[column] === null)) return NO_OVERRIDES;
  // SQLite keeps bytes as bytes in a column for text.
  const text = (column: TextColumn): string => (typeof row[column] === 'string' ? row[column] : '');
  return {
    method: REQUEST_METHODS.find((method) => method === row.request_method) ?? null,
    profile: DETECTION_PROFILES.find((profile) => profile === row.detection_profile) ?? null,
    redirects: REDIRECT_POLICIES.find((policy) => policy === row.redirect_policy) ?? null,
    expectedStatus: parseExpectedStatus(text('expected_status')),
    keyword: keywordIn(text('check_keyword')),
    forbiddenKeyword: keywordIn(text('forbidden_keyword')),
    forbiddenKeywords: keywordsIn(text('forbidden_keywords')),
    headers: headersIn(text('custom_headers')),
    http2: row.http2 === 1n,
  };
}

function keywordIn(text: string): string | null {
  return text !== '' && text.length <= MAX_KEYWORD_LENGTH ? text : null;
}

/** Malformed: no rules. */
function keywordsIn(text: string): string[] {
  const list = jsonIn(text);
  if (!Array.isArray(list)) return [];
  if (!list.every((entry) => typeof entry === 'string')) return [];
  return list.flatMap((entry) => keywordIn(entry) ?? []).slice(0, MAX_FORBIDDEN_KEYWORDS);
}

/** Malformed: no headers. One that may not be sent is left out. */
function headersIn(text: string): ProbePlanOverrides['headers'] {
  const map = jsonIn(text);
  if (typeof map !== 'object' || map === null || Array.isArray(map)) return [];
  const fields: [string, string][] = [];
  for (const [name, entry] of Object.entries(map)) {
    if (typeof entry !== 'string') return [];
    const value = withoutOuterSpace(entry);
    if (headerProblem(name, value) === null) fields.push([name, value]);
  }
  return headersProblem(fields) === null ? fields : [];
}

function jsonIn(text: string): unknown {
  const parsed = parseJson(text);
  return parsed.ok ? parsed.value : null;
}
