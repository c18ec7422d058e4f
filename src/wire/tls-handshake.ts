/**
 * TLS for probes: opens TLS sockets and says how the handshake ended. Verification is always on, but it is read after
 * the handshake instead of aborting it, so that a bad certificate is captured as evidence; nothing is sent over it.
 */
import { constants, X509Certificate } from 'node:crypto';
import { isIP, type OnReadOpts, type TcpNetConnectOpts } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  getCACertificates,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { identityError, issuersOf } from './certificate.ts';
import type { Connection } from './connection.ts';
import type { PeerCertificate, TlsSession, WireFailure } from './exchange.ts';
import { createKnownLeaves, type KnownLeaf, type KnownLeaves, leafOfSession } from './known-leaves.ts';

export interface Tls {
  /** Reads the root certificates, which takes a while, unless that was done: so that no exchange is timed across it. */
  prepare(): void;
  /** How to open a TCP connection to one of the host's addresses on which the handshake follows by itself. */
  opener(options: TlsOptions): (address: string, onread: OnReadOpts) => TLSSocket;
  /**
   * Hears how the handshake of a socket that has just connected ends. Calls one of the two once, unless the caller stops
   * listening: `threw` for a bug of ours.
   */
  handshake(
    connection: Connection<TLSSocket>,
    host: string,
    done: (handshake: Handshake) => void,
    threw: (error: unknown) => void,
  ): void;
  /** Reads the chain of an open socket into its session, for evidence. */
  keepChain(session: TlsSession, socket: TLSSocket): void;
}

export type TlsOptions = {
  /** As in `URL.hostname`, without brackets. */
  host: string;
  port: number;
  /** Offer HTTP/2 before HTTP/1.1. */
  http2: boolean;
  /** Address of this machine to connect from. */
  localAddress?: string | undefined;
};

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
  secureOptions: constants.SSL_OP_NO_TICKET,
} as const;

const HTTP1 = ['http/1.1'];
const HTTP2_FIRST = ['h2', 'http/1.1'];

/** Throws for a PEM text that holds no certificate. */
export function createTls(options: { extraCaPem: string | null; knownLeaves?: KnownLeaves }): Tls {
  const knownLeaves = options.knownLeaves ?? createKnownLeaves();
  // Made by `prepare` or on first use: whoever has no use for TLS does not pay for the root certificates.
  let sharedContext: SecureContext | null = null;

  function context(): SecureContext {
    sharedContext ??= createProbeContext(options.extraCaPem);
    return sharedContext;
  }

  return {
    prepare: () => void context(),
    opener({ host, port, http2, localAddress }) {
      const secureContext = context();
      const servername = isIP(host) === 0 ? withoutRootDot(host) : '';
      const ALPNProtocols = http2 ? HTTP2_FIRST : HTTP1;
      return (address, onread) => {
        const options: ConnectionOptions & Pick<TcpNetConnectOpts, 'localAddress'> & { onread: OnReadOpts } = {
          host: address,
          port,
          localAddress,
          onread,
          secureContext,
          servername,
          ALPNProtocols,
          rejectUnauthorized: false,
          requestOCSP: true,
          checkServerIdentity: () => undefined,
        };
        const socket = connect(options);
        // Node would build the whole chain as plain objects at each handshake; we read the leaf ourselves.
        socket.getPeerCertificate = noCertificateObjects;
        return socket;
      };
    },
    handshake(connection, host, done, threw) {
      const name = withoutRootDot(host);
      hearHandshake(connection, name, (staple) => verified(connection.socket, name, knownLeaves, staple), done, threw);
    },
    keepChain(session, socket) {
      const leaf = session.certificate === null ? undefined : socket.getPeerX509Certificate();
      if (session.certificate === null || leaf === undefined) return;
      session.certificate = new ReadCertificate(leaf, session.certificate.verifyError);
    },
  };
}

const noCertificateObjects = (() => ({})) as TLSSocket['getPeerCertificate'];

/** Authorities of Node, of the machine, of NODE_EXTRA_CA_CERTS, and the one that was configured. */
function createProbeContext(extraCaPem: string | null): SecureContext {
  const authorities = new Set(['bundled', 'system', 'extra'].flatMap((store) => getCACertificates(store as CaStore)));
  if (extraCaPem !== null) authorities.add(extraCaPem);
  return createSecureContext({ ...CONTEXT_OPTIONS, ca: [...authorities] });
}

type CaStore = NonNullable<Parameters<typeof getCACertificates>[0]>;

function hearHandshake(
  connection: Connection<TLSSocket>,
  host: string,
  verify: (ocspStaple: Buffer | null) => Handshake,
  done: (handshake: Handshake) => void,
  threw: (error: unknown) => void,
): void {
  const { socket } = connection;
  let ocspStaple: Buffer | null = null;
  const fail = (code: string, detail: string): void => {
    socket.removeListener('secureConnect', secured);
    done({ session: null, failure: { phase: 'tls', code, detail } });
  };
  const secured = (): void => {
    let handshake: Handshake;
    try {
      handshake = verify(ocspStaple);
    } catch (error) {
      // What the parser of a stranger's certificate throws must not end more than this exchange.
      threw(error);
      return;
    }
    done(handshake);
  };

  socket.once('secureConnect', secured);
  socket.once('OCSPResponse', (response) => {
    ocspStaple = response;
  });
  connection.listen({
    onData: () => {},
    onEnd: () => fail('ECONNRESET', 'the server closed the connection during the handshake'),
    onError: (code) => fail(code, `the handshake with ${host} failed`),
  });
}

/** The verdict on a finished handshake, from OpenSSL's code and the names in the leaf. */
function verified(socket: TLSSocket, host: string, knownLeaves: KnownLeaves, ocspStaple: Buffer | null): Handshake {
  const chainFault = chainError(socket);
  const known = chainFault === null ? knownCertificate(socket, host, knownLeaves) : null;
  const certificate = known ?? readCertificate(socket, host, chainFault);
  if (known === null && certificate?.verifyError === null) {
    const { leaf, notBeforeMs, notAfterMs, issuers } = certificate;
    knownLeaves.remember(host, leaf.raw, { notBeforeMs, notAfterMs, issuers: issuers.map(({ raw }) => raw) });
  }
  const session: TlsSession = {
    version: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().name,
    alpn: typeof socket.alpnProtocol === 'string' ? socket.alpnProtocol : null,
    ocspStaple,
    certificate,
  };
  const verifyError = certificate === null ? 'NO_PEER_CERTIFICATE' : certificate.verifyError;
  if (verifyError === null) return { session, failure: null };
  const detail =
    verifyError === 'ERR_TLS_CERT_ALTNAME_INVALID'
      ? `the certificate is not good for ${host}`
      : `the certificate of ${host} was refused`;
  return { session, failure: { phase: 'tls', code: verifyError, detail } };
}

/** The certificate, when it is the one that was found good for this host before; the chain has verified anew. */
function knownCertificate(socket: TLSSocket, host: string, knownLeaves: KnownLeaves): PeerCertificate | null {
  const session = socket.getSession();
  const der = session === undefined ? null : leafOfSession(session);
  const known = der === null ? null : knownLeaves.find(host, der);
  return der === null || known === null ? null : new KnownCertificate(der, known);
}

function readCertificate(socket: TLSSocket, host: string, chainFault: string | null): PeerCertificate | null {
  const leaf = socket.getPeerX509Certificate();
  if (leaf === undefined) return null;
  return new ReadCertificate(leaf, chainFault ?? identityError(leaf, host));
}

/** As the server showed it. */
class ReadCertificate implements PeerCertificate {
  readonly leaf: X509Certificate;
  readonly verifyError: string | null;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;

  constructor(leaf: X509Certificate, verifyError: string | null) {
    this.leaf = leaf;
    this.verifyError = verifyError;
    this.notBeforeMs = leaf.validFromDate.getTime();
    this.notAfterMs = leaf.validToDate.getTime();
  }

  get issuers(): X509Certificate[] {
    return issuersOf(this.leaf);
  }
}

/** A known leaf is parsed again only when somebody looks at it. */
class KnownCertificate implements PeerCertificate {
  readonly verifyError = null;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly #der: Buffer;
  readonly #issuers: readonly Buffer[];

  constructor(der: Buffer, { notBeforeMs, notAfterMs, issuers }: KnownLeaf) {
    this.#der = der;
    this.#issuers = issuers;
    this.notBeforeMs = notBeforeMs;
    this.notAfterMs = notAfterMs;
  }

  get issuers(): X509Certificate[] {
    return this.#issuers.map((der) => new X509Certificate(der));
  }

  get leaf(): X509Certificate {
    return new X509Certificate(this.#der);
  }
}

/** Typed as an Error upstream; at run time it is OpenSSL's code as text. */
function chainError(socket: TLSSocket): string | null {
  return socket.authorized ? null : String(socket.authorizationError);
}

/** `example.com.` names the same host as `example.com`, which is how certificates and SNI spell it (RFC 6066). */
function withoutRootDot(host: string): string {
  return host.endsWith('.') ? host.slice(0, -1) : host;
}
