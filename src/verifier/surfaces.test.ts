import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport, createGrpcTransport, createGrpcWebTransport } from '@connectrpc/connect-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { type Site, startSite } from '../../test/kit/site.ts';
import { closedPort } from '../../test/kit/tcp-server.ts';
import {
  openVerifier,
  scriptedProber,
  startVerifier,
  type TestVerifier,
  TOKEN,
  warmUp,
} from '../../test/kit/verifier.ts';
import { VerifierService } from './gen/jetmon/verifier/v1/verifier_pb.ts';

let verifier: TestVerifier;
let site: Site;
beforeAll(async () => {
  verifier = await openVerifier();
  site = await startSite();
  await warmUp(verifier, site.url);
});
afterAll(async () => {
  await site.stop();
  await verifier.stop();
});

function post(body: unknown, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }, path = '/check') {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return fetch(`${verifier.url}${path}`, { method: 'POST', headers, body: text });
}

/** Says it in raw bytes, and waits for what comes of it or for a while. */
async function say(words: string): Promise<void> {
  const socket = connect(verifier.port, '127.0.0.1').on('error', () => {});
  socket.write(words, 'latin1');
  await Promise.race([once(socket, 'data'), once(socket, 'close'), delay(500)]).catch(() => {});
  socket.destroy();
}

describe('one port', () => {
  const transports = {
    'gRPC over HTTP/2': () => createGrpcTransport({ baseUrl: verifier.url }),
    'gRPC-web over HTTP/1.1': () => createGrpcWebTransport({ baseUrl: verifier.url, httpVersion: '1.1' }),
    'gRPC-web over HTTP/2': () => createGrpcWebTransport({ baseUrl: verifier.url, httpVersion: '2' }),
    'Connect over HTTP/2': () => createConnectTransport({ baseUrl: verifier.url, httpVersion: '2' }),
    'Connect over HTTP/1.1': () => createConnectTransport({ baseUrl: verifier.url, httpVersion: '1.1' }),
    'JSON over HTTP/1.1': () =>
      createConnectTransport({ baseUrl: verifier.url, httpVersion: '1.1', useBinaryFormat: false }),
  };

  it.each(Object.keys(transports) as (keyof typeof transports)[])('speaks %s', async (name) => {
    const service = createClient(VerifierService, transports[name]());
    expect(await service.getStatus({})).toMatchObject({ status: 'OK', version: '9.9.9' });
    const sites = [{ requestId: 'r', url: site.url, timeoutMs: 30_000 }];
    const headers = { authorization: `Bearer ${TOKEN}` };
    expect((await service.checkSites({ sites }, { headers })).results).toMatchObject([
      { requestId: 'r', reason: 'ok', httpCode: 200, host: 'verifier.test' },
    ]);
    await expect(service.checkSites({ sites })).rejects.toMatchObject({ rawMessage: expect.stringContaining('token') });
    await expect(service.checkSites({ sites: [] }, { headers })).rejects.toMatchObject({
      rawMessage: 'send 1 to 200 sites at a time',
    });
  });

  it('speaks JSON to whoever has no library', async () => {
    const path = '/jetmon.verifier.v1.VerifierService/CheckSites';
    const body = { sites: [{ requestId: 'r', url: site.url, timeoutMs: 30_000 }] };
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
    const reply = await post(body, headers, path);
    expect(await reply.json()).toMatchObject({ results: [{ requestId: 'r', says: 'VOTE_UP', httpCode: 200 }] });
  });

  it('outlives what is no protocol of its own', async () => {
    const path = '/jetmon.verifier.v1.VerifierService/CheckSites';
    for (const words of [
      `POST ${path} HTTP/1.1\r\nHost: [\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`,
      `POST ${path} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}`,
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame, and long enough to be taken for one',
      'PR',
      '\u0016\u0003\u0001 hello',
    ]) {
      await say(words);
    }
    expect((await fetch(`${verifier.url}/status`)).status).toBe(200);
  });
});

describe('POST /check', () => {
  it('answers in the names and the order of the monitors before this one', async () => {
    const closed = `http://127.0.0.1:${await closedPort()}/`;
    const sites = [
      { BlogID: '9007199254740993', URL: site.url, RequestID: 'a'.repeat(32), MonitorSiteID: 5, TimeoutSeconds: 30 },
      { BlogID: 2, URL: closed },
    ];
    const text = JSON.stringify({ sites }).replace('"9007199254740993"', '9007199254740993');
    const reply = await post(text);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/json']);
    const said = (await reply.text())
      .replace(/"RTTMs":\d+/g, '"RTTMs":0')
      .replace(/[0-9a-f]{32}(?=","MonitorSiteID":0)/, 'NEW');
    expect(said).toBe(
      `{"results":[{"BlogID":9007199254740993,"URL":"${site.url}","Host":"verifier.test","Success":true,"HTTPCode":200,` +
        `"ErrorCode":0,"RTTMs":0,"RequestID":"${'a'.repeat(32)}","MonitorSiteID":5},` +
        `{"BlogID":2,"URL":"${closed}","Host":"verifier.test","Success":false,"HTTPCode":0,"ErrorCode":2,"RTTMs":0,` +
        '"RequestID":"NEW","MonitorSiteID":0}]}',
    );
  });

  it('takes names in any case, and what is null as not given', async () => {
    const sites = [{ blogid: 3, url: site.url, CUSTOMHEADERS: null, forbiddenkeywords: null, keyword: 'all is well' }];
    expect(await (await post({ SITES: sites })).json()).toMatchObject({ results: [{ BlogID: 3, Success: true }] });
    expect(await (await post({ sites: null })).json()).toEqual({ results: [] });
  });

  it('does as the site wants', async () => {
    const ask = async (site: object) => {
      const { results } = (await (await post({ sites: [site] })).json()) as { results: Record<string, unknown>[] };
      return [results[0]?.['Success'], results[0]?.['ErrorCode']];
    };
    const URL = site.url;
    expect(await ask({ URL, Keyword: 'all is well' })).toEqual([true, 0]);
    expect(await ask({ URL, Keyword: 'not there' })).toEqual([false, 5]);
    expect(await ask({ URL, ForbiddenKeyword: 'is well' })).toEqual([false, 5]);
    expect(await ask({ URL, ForbiddenKeywords: ['', 'is well'] })).toEqual([false, 5]);
    expect(await ask({ URL, ForbiddenKeyword: 'is well', KeywordReadMaxBytes: 3 })).toEqual([true, 0]);
    expect(await ask({ URL, Keyword: 'not there', Method: 'HEAD', DetectionProfile: 'full' })).toEqual([true, 0]);
    expect(await ask({ URL, Keyword: 'not there', DetectionProfile: 'legacy' })).toEqual([true, 0]);
    expect(await ask({ URL, Method: 'BREW', DetectionProfile: 'none', RedirectPolicy: 'perhaps' })).toEqual([true, 0]);
    expect(await ask({ URL: 'no url' })).toEqual([false, 2]);
    site.behave({ kind: 'redirect_chain', hops: 1 });
    expect(await ask({ URL, RedirectPolicy: 'fail' })).toEqual([false, 4]);
    expect(await ask({ URL, RedirectPolicy: 'alert' })).toEqual([true, 0]);
    site.behave({ kind: 'up' });
  });

  it.each([
    ['405 for another method', 405, () => fetch(`${verifier.url}/check`)],
    ['401 without a token', 401, () => post({ sites: [] }, {})],
    ['401 with a wrong token', 401, () => post({ sites: [] }, { authorization: 'Bearer wrong' })],
    ['413 for a body beyond 10 MiB', 413, () => post('x'.repeat(10 * 1024 * 1024 + 1))],
    ['400 for what is no JSON', 400, () => post('{"sites":')],
    ['400 for a list', 400, () => post([])],
    ['400 for a number in the place of a text', 400, () => post({ sites: [{ URL: 7 }] })],
    ['400 for a text in the place of a number', 400, () => post({ sites: [{ BlogID: 'one' }] })],
    ['400 for more sites than are taken', 400, () => post({ sites: Array(201).fill({}) })],
    ['404 elsewhere', 404, () => post({}, {}, '/')],
    ['405 for a status that is posted', 405, () => post({}, {}, '/status')],
  ])('says %s, in plain words', async (_, status, ask) => {
    const reply = await ask();
    expect([reply.status, reply.headers.get('content-type')]).toEqual([status, 'text/plain; charset=utf-8']);
    expect(await reply.text()).toMatch(/^[^\n]{5,}\n$/);
  });

  it('says 413 as well when the length was not announced', async () => {
    const chunk = 'x'.repeat(65_536);
    let left = 200;
    const body = new ReadableStream({
      pull: (to) => (left-- > 0 ? to.enqueue(new TextEncoder().encode(chunk)) : to.close()),
    });
    const headers = { authorization: `Bearer ${TOKEN}` };
    const asked = fetch(`${verifier.url}/check`, { method: 'POST', body, headers, duplex: 'half' } as RequestInit);
    // Whoever goes on sending may lose the reply with the connection.
    expect(await asked.then(({ status }) => status).catch(() => 413)).toBe(413);
  });

  it('says 503 of what it could not tell, which nobody takes for a vote, whatever else was asked with it', async () => {
    // The egress guard does not let it look there.
    const unknown = { URL: 'http://169.254.169.254/' };
    for (const sites of [[unknown], [{ URL: site.url }, unknown]]) {
      const reply = await post({ sites });
      expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await reply.text()).toMatch(/^there is no verdict on site \d \([a-z_]+\), [^\n]+\n$/);
    }
  });

  it('says 503 while too many are being answered, or when there was no time: neither is a vote', async () => {
    const { createProber, jobs } = scriptedProber();
    const { url } = await startVerifier({ createProber, maxBatches: 1 });
    const headers = { authorization: `Bearer ${TOKEN}` };
    const body = JSON.stringify({ sites: [{ URL: 'http://127.0.0.1/', TimeoutSeconds: 1 }] });
    const first = fetch(`${url}/check`, { method: 'POST', headers, body });
    await eventually('the look', () => jobs.length === 1);
    const second = await fetch(`${url}/check`, { method: 'POST', headers, body });
    expect([second.status, await second.text()]).toEqual([503, 'too many batches are being answered\n']);
    expect((await first).status).toBe(503);
  });
});

describe('GET /status', () => {
  it('needs no token', async () => {
    expect(await (await fetch(`${verifier.url}/status`)).text()).toBe('{"status":"OK","version":"9.9.9"}');
  });
});
