/**
 * Runs one exchange phase by phase and writes down what each phase found; stops at the first that fails. Phases follow
 * each other by calls and not by promises, because a healthy check should cost little more than its sockets.
 */
import { connect, isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Clock, Timer } from '../lib/clock.ts';
import { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import { type Dialled, type Dialler, Dialling } from './dial.ts';
import { type EgressGuard, portOf } from './egress-guard.ts';
import type { Exchange, ExchangeRequest, TlsSession, WireFailure } from './exchange.ts';
import { assertUserAgent } from './http1-request.ts';
import { requestOverHttp2 } from './http2-reply.ts';
import type { NetworkGate } from './network-gate.ts';
import { type Requesting, type RequestReply, requestReply } from './request-reply.ts';
import type { Resolution, Resolver } from './resolve.ts';
import { withoutUserInfo } from './shown-url.ts';
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
  /** Address of this machine that connections come from; null leaves it to the system. */
  bindSource: string | null;
};

/**
 * Runs an exchange. Calls exactly one of the two, once, possibly before it returns: `done` for anything a server does,
 * `threw` for a bug of ours. When `done` itself throws, `threw` is told of that after it.
 */
export type RunExchange = (
  request: ExchangeRequest,
  done: (exchange: Exchange) => void,
  threw: (error: unknown) => void,
) => void;

/** Longest wait for a limit of ours: after that nobody knows how the site is. */
const MAX_GATE_WAIT_MS = 30_000;

/** One read buffer serves every socket of this thread, because each read is digested before the next. */
const READ_BUFFER_BYTES = 65_536;

/** Builds the exchange function. Throws TypeError for a user agent that cannot stand in a header. */
export function createExchange(parts: ExchangeParts): RunExchange {
  assertUserAgent(parts.userAgent);
  const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  return (request, done, threw) => new RunningExchange(parts, request, readBuffer, done, threw).start();
}

/**
 * One exchange on its way. Every method that is called from outside ends this exchange, and not the thread, when it comes
 * to an error of ours; the steps behind them may throw.
 */
class RunningExchange implements Dialler<Socket> {
  readonly #parts: ExchangeParts;
  readonly #request: ExchangeRequest;
  readonly #readBuffer: Buffer;
  readonly #done: (exchange: Exchange) => void;
  readonly #threw: (error: unknown) => void;
  readonly #host: string;
  readonly #port: number;
  readonly #startMs: number;
  /** Every phase writes down here what it found. */
  readonly #exchange: Exchange;
  #phaseStartMs: number;
  #deadline: Timer | null = null;
  #dialling: Dialling<Socket> | null = null;
  #connection: Connection | null = null;
  #requesting: Requesting | null = null;
  /** Addresses that were entered at the gate. */
  #gated: string[] = [];
  /** Ends the wait at the gate: nothing of what is over is kept there. */
  #leaveGate: (() => void) | null = null;
  #isOver = false;

  constructor(
    parts: ExchangeParts,
    request: ExchangeRequest,
    readBuffer: Buffer,
    done: (exchange: Exchange) => void,
    threw: (error: unknown) => void,
  ) {
    this.#parts = parts;
    this.#request = request;
    this.#readBuffer = readBuffer;
    this.#done = done;
    this.#threw = threw;
    this.#host = hostOf(request.url);
    this.#port = portOf(request.url);
    this.#startMs = parts.clock.monotonicMs();
    this.#phaseStartMs = this.#startMs;
    this.#exchange = {
      url: withoutUserInfo(request.url),
      addresses: [],
      address: null,
      resolver: null,
      timings: { total: 0 },
      waitedMs: 0,
      tls: null,
      reply: null,
      failure: null,
    };
  }

  start(): void {
    try {
      this.#resolve();
    } catch (error) {
      this.#break(error);
    }
  }

  #resolve(): void {
    const { guard, resolver } = this.#parts;
    const refused = guard.checkUrl(this.#request.url);
    if (refused !== null) {
      this.#finish({ phase: 'guard', ...refused });
      return;
    }
    const known = resolver.known(this.#host);
    if (known === null)
      resolver.ask(this.#host, this.#request.deadline.atMs(), (resolution) => this.#resolved(resolution));
    else this.#takeAddresses(known);
  }

  #resolved(resolution: Resolution): void {
    if (this.#isOver) return;
    try {
      this.#takeAddresses(resolution);
    } catch (error) {
      this.#break(error);
    }
  }

  #takeAddresses(resolution: Resolution): void {
    this.#exchange.resolver = resolution.resolver;
    if (!resolution.ok) {
      const { code, detail, resolver } = resolution;
      const isOver = this.#parts.clock.monotonicMs() >= this.#request.deadline.atMs();
      const atDeadline = code === 'TIMEOUT' && isOver ? { atDeadline: true as const } : {};
      this.#finish({ phase: 'dns', code, detail, resolver, ...atDeadline });
      return;
    }
    if (isIP(this.#host) === 0) this.#endPhase('dns');
    const { addresses } = resolution;
    this.#exchange.addresses = addresses.map((address) => ({ address, outcome: 'not_tried' }));
    const refused = this.#refusalOf(addresses);
    if (refused === null) {
      this.#armDeadline();
      this.#passGate();
    } else {
      this.#markRefused();
      this.#finish({ phase: 'guard', ...refused });
    }
  }

  #refusalOf(addresses: readonly string[]): ReturnType<ExchangeParts['guard']['checkAddresses']> {
    return this.#parts.guard.checkAddresses(this.#request.url.hostname, this.#port, addresses);
  }

  /** One bad address among good ones refuses them all; evidence says which it was. */
  #markRefused(): void {
    for (const attempt of this.#exchange.addresses) {
      const refused = this.#refusalOf([attempt.address]);
      if (refused === null) continue;
      attempt.outcome = 'refused';
      attempt.error = refused.code;
    }
  }

  /** Waiting at the gate of the network is ours, so the deadline moves with it and no phase counts it. */
  #passGate(): void {
    const { gate, clock } = this.#parts;
    const address = this.#exchange.addresses[0]?.address;
    if (gate === null || address === undefined || gate.enter(address)) {
      if (address !== undefined) this.#gated.push(address);
      this.#dial();
      return;
    }
    this.#deadline?.cancel();
    const waitsFromMs = this.#phaseStartMs;
    this.#deadline = this.#parts.deadlines.after(MAX_GATE_WAIT_MS, () => this.#waitedTooLong());
    const enter = () => {
      if (this.#isOver) {
        gate.release(address);
        return;
      }
      this.#gated.push(address);
      this.#deadline?.cancel();
      try {
        this.#phaseStartMs = clock.monotonicMs();
        this.#exchange.waitedMs = this.#phaseStartMs - waitsFromMs;
        this.#armDeadline();
        this.#dial();
      } catch (error) {
        this.#break(error);
      }
    };
    this.#leaveGate = gate.wait(address, enter, this.#request.precedence);
  }

  #waitedTooLong(): void {
    if (this.#isOver) return;
    try {
      const detail = `no turn within ${MAX_GATE_WAIT_MS / 1_000} s to connect to this network`;
      this.#finish({ phase: 'guard', code: 'TARGET_BUSY', detail });
    } catch (error) {
      this.#break(error);
    }
  }

  #dial(): void {
    this.#dialling = new Dialling(this.#exchange.addresses, this.#port, this, this.#parts.deadlines);
    this.#dialling.start();
  }

  /** The first address has passed the gate already; another that has no room is left alone. */
  open(address: string): Connection | 'EAFNOSUPPORT' | null {
    const { gate, bindSource } = this.#parts;
    // As on a host that lacks the family: it says nothing of the site.
    if (bindSource !== null && isIP(bindSource) !== isIP(address)) return 'EAFNOSUPPORT';
    if (gate !== null && !this.#gated.includes(address)) {
      if (!gate.enter(address)) return null;
      this.#gated.push(address);
    }
    const { url, http2 } = this.#request;
    const port = this.#port;
    const localAddress = bindSource ?? undefined;
    if (url.protocol === 'http:')
      return new Connection(this.#readBuffer, (onread) => connect({ host: address, port, localAddress, onread }));
    const open = this.#parts.tls.opener({ host: this.#host, port, http2, localAddress });
    return new Connection<Socket>(this.#readBuffer, (onread) => open(address, onread));
  }

  isPinned(expected: string, actual: string | undefined): boolean {
    return this.#parts.guard.isPinned(expected, actual);
  }

  dialled(result: Dialled<Socket>): void {
    if (this.#isOver) return;
    try {
      this.#takeConnection(result);
    } catch (error) {
      this.#break(error);
    }
  }

  #takeConnection(result: Dialled<Socket>): void {
    this.#dialling = null;
    if (!result.ok) {
      this.#finish(result.failure);
      return;
    }
    const { connection, address } = result;
    this.#connection = connection;
    this.#exchange.address = address;
    this.#endPhase('tcp');
    if (!isSecure(connection)) this.#ask(connection);
    else this.#shakeHands(connection);
  }

  #shakeHands(connection: Connection<TLSSocket>): void {
    const secured = (handshake: Handshake): void => this.#secured(handshake, connection);
    this.#parts.tls.handshake(connection, this.#host, secured, (error) => this.#break(error));
  }

  #secured({ session, failure }: Handshake, connection: Connection): void {
    if (this.#isOver) return;
    try {
      this.#exchange.tls = session;
      if (session !== null) this.#endPhase('tls');
      if (failure === null) this.#ask(connection);
      else this.#finish(failure);
    } catch (error) {
      this.#break(error);
    }
  }

  #ask(connection: Connection): void {
    const request = this.#exchange.tls?.alpn === 'h2' ? requestOverHttp2 : requestReply;
    const { userAgent, deadlines, clock } = this.#parts;
    const threw = (error: unknown): void => this.#break(error);
    const options = { request: this.#request, userAgent, deadlines, clock, threw };
    this.#requesting = request(connection, options, (result) => this.#replied(result));
  }

  #replied({ reply, failure, timings }: RequestReply): void {
    if (this.#isOver) return;
    try {
      this.#exchange.reply = reply;
      Object.assign(this.#exchange.timings, timings);
      this.#finish(failure === null ? null : byLayer(failure));
    } catch (error) {
      this.#break(error);
    }
  }

  #armDeadline(): void {
    this.#deadline = this.#parts.deadlines.at(this.#deadlineMs(), () => this.#expired());
  }

  #deadlineMs(): number {
    return this.#request.deadline.atMs() + this.#exchange.waitedMs;
  }

  /** Ends in the phase that runs. Before these the resolver keeps the deadline by itself. */
  #expired(): void {
    if (this.#isOver) return;
    try {
      if (this.#deadlineMs() > this.#parts.clock.monotonicMs()) this.#armDeadline();
      else if (this.#requesting !== null) this.#requesting.giveUp('DEADLINE', 'no end before the deadline');
      else if (this.#connection !== null) {
        this.#finish({ phase: 'tls', code: 'DEADLINE', detail: 'the handshake was not done in time' });
      } else if (this.#dialling !== null) this.#finish(this.#dialling.giveUp('DEADLINE'));
    } catch (error) {
      this.#break(error);
    }
  }

  #endPhase(phase: 'dns' | 'tcp' | 'tls'): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#exchange.timings[phase] = nowMs - this.#phaseStartMs;
    this.#phaseStartMs = nowMs;
  }

  #finish(failure: WireFailure | null): void {
    const exchange = this.#exchange;
    if (exchange.tls !== null && this.#wantsChain(failure)) this.#keepChain(exchange.tls);
    try {
      this.#close();
      exchange.failure = failure;
      exchange.timings.total = this.#parts.clock.monotonicMs() - this.#startMs - exchange.waitedMs;
      this.#done(exchange);
    } catch (error) {
      // Nobody further out knows whose exchange this was: whoever failed on its result must hear it here.
      this.#threw(error);
    }
  }

  #wantsChain(failure: WireFailure | null): boolean {
    if (this.#request.wantsChain || failure !== null) return true;
    const { reply } = this.#exchange;
    return reply !== null && this.#request.meaningOf(reply.status) === 'error';
  }

  #keepChain(session: TlsSession): void {
    const socket = this.#connection?.socket;
    if (socket instanceof TLSSocket) this.#parts.tls.keepChain(session, socket);
  }

  /** An error of ours. After the exchange is over it is somebody else's. */
  #break(error: unknown): void {
    if (this.#isOver) throw error;
    this.#close();
    this.#threw(error);
  }

  #close(): void {
    this.#isOver = true;
    this.#leaveGate?.();
    this.#deadline?.cancel();
    this.#dialling?.giveUp('ABANDONED');
    this.#connection?.destroy();
    for (const address of this.#gated) this.#parts.gate?.release(address);
  }
}

function isSecure(connection: Connection): connection is Connection<TLSSocket> {
  return connection.socket instanceof TLSSocket;
}

/** TLS that breaks before a reply is no fault of HTTP: 1.3 refuses us, for want of a certificate, after its handshake. */
function byLayer(failure: WireFailure): WireFailure {
  const isTls = failure.phase === 'http' && failure.code.startsWith('ERR_SSL_');
  return isTls ? { phase: 'tls', code: failure.code, detail: 'TLS broke after the handshake' } : failure;
}

/** The host as resolvers and certificates know it: an IPv6 literal without its brackets. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}
