/**
 * Opens a TCP connection to one of several addresses that the guard has passed: in order, the next one after an error
 * or a short wait, the first to connect wins (RFC 8305 section 5). It does not resolve and does not speak.
 */
import type { Socket } from 'node:net';
import type { Timer } from '../lib/clock.ts';
import type { Connection } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { AddressAttempt, WireFailure } from './exchange.ts';

export type DialOptions<S extends Socket> = {
  /** What became of each address is written down here. */
  attempts: readonly AddressAttempt[];
  port: number;
  /** Starts connecting; `connect` has not been emitted yet when it returns. */
  open(address: string): Connection<S>;
  /** Whether the peer the socket really has is the address that was checked. */
  isPinned(expected: string, actual: string | undefined): boolean;
  deadlines: Deadlines;
};

export type Dialled<S extends Socket> =
  | { ok: true; connection: Connection<S>; address: string }
  | { ok: false; failure: WireFailure };

/** A dialling that has not come to its end; `giveUp` ends it with the failure it returns. */
export interface Dialling {
  giveUp(code: string): WireFailure;
}

/** "Connection Attempt Delay" of RFC 8305. */
const NEXT_ADDRESS_AFTER_MS = 250;

/** What an IPv6 address yields on a host without IPv6: it says nothing about the site. */
const FAMILY_ABSENT: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** Error of an address that was still connecting when another one won. */
const ABANDONED = 'ABANDONED';

/** Calls `done` once, unless it is given up before; never before it returns. */
export function dial<S extends Socket>(options: DialOptions<S>, done: (dialled: Dialled<S>) => void): Dialling {
  const { attempts, port } = options;
  const pending = new Map<AddressAttempt, Connection<S>>();
  let nextTimer: Timer | null = null;
  let nextIndex = 0;
  tryNext();

  function tryNext(): void {
    nextTimer?.cancel();
    const attempt = attempts[nextIndex];
    if (attempt === undefined) {
      if (pending.size === 0) done({ ok: false, failure: failureOf(attempts, port) });
      return;
    }
    nextIndex += 1;
    start(attempt);
    if (nextIndex < attempts.length) nextTimer = options.deadlines.after(NEXT_ADDRESS_AFTER_MS, tryNext);
  }

  function start(attempt: AddressAttempt): void {
    const connection = options.open(attempt.address);
    pending.set(attempt, connection);
    // Prepended, so that the peer is checked before TLS, which starts on the same event, says a word.
    connection.socket.prependOnceListener('connect', () => connected(attempt, connection));
    connection.listen({
      onData: () => {},
      onEnd: () => failed(attempt, 'ECONNRESET'),
      onError: (code) => failed(attempt, code),
    });
  }

  function failed(attempt: AddressAttempt, code: string): void {
    pending.get(attempt)?.destroy();
    if (!pending.delete(attempt)) return;
    fail(attempt, code);
    tryNext();
  }

  function connected(attempt: AddressAttempt, connection: Connection<S>): void {
    if (!pending.has(attempt)) return;
    const peer = connection.socket.remoteAddress;
    // A peer that has reset the connection already has no address left to compare.
    if (peer === undefined) {
      failed(attempt, 'ECONNRESET');
      return;
    }
    pending.delete(attempt);
    giveUpPending(ABANDONED);
    if (options.isPinned(attempt.address, peer)) {
      attempt.outcome = 'connected';
      done({ ok: true, connection, address: attempt.address });
      return;
    }
    connection.destroy();
    fail(attempt, 'PEER_MISMATCH');
    const detail = `dialled ${attempt.address}, the peer is ${peer}`;
    done({ ok: false, failure: { phase: 'guard', code: 'PEER_MISMATCH', detail } });
  }

  function giveUpPending(code: string): void {
    nextTimer?.cancel();
    for (const [attempt, connection] of pending) {
      connection.destroy();
      fail(attempt, code);
    }
    pending.clear();
  }

  return {
    giveUp(code) {
      giveUpPending(code);
      return tcp(code, detailOf(attempts, port));
    },
  };
}

function fail(attempt: AddressAttempt, code: string): void {
  attempt.outcome = 'failed';
  attempt.error = code;
}

function tcp(code: string, detail: string): WireFailure {
  return { phase: 'tcp', code, detail };
}

/** The first address speaks for the site, unless its error only says that this host lacks the family. */
function failureOf(attempts: readonly AddressAttempt[], port: number): WireFailure {
  const telling = attempts.find((attempt) => !lacksFamily(attempt)) ?? attempts[0];
  return tcp(telling?.error ?? 'EADDRNOTAVAIL', detailOf(attempts, port));
}

function lacksFamily(attempt: AddressAttempt): boolean {
  return attempt.address.includes(':') && FAMILY_ABSENT.has(attempt.error ?? '');
}

const MAX_DETAILED = 4;

function detailOf(attempts: readonly AddressAttempt[], port: number): string {
  const shown = attempts.slice(0, MAX_DETAILED).map(({ address, outcome, error }) => `${address} ${error ?? outcome}`);
  const more = attempts.length > MAX_DETAILED ? ` and ${attempts.length - MAX_DETAILED} more` : '';
  return `no connection on port ${port}: ${shown.join(', ')}${more}`;
}
