/** Runs one exchange phase by phase and writes down what each phase found; stops at the first that fails. */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { type Connection, createConnection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import { dial } from './dial.ts';
import { type EgressGuard, portOf } from './egress-guard.ts';
import type { Exchange, ExchangeRequest, WireFailure } from './exchange.ts';
import { assertUserAgent, requestBytes } from './http1-request.ts';
import { requestReply } from './request-reply.ts';
import type { Resolver } from './resolve.ts';
import type { Tls } from './tls-handshake.ts';

export type ExchangeParts = {
  guard: Pick<EgressGuard, 'checkUrl' | 'checkAddresses' | 'isPinned'>;
  resolver: Resolver;
  tls: Tls;
  clock: Clock;
  deadlines: Deadlines;
  userAgent: string;
};

/** One read buffer serves every socket of this thread, because each read is digested before the next. */
const READ_BUFFER_BYTES = 65_536;

/** Builds the exchange function. Throws TypeError for a user agent that cannot stand in a header. */
export function createExchange(parts: ExchangeParts): (request: ExchangeRequest) => Promise<Exchange> {
  assertUserAgent(parts.userAgent);
  const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

  return async (request) => {
    const startMs = parts.clock.monotonicMs();
    const exchange: Exchange = {
      url: withoutUserInfo(request.url),
      addresses: [],
      address: null,
      timings: { total: 0 },
      tls: null,
      reply: null,
      failure: null,
    };
    exchange.failure = await runPhases({ ...parts, request, readBuffer, exchange });
    exchange.timings.total = parts.clock.monotonicMs() - startMs;
    return exchange;
  };
}

type Running = ExchangeParts & {
  request: ExchangeRequest;
  readBuffer: Buffer;
  /** Every phase writes down here what it found. */
  exchange: Exchange;
};

/** The phases in order; returns the failure of the one that ended it. */
async function runPhases(running: Running): Promise<WireFailure | null> {
  const { url } = running.request;
  const refusedUrl = running.guard.checkUrl(url);
  if (refusedUrl !== null) return { phase: 'guard', ...refusedUrl };

  const unresolved = await resolveHost(running);
  if (unresolved !== null) return unresolved;

  const addresses = running.exchange.addresses.map(({ address }) => address);
  const refusedAddress = running.guard.checkAddresses(url.hostname, portOf(url), addresses);
  if (refusedAddress !== null) return { phase: 'guard', ...refusedAddress };

  const opened = url.protocol === 'https:' ? await openSecure(running, addresses) : await openPlain(running, addresses);
  if (!opened.ok) return opened.failure;
  try {
    return await exchangeHttp(running, opened.connection);
  } finally {
    opened.connection.destroy();
  }
}

async function resolveHost({ request, resolver, clock, exchange }: Running): Promise<WireFailure | null> {
  const host = hostOf(request.url);
  const startMs = clock.monotonicMs();
  const resolution = await resolver.resolve(host, request.deadlineMs);
  if (!resolution.ok) {
    const { code, detail, resolver: asked } = resolution;
    return { phase: 'dns', code, detail, resolver: asked };
  }
  if (isIP(host) === 0) exchange.timings.dns = clock.monotonicMs() - startMs;
  exchange.addresses = resolution.addresses.map((address) => ({ address, outcome: 'not_tried' }));
  return null;
}

type Opened<S extends Socket> = { ok: true; connection: Connection<S> } | { ok: false; failure: WireFailure };

function openPlain(running: Running, addresses: readonly string[]): Promise<Opened<Socket>> {
  const port = portOf(running.request.url);
  return openTcp(running, addresses, (address, onread) => connect({ host: address, port, onread }));
}

async function openSecure(running: Running, addresses: readonly string[]): Promise<Opened<Socket>> {
  const { request, tls, clock, exchange } = running;
  const host = hostOf(request.url);
  const opened = await openTcp(running, addresses, tls.opener(host, portOf(request.url)));
  if (!opened.ok) return opened;

  const startMs = clock.monotonicMs();
  const { session, failure } = await tls.handshake(opened.connection, host, request.deadlineMs);
  exchange.tls = session;
  if (session !== null) exchange.timings.tls = clock.monotonicMs() - startMs;
  if (failure === null) return opened;
  opened.connection.destroy();
  return { ok: false, failure };
}

async function openTcp<S extends Socket>(
  running: Running,
  addresses: readonly string[],
  open: (address: string, onread: OnReadOpts) => S,
): Promise<Opened<S>> {
  const { request, guard, clock, deadlines, exchange, readBuffer } = running;
  const startMs = clock.monotonicMs();
  const { attempts, outcome } = await dial<S>({
    addresses,
    port: portOf(request.url),
    open: (address) => createConnection(readBuffer, (onread) => open(address, onread)),
    isPinned: guard.isPinned,
    deadlineMs: request.deadlineMs,
    deadlines,
  });
  exchange.addresses = attempts;
  if (!outcome.ok) return outcome;
  exchange.address = outcome.address;
  exchange.timings.tcp = clock.monotonicMs() - startMs;
  return outcome;
}

async function exchangeHttp(running: Running, connection: Connection): Promise<WireFailure | null> {
  const { request, clock, deadlines, exchange, userAgent } = running;
  const { method, url, body, deadlineMs } = request;
  const bytes = requestBytes(method, url, userAgent);
  const { reply, failure, timings } = await requestReply(connection, {
    method,
    request: bytes,
    body,
    deadlineMs,
    deadlines,
    clock,
  });
  exchange.reply = reply;
  Object.assign(exchange.timings, timings);
  return failure;
}

/** The host as resolvers and certificates know it: an IPv6 literal without its brackets. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

/** The guard refuses credentials in a URL; they must not end up in evidence either. */
function withoutUserInfo(url: URL): string {
  if (url.username === '' && url.password === '') return url.href;
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
