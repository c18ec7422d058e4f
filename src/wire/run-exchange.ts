/**
 * Runs one exchange phase by phase and writes down what each phase found; stops at the first that fails. Phases follow
 * each other by calls and not by promises, because a healthy check should cost little more than its sockets.
 */
import { connect, isIP, type OnReadOpts, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../lib/clock.ts';
import { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import { type Dialled, type Dialling, dial } from './dial.ts';
import { type EgressGuard, portOf } from './egress-guard.ts';
import type { Exchange, ExchangeRequest, WireFailure } from './exchange.ts';
import { assertUserAgent } from './http1-request.ts';
import { requestOverHttp2 } from './http2-reply.ts';
import type { NetworkGate } from './network-gate.ts';
import { type RequestReply, type RequestReplyOptions, requestReply } from './request-reply.ts';
import type { Resolution, Resolver } from './resolve.ts';
import type { Handshake, Tls } from './tls-handshake.ts';

export type ExchangeParts = {
  guard: Pick<EgressGuard, 'checkUrl' | 'checkAddresses' | 'isPinned'>;
  resolver: Pick<Resolver, 'known' | 'ask'>;
  tls: Tls;
  /** How many connections one network may have from us at a time; null for no limit. */
  gate: NetworkGate | null;
  clock: Clock;
  deadlines: Deadlines;
  userAgent: string;
};

/**
 * Runs an exchange. Calls exactly one of the two, once, possibly before it returns: `done` for anything a server does,
 * `threw` for a bug of ours.
 */
export type RunExchange = (
  request: ExchangeRequest,
  done: (exchange: Exchange) => void,
  threw: (error: unknown) => void,
) => void;

/** One read buffer serves every socket of this thread, because each read is digested before the next. */
const READ_BUFFER_BYTES = 65_536;

/** Builds the exchange function. Throws TypeError for a user agent that cannot stand in a header. */
export function createExchange(parts: ExchangeParts): RunExchange {
  assertUserAgent(parts.userAgent);
  const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  return (request, done, threw) => {
    const startMs = parts.clock.monotonicMs();
    const running: Running = {
      parts,
      request,
      readBuffer,
      host: hostOf(request.url),
      port: portOf(request.url),
      startMs,
      phaseStartMs: startMs,
      deadline: null,
      onDeadline: NOTHING_RUNS,
      dialling: null,
      connection: null,
      gated: null,
      isOver: false,
      exchange: {
        url: withoutUserInfo(request.url),
        addresses: [],
        address: null,
        resolver: null,
        timings: { total: 0 },
        waitedMs: 0,
        tls: null,
        reply: null,
        failure: null,
      },
      done,
      threw,
    };
    guarded(running, begin);
  };
}

type Running = {
  parts: ExchangeParts;
  request: ExchangeRequest;
  readBuffer: Buffer;
  host: string;
  port: number;
  startMs: number;
  phaseStartMs: number;
  deadline: Timer | null;
  /** What the deadline means to the phase that runs. */
  onDeadline: () => void;
  dialling: Dialling | null;
  connection: Connection | null;
  /** The address whose network was entered at the gate. */
  gated: string | null;
  isOver: boolean;
  /** Every phase writes down here what it found. */
  exchange: Exchange;
  done: (exchange: Exchange) => void;
  threw: (error: unknown) => void;
};

const NOTHING_RUNS = (): void => {};

/** Every entry from outside comes through here: an error of ours ends this exchange and not the thread. */
function guarded<A extends unknown[]>(
  running: Running,
  step: (running: Running, ...args: A) => void,
  ...args: A
): void {
  if (running.isOver) return;
  try {
    step(running, ...args);
  } catch (error) {
    if (running.isOver) throw error;
    close(running);
    running.threw(error);
  }
}

function begin(running: Running): void {
  const { parts, request, host } = running;
  const refused = parts.guard.checkUrl(request.url);
  if (refused !== null) {
    fail(running, { phase: 'guard', ...refused });
    return;
  }
  armDeadline(running);
  const known = parts.resolver.known(host);
  if (known !== null) resolved(running, known);
  else parts.resolver.ask(host, request.deadlineMs, (resolution) => guarded(running, resolved, resolution));
}

function armDeadline(running: Running): void {
  const atMs = running.request.deadlineMs + running.exchange.waitedMs;
  running.deadline = running.parts.deadlines.at(atMs, () => guarded(running, running.onDeadline));
}

function resolved(running: Running, resolution: Resolution): void {
  const { parts, request, exchange, host } = running;
  exchange.resolver = resolution.resolver;
  if (!resolution.ok) {
    const { code, detail, resolver } = resolution;
    fail(running, { phase: 'dns', code, detail, resolver });
    return;
  }
  if (isIP(host) === 0) endPhase(running, 'dns');
  const { addresses } = resolution;
  exchange.addresses = addresses.map((address) => ({ address, outcome: 'not_tried' }));
  const refused = parts.guard.checkAddresses(request.url.hostname, running.port, addresses);
  if (refused !== null) {
    markRefused(running);
    fail(running, { phase: 'guard', ...refused });
    return;
  }
  enter(running);
}

/** One bad address among good ones refuses them all; evidence says which it was. */
function markRefused({ parts, request, exchange, port }: Running): void {
  for (const attempt of exchange.addresses) {
    const refused = parts.guard.checkAddresses(request.url.hostname, port, [attempt.address]);
    if (refused === null) continue;
    attempt.outcome = 'refused';
    attempt.error = refused.code;
  }
}

/** Waits at the gate of the network; the wait is ours, so the deadline moves with it and no phase counts it. */
function enter(running: Running): void {
  const { gate, clock } = running.parts;
  const address = running.exchange.addresses[0]?.address;
  if (gate === null || address === undefined) {
    connectTo(running);
    return;
  }
  if (gate.enter(address)) {
    running.gated = address;
    connectTo(running);
    return;
  }
  running.deadline?.cancel();
  const waitsFromMs = running.phaseStartMs;
  gate.wait(address, () => {
    running.gated = address;
    running.phaseStartMs = clock.monotonicMs();
    running.exchange.waitedMs = running.phaseStartMs - waitsFromMs;
    armDeadline(running);
    guarded(running, connectTo);
  });
}

function connectTo(running: Running): void {
  if (running.request.url.protocol === 'https:') connectSecure(running);
  else connectPlain(running);
}

function connectPlain(running: Running): void {
  const { port } = running;
  dialWith<Socket>(
    running,
    (address, onread) => connect({ host: address, port, onread }),
    (_, connection) => ask(running, connection),
  );
}

function connectSecure(running: Running): void {
  const { parts, request, host, port } = running;
  const open = parts.tls.opener({ host, port, http2: request.http2 });
  dialWith<TLSSocket>(running, open, secure);
}

function dialWith<S extends Socket>(
  running: Running,
  open: (address: string, onread: OnReadOpts) => S,
  next: (running: Running, connection: Connection<S>) => void,
): void {
  const { parts, exchange, readBuffer, port } = running;
  const dialling = dial<S>(
    {
      attempts: exchange.addresses,
      port,
      open: (address) => new Connection(readBuffer, (onread) => open(address, onread)),
      isPinned: parts.guard.isPinned,
      deadlines: parts.deadlines,
    },
    (dialled) => guarded(running, dialledTo, dialled, next),
  );
  running.dialling = dialling;
  running.onDeadline = () => fail(running, dialling.giveUp('DEADLINE'));
}

function dialledTo<S extends Socket>(
  running: Running,
  dialled: Dialled<S>,
  next: (running: Running, connection: Connection<S>) => void,
): void {
  if (!dialled.ok) {
    fail(running, dialled.failure);
    return;
  }
  running.dialling = null;
  running.connection = dialled.connection;
  running.exchange.address = dialled.address;
  endPhase(running, 'tcp');
  next(running, dialled.connection);
}

function secure(running: Running, connection: Connection<TLSSocket>): void {
  running.onDeadline = () =>
    fail(running, { phase: 'tls', code: 'DEADLINE', detail: 'the handshake was not done in time' });
  running.parts.tls.handshake(connection, running.host, (handshake) =>
    guarded(running, secured, handshake, connection),
  );
}

function secured(running: Running, { session, failure }: Handshake, connection: Connection<TLSSocket>): void {
  running.exchange.tls = session;
  if (session !== null) endPhase(running, 'tls');
  if (failure !== null) fail(running, failure);
  else ask(running, connection);
}

function ask(running: Running, connection: Connection): void {
  const request = running.exchange.tls?.alpn === 'h2' ? requestOverHttp2 : requestReply;
  const requesting = request(connection, requestOptions(running), (result) => guarded(running, replied, result));
  running.onDeadline = () => requesting.giveUp('DEADLINE', 'no end before the deadline');
}

function requestOptions(running: Running): RequestReplyOptions {
  const { request, parts } = running;
  const threw = (error: unknown): void => guarded(running, rethrow, error);
  return { request, userAgent: parts.userAgent, deadlines: parts.deadlines, clock: parts.clock, threw };
}

function rethrow(_running: Running, error: unknown): void {
  throw error;
}

function replied(running: Running, { reply, failure, timings }: RequestReply): void {
  running.exchange.reply = reply;
  Object.assign(running.exchange.timings, timings);
  finish(running, failure);
}

function endPhase(running: Running, phase: 'dns' | 'tcp' | 'tls'): void {
  const nowMs = running.parts.clock.monotonicMs();
  running.exchange.timings[phase] = nowMs - running.phaseStartMs;
  running.phaseStartMs = nowMs;
}

function fail(running: Running, failure: WireFailure): void {
  finish(running, failure);
}

function finish(running: Running, failure: WireFailure | null): void {
  if (running.exchange.tls !== null && wantsChain(running, failure)) keepChain(running);
  close(running);
  const { exchange } = running;
  exchange.failure = failure;
  exchange.timings.total = running.parts.clock.monotonicMs() - running.startMs - exchange.waitedMs;
  running.done(exchange);
}

function wantsChain({ request, exchange }: Running, failure: WireFailure | null): boolean {
  if (request.wantsChain || failure !== null) return true;
  return exchange.reply !== null && request.meaningOf(exchange.reply.status) === 'error';
}

function keepChain({ parts, exchange, connection }: Running): void {
  if (exchange.tls !== null && connection?.socket instanceof TLSSocket)
    parts.tls.keepChain(exchange.tls, connection.socket);
}

function close(running: Running): void {
  running.isOver = true;
  running.deadline?.cancel();
  running.dialling?.giveUp('ABANDONED');
  running.connection?.destroy();
  if (running.gated !== null) running.parts.gate?.release(running.gated);
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
