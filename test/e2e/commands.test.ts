/** Every command of the program, as a person or a script uses it. */

import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createAuthority, createTestCertificates } from '../kit/certificates.ts';
import { eventually } from '../kit/eventually.ts';
import { type Finished, rowsOf, run, type Server, serverForTest, temporaryPlace } from '../kit/program.ts';
import { type Site, type SiteOptions, startSite } from '../kit/site.ts';

async function siteForTest(options: SiteOptions = {}): Promise<Site> {
  const site = await startSite(options);
  onTestFinished(() => site.stop());
  return site;
}

/** One document a line. */
function documents(finished: Finished): Record<string, unknown>[] {
  return finished.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const ESC = '\u001b';

describe('check', () => {
  it('tells a person the verdict, the cause, where the time went and the proof, and ends with 0 for up', async () => {
    const site = await siteForTest();
    const { code, out, err } = await run(['check', site.url], temporaryPlace());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^✔ UP {2}http:\/\/127\.0\.0\.1:\d+\/\n {2}answered 200 in \d+ ms\n/);
    for (const label of ['TCP', 'TTFB', 'body', 'total', 'address', 'body read'])
      expect(out).toContain(`\n  ${label} `);
    expect(out).not.toContain(ESC);
  });

  it('ends with 1 when a site fails, and says what to do about it', async () => {
    const site = await siteForTest({ behaviour: { kind: 'status', code: 500 } });
    const { code, out, err } = await run(['check', site.url], temporaryPlace());
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toMatch(/^✘ FAILING {2}.+\n {2}the server answered 500\n {2}→ Check the logs/);
  });

  it('gives scripts one document per URL, in the order they were asked for', async () => {
    const slow = await siteForTest({ behaviour: { kind: 'delay', ms: 700 } });
    const failing = await siteForTest({ behaviour: { kind: 'status', code: 404 } });
    const quick = await siteForTest();
    const finished = await run(['check', '--json', slow.url, failing.url, quick.url], temporaryPlace());
    expect(finished).toMatchObject({ code: 1, err: '' });
    const told = documents(finished);
    expect(told.map(({ url, state, reason }) => [url, state, reason])).toEqual([
      [slow.url, 'Up', 'ok'],
      [failing.url, 'Seems Down', 'http_client_error'],
      [quick.url, 'Up', 'ok'],
    ]);
    for (const one of told) {
      const phase = expect.any(Number);
      const timings = { tcp: phase, sent: phase, ttfb: phase, headers: phase, body: phase, total: phase };
      expect(one['timings_ms']).toEqual(timings);
      expect(one['evidence']).toMatchObject({
        url: one['url'],
        method: 'GET',
        error: null,
        hops: [{ address: '127.0.0.1', addresses: [{ address: '127.0.0.1', outcome: 'connected' }] }],
      });
      expect(one).toMatchObject({ checked_at: expect.any(String), verdicts: [{ check: 'http' }] });
    }
  });

  it('shows the certificate of a site it trusts by CHECK_CA_FILE', async () => {
    const { folder } = temporaryPlace();
    const certificates = await createTestCertificates();
    const caFile = join(folder, 'ca.pem');
    writeFileSync(caFile, certificates.caPem);
    const { url } = await siteForTest({ identity: certificates.good });
    const [trusted] = documents(await run(['check', '--json', url], { folder, env: { CHECK_CA_FILE: caFile } }));
    expect(trusted).toMatchObject({
      state: 'Up',
      timings_ms: { tls: expect.any(Number) },
      evidence: { hops: [{ tls: { verify_error: null, certificates: [{ issuer: 'CN=Jetmon Test CA' }] } }] },
    });
    expect(await run(['check', url], { folder })).toMatchObject({ code: 1, out: expect.stringContaining('traced to') });
  });

  it('trusts the authorities of the machine', async () => {
    const { folder } = temporaryPlace();
    const certificates = await createTestCertificates();
    const store = join(folder, 'store.pem');
    writeFileSync(store, certificates.caPem);
    const { url } = await siteForTest({ identity: certificates.good });
    expect((await run(['check', url], { folder, env: { SSL_CERT_FILE: store } })).code).toBe(0);
    expect((await run(['check', url], { folder, env: { SSL_CERT_FILE: '' } })).code).toBe(1);
  });

  it('reads a list from standard input', async () => {
    const [one, other] = [await siteForTest(), await siteForTest()];
    const input = `# mine\n${one.url}\n\n  ${other.url}  \r\n`;
    const finished = await run(['check', '--stdin', '--json'], { ...temporaryPlace(), input });
    expect(finished.code).toBe(0);
    expect(documents(finished).map(({ url }) => url)).toEqual([one.url, other.url]);
  });

  it('does not go to private addresses unless it is told to', async () => {
    const { folder } = temporaryPlace();
    const env = { EGRESS_ALLOW: '' };
    const site = await siteForTest();
    const refused = await run(['check', '--json', site.url], { folder, env });
    expect(refused.code).toBe(1);
    expect(documents(refused)).toMatchObject([{ state: 'Unknown', reason: 'egress_refused' }]);
    expect(site.connections()).toBe(0);
    const allowed = await run(['check', '--json', '--allow-private', site.url], { folder, env });
    expect(documents(allowed)).toMatchObject([{ state: 'Up' }]);
  });

  it('escapes what a hostile site says', async () => {
    const { folder } = temporaryPlace();
    const stranger = await createAuthority(`${ESC}[2J${ESC}]0;owned\u0007`);
    const leaf = await stranger.issue({ names: [`${ESC}[31mred.example`], addresses: ['127.0.0.1'] });
    const lying = await siteForTest({ identity: leaf });
    // The last two bytes are U+009B in UTF-8, which some terminals take for ESC [.
    const location = `Location: gopher://${ESC}[31mred\u00c2\u009b31m\r\nX-More: ${ESC}[5m`;
    const bytes = `HTTP/1.1 302 ${ESC}[7mFound\r\n${location}\r\nContent-Length: 0\r\n\r\n`;
    const leading = await siteForTest({ behaviour: { kind: 'raw', bytes } });
    const shown = await run(['check', lying.url, leading.url], { folder });
    expect(shown.code).toBe(1);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be printed
    expect(shown.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    for (const part of ['\\u001b[31mred.example', 'gopher://\\u001b[31mred\\u009b31m'])
      expect(shown.out).toContain(part);
    const told = await run(['check', '--json', lying.url, leading.url], { folder });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be printed
    expect(told.out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(documents(told)).toHaveLength(2);
  });
});

/** Both ways the commands reach the sites. */
const WAYS = ['through the running server', 'on the data file when no server runs'] as const;

describe.for(WAYS)('sites, %s', (way) => {
  async function setUp() {
    const { folder, dataDir } = temporaryPlace();
    if (way === WAYS[0]) await serverForTest({ folder });
    const site = await siteForTest();
    const sites = (...args: string[]) => run(['sites', ...args], { folder });
    const listed = async () => documents(await sites('list', '--json'))[0]?.['data'] as Record<string, unknown>[];
    return { dataDir, site, sites, listed };
  }

  it('add watches a URL once, however often it is said', async () => {
    const { dataDir, site, sites } = await setUp();
    const first = await sites('add', site.url, '--every', '90s');
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toBe(`${site.url} is watched as site 1, checked every 90 s\n`);
    const second = await sites('add', site.url);
    expect(second).toMatchObject({ code: 0, err: '', out: `${site.url} is already watched as site 1\n` });
    const third = await sites('add', '--json', `${site.url}#part`, `${site.url}other`);
    expect(documents(third)).toEqual([
      { url: site.url, site_id: 1, result: 'exists' },
      { url: `${site.url}other`, site_id: 2, result: 'created' },
    ]);
    expect(rowsOf(dataDir, 'select monitor_url from jetpack_monitor_sites')).toHaveLength(2);
  });

  it('list, pause, resume and remove change what is watched', async () => {
    const { site, sites, listed } = await setUp();
    expect((await sites('list')).out).toContain('No site is watched yet');
    await sites('add', '--stdin', site.url);
    expect(await listed()).toMatchObject([{ id: 1, monitor_url: site.url, monitor_active: true }]);
    expect(await sites('pause', '1')).toMatchObject({ code: 0, out: 'site 1 is paused\n' });
    expect(await listed()).toMatchObject([{ monitor_active: false, current_state: 'Paused' }]);
    expect((await sites('list')).out).toMatch(/SITE +STATE +URL[^\n]*\n1 +Paused +http/);
    expect(documents(await sites('resume', '1', '--json'))).toEqual([{ site_id: 1, result: 'resume' }]);
    expect(await listed()).toMatchObject([{ monitor_active: true }]);
    expect(await sites('remove', '1')).toMatchObject({ code: 0, out: 'site 1 is removed\n' });
    expect(await listed()).toEqual([]);
    expect((await sites('add', site.url)).out).toBe(`${site.url} is watched again as site 1; it was removed\n`);
    expect(await listed()).toMatchObject([{ id: 1, monitor_active: true }]);
    expect(await sites('pause', '7')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/there is no site 7\. Fix: /),
    });
  });
});

describe('serve', () => {
  it('says to a person where it is, watches what it is given, and stops at the first signal', async () => {
    const { folder } = temporaryPlace();
    const site = await siteForTest();
    const args = ['--site', site.url, '--site', site.url, '--every', '2s'];
    const server = await serverForTest({ folder, args });
    const sites = [];
    for await (const one of server.client.sites.list()) sites.push(one);
    expect(sites).toMatchObject([{ monitor_url: site.url, check_interval_seconds: 2 }]);
    expect(await server.end('SIGINT')).toMatchObject({ code: 0, signal: null });
    const again = await serverForTest({ folder, args });
    expect(JSON.parse((await again.end('SIGTERM')).out)).toMatchObject({ watched: 1, config_file: null });
  });
});

describe('several URLs', () => {
  it('are probed at the same time: each is answered only when all have asked', async () => {
    const held: ServerResponse[] = [];
    const server = createServer((_, response) => {
      held.push(response);
      if (held.length === 3) for (const one of held) one.end('all here');
    });
    server.listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const urls = [1, 2, 3].map((page) => `http://127.0.0.1:${port}/${page}`);
    const checked = await run(['check', ...urls, '--allow-private', '--json'], temporaryPlace());
    expect(documents(checked)).toMatchObject(urls.map((url) => ({ url, state: 'Up' })));
  });
});

describe('what EGRESS_ALLOW opens', () => {
  it('is said at the start, and nothing is said where nothing is opened', async () => {
    const opened = await serverForTest({ folder: temporaryPlace().folder, env: { EGRESS_ALLOW: '10.0.0.0/8' } });
    await eventually('the policy is said', () => opened.log().includes('egress: allow 10.0.0.0/8'));
    const closed = await serverForTest({ folder: temporaryPlace().folder, env: { EGRESS_ALLOW: '' } });
    await closed.end('SIGTERM');
    expect(closed.log()).not.toContain('egress:');
  });
});

describe('a signal that comes twice', () => {
  it('as npm and the terminal send it together, is one wish to stop in order', async () => {
    const { folder, dataDir } = temporaryPlace();
    const server = await serverForTest({ folder });
    for (let copy = 0; copy < 3; copy++) process.kill(server.pid, 'SIGINT');
    expect(await server.finished).toMatchObject({ code: 0, signal: null });
    expect(server.log()).toContain('stopping');
    expect(existsSync(join(dataDir, 'serve.json'))).toBe(false);
  });
});

describe('audit', () => {
  it('tells what was done to a site, also while a server runs', async () => {
    const { folder } = temporaryPlace();
    await run(['sites', 'add', 'https://a.example/'], { folder });
    await serverForTest({ folder });
    await run(['sites', 'pause', '1'], { folder });
    const { code, out, err } = await run(['audit', '--blog-id', '1', '--since', '1h'], { folder });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const done = out.split('\n').filter((line) => line.includes('config_change'));
    expect(done).toEqual([
      expect.stringContaining('URL added: https://a.example/'),
      expect.stringContaining('site paused'),
    ]);
    const [document] = documents(await run(['audit', '--blog-id', '1', '--json'], { folder }));
    expect(document).toMatchObject({
      data: expect.arrayContaining([expect.objectContaining({ detail: 'site paused' })]),
    });
    expect((await run(['audit', '--blog-id', '9'], { folder })).err).toContain('there is no site 9');
  });
});

describe('keys', () => {
  it('are shown once, let in by scope, and are worthless as soon as they are revoked', async () => {
    const { folder, dataDir } = temporaryPlace();
    const server = await serverForTest({ folder });
    const created = await run(['keys', 'create', '--consumer', 'grafana', '--scope', 'read', '--json'], { folder });
    const [key = {}] = documents(created);
    expect(key).toMatchObject({ id: 1, consumer_name: 'grafana', scope: 'read', revoked_at: null });
    const token = String(key['token']);
    expect(await statusOf(server, token, 'GET')).toBe(200);
    expect(await statusOf(server, token, 'POST')).toBe(403);

    const listed = await run(['keys', 'list', '--json'], { folder });
    expect(documents(listed)).toMatchObject([{ data: [{ id: 1, consumer_name: 'grafana' }] }]);
    expect(listed.out + (await run(['keys', 'list'], { folder })).out).not.toContain(token);
    expect(JSON.stringify(rowsOf(dataDir, 'select * from jetmon_api_keys'))).not.toContain(token);
    expect(server.log()).not.toContain(token);

    const revoked = await run(['keys', 'revoke', '1', '--json'], { folder });
    expect(documents(revoked)).toEqual([{ id: 1, revoked: true }]);
    await vi.waitFor(async () => expect(await statusOf(server, token, 'GET')).toBe(401), { timeout: 5_000 });
    expect(documents(await run(['keys', 'list', '--json'], { folder }))).toEqual([{ data: [] }]);
    const all = documents(await run(['keys', 'list', '--include-revoked', '--json'], { folder }));
    expect(all).toMatchObject([{ data: [{ id: 1, revoked_at: expect.any(String) }] }]);
    expect((await run(['keys', 'revoke', '9'], { folder })).err).toContain('there is no key 9');
  });

  it('tells a person the token on its own line', async () => {
    const { code, out } = await run(['keys', 'create', '--consumer', 'me', '--scope', 'admin', '--rate-limit', '7'], {
      ...temporaryPlace(),
    });
    expect(code).toBe(0);
    expect(out).toMatch(/^key 1 for me \(admin, 7 requests a minute\)\n\n {2}jm_[A-Z2-7]{52}\n\n$/);
  });
});

async function statusOf(server: Server, token: string, method: 'GET' | 'POST'): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(`${server.address}/api/v1/sites`, { method, headers })).status;
}

describe('what every command has', () => {
  it('version tells a person and a script what runs', async () => {
    const place = temporaryPlace();
    const { version, known_flaws, ...runtime } = documents(await run(['version', '--json'], place))[0] ?? {};
    expect(runtime).toEqual({ node: process.versions.node, openssl: process.versions.openssl });
    const words = (await run(['version'], place)).out;
    expect(words).toContain(
      `jetmon2 ${version} (Node ${process.versions.node}, OpenSSL ${process.versions.openssl})\n`,
    );
    expect(known_flaws).toEqual(words.includes('CVE-') ? [expect.stringContaining('CVE-')] : []);
    expect((await run(['--version'], place)).out).toBe(words);
  });

  it.each([
    '',
    'serve',
    'check',
    'sites',
    'sites add',
    'sites list',
    'sites pause',
    'sites resume',
    'sites remove',
    'keys',
    'keys create',
    'keys list',
    'keys rotate',
    'keys revoke',
    'site-tenants',
    'site-tenants import',
    'version',
  ])('`%s --help` shows an example', async (command) => {
    const words = command === '' ? [] : command.split(' ');
    const { code, out, err } = await run([...words, '--help'], temporaryPlace());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`\\nExamples?:\\n(  \\$ .*\\n)*  \\$ [^\\n]*jetmon2 ${command}`));
  });
});
