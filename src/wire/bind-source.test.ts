import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestCertificates } from '../../test/kit/certificates.ts';
import { boundPort } from '../../test/kit/tcp-server.ts';
import { createTestWire } from '../../test/kit/wire.ts';
import { bindProblem } from './bind-source.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
});

/** Tells each visitor in a header from where it came. */
async function mirror(server: Server): Promise<number> {
  servers.push(server);
  server.on('request', (request, response) => {
    response.writeHead(200, { 'x-from': request.socket.remoteAddress, connection: 'close' }).end();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return boundPort(server);
}

const RESOLVES_TO = (...addresses: string[]) => {
  const resolver = { ok: true, resolver: null, addresses } as const;
  return { known: () => resolver, ask() {} };
};

describe('the address that connections come from', () => {
  it('is the one that was asked for, in plaintext and over TLS', async () => {
    const { caPem, good } = await createTestCertificates();
    const ask = createTestWire({ bindSource: '127.0.0.2', extraCaPem: caPem });
    for (const [scheme, port] of [
      ['http', await mirror(createHttpServer())],
      ['https', await mirror(createHttpsServer(good))],
    ] as const) {
      const { failure, reply } = await ask(`${scheme}://127.0.0.1:${port}/`);
      expect(failure).toBeNull();
      expect(reply?.headers).toContainEqual(['x-from', '127.0.0.2']);
    }
  });

  it('takes the addresses of its own family and passes over the others', async () => {
    const port = await mirror(createHttpServer());
    const ask = createTestWire({ bindSource: '127.0.0.2', resolver: RESOLVES_TO('::1', '127.0.0.1') });
    expect(await ask(`http://both.test:${port}/`)).toMatchObject({
      failure: null,
      addresses: [
        { address: '::1', outcome: 'failed', error: 'EAFNOSUPPORT' },
        { address: '127.0.0.1', outcome: 'connected' },
      ],
    });
  });

  it('makes a site of the other family alone no failure of the site', async () => {
    const ask = createTestWire({ bindSource: '127.0.0.2', resolver: RESOLVES_TO('::1') });
    expect((await ask('http://six.test:80/')).failure).toMatchObject({ phase: 'tcp', code: 'EAFNOSUPPORT' });
  });

  it('lets a dead address of its own family speak for the site', async () => {
    const port = await mirror(createHttpServer());
    for (const server of servers.splice(0)) await new Promise((closed) => server.close(closed));
    const ask = createTestWire({ bindSource: '127.0.0.2', resolver: RESOLVES_TO('::1', '127.0.0.1') });
    expect((await ask(`http://both.test:${port}/`)).failure?.code).toBe('ECONNREFUSED');
  });

  it('is tried before anything starts', async () => {
    expect(await bindProblem('127.0.0.1')).toBeNull();
    expect(await bindProblem('192.0.2.77')).toBe('EADDRNOTAVAIL');
  });
});
