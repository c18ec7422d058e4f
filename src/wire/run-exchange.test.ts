import { afterEach, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { type Behaviour, type Site, type SiteOptions, startSite } from '../../test/kit/site.ts';
import { closedPort, startTcpServer, type TcpServer } from '../../test/kit/tcp-server.ts';
import {
  createTestExchange,
  createTestWire,
  requestFor,
  answering as resolvingAs,
  resolvingTo,
} from '../../test/kit/wire.ts';
import type { Exchange } from './exchange.ts';
import { assertUserAgent, requestBytes } from './http1-request.ts';
import type { NetworkGate } from './network-gate.ts';

const exchange = createTestWire();
const stopping: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  for (const one of stopping.splice(0)) await one.stop();
});

async function site(behaviour: Behaviour, options: SiteOptions = {}): Promise<Site> {
  const started = await startSite({ behaviour, ...options });
  stopping.push(started);
  return started;
}

async function server(...script: Parameters<typeof startTcpServer>): Promise<TcpServer> {
  const started = await startTcpServer(...script);
  stopping.push(started);
  return started;
}

const raw = (bytes: string): Behaviour => ({ kind: 'raw', bytes });

describe('a healthy site', () => {
  it('answers with status, headers, body and the time of every phase', async () => {
    const { url } = await site({ kind: 'up', body: 'hello', headers: { 'Content-Length': '5', 'X-Mark': 'a' } });
    const result = await exchange(url);
    expect(result).toMatchObject({
      url,
      addresses: [{ address: '127.0.0.1', outcome: 'connected' }],
      address: '127.0.0.1',
      tls: null,
      failure: null,
      reply: { status: 200, body: { mode: 'strict_finite', bytesRead: 5, expectedBytes: 5, complete: true } },
    });
    expect(result.reply?.headers).toContainEqual(['x-mark', 'a']);
    expect(Object.keys(result.timings).sort()).toEqual(['body', 'headers', 'sent', 'tcp', 'total', 'ttfb']);
    for (const ms of Object.values(result.timings)) expect(ms).toBeGreaterThanOrEqual(0);
  });

  it('has the phases inside the total, and the name among them', async () => {
    const { port } = await site({ kind: 'delay', ms: 60 });
    const { total, ...phases } = (await exchange(`http://localhost:${port}/`)).timings;
    expect(phases.ttfb).toBeGreaterThanOrEqual(55);
    expect(Object.keys(phases)).toEqual(['dns', 'tcp', 'sent', 'ttfb', 'headers', 'body']);
    const sum = Object.values(phases).reduce((before, ms) => before + ms, 0);
    expect(sum).toBeLessThanOrEqual(total + 0.001);
  });

  it('is asked with one plain HTTP/1.1 request that ends the connection', async () => {
    let asked = '';
    const { port } = await server((socket) => {
      socket.on('data', (bytes) => {
        asked += bytes.toString();
        socket.end('HTTP/1.1 204 No Content\r\n\r\n');
      });
    });
    await exchange(`http://localhost:${port}/a%20b?c=%0D%0A#fragment`, { method: 'HEAD' });
    expect(asked).toBe(
      `HEAD /a%20b?c=%0D%0A HTTP/1.1\r\nHost: localhost:${port}\r\nUser-Agent: jetmon-test/1.0\r\n` +
        'Accept: */*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n',
    );
    const url = new URL('http://[::1]/');
    expect(requestBytes({ ...requestFor(), url }, 'x')).toContain('Host: [::1]\r\n');
  });

  it('may answer in chunks, in bodies of any encoding, or with nothing', async () => {
    const { url, behave } = await site({ kind: 'chunked', chunks: ['a', 'bcd'] });
    expect(await exchange(url)).toMatchObject({ failure: null, reply: { body: { bytesRead: 4, complete: true } } });
    behave({ kind: 'up', body: 'not really brotli', headers: { 'content-encoding': 'br' } });
    expect(await exchange(url)).toMatchObject({ failure: null, reply: { body: { bytesRead: 17 } } });
    behave({ kind: 'status', code: 204 });
    expect(await exchange(url)).toMatchObject({ failure: null, reply: { status: 204, body: { complete: true } } });
  });

  it('is read as far as the limits want it', async () => {
    const { url, behave } = await site({ kind: 'slow_body', bytes: 1_000, everyMs: 5 });
    expect(await exchange(url, { maxMs: 50 })).toMatchObject({
      failure: null,
      reply: { body: { mode: 'success_budgeted', complete: false } },
    });
    behave({ kind: 'up', body: 'x'.repeat(300_000) });
    expect(await exchange(url, { maxBytes: 100_000, maxMs: 10_000 })).toMatchObject({
      failure: null,
      reply: { body: { bytesRead: 100_000, limitBytes: 100_000 } },
    });
  });

  it('has its deadline in the middle of a budget, which is no failure', async () => {
    const { url } = await site({ kind: 'slow_body', bytes: 1_000, everyMs: 5 });
    expect(await exchange(url, { timeoutMs: 400, maxMs: 60_000 })).toMatchObject({
      failure: null,
      reply: { status: 200, body: { mode: 'success_budgeted', complete: false } },
    });
  });

  it('is watched over IPv6 too', async () => {
    const { url } = await site({ kind: 'up' }, { address: '::1' });
    expect(await exchange(url)).toMatchObject({ failure: null, address: '::1' });
  });
});

describe('a failing site', () => {
  it('may refuse connections, and be back on the same port', async () => {
    const { url, close, reopen } = await site({ kind: 'up' });
    await close();
    expect(await exchange(url)).toMatchObject({
      address: null,
      addresses: [{ outcome: 'failed', error: 'ECONNREFUSED' }],
      reply: null,
      failure: { phase: 'tcp', code: 'ECONNREFUSED' },
    });
    await reopen();
    expect((await exchange(url)).failure).toBeNull();
  });

  it.each([
    [{ kind: 'hang', at: 'connect' }, 'http'],
    [{ kind: 'hang', at: 'request' }, 'http'],
    [{ kind: 'hang', at: 'body' }, 'body'],
    [{ kind: 'slow_body', bytes: 100_000, everyMs: 5, finite: true }, 'body'],
  ] satisfies [Behaviour, string][])('that does %j misses the deadline in phase %s', async (behaviour, phase) => {
    const { url } = await site(behaviour);
    expect((await exchange(url, { timeoutMs: 200 })).failure).toMatchObject({ phase, code: 'DEADLINE' });
  });

  it('may drip its head byte by byte, for which it gets no more time', async () => {
    const { port } = await server((socket) => {
      const timer = setInterval(() => socket.write(socket.bytesWritten === 0 ? 'HTTP/1.1 200 OK\r\na: ' : 'x'), 5);
      socket.on('close', () => clearInterval(timer));
    });
    const { failure, timings } = await exchange(`http://127.0.0.1:${port}/`, { timeoutMs: 200 });
    expect(failure).toMatchObject({ phase: 'http', code: 'DEADLINE' });
    expect(timings.ttfb).toBeDefined();
    expect(timings.body).toBeUndefined();
  });

  it.each([
    [{ kind: 'reset', at: 'request' }, 'http'],
    [{ kind: 'reset', at: 'body' }, 'body'],
  ] satisfies [Behaviour, string][])('that does %j resets the connection in phase %s', async (behaviour, phase) => {
    const { url } = await site(behaviour);
    expect((await exchange(url)).failure).toMatchObject({ phase, code: 'ECONNRESET' });
  });

  it('may reset the connection as soon as it is there', async () => {
    const { url } = await site({ kind: 'reset', at: 'connect' });
    const { failure } = await exchange(url);
    // On loopback the reset may arrive with the connection or after it.
    expect(['tcp', 'http']).toContain(failure?.phase);
    expect(failure?.code).toBe('ECONNRESET');
  });

  it.each([
    [{ kind: 'garbage' }, 'NOT_HTTP'],
    [raw('220 mail.example ESMTP\r\n'), 'NOT_HTTP'],
    [raw(''), 'CLOSED_BEFORE_REPLY'],
    [raw('HTTP/1.1 200 OK\r\nserver: x'), 'CLOSED_BEFORE_REPLY'],
    [raw('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'), 'BAD_FRAMING'],
    [raw('HTTP/1.1 100 Continue\r\n\r\n'.repeat(1_000)), 'TOO_MANY_INTERIM'],
    [{ kind: 'big_headers', fields: 40, valueLength: 1_000 }, 'HEADERS_TOO_LARGE'],
    [{ kind: 'big_headers', fields: 201, valueLength: 1 }, 'HEADERS_TOO_LARGE'],
  ] satisfies [Behaviour, string][])('that answers %j fails as %s', async (behaviour, code) => {
    const { url } = await site(behaviour);
    expect((await exchange(url)).failure).toMatchObject({ phase: 'http', code });
  });

  it.each([
    [{ kind: 'truncated', framing: 'length' }, 'TRUNCATED'],
    [{ kind: 'truncated', framing: 'chunked' }, 'TRUNCATED'],
    [raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'), 'BAD_CHUNKING'],
  ] satisfies [Behaviour, string][])(
    'that sends %j has a body that is %s, beside its reply',
    async (behaviour, code) => {
      const { url } = await site(behaviour);
      const result = await exchange(url);
      expect(result.failure).toMatchObject({ phase: 'body', code });
      expect(result.reply?.status).toBe(200);
      expect(result.timings.body).toBeUndefined();
    },
  );

  it('with an error status needs no whole body', async () => {
    const { url } = await site(raw('HTTP/1.1 503 Busy\r\nContent-Length: 9000\r\n\r\nsorry'));
    expect(await exchange(url)).toMatchObject({
      failure: null,
      reply: { status: 503, body: { mode: 'error_excerpt', excerpt: 'sorry' } },
    });
  });

  it('that speaks before it is asked is heard', async () => {
    const { port } = await server((socket) => socket.write('SSH-2.0-OpenSSH_9.6\r\n'));
    expect((await exchange(`http://127.0.0.1:${port}/`)).failure).toMatchObject({ phase: 'http', code: 'NOT_HTTP' });
  });
});

describe('a name with several addresses', () => {
  it('is reached on the second when the first refuses', async () => {
    const { port } = await site({ kind: 'up' });
    const ask = createTestWire({ resolver: resolvingTo('127.0.0.2', '127.0.0.1') });
    expect(await ask(`http://two.test:${port}/`)).toMatchObject({
      failure: null,
      address: '127.0.0.1',
      addresses: [
        { address: '127.0.0.2', outcome: 'failed', error: 'ECONNREFUSED' },
        { address: '127.0.0.1', outcome: 'connected' },
      ],
    });
  });

  it('is refused whole when one of them is, before any connection', async () => {
    const { port, connections } = await site({ kind: 'up' });
    const ask = createTestWire({ resolver: resolvingTo('127.0.0.1', '169.254.169.254') });
    expect(await ask(`http://mixed.test:${port}/`)).toMatchObject({
      address: null,
      addresses: [{ outcome: 'not_tried' }, { outcome: 'refused', error: 'METADATA_ADDRESS' }],
      failure: { phase: 'guard', code: 'METADATA_ADDRESS' },
    });
    expect(connections()).toBe(0);
  });
});

describe('the guard', () => {
  it('refuses a URL before its name is asked for, and its password is not written down', async () => {
    const ask = createTestWire({ resolver: { known: () => expect.unreachable(), ask: () => expect.unreachable() } });
    const result = await ask('http://user:secret@two.test/');
    expect(result.failure).toMatchObject({ phase: 'guard', code: 'USERINFO_REFUSED' });
    expect(JSON.stringify(result)).not.toContain('secret');
  });

  it('is asked about the peer before a byte is sent', async () => {
    let heard = 0;
    const { port } = await server((socket) => socket.on('data', (bytes) => (heard += bytes.length)));
    const ask = createTestWire({ guard: { isPinned: () => false } });
    for (const scheme of ['http', 'https']) {
      const { failure, address } = await ask(`${scheme}://127.0.0.1:${port}/`);
      expect(failure).toMatchObject({ phase: 'guard', code: 'PEER_MISMATCH' });
      expect(address).toBeNull();
    }
    expect(heard).toBe(0);
  });
});

describe('resolving', () => {
  it('fails in phase dns with the resolver named', async () => {
    const resolver = { name: '192.0.2.53:53', source: 'configured' } as const;
    const failure = { code: 'SERVFAIL', detail: 'x', resolver } as const;
    const ask = createTestWire({ resolver: resolvingAs({ ok: false, ...failure }) });
    const result = await ask('http://nowhere.test/');
    expect(result.failure).toEqual({ phase: 'dns', ...failure });
    expect(result.resolver).toEqual(resolver);
    expect(result.timings).toEqual({ total: expect.any(Number) });
  });

  it('tells silence that lasted until the deadline from silence that was given up before', async () => {
    const silentAs = (code: 'TIMEOUT' | 'NO_RESOLVER') =>
      createTestWire({ resolver: resolvingAs({ ok: false, code, detail: '', resolver: null }) });
    const until = async (code: 'TIMEOUT' | 'NO_RESOLVER', timeoutMs: number) =>
      (await silentAs(code)('http://nowhere.test/', { timeoutMs })).failure;
    expect(await until('TIMEOUT', 0)).toMatchObject({ code: 'TIMEOUT', atDeadline: true });
    expect(await until('TIMEOUT', 60_000)).not.toHaveProperty('atDeadline');
    expect(await until('NO_RESOLVER', 0)).not.toHaveProperty('atDeadline');
  });
});

describe('building an exchange', () => {
  it('refuses a user agent that could break the request', () => {
    for (const bad of ['', 'a\r\nX: y', 'naïve', ' x', 'x'.repeat(300)]) {
      expect(() => assertUserAgent(bad)).toThrow(TypeError);
    }
  });
});

describe('the limit on connections to a target', () => {
  /** Has room for some addresses, and counts who is inside. */
  function gateFor(open: (address: string) => boolean) {
    const inside: string[] = [];
    const waiting: (() => void)[] = [];
    const gate: NetworkGate = {
      enter(address) {
        if (open(address)) inside.push(address);
        return open(address);
      },
      wait(_address, enter) {
        waiting.push(enter);
        return () => {};
      },
      release: (address) => void inside.splice(inside.indexOf(address), 1),
      waiting: () => waiting.length,
    };
    return { gate, inside, waiting };
  }

  it('holds for every address that is dialled, and each is left when the exchange is over', async () => {
    const port = await closedPort();
    const resolver = resolvingTo('127.0.0.1', '127.0.0.2', '127.0.0.3');
    const entered: string[] = [];
    const { gate, inside } = gateFor((address) => address !== '127.0.0.2');
    const enter: NetworkGate['enter'] = (address) => gate.enter(address) && entered.push(address) > 0;
    const result = await createTestWire({ resolver, gate: { ...gate, enter } })(`http://site.test:${port}/`);
    expect(result.failure).toMatchObject({ phase: 'tcp', code: 'ECONNREFUSED' });
    expect(result.addresses.map(({ outcome }) => outcome)).toEqual(['failed', 'not_tried', 'failed']);
    expect(entered).toEqual(['127.0.0.1', '127.0.0.3']);
    expect(inside).toEqual([]);
  });

  it('makes nobody wait for ever: after half a minute nobody knows, and a turn that comes late is given back', () => {
    const clock = createFakeClock();
    const { gate, inside, waiting } = gateFor(() => false);
    const results: Exchange[] = [];
    const exchange = createTestExchange({ clock, gate, resolver: resolvingTo('127.0.0.1') });
    const url = new URL('http://site.test/');
    const deadline = { atMs: () => 1_000 };
    exchange({ ...requestFor(), url, deadline }, (result) => results.push(result), fail);
    clock.advance(29_000);
    expect(results).toEqual([]);
    clock.advance(2_000);
    expect(results).toMatchObject([{ failure: { phase: 'guard', code: 'TARGET_BUSY' } }]);
    inside.push('127.0.0.1');
    for (const enter of waiting) enter();
    expect(inside).toEqual([]);
    expect(results).toHaveLength(1);
  });
});

function fail(error: unknown): void {
  throw error;
}
