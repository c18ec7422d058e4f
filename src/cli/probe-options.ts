/** The options that say how a site is probed, the same for every command that takes them. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { overridesOf } from '../checks/probe.settings.ts';
import { isWriteOnly } from '../contracts/contract.ts';
import { RESETS } from '../contracts/default-settings.ts';
import { SiteSettings } from '../contracts/sites.ts';
import { AppError } from '../domain/errors.ts';
import { effectivePlan, NO_OVERRIDES, type ProbePlan, planFor } from '../domain/probe-plan.ts';
import { headerProblem, withoutOuterSpace } from '../domain/request-headers.ts';
import { parseDuration } from '../lib/duration.ts';
import { schemaProblem } from '../lib/schema-problem.ts';

export type ProbeOptions = {
  method?: string;
  profile?: string;
  redirects?: string;
  keyword?: string;
  forbid?: string[];
  expectedStatus?: string;
  header?: string[];
  headerFile?: string;
  http2?: boolean;
  timeout?: string;
};

export function addProbeOptions(command: Command): Command {
  return command
    .option('--method <method>', 'GET or HEAD; HEAD reads no body')
    .option('--profile <profile>', 'full; legacy and simple_http look at the status alone')
    .option('--redirects <policy>', 'follow; alert follows and says so, fail takes a redirect for a failure')
    .option('--expected-status <list>', 'statuses that are good, such as `200-299,401`')
    .option('--keyword <text>', 'text that must stand in the page')
    .option('--forbid <text>', 'text that must not stand in the page; may be repeated', collect)
    .option('--header <line>', 'header field to send, as `Name: value`; may be repeated', collect)
    .option('--header-file <path>', 'file of such lines, for secrets that others must not see on the command line')
    .option('--http2', 'offer HTTP/2')
    .option('--timeout <span>', 'deadline of each probe over all its phases, such as `10s`');
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Only what was said, in the words of the API. Throws AppError `invalid_arguments` that names the option. */
export function probeSettingsOf(options: ProbeOptions): SiteSettings {
  const { method, profile, redirects, keyword, forbid, expectedStatus, http2, timeout } = options;
  refuseEmpty('keyword', keyword);
  refuseEmpty('expected-status', expectedStatus);
  for (const text of forbid ?? []) refuseEmpty('forbid', text);
  const headers = headersIn(options);
  const given = {
    ...(method === undefined ? {} : { request_method: method.toUpperCase() }),
    ...(profile === undefined ? {} : { detection_profile: profile }),
    ...(redirects === undefined ? {} : { redirect_policy: redirects }),
    ...(expectedStatus === undefined ? {} : { expected_status: expectedStatus }),
    ...(keyword === undefined ? {} : { check_keyword: keyword }),
    // The option speaks for all such texts, whichever member of the API they were given in before.
    ...(forbid === undefined ? {} : { forbidden_keyword: null, forbidden_keywords: forbid }),
    ...(headers === null ? {} : { custom_headers: headers }),
    ...(http2 === undefined ? {} : { http2 }),
    ...(timeout === undefined ? {} : { timeout_seconds: secondsIn(timeout) }),
  };
  const parsed = SiteSettings.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const member = String(issue?.path[0]) as keyof SiteSettings;
  const problem =
    issue === undefined || isWriteOnly(SiteSettings.shape[member]) ? issue?.message : schemaProblem(issue, given);
  throw refusal(`${OPTION_OF[member]}: ${problem}`);
}

/** An empty text would silently mean none: a variable that is not set must not take a rule away. */
function refuseEmpty(option: 'keyword' | 'expected-status' | 'forbid', text: string | undefined): void {
  if (text !== '') return;
  const fix = `give it a value; \`jetmon2 sites update <id> --reset ${option}\` takes the one of a site away`;
  throw refusal(`--${option} is empty`, fix);
}

function secondsIn(span: string): number {
  const seconds = parseDuration(span) ?? 0;
  if (seconds >= 1 && seconds <= 255) return seconds;
  throw refusal(`--timeout ${span} is not a span between 1s and 255s`, 'write it as `10s` or `1m`');
}

const OPTION_OF: Readonly<Record<keyof SiteSettings, string>> = {
  request_method: '--method',
  detection_profile: '--profile',
  redirect_policy: '--redirects',
  expected_status: '--expected-status',
  check_keyword: '--keyword',
  forbidden_keyword: '--forbid',
  forbidden_keywords: '--forbid',
  custom_headers: '--header',
  http2: '--http2',
  timeout_seconds: '--timeout',
};

const SET_BY: Readonly<Record<keyof typeof RESETS, readonly (keyof ProbeOptions)[]>> = {
  method: ['method'],
  profile: ['profile'],
  redirects: ['redirects'],
  'expected-status': ['expectedStatus'],
  keyword: ['keyword'],
  forbid: ['forbid'],
  header: ['header', 'headerFile'],
  http2: ['http2'],
  timeout: ['timeout'],
};

export type ResetOption = { reset?: string[] };

export function addResetOption(command: Command): Command {
  const names = Object.keys(RESETS).join(', ');
  return command.option('--reset <option>', `back to the default: ${names}; may be repeated`, collect);
}

/** Throws AppError `invalid_arguments`, also for a setting that the same line sets. */
export function resetSettingsOf({ reset = [], ...options }: ResetOption & ProbeOptions): SiteSettings {
  const settings: SiteSettings = {};
  for (const name of reset) {
    if (!Object.hasOwn(RESETS, name)) {
      throw refusal(`--reset ${name}: there is no such option`, `use one of ${Object.keys(RESETS).join(', ')}`);
    }
    const resettable = name as keyof typeof RESETS;
    if (SET_BY[resettable].some((option) => options[option] !== undefined)) {
      throw refusal(`--reset ${name} takes back what the same line sets`, `leave out --reset ${name} or the option`);
    }
    Object.assign(settings, RESETS[resettable]);
  }
  return settings;
}

/** The plan that settings stand for, over the one of the process; null when that is all they want. */
export function planOf(settings: SiteSettings, defaults: ProbePlan): ProbePlan | null {
  return planFor({ ...NO_OVERRIDES, ...overridesOf(settings) }, defaults);
}

/** Throws AppError `invalid_arguments` for a rule that nothing would come of: not looked for is not found either. */
export function refuseIdleRules(plan: ProbePlan): void {
  const { keyword, forbiddenKeywords, redirects } = effectivePlan(plan);
  const idle = [
    ...(keyword === plan.keyword ? [] : ['--keyword']),
    ...(forbiddenKeywords.length === plan.forbiddenKeywords.length ? [] : ['--forbid']),
    ...(redirects === plan.redirects ? [] : ['--redirects']),
  ];
  if (idle.length === 0) return;
  const message = `${idle.join(' and ')} would have no effect on a probe with ${plan.method} and the profile ${plan.profile}`;
  throw refusal(message, 'add --method GET --profile full');
}

/** Null when no option speaks of headers. Messages never hold a value. */
function headersIn({ header, headerFile }: ProbeOptions): Record<string, string> | null {
  if (header === undefined && headerFile === undefined) return null;
  const headers: Record<string, string> = {};
  const names = new Set<string>();
  for (const { line, place } of [...linesGiven(header ?? []), ...linesOf(headerFile)]) {
    const colon = line.indexOf(':');
    if (colon < 1) throw refusal(`${place} is not a header field`, 'write it as `Name: value`');
    const name = line.slice(0, colon).trim();
    const value = withoutOuterSpace(line.slice(colon + 1));
    const problem = headerProblem(name, value);
    if (problem !== null) throw refusal(`${place}: ${problem}`);
    if (names.has(name.toLowerCase())) throw refusal(`${place} gives a header a second time`, 'give each header once');
    names.add(name.toLowerCase());
    headers[name] = value;
  }
  return headers;
}

type HeaderLine = { line: string; place: string };

function linesGiven(lines: readonly string[]): HeaderLine[] {
  return lines.map((line, index) => ({
    line,
    place: lines.length === 1 ? '--header' : `--header number ${index + 1}`,
  }));
}

function linesOf(path: string | undefined): HeaderLine[] {
  if (path === undefined) return [];
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw refusal(`--header-file: ${path} cannot be read (${code})`, 'check the path and the rights of the file');
  }
  const lines = text.split(/\r?\n/).flatMap((line, index) => {
    const isEntry = line.trim() !== '' && !line.startsWith('#');
    return isEntry ? { line, place: `--header-file: line ${index + 1} of ${path}` } : [];
  });
  if (lines.length > 0) return lines;
  throw refusal(`--header-file: ${path} holds no header field`, 'write one a line, as `Name: value`');
}

function refusal(message: string, fix = 'see the option in the help of the command'): AppError {
  return new AppError('invalid_arguments', message, { fix });
}
