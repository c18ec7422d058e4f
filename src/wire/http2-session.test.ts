import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { startTamperProxy } from '../../test/kit/tamper-proxy.ts';
import { boundPort, closedPort, startTcpServer } from '../../test/kit/tcp-server.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { createKeptSession, type KeptSessionOptions } from './http2-session.ts';

async function serve(onSession: (session: ServerHttp2Session) => void = () => {}) {
  const sessions: ServerHttp2Session[] = [];
  const server: Http2Server = createServer((_, reply) => reply.end('well'));
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
    onSession(session);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { port: boundPort(server), sessions };
}

function sessionTo(port: number, changed: Partial<KeptSessionOptions> = {}) {
  const session = createKeptSession({
    authority: `http://127.0.0.1:${port}`,
    connection: {},
    clock,
    connectWithinMs: 5_000,
    idleMs: 60_000,
    tryAfterMs: 60_000,
    ...changed,
  });
  onTestFinished(session.close);
  return session;
}

async function ask(session: ReturnType<typeof sessionTo>): Promise<string> {
  const stream = await session.request('GET', '/', {});
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

describe('a kept session', () => {
  it('is one for all who ask, also at once', async () => {
    const { port, sessions } = await serve();
    const session = sessionTo(port);
    expect(await Promise.all([ask(session), ask(session)])).toEqual(['well', 'well']);
    expect(await ask(session)).toBe('well');
    expect(sessions.length).toBe(1);
  });

  it('is opened anew after the other side ended it, in order or not', async () => {
    const { port, sessions } = await serve();
    const session = sessionTo(port);
    const ends: ((of: ServerHttp2Session) => void)[] = [
      (of) => of.close(),
      (of) => of.goaway(),
      (of) => of.destroy(),
      (of) => of.socket.destroy(),
    ];
    for (const [index, end] of ends.entries()) {
      expect(await ask(session)).toBe('well');
      const ended = sessions[index];
      if (ended !== undefined) end(ended);
      await eventually('the end is known', async () => {
        await session.connected().catch(() => {});
        return sessions.length > index + 1;
      });
    }
  });

  it('is tried after a rest, and given up when nobody answers', async () => {
    const { port, sessions } = await serve();
    let isDeaf = false;
    // A connection that died without a word; the next one is heard again.
    const toServer = (bytes: Buffer) => {
      if (bytes.toString('latin1').startsWith('PRI')) isDeaf = false;
      return isDeaf ? Buffer.alloc(0) : bytes;
    };
    const session = sessionTo((await startTamperProxy(port, { toServer })).port, {
      tryAfterMs: -1,
      connectWithinMs: 3_000,
    });
    expect([await ask(session), await ask(session), sessions.length]).toEqual(['well', 'well', 1]);
    isDeaf = true;
    expect([await ask(session), sessions.length]).toEqual(['well', 2]);
  });

  it('is closed when idle', async () => {
    const { port, sessions } = await serve();
    const session = sessionTo(port, { idleMs: 100 });
    expect(await ask(session)).toBe('well');
    await eventually('it is closed', () => sessions[0]?.destroyed === true);
    expect(await ask(session)).toBe('well');
    expect(sessions.length).toBe(2);
  });

  it('says why there is none, and what strangers send ends nothing else', async () => {
    await expect(sessionTo(await closedPort()).connected()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const silent = await startTcpServer(() => {});
    onTestFinished(silent.stop);
    const waiting = sessionTo(silent.port, { connectWithinMs: 200 }).connected();
    await expect(waiting).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    for (const words of ['220 mail.example ESMTP\r\n', '\0\0\0\x04\0\0\0\0\0garbage garbage garbage', '']) {
      const stranger = await startTcpServer((socket) => void socket.end(words, 'latin1'));
      onTestFinished(stranger.stop);
      const session = sessionTo(stranger.port);
      await expect(session.connected().then(() => ask(session))).rejects.toThrow();
    }
    const closed = sessionTo(silent.port);
    closed.close();
    await expect(closed.connected()).rejects.toThrow('closed');
  });
});
