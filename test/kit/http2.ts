/** Servers that speak HTTP/2, by node:http2 or by hand, and single requests to them over real TLS connections. */
import { once } from 'node:events';
import { createSecureServer, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { systemClock } from '../../src/lib/clock.ts';
import { Connection } from '../../src/wire/connection.ts';
import { createDeadlines } from '../../src/wire/deadlines.ts';
import { requestOverHttp2 } from '../../src/wire/http2-reply.ts';
import type { Requesting, RequestReply, RequestReplyOptions } from '../../src/wire/request-reply.ts';
import { createTls, type Handshake } from '../../src/wire/tls-handshake.ts';
import type { TestCertificates } from './certificates.ts';
import { GREETING, onHttp2Request } from './raw-http2.ts';
import { boundPort, startTcpServer } from './tcp-server.ts';
import { createTlsAcceptor } from './tls-tap.ts';
import { type AskOptions, requestFor } from './wire.ts';

/** `raw` is the TCP socket under the TLS. */
type Play = (socket: TLSSocket, raw: Socket) => void;
type Answer = (stream: ServerHttp2Stream, rawFields: readonly string[]) => void;
type HowAsked = AskOptions & { path?: string };

export type Http2Asked = {
  /** Rejects with what was thrown. */
  result: Promise<RequestReply>;
  requesting: Requesting;
  connection: Connection<TLSSocket>;
};

export interface Http2Kit {
  /** Plays when the request is there, and `early` when hands are shaken. Returns the port. */
  rawServer(play: Play, options?: { early?: Play; withChain?: boolean }): Promise<number>;
  /** A server of node:http2. Returns the port. */
  server(answer: Answer): Promise<number>;
  /** A connection on which nobody has shaken hands yet. */
  connect(port: number): Connection<TLSSocket>;
  start(port: number, options?: HowAsked): Promise<Http2Asked>;
  ask(port: number, options?: HowAsked): Promise<RequestReply>;
  /** What comes of a server that answers the request with these bytes, and then keeps the connection. */
  answered(bytes: Buffer | readonly Buffer[], options?: AskOptions): Promise<RequestReply>;
  stop(): Promise<void>;
}

export function http2RequestOptions(url: string, options: AskOptions = {}): Omit<RequestReplyOptions, 'threw'> {
  return {
    request: { ...requestFor(options), url: new URL(url) },
    userAgent: 'jetmon-test/1.0',
    deadlines: createDeadlines(systemClock),
    clock: systemClock,
  };
}

export function createHttp2Kit({ good, caPem }: TestCertificates): Http2Kit {
  const tls = createTls({ extraCaPem: caPem });
  const stopping: (() => unknown)[] = [];

  const kit: Http2Kit = {
    async rawServer(play, { early, withChain = false } = {}) {
      const cert = withChain ? `${good.cert.trim()}\n${caPem}` : good.cert;
      const accept = createTlsAcceptor({ key: good.key, cert, ALPNProtocols: ['h2'] });
      const server = await startTcpServer((raw) => {
        accept(raw, (socket) => {
          early?.(socket, raw);
          onHttp2Request(socket, () => play(socket, raw));
        });
      });
      stopping.push(() => server.stop());
      return server.port;
    },
    async server(answer) {
      const server = createSecureServer({ ...good, allowHTTP1: false });
      server.on('stream', (stream: ServerHttp2Stream, _fields: unknown, _flags: unknown, rawFields: string[]) => {
        // A prober hangs up when it has seen enough; that is no error of the server.
        stream.on('error', () => {});
        answer(stream, rawFields);
      });
      server.on('sessionError', () => {});
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      stopping.push(() => server.close());
      return boundPort(server);
    },
    connect(port) {
      const open = tls.opener({ host: 'localhost', port, http2: true });
      const connection = new Connection<TLSSocket>(Buffer.alloc(65_536), (onread) => open('127.0.0.1', onread));
      stopping.push(() => connection.destroy());
      return connection;
    },
    async start(port, { path = '/', ...options } = {}) {
      const connection = kit.connect(port);
      const { promise: result, resolve, reject } = Promise.withResolvers<RequestReply>();
      const asking = { ...http2RequestOptions(`https://localhost:${port}${path}`, options), threw: reject };
      let results = 0;
      const done = (one: RequestReply): void => {
        results += 1;
        if (results > 1) throw new Error('a second result');
        resolve(one);
      };
      const requesting = await new Promise<Requesting>((asked, failed) => {
        const secured = ({ session, failure }: Handshake): void => {
          if (session?.alpn !== 'h2' || failure !== null) failed(new Error(`no HTTP/2: ${failure?.code}`));
          else asked(requestOverHttp2(connection, asking, done));
        };
        tls.handshake(connection, 'localhost', secured, failed);
      });
      return { result, requesting, connection };
    },
    ask: async (port, options) => (await kit.start(port, options)).result,
    async answered(bytes, options) {
      const whole = Buffer.isBuffer(bytes) ? bytes : Buffer.concat(bytes);
      return kit.ask(await kit.rawServer((socket) => socket.write(Buffer.concat([GREETING, whole]))), options);
    },
    async stop() {
      for (const stop of stopping.splice(0)) await stop();
    },
  };
  return kit;
}
