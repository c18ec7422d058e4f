/** A failure that is simulated: seen, confirmed and recorded by a real server, and undone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startTestSite } from '../../src/testsite/testsite.ts';
import { run, type Server, serverForTest, startForTest, temporaryPlace } from '../kit/program.ts';

async function fixture(tls = false) {
  const options = { host: '127.0.0.1', port: 0, tlsPort: tls ? 0 : null, webhookSecret: null, nowMs: Date.now };
  const site = await startTestSite(options);
  onTestFinished(site.stop);
  return site;
}

/** A test site that is broken in another way than it is asked to be. */
async function brokenOtherwise(): Promise<string> {
  const server = createServer((_, reply) => reply.writeHead(403).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** As a server is that nobody configured for tests. */
const PLAIN = { MIN_CHECK_INTERVAL_SECONDS: '60' };

async function bench(env: Record<string, string> = {}) {
  const { folder } = temporaryPlace();
  const server = await serverForTest({ folder, env: { ...PLAIN, ...env } });
  const simulate = async (...words: string[]) => {
    const args = ['simulate-failure', '--poll-interval', '100ms', '--wait', '45s', ...words];
    // Both places have it.
    return run(words.includes('--json') ? ['api', ...args] : args, { folder, env: { ...PLAIN, ...env } });
  };
  return { folder, server, simulate };
}

const siteIdsOf = async ({ client }: Server) => {
  const ids: bigint[] = [];
  for await (const { id } of client.sites.list({ removed: 'false' })) ids.push(BigInt(id));
  return ids;
};

/** Each command is a process of its own, and the machine may be busy. */
const TIMEOUT_MS = 300_000;

describe('simulate-failure', { timeout: TIMEOUT_MS }, () => {
  it('shows how a failure is seen, confirmed and recorded, and how to undo it', async () => {
    const { folder, server, simulate } = await bench();
    const { http } = await fixture();
    const { code, out, err } = await simulate('--fixture-url', http);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`http-500 on one site of the batch simulate-failure: ${http}/status/500 answers 500\n`);
    expect(out).toMatch(/^site \d+ {2}is created: it watches http/m);
    expect(out).toMatch(/^site \d+ {2}looked at now: Seems Down, http_server_error: the server answered 500$/m);
    expect(out).toMatch(/^site \d+ {2} +\+\d\.\d s {2}opened: Seems Down, severity 3$/m);
    expect(out).toMatch(/^site \d+ {2} +\+\d\.\d s {2}local_confirmed: Down, severity 4$/m);
    expect(out).toMatch(/✔ as expected after \d+\.\d s: event \d+ is Down, severity 4 \(opened, local_confirmed\)/);
    const [undo] = /jetmon2 api sites cleanup --batch simulate-failure$/m.exec(out) ?? [];
    const [trail] = /jetmon2 audit --blog-id \d+/.exec(out) ?? [];
    expect((await run(trail?.split(' ').slice(1) ?? [], { folder })).out).toContain('local_confirmed');
    expect((await run(undo?.split(' ').slice(1) ?? [], { folder })).code).toBe(0);
    expect(await siteIdsOf(server)).toEqual([]);
  });

  it('finds each kind of failure for its own reason, also on sites that failed otherwise before', async () => {
    const { server, simulate } = await bench();
    const { http, https } = await fixture(true);
    const kinds = [
      ['http-403', http, 'http_forbidden'],
      ['unreachable', http, 'tcp_refused'],
      ['redirect', http, 'redirect_forbidden'],
      ['keyword', http, 'keyword_missing'],
      ['timeout', http, 'http_timeout'],
      ['tls', https, 'tls_self_signed'],
    ] as const;
    for (const [index, [mode, url, reason]] of kinds.entries()) {
      const expected = ['--expect-transition-reason', 'opened', '--require-transition'];
      // The second is simulated on the site of the first.
      const batch = ['--batch', `kind-${Math.max(1, index)}`];
      const told = await simulate('--mode', mode, '--fixture-url', String(url), '--json', ...batch, ...expected);
      const { ok, sites } = JSON.parse(told.out);
      expect({ mode, ok, err: told.err, code: told.code }).toEqual({ mode, ok: true, err: '', code: 0 });
      expect(sites).toMatchObject([{ met: true, look: { reason }, transitions: [{ reason: 'opened' }] }]);
    }
    expect(await siteIdsOf(server)).toHaveLength(kinds.length - 1);
  });

  it('ends with 1 and the last observation where what is expected does not come', async () => {
    const { simulate } = await bench();
    const { http } = await fixture();
    const unmet = ['--fixture-url', http, '--wait', '1s', '--expect-transition-reason', 'verifier_confirmed'];
    const { code, out } = await simulate(...unmet);
    expect(code).toBe(1);
    expect(out).toMatch(/✘ not as expected after .+: event \d+ is .+; expected was .+ verifier_confirmed/);
  });

  it('counts what it caused itself and nothing else: neither another failure nor one of before', async () => {
    const { simulate } = await bench();
    const { http } = await fixture();
    const opened = ['--json', '--expect-transition-reason', 'opened'];
    const first = JSON.parse((await simulate('--fixture-url', http, ...opened)).out);
    const again = JSON.parse((await simulate('--fixture-url', http, ...opened)).out);
    expect([first.ok, again.ok, again.sites[0].result]).toEqual([true, true, 'changed']);
    expect(again.sites[0].event.id).toBeGreaterThan(first.sites[0].event.id);
    const otherwise = ['--fixture-url', await brokenOtherwise(), '--batch', 'otherwise', '--wait', '2s'];
    const { code, out } = await simulate(...otherwise, ...opened);
    expect(code).toBe(1);
    const state = 'Seems Down';
    expect(JSON.parse(out).sites).toMatchObject([{ met: false, event: null, other_event: { state } }]);
  });

  it('says how to open the guard where the server does not go to this machine', async () => {
    const { simulate } = await bench({ EGRESS_ALLOW: '' });
    const { http } = await fixture();
    const { code, out } = await simulate('--fixture-url', http);
    expect(code).toBe(1);
    expect(out).toMatch(/✘ the server does not go to http.+Fix: start the server with EGRESS_ALLOW=127\.0\.0\.0\/8/);
  });

  it('leaves sites alone that are not its own, and says how one is put back that it may change', async () => {
    const { server, simulate, folder } = await bench();
    const { http } = await fixture();
    const { id } = await server.client.sites.create({ monitor_url: `${http}/ok` });
    const named = ['--fixture-url', http, '--site-id', String(id)];
    const refused = await simulate(...named);
    expect(refused.code).toBe(1);
    expect(refused.out).toContain('was not added by a command like this, so it is left alone');
    expect((await server.client.sites.get(id)).monitor_url).toBe(`${http}/ok`);
    const allowed = await simulate(...named, '--allow-unmarked', '--json', '--wait', '0s');
    const { sites, undo } = JSON.parse(allowed.out);
    expect(sites).toMatchObject([{ result: 'changed', before: { monitor_url: `${http}/ok` } }]);
    expect(undo).toEqual([expect.stringContaining(`api request PATCH /api/v1/sites/${id} --body '`)]);
    expect((await server.client.sites.get(id)).monitor_url).toBe(`${http}/status/500`);
    expect((await run(['api', 'sites', 'cleanup', '--site-id', String(id)], { folder })).code).toBe(1);
    const missing = await simulate('--fixture-url', http, '--site-id', '4242');
    expect(missing.out).toContain('there is no site 4242. Fix: add --create-missing');
  });

  it('wants a server, one that is near unless said otherwise, and a batch for one that is not', async () => {
    const { folder } = temporaryPlace();
    const none = await run(['simulate-failure', '--fixture-url', 'off'], { folder });
    expect(none).toMatchObject({ code: 2, out: '' });
    expect(none.err).toMatch(/no server runs on this data folder.+jetmon2 serve/);
    const elsewhere = ['simulate-failure', '--base-url', 'https://monitor.example', '--token', 'x'];
    expect((await run(elsewhere, { folder })).err).toContain('--allow-remote');
    expect((await run([...elsewhere, '--allow-remote'], { folder })).err).toContain('--batch');
    const unmarked = [...elsewhere, '--allow-remote', '--batch', 'b', '--allow-unmarked'];
    expect((await run(unmarked, { folder })).err).toContain('--allow-unmarked is not for monitor.example');
    expect((await run(['simulate-failure', '--mode', 'http-200'], { folder })).err).toContain('--mode http-200');
  });
});

describe('testsite healthcheck', () => {
  it('ends with 0 where a test site answers, and with 1 where none does', async () => {
    const { folder } = temporaryPlace();
    const site = await startForTest(['testsite', '--port', '0', '--json'], { folder });
    const check = ['testsite', 'healthcheck', '--url', String(site.document['http'])];
    expect(await run(check, { folder })).toMatchObject({ code: 0, err: '' });
    await site.end('SIGTERM');
    const { code, out } = await run(check, { folder });
    expect(code).toBe(1);
    expect(out).toContain('not well');
    expect((await run(['testsite', 'healthcheck', '--url', 'x'], { folder })).err).toContain('--url x is no http');
  });
});
