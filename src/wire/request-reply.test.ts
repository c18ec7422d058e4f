import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestCertificates } from '../../test/kit/certificates.ts';
import { answering, boundPort, startTcpServer } from '../../test/kit/tcp-server.ts';
import { type AskOptions, requestFor } from '../../test/kit/wire.ts';
import { systemClock } from '../lib/clock.ts';
import { Connection } from './connection.ts';
import { createDeadlines } from './deadlines.ts';
import { type RequestReply, type RequestReplyOptions, requestReply } from './request-reply.ts';
import { createTls } from './tls-handshake.ts';

const stopping: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stopping.splice(0)) await stop();
});

async function serve(onConnection: (socket: Socket) => void): Promise<Connection> {
  const server = await startTcpServer(onConnection);
  stopping.push(() => server.stop());
  return connected(
    new Connection(Buffer.alloc(65_536), (onread) => connect({ host: '127.0.0.1', port: server.port, onread })),
  );
}

async function connected(connection: Connection, event = 'connect'): Promise<Connection> {
  stopping.push(() => connection.destroy());
  await once(connection.socket, event);
  return connection;
}

function optionsFor(options: AskOptions = {}): RequestReplyOptions {
  return {
    request: { ...requestFor(options), url: new URL('http://127.0.0.1/') },
    userAgent: 'test',
    deadlines: createDeadlines(systemClock),
    clock: systemClock,
    threw: (error) => expect.unreachable(String(error)),
  };
}

/** Rejects with what was thrown. */
function ask(connection: Connection, options: AskOptions = {}): Promise<RequestReply> {
  return new Promise((resolve, reject) => {
    requestReply(connection, { ...optionsFor(options), threw: reject }, resolve);
  });
}

const PHASES = ['sent', 'ttfb', 'headers', 'body'];

describe('the timings of a reply', () => {
  it('have every phase, over TCP', async () => {
    const { timings, failure } = await ask(await serve(answering('HTTP/1.1 200 OK\r\n\r\nhello')));
    expect(failure).toBeNull();
    expect(Object.keys(timings)).toEqual(PHASES);
    for (const ms of Object.values(timings)) expect(ms).toBeGreaterThanOrEqual(0);
  });

  it('have every phase, over TLS, where a write is told to be done late', async () => {
    const { good, caPem } = await createTestCertificates();
    const server = createServer(good, answering('HTTP/1.1 200 OK\r\n\r\nhello'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stopping.push(() => server.close());
    const tls = createTls({ extraCaPem: caPem });
    const open = tls.opener({ host: 'localhost', port: boundPort(server), http2: false });
    const connection = new Connection(Buffer.alloc(65_536), (onread) => open('127.0.0.1', onread));
    const { timings } = await ask(await connected(connection, 'secureConnect'));
    expect(Object.keys(timings)).toEqual(PHASES);
  });

  it('have no phase that did not come to its end', async () => {
    const silent: RequestReply[] = [];
    requestReply(await serve(() => {}), optionsFor(), (one) => silent.push(one)).giveUp('DEADLINE', 'late');
    expect(silent).toMatchObject([{ reply: null, failure: { phase: 'http', code: 'DEADLINE' } }]);
    expect(silent.flatMap(({ timings }) => Object.keys(timings))).toEqual(['sent']);
    const head = await ask(await serve(answering('HTTP/1.1 200 OK\r\nA: ')));
    expect(Object.keys(head.timings)).toEqual(['sent', 'ttfb']);
    const cut = await ask(await serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello')));
    expect(Object.keys(cut.timings)).toEqual(['sent', 'ttfb', 'headers']);
    const skipped = await ask(await serve(answering('HTTP/1.1 302 Found\r\n\r\n')));
    expect(Object.keys(skipped.timings)).toEqual(['sent', 'ttfb', 'headers']);
  });
});

describe('a request', () => {
  it('ends when it is given up, before the call returns, and once', async () => {
    const connection = await serve((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello'));
    const results: RequestReply[] = [];
    const requesting = requestReply(connection, optionsFor(), (result) => results.push(result));
    await expect.poll(() => connection.socket.bytesRead).toBeGreaterThan(0);
    requesting.giveUp('DEADLINE', 'late');
    expect(results).toMatchObject([{ failure: { phase: 'body', code: 'DEADLINE' } }]);
    requesting.giveUp('DEADLINE', 'later');
    expect(results).toHaveLength(1);
  });

  it('on a connection that is over already has no reply, and breaks nothing', async () => {
    for (const [end, code] of [
      [(socket: Socket) => socket.end(), 'CLOSED_BEFORE_REPLY'],
      [(socket: Socket) => socket.resetAndDestroy(), 'ECONNRESET'],
    ] as const) {
      const connection = await serve((socket) => socket.once('data', () => end(socket)));
      connection.socket.write('x');
      await expect.poll(() => connection.socket.destroyed || connection.socket.readableEnded).toBe(true);
      expect(await ask(connection)).toMatchObject({ reply: null, failure: { phase: 'http', code } });
    }
  });

  it('ends by its budget of time, which is no failure', async () => {
    const asked = ask(await serve((socket) => void socket.write('HTTP/1.1 200 OK\r\n\r\nhello')), { maxMs: 20 });
    expect(await asked).toMatchObject({
      failure: null,
      reply: { body: { bytesRead: 5, stoppedBy: 'time_budget' } },
    });
  });

  it('hands a mistake of ours to whoever asked, and not to the process', async () => {
    const mistake = new Error('a mistake in judging a status');
    const asked = ask(await serve(answering('HTTP/1.1 200 OK\r\n\r\nhello')), {
      meaningOf() {
        throw mistake;
      },
    });
    await expect(asked).rejects.toBe(mistake);
  });
});
