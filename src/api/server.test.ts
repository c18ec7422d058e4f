import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type ApiFixture, LOCAL_KEY, startApi } from '../../test/kit/api.ts';
import { rawReply, rawText } from '../../test/kit/raw-exchange.ts';
import { silentLog } from '../telemetry/log.ts';
import { createApiServer } from './server.ts';

const SITE = '{"monitor_url":"https://a.example/"}';

function post(api: ApiFixture, text: string, headers: Record<string, string> = {}) {
  return api.ask('POST', '/api/v1/sites', { text, headers });
}

describe('closing', () => {
  it('does not wait for a connection that never asked anything', async () => {
    const api = await startApi();
    const { port, hostname } = new URL(api.address);
    const socket = connect(Number(port), hostname);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write('GET /api/v1/health HTTP/1.1\r\nHost: a');
    const ended = once(socket, 'close');
    socket.on('error', () => {});
    await api.ask('GET', '/api/v1/health');
    const closed = await Promise.race([
      api.server.close().then(() => 'closed'),
      new Promise((resolve) => setTimeout(resolve, 10_000, 'still waiting')),
    ]);
    expect(closed).toBe('closed');
    await ended;
  });
});

describe('every reply', () => {
  it('carries a request id, in the header and in the error', async () => {
    const api = await startApi();
    const first = await api.ask('GET', '/api/v1/sites/0');
    const second = await api.ask('GET', '/nowhere');
    for (const reply of [first, second]) {
      expect(reply.headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
      expect(reply.body.error.request_id).toBe(reply.headers.get('x-request-id'));
    }
    expect(first.headers.get('x-request-id')).not.toBe(second.headers.get('x-request-id'));
  });

  it('is JSON that nobody stores or sniffs', async () => {
    const api = await startApi();
    for (const path of ['/api/v1/health', '/api/v1/sites', '/nowhere', '/%zz']) {
      const { headers } = await api.ask('GET', path);
      expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
    }
  });
});

describe('paths and methods', () => {
  it.each(['/nowhere', '/api/v1', '/api/v2/sites', '/%zz', `/api/v1/sites/${'9'.repeat(100)}`])(
    'answers 404 to %s',
    async (path) => {
      const api = await startApi();
      const reply = await api.ask('GET', path);
      expect([reply.status, reply.body.error.code]).toEqual([404, 'endpoint_not_found']);
    },
  );

  it.each([
    ['PUT', '/api/v1/sites', 'GET, HEAD, POST'],
    ['DELETE', '/api/v1/sites', 'GET, HEAD, POST'],
    ['POST', '/api/v1/sites/1', 'GET, HEAD, PATCH, DELETE'],
    ['OPTIONS', '/api/v1/health', 'GET, HEAD'],
  ])('answers 405 to %s %s and says what is allowed', async (method, path, allow) => {
    const api = await startApi();
    const reply = await api.ask(method, path);
    expect([reply.status, reply.body.error.code]).toEqual([405, 'method_not_allowed']);
    expect(reply.headers.get('allow')).toBe(allow);
  });

  it('answers HEAD wherever it answers GET, without a body', async () => {
    const api = await startApi();
    for (const path of ['/api/v1/health', '/api/v1/sites', '/api/v1/me', '/api/v1/events', '/api/v1/stream']) {
      const reply = await api.ask('HEAD', path);
      expect([path, reply.status, reply.text]).toEqual([path, 200, '']);
    }
    expect((await api.ask('HEAD', '/api/v1/sites/1')).status).toBe(404);
  });
});

describe('request bodies', () => {
  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'complete nonsense'])(
    'are JSON even when they claim to be %s',
    async (type) => {
      const api = await startApi();
      expect((await post(api, SITE, { 'content-type': type })).status).toBe(201);
    },
  );

  it('are read to 1 MiB and refused beyond', async () => {
    const api = await startApi();
    const padded = (size: number) => SITE.replace('}', `}${' '.repeat(size - SITE.length)}`);
    expect((await post(api, padded(1024 * 1024))).status).toBe(201);
    const reply = await post(api, padded(1024 * 1024 + 1));
    expect([reply.status, reply.body.error.code]).toEqual([413, 'body_too_large']);
  });

  it('are refused when compressed', async () => {
    const api = await startApi();
    const reply = await post(api, SITE, { 'content-encoding': 'gzip' });
    expect([reply.status, reply.body.error.code]).toEqual([415, 'unsupported_encoding']);
  });

  it.each([
    ['', /no body/],
    ['{', /not valid JSON at offset 1/],
    ['[]', /not a JSON object/],
    ['null', /not a JSON object/],
    ['{"monitor_url":"https://a.example/","monitor_url":"https://b.example/"}', /same member twice/],
    ['{"__proto__":{"monitor_active":false},"monitor_url":"https://a.example/"}', /not allowed/],
    [`{"monitor_url":${'['.repeat(16)}${']'.repeat(16)}}`, /nested too deeply/],
    ['{"blog_id":9223372036854775808,"monitor_url":"https://a.example/"}', /beyond 64 bits/],
  ])('are refused with 400 when they are %j', async (text, why) => {
    const api = await startApi();
    const reply = await post(api, text);
    expect([reply.status, reply.body.error.code]).toEqual([400, 'invalid_body']);
    expect(reply.body.error.message).toMatch(why);
  });

  it('are refused when they are not UTF-8', async () => {
    const api = await startApi();
    const reply = await fetch(`${api.address}/api/v1/sites`, {
      method: 'POST',
      headers: { authorization: `Bearer ${LOCAL_KEY}` },
      body: new Uint8Array([0x22, 0xff, 0x22]),
    });
    expect(await reply.text()).toContain('not valid UTF-8');
  });
});

describe('failures of our own', () => {
  it('are logged with the request id, and tell callers nothing', async () => {
    const lines: unknown[] = [];
    const log = { ...silentLog, error: (facts: unknown) => void lines.push(facts) };
    const api = await startApi({ log });
    api.eventQueries.byId = () => Promise.reject(new Error('SELECT secret FROM table'));
    const reply = await api.ask('GET', '/api/v1/events/1');
    expect([reply.status, reply.body.error.code]).toEqual([500, 'internal']);
    expect(reply.text).not.toContain('secret');
    expect(lines).toMatchObject([{ request_id: reply.headers.get('x-request-id') }]);
  });

  it('show in health when the database does not answer', async () => {
    const api = await startApi();
    expect((await api.ask('GET', '/api/v1/health', { token: null })).body).toEqual({ status: 'ok' });
    api.database.ping = () => Promise.reject(new Error('gone'));
    const reply = await api.ask('GET', '/api/v1/health', { token: null });
    expect([reply.status, reply.body.error.code]).toEqual([503, 'db_unavailable']);
  });
});

describe('bytes that are no HTTP', () => {
  it('are answered with 400 and a closed connection', async () => {
    const api = await startApi();
    const reply = await rawText(api.address, 'hello\r\n\r\n');
    expect(reply).toMatch(/^HTTP\/1\.1 400 Bad Request/);
    expect(reply).toContain('"code":"invalid_request"');
    const [, id] = /\r\nX-Request-Id: ([0-9a-f]{32})\r\n/.exec(reply) ?? [];
    expect(reply).toContain(`"request_id":"${id}"`);
  });

  it('are answered with 431 when the headers are too large', async () => {
    const api = await startApi();
    const reply = await rawText(api.address, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`);
    expect(reply).toMatch(/^HTTP\/1\.1 431 /);
    expect(reply).toContain('"code":"headers_too_large"');
  });

  it.each(['/api/v1/health', '/api/v1/sites', '/nowhere', '/'])('may be whole but for the Host: %s', async (path) => {
    const api = await startApi();
    const reply = await rawReply(api.address, `GET ${path} HTTP/1.1\r\n\r\n`);
    expect([reply.status, reply.body.error.code]).toEqual([400, 'invalid_request']);
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    // Before there was such a header nobody sent it.
    expect(await rawText(api.address, 'GET /api/v1/health HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('do not break the server when a body breaks off', async () => {
    const api = await startApi();
    const { port } = new URL(api.address);
    const head = `POST /api/v1/sites HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${LOCAL_KEY}\r\nContent-Length: 50\r\n\r\n{`;
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(head, () => socket.destroy()));
      socket.on('close', () => resolve());
    });
    expect((await api.ask('GET', '/api/v1/health')).status).toBe(200);
  });
});

describe('listening', () => {
  it.each([
    ['127.0.0.1', ['127.0.0.1']],
    ['0', ['0.0.0.0']],
    ['0.0.0.0', ['0.0.0.0']],
    ['127.1', ['127.0.0.1']],
  ])('on %j tells the sockets that are really bound', async (host, addresses) => {
    const api = await startApi();
    const server = anotherServer(api);
    const { address, bound } = await server.listen({ host, port: 0 });
    onTestFinished(() => server.close());
    const port = Number(new URL(address).port);
    expect(bound).toMatchObject(addresses.map((one) => ({ address: one, port })));
  });

  it('on a name tells the addresses behind it', async () => {
    const server = anotherServer(await startApi());
    const { bound } = await server.listen({ host: 'localhost', port: 0 });
    onTestFinished(() => server.close());
    expect(bound.map((one) => one.address)).toContain('127.0.0.1');
  });
});

/** One more server over the same parts. */
function anotherServer(deps: ApiFixture) {
  const policy = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
  return createApiServer({
    deps,
    policy,
    log: silentLog,
    localKey: null,
    page: null,
    onResult: () => () => {},
    proberStats: () => null,
  });
}

describe('the server without a port', () => {
  it('answers fetch in the same process', async () => {
    const api = await startApi();
    const headers = { authorization: `Bearer ${LOCAL_KEY}` };
    const created = await api.server.fetch('http://localhost/api/v1/sites', { method: 'POST', headers, body: SITE });
    expect(created.status).toBe(201);
    const removed = await api.server.fetch('http://localhost/api/v1/sites/1', { method: 'DELETE', headers });
    expect([removed.status, await removed.text()]).toEqual([204, '']);
  });

  it('rejects with the code of the system when the port is taken', async () => {
    const api = await startApi();
    const other = await startApi();
    const port = Number(new URL(other.address).port);
    await api.server.close();
    const again = anotherServer(api);
    await expect(again.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await again.close();
  });
});
