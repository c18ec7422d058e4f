/**
 * A kept HTTP/2 connection to one host that the operator named: opened when it is wanted, tried before it is used after a
 * rest, closed when idle. Nothing the other side does is an error that nobody hears.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { isIP, type LookupFunction, type TcpNetConnectOpts } from 'node:net';
import type { Clock } from '../lib/clock.ts';

/** All addresses of a name, the best first. Rejects with the system's error. */
export type Lookup = (name: string) => Promise<readonly { address: string; family: number }[]>;

export type KeptSessionOptions = {
  /** Scheme, host and port. */
  authority: string;
  /** With an address of ours to connect from, only those of its family are tried. Default: that of the system. */
  lookup?: Lookup | undefined;
  connection: SecureClientSessionOptions & Pick<TcpNetConnectOpts, 'localAddress'>;
  clock: Clock;
  /** From the first packet to the first word of HTTP/2; also for the answer to a try. */
  connectWithinMs: number;
  idleMs: number;
  /** After so long without a word from the other side the connection may be dead and not know. */
  tryAfterMs: number;
};

export interface KeptSession {
  readonly authority: string;
  /** Rejects with the system's error where there is no connection to be had. */
  connected(): Promise<void>;
  request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream>;
  /** The other side was heard. */
  notifyResponseByteRead(stream: ClientHttp2Stream): void;
  /** Ends all that is under way, and every later wish. */
  close(): void;
}

/** Far above what a verifier sends of its own accord. */
const MAX_SESSION_MEGABYTES = 4;

export function createKeptSession(options: KeptSessionOptions): KeptSession {
  const { authority, clock } = options;
  let kept: Kept | null = null;
  let isClosed = false;

  /** Others may open the next one meanwhile, so that each looks at the one it took. */
  async function ready(): Promise<Kept> {
    if (isClosed) throw new Error('closed');
    const host = new URL(authority).hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !isOfFamily(isIP(host), options.connection.localAddress)) throw noAddressThatFits();
    if (kept?.isUsable() !== true) kept = new Kept(options);
    const taken = kept;
    const isRested = taken.isOpen && taken.lastHeardMs + options.tryAfterMs < clock.monotonicMs();
    if (isRested && !(await taken.answers())) {
      taken.end();
      return ready();
    }
    await taken.opened;
    return taken;
  }

  return {
    authority,
    async connected() {
      await ready();
    },
    async request(method, path, headers) {
      return (await ready()).request({ ...headers, ':method': method, ':path': path });
    },
    notifyResponseByteRead(stream) {
      if (kept !== null && stream.session === kept.session) kept.lastHeardMs = clock.monotonicMs();
    },
    close() {
      isClosed = true;
      kept?.end();
    },
  };
}

class Kept {
  readonly session: ClientHttp2Session;
  /** Rejects, perhaps unheard, when it could not be opened. */
  readonly opened: Promise<void>;
  isOpen = false;
  lastHeardMs: number;
  readonly #options: KeptSessionOptions;
  #isLeaving = false;
  #streams = 0;

  constructor(options: KeptSessionOptions) {
    const { authority, connection, clock, connectWithinMs, idleMs } = options;
    this.#options = options;
    this.lastHeardMs = clock.monotonicMs();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    promise.catch(() => {});
    const lookup = lookupFor(connection.localAddress, options.lookup);
    const session = connect(authority, { ...connection, ...lookup, maxSessionMemory: MAX_SESSION_MEGABYTES });
    this.session = session;
    const late = clock.after(connectWithinMs, () => {
      reject(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
      this.end();
    });
    // A server's first word is its settings (RFC 9113 section 3.4): who only accepts connections is not there.
    session.once('remoteSettings', () => {
      late.cancel();
      this.lastHeardMs = clock.monotonicMs();
      this.isOpen = true;
      resolve();
    });
    session.on('error', reject);
    session.on('close', () => {
      late.cancel();
      reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
    });
    session.on('goaway', () => {
      this.#isLeaving = true;
    });
    session.setTimeout(idleMs, () => {
      if (this.#streams === 0) this.end();
    });
  }

  isUsable(): boolean {
    return !this.#isLeaving && !this.session.closed && !this.session.destroyed;
  }

  /** Resolves with whether the other side answers a PING in time. */
  answers(): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const late = this.#options.clock.after(this.#options.connectWithinMs, () => resolve(false));
    this.session.once('close', () => resolve(false));
    try {
      this.session.ping((error) => {
        if (error === null) this.lastHeardMs = this.#options.clock.monotonicMs();
        resolve(error === null);
      });
    } catch {
      resolve(false);
    }
    return promise.finally(late.cancel);
  }

  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.session.request(headers);
    this.#streams += 1;
    stream.on('close', () => {
      this.#streams -= 1;
    });
    stream.on('error', () => {});
    return stream;
  }

  end(): void {
    this.session.destroy(undefined, constants.NGHTTP2_CANCEL);
  }
}

const allAddresses: Lookup = (name) => systemLookup(name, { all: true });

/** Node takes the first address there is, and fails if it cannot be reached from ours. */
function lookupFor(source: string | undefined, addressesOf: Lookup = allAddresses): { lookup?: LookupFunction } {
  const find: LookupFunction = (name, options, tell) => {
    addressesOf(name).then(
      (found) => {
        const fitting = found.filter(({ family }) => isOfFamily(family, source));
        const [first] = fitting;
        if (first === undefined) tell(noAddressThatFits(), '');
        else if (options.all) tell(null, [...fitting]);
        else tell(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => tell(error, ''),
    );
  };
  return { lookup: find };
}

function isOfFamily(family: number, source: string | undefined): boolean {
  return source === undefined || family === isIP(source);
}

function noAddressThatFits(): NodeJS.ErrnoException {
  return Object.assign(new Error('it has no address of the family of ours'), { code: 'EAFNOSUPPORT' });
}
