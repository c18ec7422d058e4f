/** One HTTP/2 connection to a verifier: opened when it is needed, made sure of after a rest, closed when it is not used. */
import { type CallOptions, type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import type { Clock } from '../lib/clock.ts';
import { createKeptSession, type KeptSessionOptions } from '../wire/http2-session.ts';
import type { VerifierClientDeps, VerifierEntry } from './client.ts';
import { VerifierService } from './gen/jetmon/verifier/v1/verifier_pb.ts';
import { MAX_REPLY_BYTES } from './limits.ts';

export interface Connection {
  /** Rejects with `NoConnection`, with `OutOfTime` or with an error of the protocol. */
  call<T>(limitMs: number, signal: AbortSignal, call: Call<T>): Promise<T>;
  close(): void;
}

type Call<T> = (service: Client<typeof VerifierService>, options: CallOptions) => Promise<T>;

/** There is no connection; the message says why. */
export class NoConnection extends Error {}
/** The time was used up, or whoever asked gave up. */
export class OutOfTime extends Error {}

const CONNECT_WITHIN_MS = 5_000;
const IDLE_MS = 90_000;
/** After so long without a word the connection is tried before it is used: it may be dead and not know. */
const TRY_AFTER_MS = 10_000;

export function createConnection(entry: VerifierEntry, deps: VerifierClientDeps): Connection {
  const { clock, bindSource, lookup } = deps;
  const { host, port, tls } = entry;
  const baseUrl = `${tls === null ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
  // That of the package leaves errors that nobody hears, which would end this process.
  const kept = createKeptSession({
    authority: new URL(baseUrl).origin,
    connection: sessionOptions(entry, bindSource),
    lookup,
    clock,
    connectWithinMs: CONNECT_WITHIN_MS,
    idleMs: IDLE_MS,
    tryAfterMs: TRY_AFTER_MS,
  });
  const transport = createConnectTransport({
    baseUrl,
    httpVersion: '2',
    sessionManager: kept,
    readMaxBytes: MAX_REPLY_BYTES,
    // A reply is small, and what a liar has packed is not unpacked.
    acceptCompression: [],
  });
  const service = createClient(VerifierService, transport);
  return {
    async call(limitMs, signal, call) {
      const stop = new AbortController();
      const limit = clockLimit(clock, limitMs);
      const { promise: gaveUp, resolve: giveUp } = Promise.withResolvers<'late'>();
      const onAbort = () => giveUp('late');
      signal.addEventListener('abort', onAbort);
      if (signal.aborted) onAbort();
      const timeUp = Promise.race([limit.promise, gaveUp]);
      try {
        const connected = kept.connected().catch((error: unknown) => {
          throw new NoConnection(whyNot(error, host, bindSource));
        });
        const answer = connected.then(() => call(service, { signal: stop.signal }));
        const first = await Promise.race([timeUp, answer]);
        if (first !== 'late') return first;
        stop.abort();
        answer.catch(() => {});
        throw new OutOfTime(signal.aborted ? 'whoever asked gave up' : `no answer within ${limitMs} ms`);
      } finally {
        limit.cancel();
        signal.removeEventListener('abort', onAbort);
      }
    },
    close: kept.close,
  };
}

/** The authorities that are named take the place of all others. Node hands all of this on to its sockets. */
function sessionOptions({ tls }: VerifierEntry, bindSource: string | null): KeptSessionOptions['connection'] {
  const source: KeptSessionOptions['connection'] = bindSource === null ? {} : { localAddress: bindSource };
  if (tls === null) return source;
  const { caPem, certPem, keyPem, serverName } = tls;
  return {
    ...source,
    minVersion: 'TLSv1.2',
    ...(caPem === null ? {} : { ca: caPem }),
    ...(certPem === null || keyPem === null ? {} : { cert: certPem, key: keyPem }),
    ...(serverName === null ? {} : { servername: serverName }),
  };
}

function clockLimit(clock: Clock, limitMs: number): { promise: Promise<'late'>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<'late'>();
  const timer = clock.after(limitMs, () => resolve('late'));
  return { promise, cancel: timer.cancel };
}

/** Where the address of ours is at fault, the key that names it is what an operator can look for. */
function whyNot(error: unknown, host: string, bindSource: string | null): string {
  const cause = causeOf(error);
  if (bindSource === null) return cause;
  const family = bindSource.includes(':') ? 'IPv6' : 'IPv4';
  if (cause === 'EAFNOSUPPORT') return `${host} has no ${family} address, and BIND_SOURCE is ${bindSource}`;
  return cause === 'EADDRNOTAVAIL' || cause === 'EINVAL' ? `${cause}, and BIND_SOURCE is ${bindSource}` : cause;
}

/** Node wraps what the system said. */
function causeOf(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException;
    if (typeof code === 'string') return code;
  }
  return error instanceof Error ? error.message.slice(0, 200) : 'unknown';
}
