/** Checks what a file says of sites, all of it before anything is done. */
import type { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { formatExpectedStatus, parseExpectedStatus } from '../../domain/probe-plan.ts';
import { schemaProblem } from '../../lib/schema-problem.ts';
import { MAX_ENDPOINTS } from '../../services/create-site.ts';
import { maintenanceWindow } from '../../services/maintenance-window.ts';
import { parseMonitorUrl } from '../../services/site-url.ts';
import { allUrls, Entry, type EntryEndpoint, urlsOf, wantedOf } from './entry.ts';

export const MAX_ENTRIES = 100_000;
const MAX_PROBLEMS = 20;

/** All entries, URLs in their canonical form. Throws `invalid_arguments` with what is wrong with each, if anything is. */
export function readEntries(file: string, rows: readonly unknown[]): Entry[] {
  if (rows.length > MAX_ENTRIES) {
    throw new AppError('invalid_arguments', `${file} holds more than ${MAX_ENTRIES} sites`, { fix: 'split it' });
  }
  const problems: string[] = [];
  const same = createSameTest();
  const entries = rows.flatMap((row, index) => {
    const read = readEntry(row);
    if (read.ok) problems.push(...same(read.entry, index + 1));
    else problems.push(`site ${index + 1}${read.url === '' ? '' : ` (${read.url})`}: ${read.problem}`);
    return read.ok ? [read.entry] : [];
  });
  refuse(file, problems);
  return entries;
}

/** Throws `invalid_arguments` where there is any problem. */
export function refuse(file: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const shown = problems.slice(0, MAX_PROBLEMS);
  const more = problems.length > MAX_PROBLEMS ? `, and ${problems.length - MAX_PROBLEMS} more` : '';
  throw new AppError('invalid_arguments', `${file} is refused: ${shown.join('; ')}${more}`, {
    fix: 'mend the file; nothing was changed',
    details: { problems: shown },
  });
}

/** One URL may be of several sites, where their ids tell them apart. */
function createSameTest(): (entry: Entry, place: number) => string[] {
  const seen = new Map<string, Map<string, number>>();
  return (entry, place) => {
    const id = entry.blog_id === undefined ? '' : String(entry.blog_id);
    return allUrls(entry).flatMap((url) => {
      const places = seen.get(url) ?? new Map<string, number>();
      seen.set(url, places);
      const withoutId = id === '' ? [...places.values()][0] : places.get('');
      const other = places.get(id) ?? withoutId;
      places.set(id, place);
      if (other === undefined) return [];
      const fix = places.has(id) && withoutId === undefined ? '' : ', tell them apart by their blog_id';
      return [`site ${place}: ${url} is that of site ${other} too${other === place ? '' : fix}`];
    });
  };
}

type Read = { ok: true; entry: Entry } | { ok: false; url: string; problem: string };

function readEntry(row: unknown): Read {
  const parsed = Entry.safeParse(row);
  const refused = (problem: string): Read => ({ ok: false, url: urlIn(row), problem });
  if (!parsed.success) return refused(problemIn(parsed.error.issues[0], row));
  try {
    const entry = canonicalEntry(parsed.data);
    const problem = problemOf(entry);
    return problem === null ? { ok: true, entry } : refused(problem);
  } catch (error) {
    if (error instanceof AppError) return refused(error.message);
    throw error;
  }
}

function problemIn(issue: z.core.$ZodIssue | undefined, row: unknown): string {
  if (issue === undefined) return 'it is not a site';
  const member = issue.path.map(String).join('.');
  const where = member === '' ? '' : `${member}: `;
  if (issue.code === 'unrecognized_keys') return `${where}there is no member ${JSON.stringify(issue.keys[0])}`;
  if (member === '') return 'it is not an object';
  if (issue.path.includes('custom_headers')) return `${where}${issue.message}`;
  const isUnquoted = issue.code === 'invalid_type' && issue.expected === 'string';
  // What is not what it should be may hold header fields, which are secrets.
  const problem = schemaProblem(issue, row, (value) => typeof value === 'object' && value !== null);
  return `${where}${problem}${isUnquoted ? ', put it into quotes' : ''}`;
}

function problemOf(entry: Entry): string | null {
  const urls = new Set(urlsOf(entry));
  if (urls.size > MAX_ENDPOINTS) return `it has ${urls.size} URLs, and ${MAX_ENDPOINTS} are the most a site can have`;
  const own = (entry.endpoints ?? []).map(({ monitor_url }) => monitor_url);
  const twice = own.find((url, index) => own.indexOf(url) !== index);
  if (twice !== undefined) return `endpoints: ${twice} is there twice`;
  const foreign = Object.keys(entry.rollup_rules?.endpoints ?? {}).find((url) => !urls.has(url));
  return foreign === undefined ? null : `rollup_rules.endpoints: ${foreign} is none of its URLs`;
}

/** Throws the refusals of the server. */
function canonicalEntry(read: Entry): Entry {
  const { more_urls, endpoints, rollup_rules, ...rest } = read;
  const entry = {
    ...canonical(rest),
    ...(more_urls === undefined ? {} : { more_urls: more_urls.map(parseMonitorUrl) }),
    ...(endpoints === undefined ? {} : { endpoints: endpoints.map(canonical) }),
    ...(rollup_rules === undefined ? {} : { rollup_rules: canonicalRules(rollup_rules) }),
  };
  for (const { settings } of wantedOf(entry)) maintenanceWindow(settings.maintenance_start, settings.maintenance_end);
  return entry;
}

function canonicalRules(rules: NonNullable<Entry['rollup_rules']> | null): Entry['rollup_rules'] {
  if (rules?.endpoints === undefined) return rules;
  const byUrl = Object.entries(rules.endpoints).map(([url, said]) => [parseMonitorUrl(url), said] as const);
  return { ...rules, endpoints: Object.fromEntries(byUrl) };
}

/** As the server keeps it, so that what it answers with is no difference. */
function canonical<E extends EntryEndpoint>(entry: E): E {
  const { expected_status: status, forbidden_keywords: texts, maintenance_start: start, maintenance_end: end } = entry;
  const ranges = typeof status === 'string' ? parseExpectedStatus(status) : null;
  return {
    ...entry,
    monitor_url: parseMonitorUrl(entry.monitor_url),
    ...(status === undefined ? {} : { expected_status: ranges === null ? null : formatExpectedStatus(ranges) }),
    ...(texts === undefined ? {} : { forbidden_keywords: texts.filter((text) => text !== '') }),
    ...(start === undefined ? {} : { maintenance_start: instantIn(start) }),
    ...(end === undefined ? {} : { maintenance_end: instantIn(end) }),
  };
}

function instantIn(text: string | null): string | null {
  return text ? new Date(text).toISOString() : null;
}

/** Bounded, and without what may be a password. */
function urlIn(row: unknown): string {
  const url = typeof row === 'object' && row !== null && 'monitor_url' in row ? row.monitor_url : '';
  return typeof url === 'string' ? url.replace(/\/\/[^/@]*@/, '//...@').slice(0, 100) : '';
}
