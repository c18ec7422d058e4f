/** One site as a file says it: the words of the API, so that what is exported can be applied. */
import { z } from 'zod';
import { isWriteOnly } from '../../contracts/contract.ts';
import { CreateSite, type Site, SiteSettings } from '../../contracts/sites.ts';
import { AppError } from '../../domain/errors.ts';
import { formatExpectedStatus, parseExpectedStatus } from '../../domain/probe-plan.ts';
import { schemaProblem } from '../../lib/schema-problem.ts';
import { checkInterval } from '../../services/check-interval.ts';
import { parseMonitorUrl } from '../../services/site-url.ts';

const { blog_id, monitor_active, check_interval_seconds } = CreateSite.shape;

const Entry = z.strictObject({
  monitor_url: z.string(),
  /** Further URLs of the same site. They share its settings. */
  more_urls: z.array(z.string()).max(100).optional(),
  /** Absent: found by the URL, or handed out. */
  blog_id,
  /** Absent: true. */
  monitor_active,
  /** Absent: that of the site, or the default of the server. */
  check_interval_seconds,
  /** Absent ones have their defaults, all but `custom_headers`, which stay as they are. */
  ...SiteSettings.shape,
  /** Which header fields the site has. Their values are secrets, and never read. */
  custom_header_names: z.array(z.string()).max(100).optional(),
});
export type Entry = z.output<typeof Entry>;

export const ENTRY_MEMBERS = Object.keys(Entry.shape) as (keyof Entry)[];
/** Members whose value is a list or a map. */
export const STRUCTURED: readonly (keyof Entry)[] = [
  'more_urls',
  'forbidden_keywords',
  'custom_headers',
  'custom_header_names',
];

const MAX_ENTRIES = 10_000;
const MAX_PROBLEMS = 20;

/** All entries, URLs in their canonical form. Throws `invalid_arguments` with what is wrong with each, if anything is. */
export function readEntries(file: string, rows: readonly unknown[], minIntervalSeconds: number): Entry[] {
  if (rows.length > MAX_ENTRIES) {
    throw new AppError('invalid_arguments', `${file} holds more than ${MAX_ENTRIES} sites`, { fix: 'split it' });
  }
  const problems: string[] = [];
  const seen = new Map<string, number>();
  const entries = rows.flatMap((row, index) => {
    const read = readEntry(row, minIntervalSeconds);
    if (!read.ok) {
      problems.push(`site ${index + 1}${read.url === '' ? '' : ` (${read.url})`}: ${read.problem}`);
      return [];
    }
    for (const url of urlsOf(read.entry)) {
      const other = seen.get(url);
      if (other !== undefined) problems.push(`site ${index + 1}: ${url} is that of site ${other} too`);
      seen.set(url, index + 1);
    }
    return [read.entry];
  });
  if (problems.length === 0) return entries;
  const more = problems.length > MAX_PROBLEMS ? `, and ${problems.length - MAX_PROBLEMS} more` : '';
  throw new AppError('invalid_arguments', `${file} is refused: ${problems.slice(0, MAX_PROBLEMS).join('; ')}${more}`, {
    fix: 'mend the file; nothing was changed',
    details: { problems: problems.slice(0, MAX_PROBLEMS) },
  });
}

export function urlsOf(entry: Entry): string[] {
  return [entry.monitor_url, ...(entry.more_urls ?? [])];
}

/** As the API shows it; members that have their defaults are left out. */
export function entryOf(site: Site): Entry {
  const { monitor_url, check_interval_seconds, timeout_seconds, custom_header_names: names } = site;
  const { request_method, detection_profile, redirect_policy, expected_status, http2 } = site;
  const { check_keyword, forbidden_keyword, forbidden_keywords } = site;
  const more = site.endpoints.map((endpoint) => endpoint.monitor_url).filter((url) => url !== monitor_url);
  return {
    monitor_url,
    ...(more.length === 0 ? {} : { more_urls: more }),
    ...(site.monitor_active ? {} : { monitor_active: false }),
    check_interval_seconds,
    ...(timeout_seconds === null ? {} : { timeout_seconds }),
    ...(request_method === null ? {} : { request_method }),
    ...(detection_profile === null ? {} : { detection_profile }),
    ...(redirect_policy === 'follow' ? {} : { redirect_policy }),
    ...(expected_status === null ? {} : { expected_status }),
    ...(check_keyword === null ? {} : { check_keyword }),
    ...(forbidden_keyword === null ? {} : { forbidden_keyword }),
    ...(forbidden_keywords.length === 0 ? {} : { forbidden_keywords }),
    ...(http2 ? { http2 } : {}),
    ...(names.length === 0 ? {} : { custom_header_names: names }),
  };
}

type Read = { ok: true; entry: Entry } | { ok: false; url: string; problem: string };

function readEntry(row: unknown, minIntervalSeconds: number): Read {
  const parsed = Entry.safeParse(row);
  const refuse = (problem: string): Read => ({ ok: false, url: urlIn(row), problem });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    if (issue === undefined) return refuse('it is not a site');
    if (issue.code === 'unrecognized_keys') return refuse(`there is no member ${JSON.stringify(issue.keys[0])}`);
    if (issue.path.length === 0) return refuse('it is not an object');
    const member = String(issue.path[0]);
    const isSecret = isWriteOnly(Entry.shape[member as keyof Entry] as z.ZodType);
    if (isSecret) return refuse(`${member}: ${issue.message}`);
    const isUnquoted = issue.code === 'invalid_type' && issue.expected === 'string';
    return refuse(`${member}: ${schemaProblem(issue, row)}${isUnquoted ? ', put it into quotes' : ''}`);
  }
  try {
    const { more_urls, ...entry } = parsed.data;
    if (entry.check_interval_seconds !== undefined) checkInterval(entry.check_interval_seconds, minIntervalSeconds);
    const more = more_urls === undefined ? {} : { more_urls: more_urls.map(parseMonitorUrl) };
    return { ok: true, entry: { ...canonical(entry), monitor_url: parseMonitorUrl(entry.monitor_url), ...more } };
  } catch (error) {
    if (error instanceof AppError) return refuse(error.message);
    throw error;
  }
}

/** As the server keeps it, so that what it answers with is no difference. */
function canonical(entry: Entry): Entry {
  const { expected_status: status, forbidden_keywords: texts } = entry;
  const ranges = typeof status === 'string' ? parseExpectedStatus(status) : null;
  return {
    ...entry,
    ...(status === undefined ? {} : { expected_status: ranges === null ? null : formatExpectedStatus(ranges) }),
    ...(texts === undefined ? {} : { forbidden_keywords: texts.filter((text) => text !== '') }),
  };
}

/** Bounded, and without what may be a password. */
function urlIn(row: unknown): string {
  const url = typeof row === 'object' && row !== null && 'monitor_url' in row ? row.monitor_url : '';
  return typeof url === 'string' ? url.replace(/\/\/[^/@]*@/, '//...@').slice(0, 100) : '';
}
