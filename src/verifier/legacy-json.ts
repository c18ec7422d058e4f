/**
 * The JSON that monitors before this one speak (spec/03 section 10.1): names in PascalCase, taken in any case. What such
 * a monitor leaves out or misspells falls back to the default, as it always did; what is of the wrong type is refused.
 */
import { DETECTION_PROFILES, MAX_KEYWORD_LENGTH, REDIRECT_POLICIES, REQUEST_METHODS } from '../domain/probe-plan.ts';
import { headerProblem, headersProblem, type RequestHeader, withoutOuterSpace } from '../domain/request-headers.ts';
import { describeJsonFailure, parseJson } from '../lib/json.ts';
import type { Finding } from './finding.ts';
import { MAX_BODY_BYTES, MAX_FORBIDDEN, MAX_SITES, MAX_TIMEOUT_MS, MAX_URL_LENGTH } from './limits.ts';
import type { Look } from './looks.ts';
import { budgetsOr, type LookDefaults } from './messages.ts';

export type LegacySite = {
  blogId: number | bigint;
  monitorSiteId: number | bigint;
  /** Empty when none was given. */
  requestId: string;
  look: Look;
};

/** Plain words about what cannot be read. Quotes nothing that was sent. */
export class Unreadable extends Error {}

type Members = ReadonlyMap<string, unknown>;

/** Throws `Unreadable`. `timeoutMs` is the deadline of sites that give none. */
export function readLegacyBatch(text: string, defaults: LookDefaults & { timeoutMs: number }): LegacySite[] {
  const parsed = parseJson(text);
  if (!parsed.ok) throw new Unreadable(`the body ${describeJsonFailure(parsed)}`);
  const sites = membersOf(parsed.value, 'the body').get('sites') ?? [];
  if (!Array.isArray(sites)) throw new Unreadable('sites must be a list');
  if (sites.length > MAX_SITES)
    throw new Unreadable(`there are ${sites.length} sites; send at most ${MAX_SITES} at a time`);
  return sites.map((site, index) => readSite(membersOf(site, `site ${index}`), `site ${index}`, defaults));
}

/** By name in lower case; of two that differ in case the last one counts. */
function membersOf(value: unknown, place: string): Members {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new Unreadable(`${place} must be an object`);
  return new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
}

function readSite(site: Members, place: string, defaults: LookDefaults & { timeoutMs: number }): LegacySite {
  const text = (name: string, most: number) => textIn(site, name, most, place);
  const whole = (name: string, most: number) => Number(integerIn(site, name, place, most));
  const seconds = Number(integerIn(site, 'TimeoutSeconds', place));
  const forbidden = new Set([
    text('ForbiddenKeyword', MAX_KEYWORD_LENGTH),
    ...textsIn(site, 'ForbiddenKeywords', place),
  ]);
  forbidden.delete('');
  const { plan } = defaults;
  return {
    blogId: integerIn(site, 'BlogID', place),
    monitorSiteId: integerIn(site, 'MonitorSiteID', place),
    requestId: text('RequestID', 128),
    look: {
      url: text('URL', MAX_URL_LENGTH),
      timeoutMs: seconds > 0 ? Math.min(seconds * 1_000, MAX_TIMEOUT_MS) : defaults.timeoutMs,
      plan: {
        ...plan,
        method: oneOf(REQUEST_METHODS, text('Method', 100).toUpperCase()) ?? plan.method,
        profile: oneOf(DETECTION_PROFILES, text('DetectionProfile', 100).toLowerCase()) ?? plan.profile,
        redirects: oneOf(REDIRECT_POLICIES, text('RedirectPolicy', 100).toLowerCase()) ?? plan.redirects,
        keyword: text('Keyword', MAX_KEYWORD_LENGTH) || null,
        forbiddenKeywords: [...forbidden],
        headers: headersIn(site, place),
      },
      budgets: budgetsOr(
        {
          bodyMaxBytes: whole('BodyReadMaxBytes', MAX_BODY_BYTES),
          bodyMaxMs: whole('BodyReadMaxMS', MAX_TIMEOUT_MS),
          keywordMaxBytes: whole('KeywordReadMaxBytes', MAX_BODY_BYTES),
          keywordMaxMs: whole('KeywordReadMaxMS', MAX_TIMEOUT_MS),
        },
        defaults.budgets,
      ),
    },
  };
}

function oneOf<T extends string>(names: readonly T[], text: string): T | null {
  return names.find((name) => name === text) ?? null;
}

function textIn(site: Members, name: string, most: number, place: string): string {
  const value = site.get(name.toLowerCase()) ?? '';
  if (typeof value !== 'string') throw new Unreadable(`${place}: ${name} must be a text`);
  if (value.length > most) throw new Unreadable(`${place}: ${name} must have at most ${most} characters`);
  return value;
}

/** A negative number where one makes no sense counts as none given. */
function integerIn(site: Members, name: string, place: string, most?: number): number | bigint {
  const value = site.get(name.toLowerCase()) ?? 0;
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw new Unreadable(`${place}: ${name} must be a whole number`);
  }
  return most === undefined ? (value as number | bigint) : Math.min(Math.max(Number(value), 0), most);
}

function textsIn(site: Members, name: string, place: string): string[] {
  const value = site.get(name.toLowerCase()) ?? [];
  if (!Array.isArray(value) || value.length > MAX_FORBIDDEN) {
    throw new Unreadable(`${place}: ${name} must be a list of at most ${MAX_FORBIDDEN} texts`);
  }
  return value.map((one) => textIn(new Map([[name.toLowerCase(), one]]), name, MAX_KEYWORD_LENGTH, place));
}

/** Fields that cannot be sent are left out, as they always were. */
function headersIn(site: Members, place: string): RequestHeader[] {
  const headers: RequestHeader[] = [];
  for (const [name, value] of Object.entries(site.get('customheaders') ?? {})) {
    if (typeof value !== 'string') throw new Unreadable(`${place}: CustomHeaders must map names to texts`);
    const field = [name, withoutOuterSpace(value)] as const;
    if (headerProblem(...field) === null) headers.push(field);
  }
  const problem = headersProblem(headers);
  if (problem !== null) throw new Unreadable(`${place}: ${problem}`);
  return headers;
}

export function legacyResult(site: LegacySite, requestId: string, host: string, finding: Finding): object {
  return {
    BlogID: site.blogId,
    URL: site.look.url,
    Host: host,
    Success: finding.isSuccess,
    HTTPCode: finding.httpCode ?? 0,
    ErrorCode: finding.errorCode,
    RTTMs: Math.round(finding.rttMs ?? 0),
    RequestID: requestId,
    MonitorSiteID: site.monitorSiteId,
  };
}
