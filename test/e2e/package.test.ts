import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { start } from '../kit/checkout.ts';
import { eventually } from '../kit/eventually.ts';
import { type InstalledPackage, installPackage } from '../kit/installed-package.ts';
import { createPlace, type Place, type Server, serverForTest } from '../kit/program.ts';

const PROJECT = join(import.meta.dirname, '..', '..');
const TSC = join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc');

let installed: InstalledPackage;
let place: Place;
beforeAll(async () => {
  installed = await installPackage();
  place = createPlace();
}, 180_000);
afterAll(() => {
  installed.remove();
  place.remove();
});

const node = (...args: string[]) => start(args, { cwd: installed.folder }).finished;

describe('the tarball, unpacked beside links to what it depends on', () => {
  it('holds the program, the page, the client and the description of the API, and no source, test or note', () => {
    const kinds = new Set(installed.files.map((path) => path.replace(/^(dist\/\w+|web\/dist|[^/]+)\/.*/, '$1/')));
    const expected = [
      'LICENSE',
      'README.md',
      'bin/',
      'dist/client/',
      'dist/program/',
      'docs/',
      'package.json',
      'scripts/',
      'web/dist/',
    ];
    expect([...kinds].sort()).toEqual(expected);
    expect(installed.files.filter((path) => /\.(tsx?|map)$/.test(path) && !path.endsWith('.d.ts'))).toEqual([]);
    expect(installed.files).toContain('web/dist/index.html');
  });

  it('holds a client that is one file of its own, fit for browsers', () => {
    const client = readFileSync(join(installed.folder, 'node_modules/jetmon2/dist/client/client.js'), 'utf8');
    expect(client).not.toMatch(/^\s*import\b|\bimport\(|\brequire\(|\bprocess\.|\bBuffer\b|node:/m);
    expect(client.length).toBeLessThan(100_000);
  });

  it('gives a program of plain JavaScript the client: calls, pages, the stream and refusals', async () => {
    const server: Server = await serverForTest({ folder: place.folder });
    const consumer = installed.write('consumer.mjs', CONSUMER);
    const { code, out, err } = await node(consumer, server.address, server.token);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toEqual({
      urls: ['https://a.example/', 'https://b.example/', 'https://c.example/'],
      listed: 3,
      ok: true,
      refusal: [404, 'site_not_found', true],
      streamed: ['created'],
    });
    await server.end();
  });

  it.each(['nodenext', 'bundler'])('type-checks a consumer that resolves modules the %s way', async (resolution) => {
    const module = resolution === 'bundler' ? 'esnext' : resolution;
    const flags = ['--strict', '--noEmit', '--module', module, '--moduleResolution', resolution, '--target', 'es2022'];
    const good = installed.write('good.ts', TYPED_CONSUMER);
    const run = await node(TSC, ...flags, '--lib', 'es2024,dom,dom.iterable', '--types', '', good);
    expect(run).toMatchObject({ code: 0, out: '' });
    const bad = installed.write('bad.ts', `${TYPED_CONSUMER}\n${MISTAKES.join('\n')}`);
    const refused = await node(TSC, ...flags, '--lib', 'es2024,dom,dom.iterable', '--types', '', bad);
    expect(refused.out.match(/^bad\.ts\(\d+/gm)).toHaveLength(MISTAKES.length);
  });

  it('runs the program from its link', async () => {
    const program = join(installed.folder, 'node_modules', '.bin', 'jetmon2');
    const version = await start([program, 'version', '--json']).finished;
    expect(version).toMatchObject({ code: 0, err: '' });
    const manifest = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { version: string };
    expect(JSON.parse(version.out)).toMatchObject({ version: manifest.version });
    expect(existsSync(join(installed.folder, 'node_modules', 'jetmon2', 'src'))).toBe(false);
  });

  it('hands over to the pinned Node, which lies beside it, under a Node that is too old', async () => {
    const disguise = installed.write('old.cjs', "Object.defineProperty(process, 'version', { value: 'v8.17.0' });");
    const program = join(installed.folder, 'node_modules', '.bin', 'jetmon2');
    expect(await start(['-r', disguise, program, 'version']).finished).toMatchObject({ code: 0, err: '' });
  });

  it('serves page and API, probes in a thread and ends when told', async () => {
    const program = join(installed.folder, 'node_modules', '.bin', 'jetmon2');
    const env = {
      JETMON_DATA_DIR: join(installed.folder, 'data'),
      HTTP_PORT: '0',
      EGRESS_ALLOW: '127.0.0.0/8',
      MIN_CHECK_INTERVAL_SECONDS: '1',
    };
    const { child, firstLine, finished } = start([program, 'serve', '--json'], { env });
    try {
      const { address } = JSON.parse(await firstLine) as { address: string };
      expect(await (await fetch(address)).text()).toContain('/assets/');
      expect((await fetch(`${address}/api/v1/openapi.json`)).status).toBe(200);
      expect((await fetch(`${address}/api/docs`)).status).toBe(200);
      const added = await start([program, 'sites', 'add', address, '--every', '1s', '--json'], { env }).finished;
      expect(added).toMatchObject({ code: 0, err: '' });
      await eventually('the site is probed', async () => {
        const { out } = await start([program, 'sites', 'list'], { env }).finished;
        return out.includes(address) && !out.includes('not checked yet') ? true : null;
      });
    } finally {
      child.kill('SIGTERM');
    }
    expect((await finished).code).toBe(0);
  });
});

/** Quoted here: these programs are not of the project, and know the package by its name. */
const CLIENT = JSON.stringify('jetmon2/client');

const CONSUMER = `
import { ApiError, createClient, operations } from ${CLIENT};

const [baseUrl, token] = process.argv.slice(2);
const client = createClient({ baseUrl, token });
const abort = new AbortController();
const streamed = [];
let opened;
const open = new Promise((resolve) => { opened = resolve; });
const following = client.stream(
  { onOpen: opened, site({ change }) { streamed.push(change); abort.abort(); } },
  { signal: abort.signal },
);
await open;
await client.sites.create({ monitor_url: 'https://a.example/' });
await following;
await client.call(operations.createSite, { body: { monitor_url: 'https://b.example/' } });
await client.sites.watch({ url: 'https://c.example/', intervalSeconds: 60 });
const urls = [];
for await (const site of client.sites.list({ limit: 2 })) urls.push(site.monitor_url);
let listed = 0;
for await (const _ of client.list(operations.listSites, { query: { limit: 1 } })) listed += 1;
const { ok } = await client.call(operations.getStatus, {});
const refusal = await client.sites.get(4000).catch((error) => [error.status, error.code, error instanceof ApiError]);
console.log(JSON.stringify({ urls, listed, ok, refusal, streamed }));
`;

const TYPED_CONSUMER = `
import { ApiError, type Client, createClient, type InputOf, operations, type ReplyTo, type Site } from ${CLIENT};

const client: Client = createClient({ baseUrl: 'http://127.0.0.1:8080', token: 'jm_x' });
export async function names(): Promise<string[]> {
  const found: string[] = [];
  for await (const site of client.sites.list({ limit: 2 })) found.push(site.monitor_url);
  for await (const transition of client.list(operations.listEventTransitions, { params: { site_id: 1, event_id: 2n } })) {
    found.push(transition.reason);
  }
  const site: Site = await client.call(operations.createSite, { body: { monitor_url: 'https://a.example/' } });
  const status: ReplyTo<typeof operations.getStatus> = await client.call(operations.getStatus, {});
  const input: InputOf<typeof operations.getSite> = { params: { site_id: site.id } };
  const detail = await client.call(operations.getSite, input).catch((error: unknown) => {
    if (error instanceof ApiError && error.code === 'site_not_found') return null;
    throw error;
  });
  return [...found, status.version, detail?.active_events[0]?.check_type ?? operations.getSite.path];
}
`;

/** Each is one error. */
const MISTAKES = [
  'void client.call(operations.createSite, { body: { monitor_url: 5 } });',
  'void client.call(operations.getSite, {});',
  'const wrong: number = (await client.sites.get(1)).monitor_url;',
  'for await (const row of client.list(operations.getSite, { params: { site_id: 1 } })) row.monitor_url;',
  'operations.createSite.body;',
  'operations.stream;',
];
