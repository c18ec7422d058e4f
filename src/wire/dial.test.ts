import { connect, Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { closedPort, startTcpServer, type TcpServer } from '../../test/kit/tcp-server.ts';
import { systemClock as clock } from '../lib/clock.ts';
import { Connection } from './connection.ts';
import { createDeadlines } from './deadlines.ts';
import { type Dialled, Dialling } from './dial.ts';
import type { AddressAttempt } from './exchange.ts';

const deadlines = createDeadlines(clock);
const buffer = Buffer.alloc(65_536);
const servers: TcpServer[] = [];
const opened: Socket[] = [];

afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.stop();
});

async function listen(host = '127.0.0.1', port = 0): Promise<number> {
  const server = await startTcpServer(() => {}, { host, port });
  servers.push(server);
  return server.port;
}

type Script = {
  addresses: string[];
  port: number;
  /** Gives up after so long. */
  giveUpAfterMs?: number;
  fails?: Record<string, string>;
  silent?: string[];
};

type Result = { attempts: AddressAttempt[]; outcome: Dialled<Socket> };

/** Dials real sockets, except for addresses that are scripted to fail with a code or to stay silent. */
function dialTo({ addresses, port, giveUpAfterMs, fails = {}, silent = [] }: Script): Promise<Result> {
  const socketTo = (address: string): Socket => {
    const code = fails[address];
    if (code !== undefined) return new Socket().destroy(Object.assign(new Error(code), { code }));
    return silent.includes(address) ? new Socket() : connect({ host: address, port });
  };
  const attempts: AddressAttempt[] = addresses.map((address) => ({ address, outcome: 'not_tried' }));
  return new Promise((resolve) => {
    const dialler = {
      open: (address: string) =>
        new Connection(buffer, () => {
          const socket = socketTo(address);
          opened.push(socket);
          return socket;
        }),
      isPinned: (expected: string, actual: string | undefined) => expected === actual,
      dialled: (outcome: Dialled<Socket>) => resolve({ attempts, outcome }),
    };
    const dialling = new Dialling<Socket>(attempts, port, dialler, deadlines);
    dialling.start();
    if (giveUpAfterMs === undefined) return;
    deadlines.after(giveUpAfterMs, () =>
      resolve({ attempts, outcome: { ok: false, failure: dialling.giveUp('DEADLINE') } }),
    );
  });
}

describe('dialling', () => {
  it('connects to the first address and leaves the others alone', async () => {
    const port = await listen();
    const { attempts, outcome } = await dialTo({ addresses: ['127.0.0.1', '127.0.0.2'], port });
    expect(outcome).toMatchObject({ ok: true, address: '127.0.0.1' });
    expect(attempts).toEqual([
      { address: '127.0.0.1', outcome: 'connected' },
      { address: '127.0.0.2', outcome: 'not_tried' },
    ]);
  });

  it('goes on to the next address at once when one refuses', async () => {
    const port = await listen();
    const { attempts, outcome } = await dialTo({ addresses: ['127.0.0.2', '127.0.0.1'], port });
    expect(outcome).toMatchObject({ ok: true, address: '127.0.0.1' });
    expect(attempts[0]).toEqual({ address: '127.0.0.2', outcome: 'failed', error: 'ECONNREFUSED' });
  });

  it('does not wait for an address that stays silent, and destroys its socket', async () => {
    const port = await listen();
    const { attempts, outcome } = await dialTo({ addresses: ['127.0.0.2', '127.0.0.1'], port, silent: ['127.0.0.2'] });
    expect(outcome).toMatchObject({ ok: true, address: '127.0.0.1' });
    expect(attempts[0]).toEqual({ address: '127.0.0.2', outcome: 'failed', error: 'ABANDONED' });
    expect(opened.map((socket) => socket.destroyed)).toEqual([true, false]);
  });

  it('fails with the first error when every address fails', async () => {
    const port = await closedPort();
    const fails = { '127.0.0.2': 'EHOSTUNREACH' };
    const { attempts, outcome } = await dialTo({ addresses: ['127.0.0.1', '127.0.0.2'], port, fails });
    expect(outcome).toMatchObject({ ok: false, failure: { phase: 'tcp', code: 'ECONNREFUSED' } });
    expect(attempts.map(({ error }) => error)).toEqual(['ECONNREFUSED', 'EHOSTUNREACH']);
  });

  it.each(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EPROTONOSUPPORT'])(
    'does not blame the site for %s on a host without IPv6',
    async (code) => {
      const fails = { '2001:db8::1': code, '127.0.0.1': 'ECONNREFUSED' };
      const both = await dialTo({ addresses: ['2001:db8::1', '127.0.0.1'], port: 80, fails });
      expect(both.outcome).toMatchObject({ failure: { code: 'ECONNREFUSED' } });
      const alone = await dialTo({ addresses: ['2001:db8::1'], port: 80, fails });
      expect(alone.outcome).toMatchObject({ failure: { phase: 'tcp', code } });
    },
  );

  it.each<[string, string, Record<string, string>]>([
    ['EMFILE', 'trouble of ours after a refusal', { '192.0.2.1': 'ECONNREFUSED', '192.0.2.2': 'EMFILE' }],
    ['ENOBUFS', 'trouble of ours before it', { '192.0.2.1': 'ENOBUFS', '192.0.2.2': 'ECONNREFUSED' }],
    ['EACCES', 'trouble of ours in the other family', { '192.0.2.1': 'ECONNREFUSED', '2001:db8::1': 'EACCES' }],
    ['ENETUNREACH', 'no route within a family', { '192.0.2.1': 'ENETUNREACH', '192.0.2.2': 'ECONNREFUSED' }],
    ['EADDRNOTAVAIL', 'no port left for IPv4', { '192.0.2.1': 'EADDRNOTAVAIL', '2001:db8::1': 'ECONNREFUSED' }],
    ['ECONNREFUSED', 'no IPv4 on this host', { '192.0.2.1': 'ENETUNREACH', '2001:db8::1': 'ECONNREFUSED' }],
    ['EMFILE', 'trouble of ours beside a lacking family', { '2001:db8::1': 'ENETUNREACH', '192.0.2.1': 'EMFILE' }],
    ['EAFNOSUPPORT', 'neither family', { '2001:db8::1': 'EAFNOSUPPORT', '192.0.2.1': 'ENETUNREACH' }],
  ])('reports %s where there is %s', async (code, _, fails) => {
    const { outcome } = await dialTo({ addresses: Object.keys(fails), port: 80, fails });
    expect(outcome).toMatchObject({ failure: { phase: 'tcp', code } });
  });

  it('tries every address there is, in order', async () => {
    const addresses = Array.from({ length: 12 }, (_, index) => `192.0.2.${index + 1}`);
    const fails = Object.fromEntries(addresses.map((address) => [address, 'EHOSTUNREACH']));
    const { attempts, outcome } = await dialTo({ addresses, port: 80, fails });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(addresses.map(() => 'failed'));
    expect(outcome).toMatchObject({ failure: { code: 'EHOSTUNREACH' } });
  });

  it.each(['EMFILE', 'EADDRNOTAVAIL', 'ENETUNREACH'])('names %s, which is our own trouble', async (code) => {
    const { outcome } = await dialTo({ addresses: ['192.0.2.1'], port: 80, fails: { '192.0.2.1': code } });
    expect(outcome).toMatchObject({ failure: { phase: 'tcp', code } });
  });

  it('that is given up leaves every socket destroyed', async () => {
    const silent = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
    const { attempts, outcome } = await dialTo({ addresses: silent, port: 80, silent, giveUpAfterMs: 400 });
    expect(outcome).toMatchObject({ failure: { phase: 'tcp', code: 'DEADLINE' } });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'not_tried']);
    expect(opened.every((socket) => socket.destroyed)).toBe(true);
  });

  it('lets no byte pass to a peer that is not the address that was checked', async () => {
    const port = await listen();
    const connection = new Connection(buffer, () => connect({ host: '127.0.0.1', port }));
    const outcome = await new Promise<Dialled<Socket>>((resolve) =>
      new Dialling<Socket>(
        [{ address: '127.0.0.1', outcome: 'not_tried' }],
        port,
        { open: () => connection, isPinned: () => false, dialled: resolve },
        deadlines,
      ).start(),
    );
    expect(outcome).toMatchObject({ ok: false, failure: { phase: 'guard', code: 'PEER_MISMATCH' } });
    expect(connection.socket.destroyed).toBe(true);
  });
});
