/** One seeded draw of a class: the servers it starts, what they saw, and their end. */
import type { Socket } from 'node:net';
import type { IdentityName } from '../kit/hostile-certificates.ts';
import { type DnsAnswerer, withAddresses } from '../kit/raw-dns.ts';
import { createTalk, type HeardRequest, startTalkServer, type Talk, type Traffic } from '../kit/talk.ts';
import { createTlsAcceptor, type TlsScript } from '../kit/tls-tap.ts';
import { reserveClosedPort } from './closed-port.ts';
import type { Expected, HostileClass } from './hostile-class.ts';
import { DEFAULT_TIMEOUT_MS } from './hostile-class.ts';
import type { HostileKit } from './hostile-kit.ts';
import { createRandom, type Random } from './random.ts';

export type Play = (talk: Talk, request: HeardRequest) => void;

export type Served = {
  url: string;
  timeoutMs: number;
  expected: Expected;
  /** What all servers of the draw saw; goes on changing until `close`. */
  traffic: Traffic;
  /** What a server saw that must never happen, in words. */
  violations: readonly string[];
  close(): Promise<void>;
};

/** What a class builds its servers with. */
export interface Draw {
  random: Random;
  kit: HostileKit;
  timeoutMs: number;
  /** Listens and plays from the moment a connection is accepted; returns the port. */
  listen(play: (talk: Talk) => void, host?: string): Promise<number>;
  /** As `listen` on another address, while the same port of 127.0.0.1 refuses. */
  listenBesideDead(play: (talk: Talk) => void, host: string): Promise<number>;
  /** Plain HTTP on 127.0.0.1: plays when the head of a request has come. Returns the URL. */
  page(play: Play): Promise<string>;
  /** Answers with these bytes, cut anywhere into pieces, and ends the connection. */
  answer(bytes: string | Buffer): Promise<string>;
  /** Over TLS, plays when hands are shaken; the URL says 127.0.0.1 unless a host is given. */
  secure(identity: IdentityName, play: (talk: Talk) => void, script?: TlsScript, host?: string): Promise<string>;
  /** As `page`, over TLS; the URL says 127.0.0.1 unless a host is given. */
  securePage(identity: IdentityName, play: Play, script?: TlsScript, host?: string): Promise<string>;
  /** A name that no other draw has, because resolvers remember; answered for by a script, or has these addresses. */
  name(answer: DnsAnswerer | readonly string[]): string;
  /** Takes the place of what the class expects, where the seed decides it. */
  expect(expected: Expected): void;
  violation(what: string): void;
}

export async function serveDraw(
  kit: HostileKit,
  one: HostileClass,
  seed: number,
  timeoutMs = one.timeoutMs ?? DEFAULT_TIMEOUT_MS,
): Promise<Served> {
  const traffic: Traffic = { connections: 0, requests: 0, sentBytes: 0 };
  const violations: string[] = [];
  const closers: (() => Promise<void> | void)[] = [];
  const random = createRandom(seed);
  let { expected } = one;

  const listenOn = async (play: (talk: Talk) => void, host: string, port: number): Promise<number> => {
    const onConnection = (socket: Socket): void => play(createTalk(socket, socket, traffic));
    const server = await startTalkServer(traffic, onConnection, host, port);
    closers.push(() => server.close());
    return server.port;
  };
  const listen: Draw['listen'] = (play, host = '127.0.0.1') => listenOn(play, host, 0);
  const page: Draw['page'] = async (play) => {
    const port = await listen((talk) => talk.onRequest((request) => play(talk, request)));
    return `http://127.0.0.1:${port}/`;
  };
  const draw: Draw = {
    random,
    kit,
    timeoutMs,
    listen,
    async listenBesideDead(play, host) {
      const closed = await reserveClosedPort();
      closers.push(() => closed.stop());
      return listenOn(play, host, closed.port);
    },
    page,
    answer: (bytes) => page((talk) => sendInPieces(talk, random.cut(toBuffer(bytes), 4))),
    async secure(identity, play, script = {}, host = '127.0.0.1') {
      const accept = createTlsAcceptor({ ...(await kit.authority.identity(identity)), ...script });
      const server = await startTalkServer(traffic, (raw) => {
        accept(raw, (secure) => play(createTalk(raw, secure, traffic)));
      });
      closers.push(() => server.close());
      return `https://${host}:${server.port}/`;
    },
    securePage: (identity, play, script, host) =>
      draw.secure(identity, (talk) => talk.onRequest((request) => play(talk, request)), script, host),
    name(answer) {
      const name = `${random.word(8)}-${kit.nextNumber()}.hostile.example`;
      closers.push(kit.dns.script(name, typeof answer === 'function' ? answer : withAddresses(answer)));
      return name;
    },
    expect(other) {
      expected = other;
    },
    violation: (what) => void violations.push(what),
  };

  const close = async (): Promise<void> => {
    for (const closer of closers) await closer();
  };
  try {
    const url = await one.serve(draw);
    return { url, timeoutMs, expected, traffic, violations, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A turn of the loop between the pieces, so that most of them arrive one by one. */
function sendInPieces(talk: Talk, pieces: readonly Buffer[]): void {
  const rest = [...pieces];
  const next = (): void => {
    const piece = rest.shift();
    if (piece === undefined) talk.end();
    else {
      talk.send(piece);
      setImmediate(next);
    }
  };
  next();
}

function toBuffer(bytes: string | Buffer): Buffer {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
}
