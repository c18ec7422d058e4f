/** A loopback web site whose behaviour is switched while it runs, from healthy to every way of being ill. */
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type Socket } from 'node:net';
import type { ServerIdentity } from './certificates.ts';
import { boundPort } from './tcp-server.ts';

export type Behaviour =
  | { kind: 'up'; body?: string; headers?: Record<string, string> }
  | { kind: 'status'; code: number }
  /** Silent: before TLS and HTTP, after the request, or in the middle of the body. */
  | { kind: 'hang'; at: 'connect' | 'request' | 'body' }
  | { kind: 'reset'; at: 'connect' | 'request' | 'body' }
  | { kind: 'redirect_to'; location: string; code?: number }
  | { kind: 'redirect_loop' }
  /** `/` leads over `hops` redirects to a page that is up. */
  | { kind: 'redirect_chain'; hops: number }
  /** Writes a body of `bytes`, one byte every `everyMs`; without `finite` its length is not announced. */
  | { kind: 'slow_body'; bytes: number; everyMs: number; finite?: boolean }
  /** Promises more than it sends. */
  | { kind: 'truncated'; framing: 'length' | 'chunked' }
  | { kind: 'chunked'; chunks: string[] }
  | { kind: 'garbage' }
  | { kind: 'big_headers'; fields: number; valueLength: number }
  | { kind: 'delay'; ms: number }
  /** Exact bytes, then the end of the connection. */
  | { kind: 'raw'; bytes: string };

export type SiteOptions = {
  /** With a certificate the site speaks https. */
  identity?: ServerIdentity;
  /** Address to listen on. */
  address?: string;
  /** Host in the site's URL. */
  host?: string;
  port?: number;
  behaviour?: Behaviour;
};

export interface Site {
  /** Origin with a trailing slash. */
  url: string;
  port: number;
  /** Requests whose head was read, whatever became of them. */
  requests(): number;
  connections(): number;
  behave(behaviour: Behaviour): void;
  /** Shows another certificate from the next handshake on; for a site that speaks https. */
  present(identity: ServerIdentity): void;
  /** Closes the port, so that connections are refused. */
  close(): Promise<void>;
  /** Listens again on the same port. */
  reopen(): Promise<void>;
  stop(): Promise<void>;
}

export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const { identity, address = '127.0.0.1', host = address } = options;
  const sockets = new Map<number | undefined, Socket>();
  let behaviour: Behaviour = options.behaviour ?? { kind: 'up' };
  let requests = 0;
  let connections = 0;

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    requests += 1;
    respond(behaviour, request, response, sockets.get(request.socket.remotePort));
  };
  const web = identity === undefined ? createHttpServer(onRequest) : createHttpsServer(identity, onRequest);
  // A prober hangs up on what it does not like; that is no error of the site.
  web.on('tlsClientError', () => {});
  const door = createTcpServer((socket) => {
    connections += 1;
    const { remotePort } = socket;
    sockets.set(remotePort, socket);
    socket.on('close', () => sockets.delete(remotePort));
    socket.on('error', () => {});
    if (isAt(behaviour, 'hang', 'connect')) return;
    if (isAt(behaviour, 'reset', 'connect')) socket.resetAndDestroy();
    else web.emit('connection', socket);
  });
  const listen = async (port: number): Promise<number> => {
    door.listen(port, address);
    await once(door, 'listening');
    return boundPort(door);
  };
  const close = async (): Promise<void> => {
    if (!door.listening) return;
    for (const socket of sockets.values()) socket.destroy();
    const closed = once(door, 'close');
    door.close();
    await closed;
  };
  const port = await listen(options.port ?? 0);
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${identity === undefined ? 'http' : 'https'}://${shownHost}:${port}/`,
    port,
    requests: () => requests,
    connections: () => connections,
    behave: (next) => {
      behaviour = next;
    },
    present: (next) => {
      if ('setSecureContext' in web) web.setSecureContext(next);
      else throw new TypeError('the site does not speak https');
    },
    close,
    reopen: async () => void (await listen(port)),
    stop: close,
  };
}

function isAt(behaviour: Behaviour, kind: 'hang' | 'reset', at: string): boolean {
  return behaviour.kind === kind && behaviour.at === at;
}

/** `raw` is the TCP socket, which lies under the request's own socket when that speaks TLS. */
function respond(
  behaviour: Behaviour,
  request: IncomingMessage,
  response: ServerResponse,
  raw: Socket | undefined,
): void {
  switch (behaviour.kind) {
    case 'up':
      response.writeHead(200, behaviour.headers).end(behaviour.body ?? 'all is well\n');
      break;
    case 'status':
      response.writeHead(behaviour.code).end(`status ${behaviour.code}\n`);
      break;
    case 'hang':
      if (behaviour.at === 'body') startBody(response);
      break;
    case 'reset':
      reset(behaviour.at, raw, response);
      break;
    case 'redirect_to':
      redirect(response, behaviour.location, behaviour.code);
      break;
    case 'redirect_loop':
      redirect(response, request.url === '/again' ? '/' : '/again');
      break;
    case 'redirect_chain':
      followChain(behaviour.hops, request, response);
      break;
    case 'slow_body':
      drip(behaviour, response);
      break;
    case 'truncated':
      truncate(behaviour.framing, response);
      break;
    case 'chunked':
      for (const chunk of behaviour.chunks) response.write(chunk);
      response.end();
      break;
    case 'garbage':
      request.socket.end('\x16\x03 this is not the protocol you are looking for\r\n');
      break;
    case 'big_headers':
      bigHeaders(behaviour, response);
      break;
    case 'delay':
      setTimeout(() => response.end('late but well\n'), behaviour.ms);
      break;
    case 'raw':
      request.socket.end(behaviour.bytes, 'latin1');
      break;
  }
}

/** A head that promises 1000 bytes and the first ten of them. */
function startBody(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('0123456789');
}

function reset(at: string, raw: Socket | undefined, response: ServerResponse): void {
  if (at === 'body') startBody(response);
  // The bytes must have left before the reset, which would overtake them.
  setTimeout(() => raw?.resetAndDestroy(), at === 'body' ? 50 : 0);
}

function redirect(response: ServerResponse, location: string, code = 302): void {
  response.writeHead(code, { location }).end();
}

function followChain(hops: number, request: IncomingMessage, response: ServerResponse): void {
  const at = Number(request.url?.slice(1) || '0');
  if (at < hops) redirect(response, `/${at + 1}`);
  else response.end('the end of the chain\n');
}

function drip(behaviour: Extract<Behaviour, { kind: 'slow_body' }>, response: ServerResponse): void {
  response.writeHead(200, behaviour.finite ? { 'content-length': String(behaviour.bytes) } : {});
  let sent = 0;
  const timer = setInterval(() => {
    response.write('.');
    sent += 1;
    if (sent < behaviour.bytes) return;
    clearInterval(timer);
    response.end();
  }, behaviour.everyMs);
  response.on('close', () => clearInterval(timer));
}

function truncate(framing: 'length' | 'chunked', response: ServerResponse): void {
  if (framing === 'length') startBody(response);
  else response.write('the first chunk and never a last one');
  response.socket?.end();
}

function bigHeaders({ fields, valueLength }: { fields: number; valueLength: number }, response: ServerResponse): void {
  for (let index = 0; index < fields; index += 1) response.setHeader(`x-filler-${index}`, 'x'.repeat(valueLength));
  response.end('behind a wall of headers\n');
}
