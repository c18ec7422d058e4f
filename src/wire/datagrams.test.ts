import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { systemClock } from '../lib/clock.ts';
import { createDatagrams } from './datagrams.ts';

async function receiver() {
  const socket = createSocket('udp4');
  const received: string[] = [];
  socket.on('message', (message) => received.push(message.toString()));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  return { port: socket.address().port, received };
}

function datagramsTo(target: Omit<Parameters<typeof createDatagrams>[0], 'clock'>) {
  const datagrams = createDatagrams({ clock: systemClock, ...target });
  onTestFinished(() => datagrams.close());
  return datagrams;
}

describe('datagrams', () => {
  it('arrive, one for each text', async () => {
    const { port, received } = await receiver();
    const datagrams = datagramsTo({ host: '127.0.0.1', port });
    datagrams.send('a:1|c');
    datagrams.send('b:2|g');
    await eventually('both are there', () => received.length === 2);
    expect(received.toSorted()).toEqual(['a:1|c', 'b:2|g']);
    expect(datagrams.dropped().count).toBe(0);
  });

  it('go to a name once its address is known, and are dropped before', async () => {
    const { port, received } = await receiver();
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return { address: '127.0.0.1', family: 4 };
    };
    const datagrams = datagramsTo({ host: 'statsd.example', port, resolve });
    datagrams.send('lost');
    expect(datagrams.dropped().count).toBe(1);
    await eventually('one arrives', () => {
      datagrams.send('found');
      return received.includes('found');
    });
    expect(received).not.toContain('lost');
    expect(asked).toBe(1);
  });

  it('to nobody, to nowhere or to a name without address cost nothing and never throw', async () => {
    const { port } = await receiver();
    const nobody = datagramsTo({ host: '127.0.0.1', port: 9 });
    const nowhere = datagramsTo({ host: '255.255.255.255', port });
    const nameless = datagramsTo({
      host: 'nowhere.invalid',
      port,
      resolve: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
    });
    for (let index = 0; index < 5_000; index += 1) {
      for (const datagrams of [nobody, nowhere, nameless]) datagrams.send('x:1|c');
    }
    await eventually('the trouble is noted', () => nowhere.dropped().count > 0 && nameless.dropped().count === 5_000);
    expect(nameless.dropped().why).toBe('ENOTFOUND');
  });

  it('too long for a datagram, or after the end, are dropped', async () => {
    const { port } = await receiver();
    const datagrams = datagramsTo({ host: '127.0.0.1', port });
    datagrams.send('x'.repeat(70_000));
    await eventually('it is dropped', () => datagrams.dropped().count === 1);
    datagrams.close();
    datagrams.send('y');
    expect(datagrams.dropped().count).toBe(1);
  });
});
