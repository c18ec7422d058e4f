/**
 * Sends text as UDP datagrams to one place and never waits for anything: what cannot go now is dropped, because whoever
 * counts on it counts on nothing here.
 */
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';

export interface Datagrams {
  /** Hands one datagram to the system, or drops it. Never throws. */
  send(text: string): void;
  /** Datagrams that were dropped so far, and the newest reason. */
  dropped(): { count: number; why: string | null };
  close(): void;
}

/** A name is looked up again after this; one that had no address, after that. */
const KNOWN_FOR_MS = 60_000;
const UNKNOWN_FOR_MS = 10_000;
/** Handed to the system and not answered; more than a flush of everything there is. */
const MAX_OUTSTANDING = 2_048;

type Target = { address: string; family: 4 | 6; lookAgainMs: number };

export function createDatagrams(parts: {
  host: string;
  port: number;
  clock: Pick<Clock, 'monotonicMs'>;
  /** Finds the address of a name. */
  resolve?: (host: string) => Promise<{ address: string; family: number }>;
}): Datagrams {
  const { host, port, clock, resolve = (name) => lookup(name) } = parts;
  const sockets = new Map<4 | 6, Socket>();
  const fixed = isIP(host);
  let target: Target | null =
    fixed === 0 ? null : { address: host, family: fixed === 6 ? 6 : 4, lookAgainMs: Number.POSITIVE_INFINITY };
  let lookAgainMs = Number.NEGATIVE_INFINITY;
  let looking = false;
  let outstanding = 0;
  let closed = false;
  const dropped = { count: 0, why: null as string | null };

  function drop(why: string): void {
    dropped.count += 1;
    dropped.why = why;
  }

  /** One look-up at a time; an address that is known goes on being used while a newer one is looked for. */
  function lookUp(): void {
    if (looking || clock.monotonicMs() < (target?.lookAgainMs ?? lookAgainMs)) return;
    looking = true;
    resolve(host)
      .then(({ address, family }) => {
        target = { address, family: family === 6 ? 6 : 4, lookAgainMs: clock.monotonicMs() + KNOWN_FOR_MS };
      })
      .catch((error: unknown) => {
        dropped.why = reasonOf(error);
        lookAgainMs = clock.monotonicMs() + UNKNOWN_FOR_MS;
        if (target !== null) target.lookAgainMs = lookAgainMs;
      })
      .finally(() => {
        looking = false;
      });
  }

  function socketFor(family: 4 | 6): Socket {
    const known = sockets.get(family);
    if (known !== undefined) return known;
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    sockets.set(family, socket);
    socket.on('error', (error) => {
      drop(reasonOf(error));
      if (sockets.get(family) === socket) sockets.delete(family);
      socket.close();
    });
    // What is only told must not keep a program alive that has nothing else to do.
    socket.unref();
    return socket;
  }

  return {
    send(text) {
      if (closed) return;
      lookUp();
      if (target === null) return drop(dropped.why ?? 'its address is not known yet');
      if (outstanding >= MAX_OUTSTANDING) return drop('the system takes no more at the moment');
      outstanding += 1;
      try {
        socketFor(target.family).send(text, port, target.address, (error) => {
          outstanding -= 1;
          if (error !== null) drop(reasonOf(error));
        });
      } catch (error) {
        outstanding -= 1;
        drop(reasonOf(error));
      }
    },
    dropped: () => ({ ...dropped }),
    close() {
      closed = true;
      for (const socket of sockets.values()) socket.close();
      sockets.clear();
    },
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
