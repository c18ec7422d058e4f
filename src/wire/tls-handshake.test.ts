import { once } from 'node:events';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestCertificates, type ServerIdentity, type TestCertificates } from '../../test/kit/certificates.ts';
import { type Behaviour, type Site, startSite } from '../../test/kit/site.ts';
import { answering, boundPort, startTcpServer } from '../../test/kit/tcp-server.ts';
import { createTestWire, resolvingTo, type TestExchange } from '../../test/kit/wire.ts';
import { Connection } from './connection.ts';
import { createTls } from './tls-handshake.ts';

let certificates: TestCertificates;
let exchange: TestExchange;
const stopping: { stop(): Promise<void> }[] = [];

beforeAll(async () => {
  certificates = await createTestCertificates();
  exchange = createTestWire({ extraCaPem: certificates.caPem });
});
afterEach(async () => {
  for (const one of stopping.splice(0)) await one.stop();
});

async function site(
  identity: ServerIdentity,
  behaviour: Behaviour = { kind: 'up' },
  address = '127.0.0.1',
): Promise<Site> {
  const started = await startSite({ identity, behaviour, address });
  stopping.push(started);
  return started;
}

/** A TLS server with settings of its own; returns its port. */
async function tlsServer(options: TlsOptions): Promise<number> {
  const server = createServer({ ...certificates.good, ...options }, answering('HTTP/1.1 204 No Content\r\n\r\n'));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stopping.push({ stop: async () => void server.close() });
  return boundPort(server);
}

describe('a good certificate', () => {
  it('lets the request through and is described', async () => {
    const { url } = await site(certificates.good);
    const result = await exchange(url);
    expect(result).toMatchObject({ failure: null, reply: { status: 200 } });
    expect(result.tls).toMatchObject({
      version: 'TLSv1.3',
      cipher: expect.stringMatching(/^TLS_/),
      alpn: 'http/1.1',
      ocspStaple: null,
      certificate: { verifyError: null },
    });
    expect(result.tls?.certificate?.leaf.subject).toBe('CN=localhost');
    const { notBeforeMs = 0, notAfterMs = 0 } = result.tls?.certificate ?? {};
    expect(notAfterMs - notBeforeMs).toBeGreaterThan(80 * 86_400_000);
    expect(Object.keys(result.timings).sort()).toEqual(['body', 'headers', 'sent', 'tcp', 'tls', 'total', 'ttfb']);
  });

  it('has the same dates and the same leaf when it is known from before', async () => {
    const { url } = await site(certificates.good);
    const [first, second] = [await exchange(url), await exchange(url)];
    expect(second.tls?.certificate).toMatchObject({
      verifyError: null,
      notBeforeMs: first.tls?.certificate?.notBeforeMs,
      notAfterMs: first.tls?.certificate?.notAfterMs,
    });
    expect(second.tls?.certificate?.leaf.raw).toEqual(first.tls?.certificate?.leaf.raw);
  });

  it('comes with its chain when that is wanted, or when the page is an error', async () => {
    const { key, cert } = certificates.good;
    const exchange = createTestWire({ extraCaPem: certificates.caPem });
    const { url, behave } = await site({ key, cert: `${cert.trim()}\n${certificates.caPem}` });
    await exchange(url);
    const wanted = await exchange(url, { wantsChain: true });
    expect(wanted.tls?.certificate?.leaf.issuerCertificate?.subject).toBe('CN=Jetmon Test CA');
    behave({ kind: 'status', code: 500 });
    const failing = await exchange(url);
    expect(failing.tls?.certificate?.leaf.issuerCertificate?.subject).toBe('CN=Jetmon Test CA');
    behave({ kind: 'up' });
    const known = await exchange(url);
    expect(known.tls?.certificate?.issuers.map(({ subject }) => subject)).toEqual(['CN=Jetmon Test CA']);
  });

  it('is good for names, wildcards, a root dot and addresses of both families', async () => {
    const { port } = await site(certificates.good);
    for (const host of ['localhost', 'localhost.', 'one.site.localhost', '127.0.0.1']) {
      expect(await exchange(`https://${host}:${port}/`)).toMatchObject({ failure: null });
    }
    const { url } = await site(certificates.good, { kind: 'up' }, '::1');
    expect(await exchange(url)).toMatchObject({ failure: null });
  });

  it('is asked for by name, and never by address', async () => {
    const asked: (string | false | undefined)[] = [];
    const server = createServer(certificates.good, (socket) => {
      asked.push((socket as typeof socket & { servername?: string | false }).servername);
      answering('HTTP/1.1 204 No Content\r\n\r\n')(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    stopping.push({ stop: async () => void server.close() });
    for (const host of ['localhost.', '127.0.0.1']) await exchange(`https://${host}:${boundPort(server)}/`);
    expect(asked).toEqual(['localhost', false]);
  });
});

describe('a bad certificate', () => {
  const cases = [
    ['expired', 'CERT_HAS_EXPIRED'],
    ['notYetValid', 'CERT_NOT_YET_VALID'],
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ] as const;

  it.each(cases)('that is %s fails as %s, is captured, and nothing is sent over it', async (kind, code) => {
    const { url, requests } = await site(certificates[kind]);
    const result = await exchange(url);
    expect(result.failure).toMatchObject({ phase: 'tls', code });
    expect(result.tls?.certificate).toMatchObject({ verifyError: code });
    expect(result.tls?.certificate?.leaf.publicKey.asymmetricKeyType).toBe('ec');
    expect(result.reply).toBeNull();
    expect(requests()).toBe(0);
  });

  it.each(cases)('that is %s fails again on the next connection', async (kind, code) => {
    const { url } = await site(certificates[kind]);
    for (let round = 0; round < 3; round += 1) expect((await exchange(url)).failure?.code).toBe(code);
  });

  it.each(cases)('that is %s is found out after a good one of the same host', async (kind, code) => {
    const { url, present } = await site(certificates.good);
    for (let round = 0; round < 3; round += 1) expect((await exchange(url)).failure).toBeNull();
    present(certificates[kind]);
    for (let round = 0; round < 3; round += 1) expect((await exchange(url)).failure?.code).toBe(code);
    present(certificates.good);
    expect((await exchange(url)).failure).toBeNull();
  });

  it('is found out for one name although it is good for another at the same address', async () => {
    const { port } = await site(certificates.good);
    const ask = createTestWire({ extraCaPem: certificates.caPem, resolver: resolvingTo('127.0.0.1') });
    const codes: (string | undefined)[] = [];
    for (const host of ['localhost', 'other.test', 'localhost', 'other.test']) {
      codes.push((await ask(`https://${host}:${port}/`)).failure?.code);
    }
    const wrong = 'ERR_TLS_CERT_ALTNAME_INVALID';
    expect(codes).toEqual([undefined, wrong, undefined, wrong]);
  });

  it('is not saved by a wildcard over two labels, or over part of one', async () => {
    const identity = await certificates.authority.issue({ names: ['*.good.test', 'w*.part.test'] });
    const { port } = await site(identity);
    const ask = createTestWire({ extraCaPem: certificates.caPem, resolver: resolvingTo('127.0.0.1') });
    const codes: (string | undefined)[] = [];
    for (const host of ['a.good.test', 'a.b.good.test', 'good.test', 'www.part.test']) {
      codes.push((await ask(`https://${host}:${port}/`)).failure?.code);
    }
    const wrong = 'ERR_TLS_CERT_ALTNAME_INVALID';
    expect(codes).toEqual([undefined, wrong, wrong, wrong]);
  });

  it('is not saved by a common name, or by a name where an address is needed', async () => {
    const identity = await certificates.authority.issue({ names: ['127.0.0.1'] });
    const { url } = await site(identity);
    expect((await exchange(url)).failure?.code).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('is one whose authority was not given to us', async () => {
    const { url } = await site(certificates.good);
    expect((await createTestWire()(url)).failure).toMatchObject({
      phase: 'tls',
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });
});

describe('a handshake', () => {
  it('is spoken with old and with narrow servers, so that they are measured', async () => {
    const old = await tlsServer({ minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(await exchange(`https://localhost:${old}/`)).toMatchObject({ failure: null, tls: { version: 'TLSv1' } });
    const narrow = await tlsServer({ ecdhCurve: 'P-384' });
    expect(await exchange(`https://localhost:${narrow}/`)).toMatchObject({ failure: null });
  });

  it('fails with a code when the server speaks plain HTTP', async () => {
    const plain = await startTcpServer(answering('HTTP/1.1 400 Bad Request\r\n\r\n'));
    stopping.push(plain);
    const { failure, tls } = await exchange(`https://localhost:${plain.port}/`);
    expect(failure).toMatchObject({ phase: 'tls', code: expect.stringMatching(/^ERR_SSL_/) });
    expect(tls).toBeNull();
  });

  it('fails with a code when nothing is shared', async () => {
    const port = await tlsServer({
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: 'ECDHE-RSA-AES128-GCM-SHA256',
    });
    expect((await exchange(`https://localhost:${port}/`)).failure).toMatchObject({
      phase: 'tls',
      code: expect.stringMatching(/^ERR_SSL_/),
    });
  });

  it('fails when the server closes or resets in the middle of it', async () => {
    for (const leave of ['end', 'resetAndDestroy'] as const) {
      const server = await startTcpServer((socket) => socket.once('data', () => socket[leave]()));
      stopping.push(server);
      expect((await exchange(`https://localhost:${server.port}/`)).failure).toMatchObject({
        phase: 'tls',
        code: 'ECONNRESET',
      });
    }
  });

  it('misses the deadline when the server stays silent', async () => {
    const { url } = await site(certificates.good, { kind: 'hang', at: 'connect' });
    const { failure, timings, address } = await exchange(url, { timeoutMs: 200 });
    expect(failure).toMatchObject({ phase: 'tls', code: 'DEADLINE' });
    expect(timings.tcp).toBeDefined();
    expect(timings.tls).toBeUndefined();
    expect(address).toBe('127.0.0.1');
  });
});

describe('a mistake of ours in looking at a certificate', () => {
  it('is told to whoever shook hands, and not to the process', async () => {
    const mistake = new Error('a mistake in reading a certificate');
    const remember = (): void => {
      throw mistake;
    };
    const tls = createTls({ extraCaPem: certificates.caPem, knownLeaves: { find: () => null, remember } });
    const open = tls.opener({ host: 'localhost', port: await tlsServer(certificates.good), http2: false });
    const connection = new Connection<TLSSocket>(Buffer.alloc(65_536), (onread) => open('127.0.0.1', onread));
    await once(connection.socket, 'connect');
    const shaken = new Promise((resolve, reject) => tls.handshake(connection, 'localhost', resolve, reject));
    await expect(shaken).rejects.toBe(mistake);
    connection.destroy();
  });
});

describe('a reply over TLS', () => {
  it.each([
    [{ kind: 'hang', at: 'request' }, 'http', 'DEADLINE'],
    [{ kind: 'hang', at: 'body' }, 'body', 'DEADLINE'],
    [{ kind: 'reset', at: 'request' }, 'http', 'ECONNRESET'],
    [{ kind: 'reset', at: 'body' }, 'body', 'ECONNRESET'],
    [{ kind: 'truncated', framing: 'length' }, 'body', 'TRUNCATED'],
    [{ kind: 'truncated', framing: 'chunked' }, 'body', 'TRUNCATED'],
    [{ kind: 'garbage' }, 'http', 'NOT_HTTP'],
  ] satisfies [Behaviour, string, string][])('that does %j fails in phase %s as %s', async (behaviour, phase, code) => {
    const { url } = await site(certificates.good, behaviour);
    expect((await exchange(url, { timeoutMs: 400 })).failure).toMatchObject({ phase, code });
  });

  it('is read whole when many come at once through the one shared buffer', async () => {
    const { url, behave } = await site(certificates.good);
    behave({ kind: 'up', body: 'x'.repeat(200_000), headers: { 'content-length': '200000' } });
    const results = await Promise.all(Array.from({ length: 30 }, () => exchange(url)));
    for (const { failure, reply } of results) {
      expect(failure).toBeNull();
      expect(reply?.body).toMatchObject({ bytesRead: 200_000, complete: true });
    }
  });
});
