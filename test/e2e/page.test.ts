/** The page: what a browser on this machine is given, and what a stranger's is not. */
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { StreamMessages } from '../../src/contracts/utility.ts';
import { eventually } from '../kit/eventually.ts';
import { createPlace, type Place, type Server, startServer } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';

let place: Place;
let server: Server;

beforeAll(async () => {
  place = createPlace();
  server = await startServer({ folder: place.folder, env: { NUM_OF_CHECKS: '1' } });
});
afterAll(async () => {
  await server?.end('SIGKILL');
  place?.remove();
});

type Reply = { status: number; headers: NodeJS.Dict<string | string[]>; body: string };

/** A request with any header; `fetch` would not let a caller choose Host and Origin. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(server.address + path, { method, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    sent.on('error', reject).end();
  });
}

async function sessionCookie(): Promise<string> {
  const cookie = (await ask('/')).headers['set-cookie']?.[0];
  if (cookie === undefined) throw new Error('the page came without a session');
  return cookie.split(';', 1)[0] ?? '';
}

describe('the page', () => {
  it('is HTML under a policy that lets in nothing from elsewhere', async () => {
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(body).toMatch(/^<!doctype html>/i);
    const policy = String(headers['content-security-policy']);
    for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"]) {
      expect(policy.split('; ')).toContain(rule);
    }
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
  });

  it('brings a session that scripts cannot read and that no other site may send', async () => {
    const cookie = String((await ask('/')).headers['set-cookie']?.[0]);
    expect(cookie).toMatch(/^jetmon_session=[^;]+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(server.token);
  });

  it.each([
    ['a name that somebody pointed at this machine', { host: 'evil.example' }],
    ['a name that begins like ours', { host: 'localhost.evil.example' }],
    ['a proxy in front', { 'x-forwarded-for': '203.0.113.9' }],
    ['another site that asks for it', { origin: 'https://evil.example' }],
  ])('brings no session to %s', async (_, headers) => {
    const reply = await ask('/', headers);
    expect(reply.headers['set-cookie']).toBeUndefined();
    expect((await ask('/api/v1/sites', { ...headers, cookie: await sessionCookie() })).status).toBe(401);
  });
});

describe('the session', () => {
  it('opens the API to our own page alone', async () => {
    const cookie = await sessionCookie();
    const { host } = new URL(server.address);
    expect((await ask('/api/v1/sites')).status).toBe(401);
    expect((await ask('/api/v1/sites', { cookie })).status).toBe(200);
    expect((await ask('/api/v1/sites', { cookie, origin: `http://${host}` })).status).toBe(200);
    expect((await ask('/api/v1/sites', { cookie, 'sec-fetch-site': 'cross-site' })).status).toBe(401);
    expect((await ask('/api/v1/sites', { cookie: `${cookie.slice(0, -1)}x` })).status).toBe(401);
  });

  it('changes nothing without proof of where the request comes from', async () => {
    const cookie = await sessionCookie();
    const { host } = new URL(server.address);
    expect((await ask('/api/v1/sites', { cookie }, 'POST')).status).toBe(401);
    expect((await ask('/api/v1/sites', { cookie, origin: 'https://evil.example' }, 'POST')).status).toBe(401);
    // Let in, and then refused for having no body.
    expect((await ask('/api/v1/sites', { cookie, origin: `http://${host}` }, 'POST')).status).toBe(400);
  });
});

describe('the live stream', () => {
  it('tells of a new site, its results, and each step of an outage', async () => {
    const heard: StreamMessages['transition'][] = [];
    const added: StreamMessages['site'][] = [];
    const checked: StreamMessages['checked']['results'] = [];
    const stop = new AbortController();
    let open = false;
    const following = server.client.stream(
      {
        onOpen() {
          open = true;
        },
        transition: (message) => heard.push(message),
        site: (message) => added.push(message),
        checked: (message) => checked.push(...message.results),
      },
      { signal: stop.signal },
    );
    onTestFinished(async () => {
      stop.abort();
      await following;
    });
    await eventually('the stream is open', () => open);

    const site = await startSite();
    onTestFinished(() => site.stop());
    const { id } = await server.client.sites.create({ monitor_url: site.url, check_interval_seconds: 1 });
    await eventually('a first result', () => checked.length > 0);
    expect(added).toContainEqual({ site_id: id, change: 'created' });
    expect(checked[0]).toMatchObject({ site_id: id, site_state: 'Up', latest: { state: 'Up', reason: 'ok' } });
    site.behave({ kind: 'status', code: 500 });
    await eventually('the outage', () => heard.length >= 2);
    site.behave({ kind: 'up' });
    await eventually('the recovery', () => heard.length >= 3);
    expect(heard.map(({ transition }) => [transition.seq, transition.state_after, transition.reason])).toEqual([
      [1, 'Seems Down', 'opened'],
      [2, 'Down', 'local_confirmed'],
      [3, 'Resolved', 'verifier_cleared'],
    ]);
    expect(heard.at(-1)).toMatchObject({ site_id: id, check_type: 'http', site_state: 'Up' });
  });

  it('ends when the server stops, which does not wait for its readers', async () => {
    const other = createPlace();
    onTestFinished(other.remove);
    const ending = await startServer({ folder: other.folder });
    const headers = { authorization: `Bearer ${ending.token}` };
    const reply = await fetch(`${ending.address}/api/v1/stream`, { headers });
    const [, finished] = await Promise.all([reply.text(), ending.end('SIGTERM')]);
    expect(finished).toMatchObject({ code: 0, signal: null });
  });
});
