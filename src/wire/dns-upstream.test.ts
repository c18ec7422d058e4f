import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import {
  addressRecord,
  type DnsAnswerer,
  dnsQuestion,
  dnsReply,
  FLAG_TRUNCATED,
  FLAGS_REPLY,
  type RawDns,
  startRawDns,
  withAddresses,
} from '../../test/kit/raw-dns.ts';
import { createNameFinder, type NameFinder, openSockets } from '../../test/kit/resolver.ts';

let dns: RawDns;
beforeAll(async () => {
  dns = await startRawDns();
});
afterAll(() => dns.stop());

function finder(server = dns.address): NameFinder {
  const names = createNameFinder({ servers: [server], queryTimeoutMs: 200 });
  onTestFinished(() => names.close());
  return names;
}

type Packet = { bytes: Buffer; peer: RemoteInfo; hasEdns: boolean };

/** A server that keeps the packets themselves; `answer` makes the flags and records of each reply. */
async function startPacketServer(answer: (packet: Packet) => { flags: number; answers: Buffer[] }) {
  const packets: Packet[] = [];
  const socket = createSocket('udp4', (bytes, peer) => {
    const packet = { bytes, peer, hasEdns: bytes.readUInt16BE(10) === 1 };
    packets.push(packet);
    const { flags, answers } = answer(packet);
    const reply = Buffer.concat([bytes.subarray(0, bytes.length - (packet.hasEdns ? 11 : 0)), ...answers]);
    for (const [value, at] of [
      [flags, 2],
      [answers.length, 6],
      [0, 10],
    ] as const)
      reply.writeUInt16BE(value, at);
    socket.send(reply, peer.port, peer.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { packets, address: `127.0.0.1:${socket.address().port}` };
}

const NODATA = { flags: FLAGS_REPLY, answers: [] };
const FORMERR = { flags: FLAGS_REPLY | 1, answers: [] };

describe('a query over UDP', () => {
  it('has a port and an id that cannot be guessed from those before', async () => {
    const server = await startPacketServer(() => NODATA);
    const names = finder(server.address);
    for (let index = 0; index < 20; index += 1) await names.find(`n${index}.test`);
    const ids = server.packets.map(({ bytes }) => bytes.readUInt16BE(0));
    const ports = new Set(server.packets.map(({ peer }) => peer.port));
    expect(ports.size).toBeGreaterThan(15);
    expect(new Set(ids).size).toBeGreaterThan(35);
    const steps = ids.slice(1).map((id, index) => id - (ids[index] ?? 0));
    expect(new Set(steps).size).toBeGreaterThan(30);
  });

  it('shares its socket with a few hundred others at the same time, not with thousands', async () => {
    const server = await startPacketServer(() => NODATA);
    const before = openSockets();
    const names = finder(server.address);
    const all = Promise.all(Array.from({ length: 1_000 }, (_, index) => names.find(`n${index}.test`)));
    expect(openSockets() - before).toBeLessThanOrEqual(10);
    await all;
    const ports = new Map<number, number>();
    for (const { peer } of server.packets) ports.set(peer.port, (ports.get(peer.port) ?? 0) + 1);
    expect(Math.max(...ports.values())).toBeLessThanOrEqual(256);
    await eventually('the sockets are closed', () => openSockets() <= before);
  });

  it('never has the id of another one on the same socket', async () => {
    const server = await startPacketServer(() => NODATA);
    const names = createNameFinder({ servers: [server.address], randomId: () => 7 });
    onTestFinished(() => names.close());
    const results = await Promise.all(Array.from({ length: 40 }, (_, index) => names.find(`n${index}.test`)));
    expect(new Set(results.map((result) => !result.ok && result.code))).toEqual(new Set(['NODATA']));
    expect(new Set(server.packets.map(({ bytes }) => bytes.readUInt16BE(0))).size).toBe(80);
  });

  it('waits on when forged replies come, and takes the true one', async () => {
    const forged = addressRecord('10.6.6.6');
    dns.script('forged.test', (query, replying) => {
      const lie = (options: object): Buffer => dnsReply(query, { answers: [forged], ...options });
      replying.send(lie({ id: query.id ^ 1 }));
      replying.send(lie({ question: dnsQuestion('other.test', query.type) }));
      replying.send(lie({ question: dnsQuestion('forged.test', query.type ^ 29) }));
      replying.send(lie({ flags: 0x0100 }));
      replying.sendFromElsewhere(lie({}));
      withAddresses(['192.0.2.4'])(query, replying);
    });
    expect(await finder().find('forged.test')).toMatchObject({ ok: true, addresses: ['192.0.2.4'] });
  });

  it('that is answered twice is answered once', async () => {
    dns.script('twice.test', (query, replying) => {
      withAddresses(['192.0.2.4'])(query, replying);
      withAddresses(['10.6.6.6'])(query, replying);
    });
    expect(await finder().find('twice.test')).toMatchObject({ ok: true, addresses: ['192.0.2.4'] });
  });
});

describe('a server that does not know EDNS', () => {
  it('is asked without it, and from then on at once', async () => {
    const server = await startPacketServer(({ hasEdns }) => (hasEdns ? FORMERR : NODATA));
    const names = finder(server.address);
    expect(await names.find('first.test')).toMatchObject({ code: 'NODATA' });
    expect(server.packets.map(({ hasEdns }) => hasEdns)).toEqual([true, true, false, false]);
    expect(await names.find('second.test')).toMatchObject({ code: 'NODATA' });
    expect(server.packets.slice(4).map(({ hasEdns }) => hasEdns)).toEqual([false, false]);
  });

  it('is none that refuses to understand one name in either way', async () => {
    let isFussy = true;
    const server = await startPacketServer(() => (isFussy ? FORMERR : NODATA));
    const names = finder(server.address);
    expect(await names.find('first.test')).toMatchObject({
      code: 'BAD_REPLY',
      detail: expect.stringContaining('FORMERR'),
    });
    isFussy = false;
    const before = server.packets.length;
    await names.find('second.test');
    expect(server.packets.slice(before).map(({ hasEdns }) => hasEdns)).toEqual([true, true]);
  });
});

describe('an answer that has no room in a packet', () => {
  /** Truncated over UDP; `answer` plays TCP. */
  function truncated(name: string, answer: DnsAnswerer): void {
    dns.script(name, (query, replying) => {
      if (query.transport === 'tcp') answer(query, replying);
      else replying.send(dnsReply(query, { flags: FLAGS_REPLY | FLAG_TRUNCATED }));
    });
  }

  it('is asked for over TCP', async () => {
    truncated('large.test', withAddresses(['192.0.2.4', '2001:db8::4']));
    expect(await finder().find('large.test')).toMatchObject({ ok: true, addresses: ['192.0.2.4', '2001:db8::4'] });
  });

  it('is put together from the pieces it comes in', async () => {
    truncated('pieces.test', (query, { socket }) => {
      const message = dnsReply(query, { answers: query.type === 1 ? [addressRecord('192.0.2.4')] : [] });
      const bytes = Buffer.concat([Buffer.from([0, message.length]), message]);
      const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 9), bytes.subarray(9)];
      const next = (): void => void socket?.write(pieces.shift() ?? '', () => pieces.length > 0 && setImmediate(next));
      next();
    });
    expect(await finder().find('pieces.test')).toMatchObject({ ok: true, addresses: ['192.0.2.4'] });
  });

  it.each<[string, DnsAnswerer]>([
    ['resets the connection', (_, { socket }) => void socket?.resetAndDestroy()],
    ['ends before the message does', (query, { socket }) => void socket?.end(Buffer.from([0, 90, query.id >> 8]))],
    ['says nothing before it ends', (_, { socket }) => void socket?.end()],
    ['answers something else', (query, { send }) => send(dnsReply(query, { id: query.id ^ 1 }))],
    ['truncates there too', (query, { send }) => send(dnsReply(query, { flags: FLAGS_REPLY | FLAG_TRUNCATED }))],
  ])('is a bad one when the server %s', async (_, answer) => {
    truncated('cut.test', answer);
    expect(await finder().find('cut.test')).toMatchObject({
      code: 'BAD_REPLY',
      detail: expect.stringContaining('TCP'),
    });
  });

  it('that never comes is no longer waited for at the deadline, and its connection is closed', async () => {
    truncated('hung.test', () => {});
    const before = openSockets();
    const names = finder();
    expect(await names.find('hung.test', 300)).toMatchObject({ code: 'TIMEOUT' });
    expect(names.openTimers()).toBe(0);
    await eventually('the sockets are closed', () => openSockets() <= before);
  });

  it('costs few connections, however many there are at the same time', async () => {
    let open = 0;
    let most = 0;
    for (let index = 0; index < 60; index += 1) {
      truncated(`large${index}.test`, (query, replying) => {
        open += 1;
        most = Math.max(most, open);
        replying.socket?.once('close', () => {
          open -= 1;
        });
        setTimeout(() => withAddresses(['192.0.2.4'])(query, replying), 2);
      });
    }
    const names = createNameFinder({ servers: [dns.address], queryTimeoutMs: 5_000 });
    onTestFinished(() => names.close());
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) => names.find(`large${index}.test`, 9_000)),
    );
    expect(results.every((result) => result.ok)).toBe(true);
    // The server learns of a closed connection a little later than we open the next one.
    expect(most).toBeLessThanOrEqual(64);
  });
});
