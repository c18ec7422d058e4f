/** What export writes, apply takes back: without a difference where it is from, and as the same file elsewhere. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { temporaryFolder } from '../../../test/kit/store.ts';
import { CHECKS } from '../../checks/registry.ts';
import { createClient } from '../../client/client.ts';
import type { Terminal } from '../command.ts';
import { carryOut } from './carry-out.ts';
import { readRows } from './document.ts';
import { exportFile } from './export-file.ts';
import { planFile } from './plan-file.ts';
import { readEntries } from './read-entries.ts';
import { FORMATS, type Format } from './write-document.ts';

const QUIET = new Writable({ write: (_chunk, _encoding, done) => done() }) as unknown as NodeJS.WriteStream;
const TERMINAL: Terminal = { out: QUIET, err: QUIET, stdin: process.stdin, env: {}, setExitCode() {} };

async function server() {
  const api = await startApi();
  const client = createClient({ baseUrl: api.address, token: LOCAL_KEY });
  const folder = temporaryFolder();
  const plan = async (text: string, format: Format, prune = true) => {
    const file = join(folder, `sites.${format}`);
    writeFileSync(file, text);
    const entries = readEntries(file, await readRows(file));
    return planFile(client, entries, { file, ownMinSeconds: 60, prune, rewriteHeaders: false });
  };
  return {
    plan,
    exported: (format: Format) => exportFile(client, format),
    async apply(text: string, format: Format) {
      const wanted = await plan(text, format);
      await carryOut(client, wanted, {}, TERMINAL);
      return wanted;
    },
    /** The reply to what has to be done. */
    async ask(method: string, path: string, body?: unknown) {
      const reply = await api.ask(method, `/api/v1${path}`, body === undefined ? {} : { body });
      expect(reply.status, reply.text).toBeLessThan(300);
      return reply.body;
    },
  };
}

type Server = Awaited<ReturnType<typeof server>>;
const IN_STEP = { steps: [], notes: [], problems: [] };

async function expectRoundTrip(here: Server, format: Format): Promise<string> {
  const { text } = await here.exported(format);
  expect(await here.plan(text, format)).toMatchObject(IN_STEP);
  const there = await server();
  await there.apply(text, format);
  expect((await there.exported(format)).text).toBe(text);
  expect(await stateOf(there)).toEqual(await stateOf(here));
  expect(await there.plan(text, format)).toMatchObject(IN_STEP);
  return text;
}

/** What every site is set to, as the API shows it, without ids and times: nothing of it may be lost on the way. */
async function stateOf({ ask }: Server): Promise<unknown[]> {
  const sites: unknown[] = [];
  for (const { id, monitor_url } of (await ask('GET', '/sites?limit=200')).data) {
    const endpoints = (await ask('GET', `/sites/${id}/endpoints?limit=200`)).data;
    const urlOf = new Map(endpoints.map((one: Shown) => [String(one['endpoint_id']), one['monitor_url']]));
    const { site_id: _, updated_at, ...rules } = await ask('GET', `/sites/${id}/rollup-rules`);
    const critical = Object.entries(rules.endpoints).map(([of, said]) => [urlOf.get(of), said]);
    const each: unknown[] = [];
    for (const endpoint of endpoints) {
      const { endpoint_id, site_id, current_state, current_severity, latest, active_event_id, ...set } = endpoint;
      each.push({ ...set, checks: await checksAt(ask, `/sites/${id}/endpoints/${endpoint_id}/checks`) });
    }
    const firstWatched = endpoints.find((one: Shown) => one['monitor_active'])?.monitor_url;
    const checks = await checksAt(ask, `/sites/${id}/checks`);
    const said = { ...rules, endpoints: critical.sort() };
    sites.push({ monitor_url, firstWatched, checks, rules: said, endpoints: each.sort(byText) });
  }
  return sites.sort(byText);
}

type Shown = Record<string, unknown>;

async function checksAt(ask: Server['ask'], path: string): Promise<unknown[]> {
  return (await ask('GET', path)).data.map(({ check_type, enabled, source }: Shown) => [check_type, enabled, source]);
}

function byText(one: unknown, other: unknown): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

describe('what export writes', () => {
  it.each(FORMATS)('tells sites with one URL apart by their ids, as %s', async (format) => {
    const here = await server();
    const [idem, own] = ['https://idem.example/', 'https://own.example/'];
    for (const body of [
      { monitor_url: own },
      { monitor_url: idem, blog_id: 6 },
      { monitor_url: idem, blog_id: 16, check_keyword: 'of another' },
    ]) {
      await here.ask('POST', '/sites', body);
    }
    await here.ask('POST', '/sites/1/endpoints', { monitor_url: idem, monitor_active: false });
    const text = await expectRoundTrip(here, format);
    expect(text.match(/\b(?:blog_id|16|6)\b/g)).toContain('16');
  });

  it.each(FORMATS)('holds every URL of a site, however many there are, as %s', async (format) => {
    const here = await server();
    await here.ask('POST', '/sites', { monitor_url: 'https://many.example/' });
    for (let at = 1; at < 57; at += 1) {
      await here.ask('POST', '/sites/1/endpoints', { monitor_url: `https://many.example/${at}` });
    }
    const text = await expectRoundTrip(here, format);
    expect(text.match(/many\.example/g)).toHaveLength(57);
  });

  it('keeps what is set on single URLs, and wakes none that is paused', async () => {
    const here = await server();
    await here.ask('POST', '/sites', { monitor_url: 'https://a.example/', check_interval_seconds: 60 });
    const own = { check_interval_seconds: 300, timeout_seconds: 9, check_keyword: 'Hi', monitor_active: false };
    await here.ask('POST', '/sites/1/endpoints', { monitor_url: 'https://a.example/own', ...own });
    await here.ask('POST', '/sites/1/endpoints', { monitor_url: 'https://a.example/same', check_interval_seconds: 60 });
    const text = await expectRoundTrip(here, 'json');
    expect(JSON.parse(text)).toEqual({
      sites: [
        {
          monitor_url: 'https://a.example/',
          more_urls: ['https://a.example/same'],
          check_interval_seconds: 60,
          endpoints: [{ monitor_url: 'https://a.example/own', ...own }],
        },
      ],
    });
  });

  it('says what it cannot hold: values of header fields, and maintenance that is planned', async () => {
    const here = await server();
    await here.ask('POST', '/sites', { monitor_url: 'https://a.example/', custom_headers: { 'X-Key': 'v' } });
    await here.ask('POST', '/sites/1/maintenance', { start: '2100-01-01T00:00:00Z', duration_minutes: 5 });
    expect((await here.exported('json')).notes).toEqual([
      'values of header fields are not in the file: https://a.example/',
      expect.stringContaining('maintenance that is planned is not in the file'),
    ]);
  });

  it('brings back a single URL that was removed, with nothing of what it had', async () => {
    const here = await server();
    await here.ask('POST', '/sites', { monitor_url: 'https://a.example/' });
    await here.ask('POST', '/sites/1/endpoints', { monitor_url: 'https://a.example/x' });
    await here.ask('POST', '/sites/1/checks', { check_type: 'tls_expiry', endpoint_id: 2, enabled: false });
    const { text } = await here.exported('yaml');
    await here.ask('PATCH', '/sites/1/endpoints/2', { check_keyword: 'old' });
    await here.ask('DELETE', '/sites/1/endpoints/2');
    expect((await here.apply(text, 'yaml')).steps).toMatchObject([{ action: 'add_url' }, { action: 'set_check' }]);
    expect(await here.plan(text, 'yaml')).toMatchObject({ ...IN_STEP, unchanged: 1 });
  });

  it('is the same for any sites, settings, checks and rules', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(SITE, { maxLength: 4, selector: ({ id }) => id }),
        fc.constantFrom(...FORMATS),
        async (sites, format) => {
          const here = await server();
          for (const site of sites) await createDrawn(here, site);
          await expectRoundTrip(here, format);
        },
      ),
      { numRuns: 8 },
    );
  });
});

const TEXT = fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }).filter((text) => text.isWellFormed());
const TYPES = CHECKS.map(({ type }) => type).filter((type) => type !== 'http');
const SAID = fc.dictionary(fc.constantFrom(...TYPES), fc.boolean(), { maxKeys: 3 });
const WINDOW = fc.nat({ max: 1_000 }).map((hours) => ({
  maintenance_start: new Date(Date.UTC(2100, 0, 1) + hours * 3_600_000).toISOString(),
  maintenance_end: new Date(Date.UTC(2101, 0, 1)).toISOString(),
}));

const SETTINGS = fc
  .record(
    {
      monitor_active: fc.boolean(),
      bucket_no: fc.constantFrom(0, 1, 65_535),
      check_interval_seconds: fc.constantFrom(60, 61, 300, 604_800),
      timeout_seconds: fc.constantFrom(null, 1, 255),
      alert_cooldown_minutes: fc.constantFrom(null, 0, 9),
      request_method: fc.constantFrom(null, 'GET', 'HEAD'),
      detection_profile: fc.constantFrom(null, 'full'),
      redirect_policy: fc.constantFrom('follow', 'fail', 'alert'),
      expected_status: fc.constantFrom(null, '200', '200-299,401'),
      check_keyword: fc.option(TEXT),
      forbidden_keyword: fc.option(TEXT),
      forbidden_keywords: fc.array(TEXT, { maxLength: 2 }),
      http2: fc.boolean(),
      window: WINDOW,
    },
    { requiredKeys: [] },
  )
  .map(({ window, ...settings }) => ({ ...settings, ...window }));

const ENDPOINT = fc.record({ at: fc.nat({ max: 5 }), settings: fc.oneof(fc.constant({}), SETTINGS), checks: SAID });
const SITE = fc.record({
  id: fc.integer({ min: 1, max: 9 }),
  endpoints: fc.uniqueArray(ENDPOINT, { minLength: 1, maxLength: 4, selector: ({ at }) => at }),
  checks: SAID,
  rules: fc.option(
    fc.record(
      {
        critical: fc.array(fc.boolean(), { maxLength: 4 }),
        non_critical_cap: fc.constantFrom('Warning', 'Degraded', 'Down'),
        endpoint_rule: fc.constantFrom('worst', 'majority'),
        site_checks: fc.dictionary(fc.constantFrom(...TYPES), fc.constantFrom('pass', 'ignore', 'cap:Warning'), {
          maxKeys: 2,
        }),
        reverse: fc.constantFrom({ mode: 'separate' }, { mode: 'pass' }),
      },
      { requiredKeys: [] },
    ),
  ),
});
type Drawn = typeof SITE extends fc.Arbitrary<infer T> ? T : never;

async function createDrawn(here: Server, { id, endpoints, checks, rules }: Drawn): Promise<void> {
  const ids: unknown[] = [];
  for (const [index, { at, settings, checks: own }] of endpoints.entries()) {
    const body = { monitor_url: `https://n${at}.example/`, ...settings };
    if (index === 0) await here.ask('POST', '/sites', { blog_id: id, ...body });
    else await here.ask('POST', `/sites/${id}/endpoints`, body);
    const { data } = await here.ask('GET', `/sites/${id}/endpoints`);
    const endpoint_id = data.at(-1).endpoint_id;
    ids.push(endpoint_id);
    for (const [check_type, enabled] of Object.entries(own)) {
      await here.ask('POST', `/sites/${id}/checks`, { check_type, enabled, endpoint_id });
    }
  }
  for (const [check_type, enabled] of Object.entries(checks)) {
    await here.ask('POST', `/sites/${id}/checks`, { check_type, enabled });
  }
  if (rules === null) return;
  const { critical = [], site_checks = {}, ...plain } = rules;
  const said = critical
    .slice(0, ids.length)
    .map((is, at) => [ids[at], { criticality: is ? 'critical' : 'non_critical' }]);
  const modes = Object.entries(site_checks).map(([type, mode]) => [type, { mode }]);
  const body = { ...plain, endpoints: Object.fromEntries(said), site_checks: Object.fromEntries(modes) };
  await here.ask('PUT', `/sites/${id}/rollup-rules`, body);
}
