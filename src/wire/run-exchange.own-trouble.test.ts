/** Exchanges while something of ours is wrong: a mistake in judging, no descriptors left, very many at once. */
import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startDnsServer } from '../../test/kit/dns-server.ts';
import { type Behaviour, startSite } from '../../test/kit/site.ts';
import { answering, closedPort, startTcpServer } from '../../test/kit/tcp-server.ts';
import { createTestExchange, createTestWire, requestFor, resolvingTo } from '../../test/kit/wire.ts';
import { systemClock } from '../lib/clock.ts';

const exchange = createTestWire();

async function site(behaviour: Behaviour) {
  const started = await startSite({ behaviour });
  onTestFinished(() => started.stop());
  return started;
}

describe('an error of ours', () => {
  it('ends the one exchange, with its socket closed, and the next one runs', async () => {
    const { url, connections } = await site({ kind: 'up' });
    let isBroken = true;
    const mistake = new Error('a mistake in judging a status');
    const meaningOf = () => {
      if (isBroken) throw mistake;
      return 'success' as const;
    };
    await expect(exchange(url, { meaningOf })).rejects.toBe(mistake);
    isBroken = false;
    expect(await exchange(url, { meaningOf })).toMatchObject({ failure: null });
    expect(connections()).toBe(2);
  });
});

describe('a thousand exchanges', () => {
  const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  it('leave no socket open, however they end', async () => {
    // What other tests of this process have left open is not ours.
    const before = sockets();
    let asked = 0;
    const { port, stop } = await startTcpServer((socket) => {
      socket.once('data', () => {
        const way = asked++ % 4;
        if (way === 0) answering('HTTP/1.1 200 OK\r\n\r\nhi')(socket);
        if (way === 1) socket.resetAndDestroy();
        if (way === 2) socket.write('HTTP/1.1 500 Oops\r\n\r\n');
      });
    });
    onTestFinished(stop);
    const refused = await closedPort();
    const ask = createTestWire({ resolver: resolvingTo('127.0.0.1', '127.0.0.2') });
    for (let round = 0; round < 5; round += 1) {
      const urls = Array.from({ length: 200 }, (_, index) => `http://a.test:${index % 4 === 0 ? refused : port}/`);
      const results = await Promise.all(urls.map((url) => ask(url, { timeoutMs: 400 })));
      expect(results).toHaveLength(200);
    }
    // The server still listens and closes nothing by itself: only our own hanging up empties the list.
    await expect.poll(sockets).toBeLessThanOrEqual(before);
  });
});

describe('a process without free descriptors', () => {
  it('says so in the phase that needed one', async () => {
    const dns = await startDnsServer();
    onTestFinished(() => dns.stop());
    const wire = new URL('../../test/kit/wire.ts', import.meta.url).href;
    const program = `
      import { openSync } from 'node:fs';
      import { createTestWire } from ${JSON.stringify(wire)};
      const exchange = createTestWire({ dnsServers: ['${dns.address}'] });
      const fill = () => { try { for (;;) openSync('/dev/null'); } catch {} };
      const urls = ['http://127.0.0.1:8080/', 'http://localhost:8080/', 'http://nowhere.invalid/'];
      await exchange(urls[0]);
      const failures = [];
      for (const url of urls) {
        // A socket of the exchange before may have been closing still.
        await new Promise((resolve) => setTimeout(resolve, 20));
        fill();
        failures.push((await exchange(url, { timeoutMs: 3_000 })).failure);
      }
      console.log(JSON.stringify(failures.map(({ phase, code }) => phase + ' ' + code)));
    `;
    const limited = 'ulimit -n 100 && exec "$0" --input-type=module --eval "$1"';
    const { stdout } = await promisify(execFile)('/bin/sh', ['-c', limited, process.execPath, program]);
    const [literal, local, name] = JSON.parse(stdout);
    expect([literal, local]).toEqual(['tcp EMFILE', 'tcp EMFILE']);
    expect(['dns NO_RESOLVER', 'dns LOCAL_FAILURE']).toContain(name);
  });
});

describe('whoever fails on the result of an exchange', () => {
  const mistake = new Error('a mistake in judging a site');
  const run = createTestExchange();

  /** Every call, until there were no more for a while. */
  async function callsFor(url: string): Promise<unknown[]> {
    const calls: unknown[] = [];
    const endMs = systemClock.monotonicMs() + 200;
    const request = { ...requestFor({ maxMs: 20 }), url: new URL(url), deadline: { atMs: () => endMs } };
    const done = (): void => {
      calls.push('done');
      throw mistake;
    };
    run(request, done, (error) => calls.push(error));
    await expect.poll(() => calls.length).toBeGreaterThan(0);
    await delay(50);
    return calls;
  }

  it.each<Behaviour>([
    { kind: 'up', body: 'hello' },
    { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\n' },
    { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\n\r\nuntil the end' },
    { kind: 'slow_body', bytes: 1_000, everyMs: 5 },
    { kind: 'reset', at: 'request' },
    { kind: 'hang', at: 'request' },
  ])('is told so once, and the thread lives, when the site does %j', async (behaviour) => {
    expect(await callsFor((await site(behaviour)).url)).toEqual(['done', mistake]);
  });

  it('is told so once when the URL is refused, or nothing listens', async () => {
    expect(await callsFor('http://user:pass@127.0.0.1/')).toEqual(['done', mistake]);
    expect(await callsFor(`http://127.0.0.1:${await closedPort()}/`)).toEqual(['done', mistake]);
  });
});
