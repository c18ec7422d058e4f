import { once } from 'node:events';
import { request } from 'node:https';
import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type ServerIdentity } from '../../test/kit/certificates.ts';
import { clientOf, PATIENT, question, scriptedProber, startVerifier, TOKEN } from '../../test/kit/verifier.ts';
import { DEFAULT_BUDGETS, DEFAULT_PLAN } from '../domain/probe-plan.ts';

const DEFAULTS = { plan: DEFAULT_PLAN, budgets: DEFAULT_BUDGETS, timeoutMs: 10_000 };

let ours: Authority;
let strange: Authority;
let server: ServerIdentity;
let monitor: ServerIdentity;
let stranger: ServerIdentity;

beforeAll(async () => {
  [ours, strange] = await Promise.all([createAuthority('Ours'), createAuthority('Strange')]);
  server = await ours.issue({ names: ['verifier.test'], addresses: ['127.0.0.1'] });
  monitor = await ours.issue({ names: ['monitor.test'], role: 'client' });
  stranger = await strange.issue({ names: ['monitor.test'], role: 'client' });
});

const QUESTION = question('http://127.0.0.1/');
const PLAIN = { caPem: null, certPem: null, keyPem: null, serverName: null };

function startSecure({ mutual = false, identity = server } = {}) {
  const clientCaPem = mutual ? ours.caPem : null;
  const { createProber } = scriptedProber();
  return startVerifier({ createProber, tls: { certPem: identity.cert, keyPem: identity.key, clientCaPem } });
}

describe('a verifier over TLS', () => {
  it('is believed by whoever was given its authority', async () => {
    const { port } = await startSecure();
    const client = clientOf({ port, tls: { ...PLAIN, caPem: ours.caPem } });
    expect(await client.status(PATIENT)).toEqual({ ok: true, version: '9.9.9' });
  });

  it('is believed by the name that its certificate bears, where that is not its address', async () => {
    const identity = await ours.issue({ names: ['verifier.test'] });
    const { port } = await startSecure({ identity });
    const tls = { ...PLAIN, caPem: ours.caPem };
    expect(await clientOf({ port, tls }).status(PATIENT)).toMatchObject({ ok: false });
    expect(await clientOf({ port, tls: { ...tls, serverName: 'verifier.test' } }).status(PATIENT)).toMatchObject({
      ok: true,
    });
  });

  it('is not believed by whoever trusts another authority, or only the public ones', async () => {
    const { port } = await startSecure();
    for (const caPem of [strange.caPem, null]) {
      const client = clientOf({ port, tls: { ...PLAIN, caPem } });
      expect(await client.ask([QUESTION], PATIENT)).toMatchObject([
        { kind: 'failed', reason: 'unreachable', detail: expect.stringMatching(/^[A-Z_]+$/) },
      ]);
    }
  });

  it('shows a renewed certificate from the next handshake on, and keeps what it had for one that cannot be used', async () => {
    const renewed = await strange.issue({ names: ['verifier.test'], addresses: ['127.0.0.1'] });
    const { port, take } = await startSecure();
    const isWell = async (caPem: string) =>
      (await clientOf({ port, tls: { ...PLAIN, caPem } }).status(PATIENT)).ok === true;
    const change = (certPem: string, keyPem: string, authTokens = [TOKEN]) =>
      take({ authTokens, tls: { certPem, keyPem, clientCaPem: null }, defaults: DEFAULTS });
    expect([await isWell(ours.caPem), await isWell(strange.caPem)]).toEqual([true, false]);
    change(renewed.cert, renewed.key);
    expect([await isWell(ours.caPem), await isWell(strange.caPem)]).toEqual([false, true]);
    expect(() => change(server.cert, renewed.key)).toThrow();
    expect(() => change(server.cert, server.key, [])).toThrow('needs a secret');
    expect([await isWell(ours.caPem), await isWell(strange.caPem)]).toEqual([false, true]);
  });

  it('does not speak plaintext on that port, and no TLS on a plaintext one', async () => {
    const secure = await startSecure();
    expect(await clientOf(secure).status(PATIENT)).toMatchObject({ ok: false });
    const plain = await startVerifier({ createProber: scriptedProber().createProber });
    const client = clientOf({ port: plain.port, tls: { ...PLAIN, caPem: ours.caPem } });
    expect(await client.status(PATIENT)).toMatchObject({ ok: false });
    expect(await clientOf(secure).ask([QUESTION], PATIENT)).toMatchObject([{ reason: 'unreachable' }]);
  });

  it('answers HTTP/1.1 there too', async () => {
    const { port } = await startSecure();
    const asked = request({ host: '127.0.0.1', port, path: '/status', ca: ours.caPem }).end();
    const [reply] = await once(asked, 'response');
    expect(reply.statusCode).toBe(200);
    reply.resume();
  });
});

describe('a verifier that wants to see a certificate', () => {
  it('lets in who shows one of its authority', async () => {
    const { port } = await startSecure({ mutual: true });
    const tls = { ...PLAIN, caPem: ours.caPem, certPem: monitor.cert, keyPem: monitor.key };
    expect(await clientOf({ port, tls }).status(PATIENT)).toMatchObject({ ok: true });
  });

  it('keeps out who shows none, or one of a stranger', async () => {
    const { port } = await startSecure({ mutual: true });
    const tls = { ...PLAIN, caPem: ours.caPem };
    for (const shown of [{}, { certPem: stranger.cert, keyPem: stranger.key }]) {
      const client = clientOf({ port, tls: { ...tls, ...shown } });
      expect(await client.ask([QUESTION], PATIENT)).toMatchObject([{ kind: 'failed', reason: 'unreachable' }]);
    }
  });
});

describe('whoever connects and says too little', () => {
  it.each(['', 'PR', 'GET /status HTTP/1.1\r\nX-Slow: '])('is let go after %j', async (words) => {
    const { port } = await startVerifier({ createProber: scriptedProber().createProber });
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(words);
    socket.resume();
    await once(socket, 'close');
    expect(socket.bytesWritten).toBe(words.length);
  });
});
