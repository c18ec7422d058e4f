/** How a site is to be probed, from the words of a person to the bytes on the wire and the verdict. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { run, serverForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';

const CANARY = 'canary-5d2a';

/** A site that keeps what it was asked: `/401` answers 401, `/away` leads to `elsewhere`, all else is a page. */
async function listeningSite(elsewhere = '') {
  const asked: Pick<IncomingMessage, 'method' | 'url' | 'headers'>[] = [];
  const server = createServer(({ method, url, headers }, response) => {
    asked.push({ method, url, headers });
    if (url === '/away') response.writeHead(302, { location: elsewhere }).end();
    else response.writeHead(url === '/401' ? 401 : 200).end('<h1>Welcome to the shop</h1>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function verdictOf(url: string, ...options: string[]) {
  const { code, out, err } = await run(['check', '--json', url, ...options], temporaryPlace());
  expect(err).toBe('');
  const { state, reason } = JSON.parse(out) as { state: string; reason: string };
  return { code, state, reason, out };
}

describe('check', () => {
  it('asks as it is told to', async () => {
    const { asked, origin } = await listeningSite();
    const headers = ['--header', `X-Token: ${CANARY}`, '--header', 'User-Agent: mine'];
    const { code, out } = await verdictOf(`${origin}/`, '--method', 'head', ...headers);
    expect(code).toBe(0);
    expect(asked).toMatchObject([
      { method: 'HEAD', headers: { 'x-token': CANARY, 'user-agent': 'mine', accept: '*/*' } },
    ]);
    expect(out).not.toContain(CANARY);
  });

  it.each([
    [['--keyword', 'Welcome'], '/', 0, 'ok'],
    [['--keyword', 'welcome'], '/', 1, 'keyword_missing'],
    [['--forbid', 'Fatal', '--forbid', 'the shop'], '/', 1, 'keyword_forbidden'],
    [['--expected-status', '200-299,401'], '/401', 0, 'ok'],
    [['--expected-status', '204'], '/', 1, 'unexpected_status'],
    [['--redirects', 'fail'], '/away', 1, 'redirect_forbidden'],
  ])('judges by %j', async (options, path, code, reason) => {
    const { origin } = await listeningSite('/');
    expect(await verdictOf(`${origin}${path}`, ...options)).toMatchObject({ code, reason });
  });

  it('sends a header to the origin it was given for, and not where a redirect leads', async () => {
    const other = await listeningSite();
    const { asked, origin } = await listeningSite(`${other.origin}/landing`);
    expect(await verdictOf(`${origin}/away`, '--header', `Authorization: ${CANARY}`)).toMatchObject({ code: 0 });
    expect(asked.map(({ headers }) => headers.authorization)).toEqual([CANARY]);
    expect(other.asked.map(({ url, headers }) => [url, headers.authorization])).toEqual([['/landing', undefined]]);
  });
});

describe('a watched site', () => {
  it('is probed by its settings and by their changes at once, and its secrets stay where they belong', async () => {
    const place = temporaryPlace();
    const { folder } = place;
    const server = await serverForTest(place);
    const site = await startSite({ behaviour: { kind: 'up', body: 'Welcome to the shop' } });
    onTestFinished(() => site.stop());
    const header = ['--header', `X-Token: ${CANARY}`];
    const said = [
      await run(['sites', 'add', site.url, '--every', '1s', '--keyword', 'Welcome', ...header], { folder }),
    ];
    const stateIs = (wanted: string) =>
      eventually(`the site is ${wanted}`, async () => {
        const { current_state } = await server.client.sites.get(1);
        return current_state === wanted ? true : null;
      });
    await stateIs('Up');
    said.push(await run(['sites', 'update', '1', '--keyword', 'Goodbye'], { folder }));
    await stateIs('Down');
    said.push(await run(['sites', 'update', '1', '--reset', 'keyword'], { folder }));
    await stateIs('Up');
    said.push(await run(['sites', 'list', '--json'], { folder }));
    expect(said.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const events = await fetch(`${server.address}/api/v1/sites/1/events`, {
      headers: { authorization: `Bearer ${server.token}` },
    });
    const told = [...said.map(({ out, err }) => out + err), await events.text(), server.log()].join('\n');
    expect(told).toContain('keyword_missing');
    expect(told).not.toContain(CANARY);
  });
});
