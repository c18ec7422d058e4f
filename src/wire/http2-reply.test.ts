import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestCertificates, type TestCertificates } from '../../test/kit/certificates.ts';
import { createHttp2Kit, type Http2Kit, http2RequestOptions } from '../../test/kit/http2.ts';
import {
  data,
  ERROR,
  type Field,
  FRAME,
  frame,
  GREETING,
  goaway,
  head,
  reset,
  trailers,
} from '../../test/kit/raw-http2.ts';
import { startSite } from '../../test/kit/site.ts';
import { boundPort } from '../../test/kit/tcp-server.ts';
import { type AskOptions, createTestWire } from '../../test/kit/wire.ts';
import { requestOverHttp2 } from './http2-reply.ts';
import type { RequestReply } from './request-reply.ts';

let certificates: TestCertificates;
let http2: Http2Kit;

beforeAll(async () => {
  certificates = await createTestCertificates();
  http2 = createHttp2Kit(certificates);
});
afterEach(async () => {
  await http2.stop();
});

const NEEDLE: AskOptions = { rules: { required: Buffer.from('needle'), forbidden: [] } };
const hello = [head(200), data('hello', { end: true })];

describe('a reply over HTTP/2', () => {
  it('is read as any other, with every phase of its time', async () => {
    const port = await http2.server((stream) => {
      stream.respond({ ':status': 200, 'content-type': 'text/html', 'set-cookie': ['a=1', 'b=2'] });
      stream.end('hello');
    });
    const { reply, failure, timings } = await http2.ask(port);
    expect(failure).toBeNull();
    expect(reply).toMatchObject({
      protocol: 'HTTP/2',
      status: 200,
      body: { mode: 'success_budgeted', bytesRead: 5, complete: true, stoppedBy: null },
    });
    expect(reply?.headers.slice(0, 3)).toEqual([
      ['content-type', 'text/html'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ]);
    expect(reply?.headers.filter(([name]) => name.startsWith(':'))).toEqual([]);
    expect(Object.keys(timings)).toEqual(['sent', 'ttfb', 'headers', 'body']);
    for (const ms of Object.values(timings)) expect(ms).toBeGreaterThanOrEqual(0);
  });

  it('answers the request that HTTP/1.1 would have sent', async () => {
    let asked: readonly string[] = [];
    const port = await http2.server((stream, raw) => {
      asked = raw;
      stream.respond({ ':status': 204 }, { endStream: true });
    });
    const headers = [
      ['X-Mark', 'caf\xe9'],
      ['Cookie', 'a=1'],
      ['cookie', 'b=2'],
      ['Connection', 'keep-alive'],
      ['TE', 'trailers'],
      ['Accept', 'text/html'],
    ] as const;
    const { reply } = await http2.ask(port, { method: 'HEAD', path: '/a%20b?c=%0D#fragment', headers, ...NEEDLE });
    expect(reply?.status).toBe(204);
    const pairs = asked.flatMap((name, index) => (index % 2 === 0 ? [[name, asked[index + 1]]] : []));
    expect(Object.fromEntries(pairs)).toEqual({
      ':method': 'HEAD',
      ':scheme': 'https',
      ':authority': `localhost:${port}`,
      ':path': '/a%20b?c=%0D',
      'user-agent': 'jetmon-test/1.0',
      accept: 'text/html',
      'accept-encoding': 'gzip',
      'x-mark': 'caf\xe9',
      cookie: 'a=1; b=2',
    });
  });

  it('is the same however its bytes are cut, the settings with the handshake or after', async () => {
    const bytes = Buffer.concat([
      GREETING,
      head(103, [['link', '</a>']]),
      head(200, [['content-length', '11']]),
      data('a needle'),
      data(''),
      data('...'),
      trailers([['x-sum', '1']]),
    ]);
    const wanted = { outcome: 'searched', isRequiredMissing: false, bytesSearched: 11 };
    for (const size of [1, 7, 9, 64, bytes.length]) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      );
      const port = await http2.rawServer((socket) => {
        for (const piece of pieces) socket.write(piece);
      });
      expect(await http2.ask(port, NEEDLE)).toMatchObject({
        failure: null,
        reply: { status: 200, headers: [['content-length', '11']], body: { complete: true, search: wanted } },
      });
    }
    const early = await http2.rawServer((socket) => socket.write(Buffer.concat(hello)), {
      early: (socket) => socket.write(GREETING),
    });
    expect(await http2.ask(early)).toMatchObject({ failure: null, reply: { body: { bytesRead: 5 } } });
  });

  it('has a body that ends at its length, and none to HEAD or with status 204', async () => {
    const length = (bytes: number): Field => ['content-length', String(bytes)];
    expect(await http2.answered([head(200, [length(5)]), data('hello')])).toMatchObject({
      failure: null,
      reply: { body: { mode: 'strict_finite', expectedBytes: 5, complete: true } },
    });
    for (const [bytes, method] of [
      [head(200, [length(5_000)], { end: true }), 'HEAD'],
      [head(200, [length(5_000)]), 'HEAD'],
      [head(204, [], { end: true }), 'GET'],
      [head(200, [length(0)]), 'GET'],
    ] as const) {
      expect(await http2.answered(bytes, { method })).toMatchObject({
        failure: null,
        reply: { body: { expectedBytes: 0, bytesRead: 0, complete: true } },
      });
    }
  });

  it('is decoded and searched, and truncated when its compressed text is', async () => {
    const packed = gzipSync('a needle in a page');
    const gzip: Field[] = [['content-encoding', 'gzip']];
    expect(await http2.answered([head(200, gzip), data(packed, { end: true })], NEEDLE)).toMatchObject({
      failure: null,
      reply: { body: { encoding: 'gzip', search: { isRequiredMissing: false } } },
    });
    expect(await http2.answered([head(200, gzip), data(packed.subarray(0, 15), { end: true })], NEEDLE)).toMatchObject({
      failure: { phase: 'body', code: 'TRUNCATED' },
    });
  });

  it('has a location as browsers read it, and values that are bounded', async () => {
    const { reply } = await http2.answered(
      head(
        302,
        [
          ['location', '/caf\xc3\xa9'],
          ['x-long', 'x'.repeat(5_000)],
        ],
        { end: true },
      ),
    );
    expect(reply?.headers).toEqual([
      ['location', '/caf\u00e9'],
      ['x-long', 'x'.repeat(2_048)],
    ]);
    expect(reply?.body.mode).toBe('skipped');
  });

  it('may be followed by a farewell, kind or not', async () => {
    for (const after of [goaway(ERROR.none), goaway(ERROR.internal), reset(ERROR.none)]) {
      expect(await http2.answered([...hello, after])).toMatchObject({
        failure: null,
        reply: { body: { complete: true } },
      });
    }
    expect(await http2.answered([goaway(ERROR.none), ...hello])).toMatchObject({ failure: null });
  });
});

describe('an exchange', () => {
  it('speaks HTTP/2 where it is asked to and the server can, and HTTP/1.1 everywhere else', async () => {
    const exchange = createTestWire({ extraCaPem: certificates.caPem });
    const server = createSecureServer({ ...certificates.good, allowHTTP1: true }, (_request, response) => {
      response.end('hello');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const old = await startSite({ identity: certificates.good });
    const url = `https://127.0.0.1:${boundPort(server)}/`;
    for (const [at, isAsked, protocol, alpn] of [
      [url, true, 'HTTP/2', 'h2'],
      [url, false, 'HTTP/1.1', 'http/1.1'],
      [old.url, true, 'HTTP/1.1', 'http/1.1'],
    ] as const) {
      const { failure, reply, tls, timings } = await exchange(at, { http2: isAsked });
      expect({ failure, reply, tls }).toMatchObject({
        failure: null,
        reply: { protocol, status: 200, body: { complete: true } },
        tls: { alpn },
      });
      expect(Object.keys(timings).sort()).toEqual(['body', 'headers', 'sent', 'tcp', 'tls', 'total', 'ttfb']);
    }
    server.close();
    await old.stop();
  });

  it('keeps the chain of a server that breaks HTTP/2, and has its deadline there too', async () => {
    const exchange = createTestWire({ extraCaPem: certificates.caPem });
    const port = await http2.rawServer((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\n'), { withChain: true });
    const broken = await exchange(`https://127.0.0.1:${port}/`, { http2: true });
    expect(broken.failure).toMatchObject({ phase: 'http', code: 'H2_PROTOCOL' });
    expect(broken.tls?.certificate?.leaf.issuerCertificate?.subject).toBe('CN=Jetmon Test CA');
    const silent = await http2.rawServer((socket) => socket.write(GREETING));
    const late = await exchange(`https://127.0.0.1:${silent}/`, { http2: true, timeoutMs: 200 });
    expect(late.failure).toMatchObject({ phase: 'http', code: 'DEADLINE' });
  });
});

describe('a body over HTTP/2', () => {
  it('is enough at its byte budget, at its time budget and at the deadline', async () => {
    const port = await http2.server((stream) => {
      stream.respond({ ':status': 200 });
      stream.write('x'.repeat(50_000));
    });
    expect(await http2.ask(port, { maxBytes: 10_000 })).toMatchObject({
      failure: null,
      reply: { body: { bytesRead: 10_000, stoppedBy: 'byte_budget' } },
    });
    expect(await http2.ask(port, { maxMs: 30 })).toMatchObject({
      failure: null,
      reply: { body: { bytesRead: 50_000, stoppedBy: 'time_budget' } },
    });
    expect(await http2.ask(port, { ...NEEDLE, rulesMaxMs: 30 })).toMatchObject({
      failure: { phase: 'body', code: 'TIME_BUDGET' },
    });
  });

  it('of a megabyte comes whole, and of more up to the budget', async () => {
    const port = await http2.server((stream) => {
      stream.respond({ ':status': 200 });
      stream.end(Buffer.alloc(1_500_000));
    });
    expect((await http2.ask(port, { maxBytes: 2_000_000, maxMs: 10_000 })).reply?.body).toMatchObject({
      bytesRead: 1_500_000,
      complete: true,
    });
    expect((await http2.ask(port, { maxMs: 10_000 })).reply?.body).toMatchObject({
      bytesRead: 1_048_576,
      complete: false,
    });
  });

  it.each([
    ['reset with an error', [reset(ERROR.internal)]],
    ['reset without an error', [reset(ERROR.none)]],
    ['left with an error', [goaway(ERROR.internal)]],
  ])('is truncated when it is %s', async (_, rest) => {
    expect(await http2.answered([head(200), data('hel'), ...rest])).toMatchObject({
      failure: { phase: 'body', code: 'TRUNCATED' },
      reply: { status: 200, body: { complete: false } },
    });
  });

  it('is truncated when it ends before its length', async () => {
    expect(await http2.answered([head(200, [['content-length', '9']]), data('hello', { end: true })])).toMatchObject({
      failure: { phase: 'body', code: 'TRUNCATED' },
    });
  });

  it('is truncated when the connection ends, and reset when it is reset', async () => {
    const start = Buffer.concat([GREETING, head(200), data('hel')]);
    const ended = await http2.rawServer((socket) => void socket.end(start));
    expect(await http2.ask(ended)).toMatchObject({
      failure: { phase: 'body', code: 'TRUNCATED' },
      reply: { status: 200 },
    });
    const port = await http2.rawServer((socket, raw) => socket.write(start, () => raw.resetAndDestroy()));
    expect(await http2.ask(port)).toMatchObject({ failure: { phase: 'body', code: 'ECONNRESET' } });
  });

  it('that breaks the protocol is called so', async () => {
    for (const bad of [frame(FRAME.data, 0, 0, Buffer.from('x')), frame(FRAME.data, 8, 1, Buffer.from([200, 0]))]) {
      expect(await http2.answered([head(200), data('hel'), bad])).toMatchObject({
        failure: { phase: 'body', code: 'H2_PROTOCOL' },
        reply: { status: 200 },
      });
    }
  });

  it('of an error page needs no end', async () => {
    for (const rest of [reset(ERROR.internal), frame(FRAME.data, 0, 0, Buffer.from('x'))]) {
      const { failure, reply } = await http2.answered([head(500), data('sorry'), rest]);
      expect(failure).toBeNull();
      expect(reply).toMatchObject({ status: 500, body: { mode: 'error_excerpt', complete: false } });
    }
    expect((await http2.answered([head(404), data('sorry', { end: true })])).reply?.body.excerpt).toBe('sorry');
  });
});

describe('the request over HTTP/2', () => {
  it('ends when it is given up, in the phase it was in, before the call returns and once', async () => {
    for (const [bytes, phase] of [
      [GREETING, 'http'],
      [Buffer.concat([GREETING, head(200, [['content-length', '9']]), data('hel')]), 'body'],
    ] as const) {
      const { promise: written, resolve } = Promise.withResolvers<void>();
      const port = await http2.rawServer((socket) => socket.write(bytes, () => resolve()));
      const { requesting, result, connection } = await http2.start(port);
      await written;
      await expect.poll(() => connection.socket.bytesRead).toBe(bytes.length);
      let isDone = false;
      void result.then(() => {
        isDone = true;
      });
      requesting.giveUp('DEADLINE', 'late');
      await Promise.resolve();
      expect(isDone).toBe(true);
      requesting.giveUp('DEADLINE', 'later');
      expect(await result).toMatchObject({ failure: { phase, code: 'DEADLINE' } });
    }
  });

  it('leaves the socket open to be looked at, says no more on it, and hears no more', async () => {
    const port = await http2.rawServer((socket) => {
      socket.write(Buffer.concat([GREETING, ...hello]));
      setTimeout(() => socket.write(Buffer.concat([frame(FRAME.ping, 0, 0, Buffer.alloc(8)), ...hello])), 5);
    });
    const { result, connection } = await http2.start(port);
    await result;
    const { bytesWritten } = connection.socket;
    expect(connection.socket.getPeerX509Certificate()?.subject).toBe('CN=localhost');
    await delay(30);
    expect(connection.socket.destroyed).toBe(false);
    expect(connection.socket.bytesWritten).toBe(bytesWritten);
  });

  it('on a connection that is over already has no reply', async () => {
    const port = await http2.rawServer(() => {}, { early: (_, raw) => raw.destroy() });
    const connection = http2.connect(port);
    await expect.poll(() => connection.socket.destroyed).toBe(true);
    const results: RequestReply[] = [];
    const threw = (error: unknown) => expect.unreachable(String(error));
    const asking = { ...http2RequestOptions('https://localhost/'), threw };
    requestOverHttp2(connection, asking, (result) => results.push(result));
    await expect.poll(() => results).toMatchObject([{ reply: null, failure: { phase: 'http' } }]);
  });

  it('hands a mistake of ours to whoever asked, and not to the process', async () => {
    const mistake = new Error('a mistake in judging a status');
    const port = await http2.rawServer((socket) => socket.write(Buffer.concat([GREETING, ...hello])));
    const asked = http2.ask(port, {
      meaningOf() {
        throw mistake;
      },
    });
    await expect(asked).rejects.toBe(mistake);
    await expect(http2.ask(port, { headers: [['bad name', 'x']] })).rejects.toThrow(TypeError);
  });
});
