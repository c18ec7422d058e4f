import { once } from 'node:events';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTestCertificates } from '../../test/kit/certificates.ts';
import { boundPort } from '../../test/kit/tcp-server.ts';
import { createKnownLeaves, leafOfSession } from './known-leaves.ts';

const DATES = { notBeforeMs: 1, notAfterMs: 2, issuers: [Buffer.from('issuer')] };
const leaf = (text: string): Buffer => Buffer.from(text);

describe('known leaves', () => {
  it('are known by host and by every byte', () => {
    const known = createKnownLeaves();
    known.remember('a.test', leaf('one'), DATES);
    expect(known.find('a.test', leaf('one'))).toMatchObject(DATES);
    expect(known.find('a.test', leaf('onE'))).toBeNull();
    expect(known.find('b.test', leaf('one'))).toBeNull();
  });

  it('are replaced by the newest of a host, and the oldest host makes room', () => {
    const known = createKnownLeaves(2);
    known.remember('a.test', leaf('one'), DATES);
    known.remember('b.test', leaf('one'), DATES);
    known.remember('a.test', leaf('two'), DATES);
    known.remember('c.test', leaf('one'), DATES);
    expect(known.find('a.test', leaf('one'))).toBeNull();
    expect(known.find('a.test', leaf('two'))).not.toBeNull();
    expect(known.find('b.test', leaf('one'))).toBeNull();
    expect(known.find('c.test', leaf('one'))).not.toBeNull();
  });
});

describe('the leaf of a session', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)('is the certificate that the server showed over %s', async (version) => {
    const { good } = await createTestCertificates();
    const server = createServer(good, (socket) => socket.on('error', () => {}));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const port = boundPort(server);
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, maxVersion: version });
    await once(socket, 'secureConnect');
    onTestFinished(() => void socket.destroy());
    const session = socket.getSession();
    expect(session && leafOfSession(session)).toEqual(socket.getPeerX509Certificate()?.raw);
  });

  it.each([
    '',
    '30',
    '3003',
    '30820010',
    '3003a30130',
    '3004a3023000ff',
    '3005a303300500',
    '3084ffffffff',
    '3080',
    'ff',
  ])('is not found in %j', (hex) => {
    expect(leafOfSession(Buffer.from(hex, 'hex'))).toBeNull();
  });
});
