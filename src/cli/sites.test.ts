import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { verification } from '../../test/kit/decisions.ts';
import { appendTo, temporaryFolder, temporaryStore } from '../../test/kit/store.ts';
import type { Site } from '../contracts/sites.ts';
import { AppError } from '../domain/errors.ts';
import { DEFAULT_PLAN } from '../domain/probe-plan.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { verificationEvidence } from '../domain/verification-evidence.ts';
import { createFleet } from '../engine/schedule/fleet.ts';
import { createJobs } from '../engine/schedule/jobs.ts';
import type { Terminal } from './command.ts';
import { define } from './sites.ts';

const CANARY = 'canary-c4e2';

/** The command on a data folder of its own, where no server runs. */
function sitesCommand() {
  const folder = temporaryFolder();
  let said = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      said += String(chunk);
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const env = { JETMON_DATA_DIR: join(folder, 'data') };
  const terminal: Terminal = { out, err: out, stdin: process.stdin, env, setExitCode() {} };

  async function run(...words: string[]): Promise<string> {
    said = '';
    const command = new Command('sites').exitOverride();
    define(command, terminal);
    await command.parseAsync(words, { from: 'user' });
    return said;
  }

  async function listed(): Promise<Site[]> {
    return (JSON.parse(await run('list', '--json')) as { data: Site[] }).data;
  }

  return { folder, run, listed };
}

const PROBING = [
  '--method',
  'get',
  '--redirects',
  'fail',
  '--keyword',
  'Welcome',
  '--forbid',
  'Fatal',
  '--forbid',
  'Oops',
];

describe('sites add', () => {
  it('watches a URL as the options say', async () => {
    const { folder, run, listed } = sitesCommand();
    const file = join(folder, 'headers');
    writeFileSync(file, `X-Token: ${CANARY}\n`);
    const more = [
      '--expected-status',
      '200,401',
      '--header-file',
      file,
      '--http2',
      '--timeout',
      '5s',
      '--profile',
      'full',
    ];
    expect(await run('add', 'https://a.example/', ...PROBING, ...more)).toBe(
      'https://a.example/ is watched as site 1, checked every 1 min\n',
    );
    expect(await listed()).toMatchObject([
      {
        request_method: 'GET',
        detection_profile: 'full',
        redirect_policy: 'fail',
        check_keyword: 'Welcome',
        forbidden_keywords: ['Fatal', 'Oops'],
        expected_status: '200,401',
        custom_header_names: ['X-Token'],
        http2: true,
        timeout_seconds: 5,
      },
    ]);
    expect(await run('list', '--json')).not.toContain(CANARY);
  });

  it('makes the job that the prober gets, secrets and all', async () => {
    const { folder, run } = sitesCommand();
    const more = ['--expected-status', '200-299,401', '--header', `X-Token: ${CANARY}`, '--timeout', '5s'];
    await run('add', 'a.example', ...PROBING, ...more);
    await run('add', 'b.example');
    const { endpoints } = await temporaryStore(join(folder, 'data'));
    const fleet = createFleet({ timeoutMs: 10_000, plan: DEFAULT_PLAN });
    const { jobFor } = createJobs(fleet);
    const jobs = (await endpoints.all(EVERY_SITE)).map((endpoint) => {
      const slot = fleet.add(endpoint);
      return jobFor(slot, fleet.timeoutMs(slot));
    });
    const plan = {
      method: 'GET',
      profile: 'full',
      redirects: 'fail',
      expectedStatus: [
        [200, 299],
        [401, 401],
      ],
      keyword: 'Welcome',
      forbiddenKeywords: ['Fatal', 'Oops'],
      headers: [['X-Token', CANARY]],
      http2: false,
    };
    expect(jobs).toMatchObject([
      { url: 'https://a.example/', timeoutMs: 5_000, plan },
      { url: 'https://b.example/', timeoutMs: 10_000, plan: null },
    ]);
  });

  it('says that a site which is there keeps its settings, and how to change them', async () => {
    const { run, listed } = sitesCommand();
    await run('add', 'a.example', '--keyword', 'one');
    const hint = '; its settings are as they were, change them with `jetmon2 sites update 1`\n';
    expect(await run('add', 'a.example')).toBe('https://a.example/ is already watched as site 1\n');
    expect(await run('add', 'a.example', '--keyword', 'two')).toBe(
      `https://a.example/ is already watched as site 1${hint}`,
    );
    await run('pause', '1');
    expect(JSON.parse(await run('add', 'a.example', '--keyword', 'two', '--json'))).toEqual({
      url: 'https://a.example/',
      site_id: 1,
      result: 'resumed',
      settings: 'kept',
    });
    expect(await listed()).toMatchObject([{ check_keyword: 'one' }]);
    await run('remove', '1');
    expect(await run('add', 'a.example', '--keyword', 'two')).not.toContain(hint);
    expect(await listed()).toMatchObject([{ check_keyword: 'two' }]);
  });

  it('adds nothing when an option does not fit', async () => {
    const { run, listed } = sitesCommand();
    await expect(run('add', 'a.example', '--redirects', 'never')).rejects.toThrow('--redirects: "never"');
    expect(await listed()).toEqual([]);
  });
});

describe('sites list', () => {
  it('says which failures nobody could confirm', async () => {
    const { folder, run } = sitesCommand();
    for (const name of ['a', 'b', 'c']) await run('add', `${name}.example`);
    const { endpoints, events } = await temporaryStore(join(folder, 'data'));
    const [first, second] = await endpoints.all(EVERY_SITE);
    if (first === undefined || second === undefined) throw new Error('the sites are not there');
    const open = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
    const evidence = verificationEvidence(verification('no_verdict'));
    await events.append(appendTo(first, [open], { verification: { outcome: 'unverified', atMs: 1_000, evidence } }));
    await events.append(appendTo(second, [open]));
    const lines = stripVTControlCharacters(await run('list')).split('\n');
    expect(lines[0]).toMatch(/^SITE {2}STATE {19}URL/);
    expect(lines[1]).toMatch(/^1 {5}Seems Down, unverified {2}https:\/\/a/);
    expect(lines[2]).toMatch(/^2 {5}Seems Down {14}https:\/\/b/);
    expect(lines[3]).toMatch(/^3 {5}Unknown {17}https:\/\/c/);
  });
});

describe('sites update', () => {
  it('changes what is named and leaves the rest', async () => {
    const { run, listed } = sitesCommand();
    await run('add', 'a.example', ...PROBING, '--header', `X-Token: ${CANARY}`);
    const [before] = await listed();
    expect(await run('update', '1', '--every', '5m', '--keyword', 'Hello', '--timeout', '9')).toBe(
      'site 1 is changed\n',
    );
    const changed = { check_interval: 5, check_interval_seconds: 300, check_keyword: 'Hello', timeout_seconds: 9 };
    const endpoints = before?.endpoints.map((endpoint) => ({ ...endpoint, check_interval_seconds: 300 }));
    expect(await listed()).toEqual([{ ...before, ...changed, endpoints }]);
  });

  it('takes settings back to their defaults', async () => {
    const { run, listed } = sitesCommand();
    await run('add', 'a.example');
    const [plain] = await listed();
    await run('update', '1', ...PROBING, '--header', 'X-A: 1');
    const resets = ['method', 'redirects', 'keyword', 'forbid', 'header'].flatMap((name) => ['--reset', name]);
    expect(JSON.parse(await run('update', '1', ...resets, '--json'))).toEqual({ site_id: 1, result: 'update' });
    expect(await listed()).toEqual([plain]);
  });

  it('refuses a value beside a reset of the same setting, and changes nothing', async () => {
    const { run, listed } = sitesCommand();
    await run('add', 'a.example', '--header', 'X-A: 1');
    const both = run('update', '1', '--reset', 'header', '--header', 'X-B: 2', '--every', '5m');
    await expect(both).rejects.toMatchObject({ code: 'invalid_arguments' });
    expect(await listed()).toMatchObject([{ custom_header_names: ['X-A'], check_interval_seconds: 60 }]);
  });

  it('refuses a wish without content, a site that is none, and one that is not there', async () => {
    const { run } = sitesCommand();
    const refusal = (...words: string[]) =>
      run('update', ...words).then(
        () => null,
        (error: unknown) => (error instanceof AppError ? [error.code, error.message] : error),
      );
    expect(await refusal('1')).toEqual(['invalid_arguments', 'there is nothing to change']);
    expect(await refusal('one', '--http2')).toEqual(['invalid_arguments', '"one" is not the number of a site']);
    expect(await refusal('7', '--http2')).toEqual(['site_not_found', 'there is no site 7']);
    expect(await refusal('7', '--every', 'often')).toEqual([
      'invalid_arguments',
      '--every often is not a span of time',
    ]);
  });
});
