/**
 * Opens a TCP connection to one of several addresses that the guard has passed: in order, the next one after an error
 * or a short wait, the first to connect wins (RFC 8305 section 5). It does not resolve and does not speak.
 */
import type { Socket } from 'node:net';
import type { Timer } from '../lib/clock.ts';
import type { Connection, SocketListener } from './connection.ts';
import type { Deadlines } from './deadlines.ts';
import type { AddressAttempt, WireFailure } from './exchange.ts';

/** Who wants to be connected. */
export interface Dialler<S extends Socket> {
  /**
   * Starts connecting; the socket has not connected when it returns. Null: the address must not be dialled now. A code:
   * it cannot be dialled from here.
   */
  open(address: string): Connection<S> | 'EAFNOSUPPORT' | null;
  /** Whether the peer the socket really has is the address that was checked. */
  isPinned(expected: string, actual: string | undefined): boolean;
  /** Called once, unless it is given up before; never before `start` returns. */
  dialled(result: Dialled<S>): void;
}

export type Dialled<S extends Socket> =
  | { ok: true; connection: Connection<S>; address: string }
  | { ok: false; failure: WireFailure };

/** "Connection Attempt Delay" of RFC 8305. */
const NEXT_ADDRESS_AFTER_MS = 250;

/** What an address yields on a host without its family: it says nothing about the site. */
const FAMILY_ABSENT: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT']);

/** Trouble of this machine: an address that met it was never heard, and might have answered. */
const OURS: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'ENETUNREACH',
  'ENETDOWN',
  'EINVAL',
]);

/** Error of an address that was still connecting when another one won. */
const ABANDONED = 'ABANDONED';

export class Dialling<S extends Socket> {
  readonly #attempts: readonly AddressAttempt[];
  readonly #port: number;
  readonly #dialler: Dialler<S>;
  readonly #deadlines: Deadlines;
  #pending: Attempt<S>[] = [];
  #nextTimer: Timer | null = null;
  #nextIndex = 0;

  /** What became of each address is written down in `attempts`. */
  constructor(attempts: readonly AddressAttempt[], port: number, dialler: Dialler<S>, deadlines: Deadlines) {
    this.#attempts = attempts;
    this.#port = port;
    this.#dialler = dialler;
    this.#deadlines = deadlines;
  }

  start(): void {
    this.#nextTimer?.cancel();
    const attempt = this.#attempts[this.#nextIndex];
    if (attempt === undefined) {
      if (this.#pending.length === 0) this.#dialler.dialled({ ok: false, failure: this.#failure() });
      return;
    }
    this.#nextIndex += 1;
    const connection = this.#dialler.open(attempt.address);
    if (connection === null || connection === 'EAFNOSUPPORT') {
      if (connection !== null) {
        attempt.outcome = 'failed';
        attempt.error = connection;
      }
      this.start();
      return;
    }
    const pending = new Attempt(this, attempt, connection);
    this.#pending.push(pending);
    pending.connection.listen(pending);
    if (this.#nextIndex < this.#attempts.length) {
      this.#nextTimer = this.#deadlines.after(NEXT_ADDRESS_AFTER_MS, () => this.start());
    }
  }

  /** Ends it with the failure it returns. */
  giveUp(code: string): WireFailure {
    this.#abandon(code);
    return { phase: 'tcp', code, detail: detailOf(this.#attempts, this.#port) };
  }

  failed(attempt: Attempt<S>, code: string): void {
    if (!this.#isPending(attempt)) return;
    this.#pending = this.#pending.filter((one) => one !== attempt);
    attempt.fail(code);
    this.start();
  }

  connected(attempt: Attempt<S>): void {
    if (!this.#isPending(attempt)) return;
    const { connection } = attempt;
    const { address } = attempt.address;
    const peer = connection.socket.remoteAddress;
    // A peer that has reset the connection already has no address left to compare.
    if (peer === undefined) {
      this.failed(attempt, 'ECONNRESET');
      return;
    }
    this.#pending = this.#pending.filter((one) => one !== attempt);
    this.#abandon(ABANDONED);
    if (this.#dialler.isPinned(address, peer)) {
      attempt.address.outcome = 'connected';
      this.#dialler.dialled({ ok: true, connection, address });
      return;
    }
    attempt.fail('PEER_MISMATCH');
    const detail = `dialled ${address}, the peer is ${peer}`;
    this.#dialler.dialled({ ok: false, failure: { phase: 'guard', code: 'PEER_MISMATCH', detail } });
  }

  #isPending(attempt: Attempt<S>): boolean {
    return this.#pending.includes(attempt);
  }

  #abandon(code: string): void {
    this.#nextTimer?.cancel();
    for (const attempt of this.#pending) attempt.fail(code);
    this.#pending = [];
  }

  #failure(): WireFailure {
    const code = tellingError(this.#attempts) ?? 'EADDRNOTAVAIL';
    return { phase: 'tcp', code, detail: detailOf(this.#attempts, this.#port) };
  }
}

/**
 * Trouble of our own before anything the site did: an address that was never heard could have answered. Else the first
 * address speaks. A family that this host lacks says nothing, unless there is no other; one address of it that fails
 * otherwise shows that the host has it.
 */
function tellingError(attempts: readonly AddressAttempt[]): string | undefined {
  const lacked = FAMILIES.filter((isOf) => attempts.filter(isOf).every(isFamilyAbsent));
  const heard = attempts.filter((attempt) => !lacked.some((isOf) => isOf(attempt)));
  const telling = heard.find(({ error }) => OURS.has(error ?? '')) ?? heard[0] ?? attempts[0];
  return telling?.error;
}

/** One address on its way. */
class Attempt<S extends Socket> implements SocketListener {
  readonly #dialling: Dialling<S>;
  readonly address: AddressAttempt;
  readonly connection: Connection<S>;

  constructor(dialling: Dialling<S>, address: AddressAttempt, connection: Connection<S>) {
    this.#dialling = dialling;
    this.address = address;
    this.connection = connection;
  }

  onConnect(): void {
    this.#dialling.connected(this);
  }

  /** Nothing is read before the connection has another listener. */
  onData(): void {}

  onEnd(): void {
    this.#dialling.failed(this, 'ECONNRESET');
  }

  onError(code: string): void {
    this.#dialling.failed(this, code);
  }

  fail(code: string): void {
    this.connection.destroy();
    this.address.outcome = 'failed';
    this.address.error = code;
  }
}

const isIpv6 = ({ address }: AddressAttempt): boolean => address.includes(':');
const isIpv4 = (attempt: AddressAttempt): boolean => !isIpv6(attempt);
const FAMILIES = [isIpv4, isIpv6];

/** Of IPv4, EADDRNOTAVAIL says that no port is left, not that the host lacks it. */
function isFamilyAbsent(attempt: AddressAttempt): boolean {
  const { error = '' } = attempt;
  return FAMILY_ABSENT.has(error) && (error !== 'EADDRNOTAVAIL' || isIpv6(attempt));
}

const MAX_DETAILED = 4;

function detailOf(attempts: readonly AddressAttempt[], port: number): string {
  const shown = attempts.slice(0, MAX_DETAILED).map(({ address, outcome, error }) => `${address} ${error ?? outcome}`);
  const more = attempts.length > MAX_DETAILED ? ` and ${attempts.length - MAX_DETAILED} more` : '';
  return `no connection on port ${port}: ${shown.join(', ')}${more}`;
}
