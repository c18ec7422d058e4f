import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SiteSettings } from '../contracts/sites.ts';
import { AppError } from '../domain/errors.ts';
import { DEFAULT_PLAN, type ProbePlan } from '../domain/probe-plan.ts';
import {
  addProbeOptions,
  addResetOption,
  type ProbeOptions,
  planOf,
  probeSettingsOf,
  refuseIdleRules,
  resetSettingsOf,
} from './probe-options.ts';

const CANARY = 'canary-6f1d';

function parsed(words: readonly string[]): ProbeOptions & { reset?: string[] } {
  const command = addResetOption(addProbeOptions(new Command('probe'))).exitOverride();
  return command.parse(words, { from: 'user' }).opts();
}

const settingsFrom = (...words: string[]) => probeSettingsOf(parsed(words));

function refusalOf(...words: string[]): AppError {
  try {
    settingsFrom(...words);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the options were accepted');
}

function fileWith(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon-headers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'headers.txt');
  writeFileSync(path, text);
  return path;
}

describe('the options of a probe', () => {
  it('say nothing when none is given', () => {
    expect(settingsFrom()).toEqual({});
  });

  it('are the settings of the API, each in its words', () => {
    const words = [
      '--method',
      'head',
      '--profile',
      'simple_http',
      '--redirects',
      'alert',
      '--http2',
      '--timeout',
      '1m',
    ];
    const rules = [
      '--expected-status',
      '200-299, 401',
      '--keyword',
      'Welcome',
      '--forbid',
      'Fatal',
      '--forbid',
      'Error',
    ];
    const settings = settingsFrom(...words, ...rules, '--header', 'X-Token: a:b ', '--header', 'Accept-Language:de');
    expect(settings).toEqual({
      request_method: 'HEAD',
      detection_profile: 'simple_http',
      redirect_policy: 'alert',
      expected_status: '200-299, 401',
      check_keyword: 'Welcome',
      forbidden_keyword: null,
      forbidden_keywords: ['Fatal', 'Error'],
      custom_headers: { 'X-Token': 'a:b', 'Accept-Language': 'de' },
      http2: true,
      timeout_seconds: 60,
    });
    expect(Object.keys(settings).toSorted()).toEqual(Object.keys(SiteSettings.shape).toSorted());
  });

  it('take headers from a file, which may have blank lines and comments, beside those of the line', () => {
    const path = fileWith(`# of the shop\r\nX-Token: ${CANARY}\r\n\r\n  \nCookie: a=b; c=d\n`);
    expect(settingsFrom('--header-file', path, '--header', 'X-More: 1')).toEqual({
      custom_headers: { 'X-More': '1', 'X-Token': CANARY, Cookie: 'a=b; c=d' },
    });
  });

  it.each([
    [['--method', 'POST'], '--method: "POST" is not one of HEAD, GET'],
    [['--profile', 'deep'], '--profile: "deep" is not one of legacy, simple_http, full'],
    [['--redirects', 'never'], '--redirects: "never" is not one of follow, alert, fail'],
    [['--expected-status', '2xx'], '--expected-status: "2xx" is not valid: write statuses such as 200-299,401'],
    [['--keyword', 'x'.repeat(501)], '--keyword: it is longer than 500'],
    [['--forbid', 'x'.repeat(501)], '--forbid: it is longer than 500'],
    [Array.from({ length: 42 }, (_, n) => (n % 2 === 0 ? '--forbid' : 'x')), '--forbid: it holds more than 20 entries'],
    [['--keyword', ''], '--keyword is empty'],
    [['--forbid', 'x', '--forbid', ''], '--forbid is empty'],
    [['--expected-status', ''], '--expected-status is empty'],
    [['--timeout', 'soon'], '--timeout soon is not a span between 1s and 255s'],
    [['--timeout', '256'], '--timeout 256 is not a span between 1s and 255s'],
    [['--header-file', '/nowhere/headers'], '--header-file: /nowhere/headers cannot be read (ENOENT)'],
  ])('that do not fit are refused by name (case %#)', (words, message) => {
    expect(refusalOf(...words)).toMatchObject({ code: 'invalid_arguments', message, fix: expect.any(String) });
  });

  it('refuse a file of headers that holds none', () => {
    const path = fileWith('# X-Token: later\n\n');
    expect(refusalOf('--header-file', path, '--header', 'X-A: 1')).toMatchObject({
      message: `--header-file: ${path} holds no header field`,
      fix: 'write one a line, as `Name: value`',
    });
  });

  it.each([
    [['--header', CANARY], '--header is not a header field'],
    [['--header', 'X-A: 1', '--header', `:${CANARY}`], '--header number 2 is not a header field'],
    [['--header', 'X-A: 1', '--header', `x-a: ${CANARY}`], '--header number 2 gives a header a second time'],
    [['--header', `Host: ${CANARY}`], '--header: header Host says what the URL says'],
    [['--header', 'X-A: 1', '--header', `TE: ${CANARY}`], "--header number 2: header TE is the prober's own"],
    [['--header', `__proto__: ${CANARY}`], '--header: header __proto__ has a name that JSON cannot carry'],
    [['--header', `X-A: ${CANARY}\u0000`], '--header: '],
    [['--header', `X-A: ${CANARY}${'x'.repeat(5_000)}`], '--header: '],
  ])('never repeat the value of a header they refuse (case %#)', (words, message) => {
    const refused = refusalOf(...words);
    expect(refused.message.startsWith(message)).toBe(true);
    expect(JSON.stringify([refused.message, refused.fix, refused.details])).not.toContain(CANARY);
  });

  it('never repeat a line of the file they refuse', () => {
    const refused = refusalOf('--header-file', fileWith(`X-A: 1\n${CANARY}\n`));
    expect(refused.message).toMatch(/^--header-file: line 2 of .+headers\.txt is not a header field$/);
    const unfit = refusalOf('--header-file', fileWith(`X-A: 1\nX B: ${CANARY}\n`));
    expect(unfit.message).toMatch(/^--header-file: line 2 of .+headers\.txt: a header name must be /);
    expect(unfit.message).not.toContain(CANARY);
  });
});

describe('--reset', () => {
  it('takes a setting back to its default, and there is one for each', () => {
    const names = [
      'method',
      'profile',
      'redirects',
      'expected-status',
      'keyword',
      'forbid',
      'header',
      'http2',
      'timeout',
    ];
    const reset = resetSettingsOf(parsed(names.flatMap((name) => ['--reset', name])));
    expect(Object.keys(reset).toSorted()).toEqual(Object.keys(SiteSettings.shape).toSorted());
    expect(planOf(reset, DEFAULT_PLAN)).toBeNull();
    expect(SiteSettings.parse(reset)).toEqual(reset);
  });

  it.each([
    ['keyword', ['--keyword', 'x']],
    ['expected-status', ['--expected-status', '200']],
    ['forbid', ['--forbid', 'x']],
    ['header', ['--header', 'X-A: 1']],
    ['header', ['--header-file', 'headers.txt']],
    ['http2', ['--http2']],
    ['timeout', ['--timeout', '3s']],
  ])('of %s is refused beside %j', (name, words) => {
    const message = `--reset ${name} takes back what the same line sets`;
    expect(() => resetSettingsOf(parsed([...words, '--reset', name]))).toThrow(message);
    expect(() => resetSettingsOf(parsed([...words, '--reset', 'method']))).not.toThrow();
  });

  it('refuses what is no setting', () => {
    expect(() => resetSettingsOf({ reset: ['colour'] })).toThrow('--reset colour: there is no such option');
    expect(() => resetSettingsOf({ reset: ['constructor'] })).toThrow('there is no such option');
  });
});

describe('the plan of settings', () => {
  it('is what they say, over what the process does', () => {
    const server: ProbePlan = { ...DEFAULT_PLAN, method: 'HEAD', profile: 'legacy' };
    expect(planOf({}, server)).toBeNull();
    expect(planOf({ request_method: 'HEAD', timeout_seconds: 3 }, server)).toBeNull();
    const settings = settingsFrom(
      '--method',
      'GET',
      '--forbid',
      'Fatal',
      '--header',
      'X-A: 1',
      '--expected-status',
      '401',
    );
    expect(planOf({ ...settings, timeout_seconds: 3 }, server)).toEqual({
      ...server,
      method: 'GET',
      forbiddenKeywords: ['Fatal'],
      headers: [['X-A', '1']],
      expectedStatus: [[401, 401]],
    });
  });
});

describe('a rule that nothing would come of', () => {
  const refusalFor = (plan: Partial<ProbePlan>) => () => refuseIdleRules({ ...DEFAULT_PLAN, ...plan });

  it('is refused by the name of its option', () => {
    expect(refusalFor({ method: 'HEAD', keyword: 'x' })).toThrow(
      '--keyword would have no effect on a probe with HEAD and the profile full',
    );
    expect(refusalFor({ profile: 'legacy', forbiddenKeywords: ['x'], redirects: 'fail' })).toThrow(
      '--forbid and --redirects would have no effect on a probe with GET and the profile legacy',
    );
  });

  it('is not there when the page is read, or when nothing is looked for', () => {
    expect(refusalFor({ keyword: 'x', forbiddenKeywords: ['y'], redirects: 'fail' })).not.toThrow();
    expect(refusalFor({ method: 'HEAD', profile: 'simple_http', expectedStatus: [[401, 401]] })).not.toThrow();
  });
});
