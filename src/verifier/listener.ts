/**
 * The port of a verifier. One port speaks all there is: in plaintext the first bytes tell HTTP/2 from HTTP/1.1, over TLS
 * the handshake does. Bounded are the connections, and the time for a first word, a head and idleness.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import {
  createServer as createHttp2Server,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';

export type VerifierTlsIdentity = {
  certPem: string;
  keyPem: string;
  /** The authorities one of which must have signed the certificate of whoever asks; null asks for none. */
  clientCaPem: string | null;
};

export type ServerRequest = IncomingMessage | Http2ServerRequest;
export type ServerReply = ServerResponse | Http2ServerResponse;

export interface Listener {
  /** Resolves with the sockets' addresses; rejects with the system's error. */
  listen(at: { host: string | null; port: number }): Promise<AddressInfo>;
  /** Shows another certificate from the next handshake on. Throws for one that cannot be used, and nothing is changed. */
  renew(identity: VerifierTlsIdentity): void;
  /** Takes no new connection and ends those that nothing is under way on. */
  drain(): void;
  /** Ends what is left. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 256;
const HEAD_WITHIN_MS = 5_000;
const REQUEST_WITHIN_MS = 30_000;
const IDLE_MS = 120_000;
/** How often Node looks for connections that are over their time. */
const LOOK_EVERY_MS = 1_000;
const MAX_STREAMS = 64;
const MAX_HEAD_BYTES = 16_384;

type OnRequest = (request: ServerRequest, reply: ServerReply) => void;

/** Throws for a certificate or key that cannot be used. */
export function createListener(options: { tls: VerifierTlsIdentity | null; onRequest: OnRequest }): Listener {
  const sockets = new Set<Socket>();
  const sessions = new Set<ServerHttp2Session>();
  const server = options.tls === null ? plaintext(options.onRequest, watch) : overTls(options.tls, options.onRequest);
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Whoever hangs up is no trouble of ours.
    socket.on('error', () => {});
  });
  server.on('session', watch);

  function watch(session: ServerHttp2Session): void {
    let streams = 0;
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    session.on('error', () => {});
    session.on('stream', (stream) => {
      streams += 1;
      stream.on('close', () => {
        streams -= 1;
      });
      stream.on('error', () => {});
    });
    session.setTimeout(IDLE_MS, () => {
      if (streams === 0) session.destroy();
    });
  }

  return {
    async listen({ host, port }) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject);
      server.listen(host === null ? { port } : { host, port }, resolve);
      await promise;
      server.off('error', reject);
      return server.address() as AddressInfo;
    },
    renew: (identity) => server.setSecureContext?.(contextOf(identity)),
    drain() {
      server.close();
      if ('closeIdleConnections' in server) server.closeIdleConnections();
      for (const session of sessions) session.close();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const session of sessions) session.destroy();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

type HttpServer = Server & {
  closeIdleConnections?(): void;
  setSecureContext?(context: SecureContextOptions): void;
};

function contextOf({ certPem, keyPem, clientCaPem }: VerifierTlsIdentity): SecureContextOptions {
  return {
    cert: certPem,
    key: keyPem,
    minVersion: 'TLSv1.2',
    ...(clientCaPem === null ? {} : { ca: clientCaPem }),
  };
}

function overTls(identity: VerifierTlsIdentity, onRequest: OnRequest): HttpServer {
  const server = createSecureServer(
    {
      ...contextOf(identity),
      handshakeTimeout: HEAD_WITHIN_MS,
      allowHTTP1: true,
      settings: { maxConcurrentStreams: MAX_STREAMS },
      ...(identity.clientCaPem === null ? {} : { requestCert: true, rejectUnauthorized: true }),
    },
    onRequest,
  );
  // Types of Node leave out that a server that allows HTTP/1 keeps its times.
  Object.assign(server, {
    headersTimeout: HEAD_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    keepAliveTimeout: IDLE_MS,
  });
  return server;
}

function plaintext(onRequest: OnRequest, watch: (session: ServerHttp2Session) => void): HttpServer {
  const http1 = createHttpServer(
    {
      headersTimeout: HEAD_WITHIN_MS,
      requestTimeout: REQUEST_WITHIN_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: LOOK_EVERY_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
    },
    onRequest,
  );
  const http2 = createHttp2Server({ settings: { maxConcurrentStreams: MAX_STREAMS } }, onRequest);
  http2.on('session', watch);
  const takers = http1.listeners('connection') as ((socket: Socket) => void)[];
  http1.removeAllListeners('connection');
  http1.on('connection', (socket: Socket) => {
    hearFirstWord(socket, (isHttp2) => {
      if (isHttp2) {
        http2.emit('connection', socket);
      } else {
        for (const take of takers) take.call(http1, socket);
        socket.resume();
      }
    });
  });
  return http1;
}

/** How HTTP/2 with prior knowledge begins (RFC 9113 section 3.4); no method of HTTP/1 does. */
const PREFACE = 'PRI';

function hearFirstWord(socket: Socket, heard: (isHttp2: boolean) => void): void {
  let head = Buffer.alloc(0);
  const onSilence = () => socket.destroy();
  const onData = (bytes: Buffer) => {
    head = Buffer.concat([head, bytes]);
    const word = head.toString('latin1', 0, PREFACE.length);
    if (word.length < PREFACE.length && PREFACE.startsWith(word)) return;
    socket.off('data', onData);
    socket.setTimeout(0);
    socket.off('timeout', onSilence);
    socket.pause();
    socket.unshift(head);
    heard(word === PREFACE);
  };
  socket.setTimeout(HEAD_WITHIN_MS, onSilence);
  socket.on('data', onData);
}

/** A whole reply on either protocol. */
export function sendPlain(reply: ServerReply, status: number, body: string, headers: Record<string, string>): void {
  if (reply.headersSent) return;
  reply.statusCode = status;
  const all = { 'content-length': String(Buffer.byteLength(body)), 'x-content-type-options': 'nosniff', ...headers };
  for (const [name, value] of Object.entries(all)) reply.setHeader(name, value);
  reply.end(body);
}
