/**
 * TLS for probes: opens TLS sockets and says how the handshake ended. Verification is always on, but it is read after
 * the handshake instead of aborting it, so that a bad certificate is captured as evidence; nothing is sent over it.
 */
import { constants } from 'node:crypto';
import { isIP, type OnReadOpts } from 'node:net';
import { connect, createSecureContext, rootCertificates, type SecureContext, type TLSSocket } from 'node:tls';
import type { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { TlsSession, WireFailure } from './exchange.ts';
import { describeLeaf, identityError } from './leaf-certificate.ts';

export interface Tls {
  /**
   * How to open a TCP connection to one of the host's addresses on which the handshake follows by itself. `host` as in
   * `URL.hostname`, without brackets.
   */
  opener(host: string, port: number): (address: string, onread: OnReadOpts) => TLSSocket;
  /** Waits for the handshake of a socket that has just connected. */
  handshake(connection: Connection<TLSSocket>, host: string, deadlineMs: number): Promise<Handshake>;
}

export type Handshake = { session: TlsSession | null; failure: WireFailure | null };

/**
 * TLS 1.0 and up are spoken so that an old server is measured and named instead of called unreachable; OpenSSL offers
 * 1.0 and 1.1 at security level 0 only. Naming the curves leaves out the post-quantum key share, which costs more
 * than the rest of the ClientHello; the key share sent is the first one's. Tickets would skip the certificate.
 */
const CONTEXT_OPTIONS = {
  minVersion: 'TLSv1',
  ciphers: 'DEFAULT@SECLEVEL=0',
  ecdhCurve: 'X25519:P-256:P-384:P-521',
} as const;

const SOCKET_OPTIONS = {
  ALPNProtocols: ['http/1.1'],
  rejectUnauthorized: false,
  checkServerIdentity: () => undefined,
};

export function createTls(options: { extraCaPem: string | null; deadlines: Deadlines }): Tls {
  // Made on first use: a program that probes plain HTTP alone never pays for the root certificates.
  let sharedContext: SecureContext | null = null;
  const contextOf = (): SecureContext => {
    sharedContext ??= createProbeContext(options.extraCaPem);
    return sharedContext;
  };

  return {
    opener(host, port) {
      // Before anything is timed: the first one reads the root certificates.
      const secureContext = contextOf();
      const servername = isIP(host) === 0 ? withoutRootDot(host) : '';
      return (address, onread) => {
        const tlsOptions = { ...SOCKET_OPTIONS, host: address, port, onread, secureContext, servername };
        // Node would build the whole chain as plain objects at each handshake; we read the leaf ourselves.
        return Object.assign(connect(tlsOptions), { getPeerCertificate: () => ({}) });
      };
    },
    handshake: (connection, host, deadlineMs) =>
      handshake(connection, withoutRootDot(host), deadlineMs, options.deadlines),
  };
}

function createProbeContext(extraCaPem: string | null): SecureContext {
  const secureOptions = constants.SSL_OP_NO_TICKET;
  if (extraCaPem === null) return createSecureContext({ ...CONTEXT_OPTIONS, secureOptions });
  return createSecureContext({ ...CONTEXT_OPTIONS, secureOptions, ca: [...rootCertificates, extraCaPem] });
}

function handshake(
  connection: Connection<TLSSocket>,
  host: string,
  deadlineMs: number,
  deadlines: Deadlines,
): Promise<Handshake> {
  return new Promise((resolve) => {
    const { socket } = connection;
    const alarm = deadlines.at(deadlineMs, () => fail('DEADLINE', 'the handshake was not done in time'));
    const settle = (result: Handshake): void => {
      alarm.cancel();
      socket.removeListener('secureConnect', secured);
      connection.listen(null);
      resolve(result);
    };
    const fail = (code: string, detail: string): void =>
      settle({ session: null, failure: { phase: 'tls', code, detail } });
    const secured = (): void => settle(verified(socket, host));

    socket.once('secureConnect', secured);
    connection.listen({
      onData: () => {},
      onEnd: () => fail('ECONNRESET', 'the server closed the connection during the handshake'),
      onError: (code) => fail(code, `the handshake with ${host} failed`),
    });
  });
}

/** The verdict on a finished handshake, from OpenSSL's code and the names in the leaf. */
function verified(socket: TLSSocket, host: string): Handshake {
  const leaf = socket.getPeerX509Certificate();
  const verifyError = leaf === undefined ? 'NO_PEER_CERTIFICATE' : (chainError(socket) ?? identityError(leaf, host));
  const session: TlsSession = {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    certificate: leaf === undefined ? null : describeLeaf(leaf, verifyError),
  };
  if (verifyError === null) return { session, failure: null };
  const detail = `the certificate is not good for ${host}`;
  return { session, failure: { phase: 'tls', code: verifyError, detail } };
}

/** Typed as an Error upstream; at run time it is OpenSSL's code as text. */
function chainError(socket: TLSSocket): string | null {
  return socket.authorized ? null : String(socket.authorizationError);
}

/** `example.com.` names the same host as `example.com`, which is how certificates and SNI spell it (RFC 6066). */
function withoutRootDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
