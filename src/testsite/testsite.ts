/**
 * A site to try a monitor on: what it answers is known beforehand, and it breaks and heals on request. It listens and
 * connects to nothing. Everything it keeps is bounded.
 */
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { answer, type Scene } from './answer.ts';
import { createFailures } from './failures.ts';
import { selfSignedIdentity } from './identity.ts';
import { createInbox } from './inbox.ts';

export type TestSiteOptions = {
  host: string;
  port: number;
  /** null: no https. */
  tlsPort: number | null;
  /** What `POST /webhook` is signed with where the request names no `?secret=`; null: nothing is verified. */
  webhookSecret: string | null;
  nowMs: () => number;
};

export type TestSite = {
  /** Origins, without a trailing slash. */
  http: string;
  https: string | null;
  stop(): Promise<void>;
};

/** Thrown with the system's error as its cause. */
export class CannotListen extends Error {
  readonly port: number;
  constructor(port: number, cause: unknown) {
    super('cannot listen', { cause });
    this.port = port;
  }
}

const MAX_CONNECTIONS = 512;
const HEAD_WITHIN_MS = 10_000;
const MAX_HEAD_BYTES = 32_768;

/** Throws CannotListen and leaves nothing open. */
export async function startTestSite(options: TestSiteOptions): Promise<TestSite> {
  const scene: Scene = {
    failures: createFailures(),
    inbox: createInbox(),
    nowMs: options.nowMs,
    secret: options.webhookSecret,
  };
  const onRequest: Parameters<typeof createServer>[1] = (request, response) => void answer(scene, request, response);
  const limits = { headersTimeout: HEAD_WITHIN_MS, maxHeaderSize: MAX_HEAD_BYTES };
  const doors: Door[] = [];
  const stop = async () => {
    await Promise.all(doors.map((door) => door.close()));
  };
  try {
    const plain = await open(createServer(limits, onRequest), options.host, options.port);
    doors.push(plain);
    if (options.tlsPort === null) return { http: `http://${plain.place}`, https: null, stop };
    const identity = await selfSignedIdentity(options.nowMs());
    const secure = await open(createSecureServer({ ...limits, ...identity }, onRequest), options.host, options.tlsPort);
    doors.push(secure);
    return { http: `http://${plain.place}`, https: `https://${secure.place}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Door = { place: string; close(): Promise<void> };

async function open(server: Server, host: string, port: number): Promise<Door> {
  const sockets = new Set<Socket>();
  server.maxConnections = MAX_CONNECTIONS;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Whoever hangs up is no trouble of ours.
    socket.on('error', () => {});
  });
  // A prober that does not like the certificate hangs up.
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(new CannotListen(port, cause)));
    server.listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const name = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    place: `${name}:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
