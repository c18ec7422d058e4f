import type { Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { answering, startTcpServer } from '../../test/kit/tcp-server.ts';
import { createTestExchange, requestFor } from '../../test/kit/wire.ts';
import { systemClock } from '../lib/clock.ts';
import type { Exchange } from './exchange.ts';

const HELD = { movesUntilAnswered: true };
const KEPT = { movesUntilAnswered: false };

/** A silent server that answers once the deadline was asked after for the fourth time; what came of it, and the times. */
async function exchangeWith({ movesUntilAnswered }: typeof HELD): Promise<{ exchange: Exchange; asked: number }> {
  let open: Socket | null = null;
  const server = await startTcpServer((socket) => {
    open = socket;
  });
  onTestFinished(() => server.stop());
  const startMs = systemClock.monotonicMs();
  let asked = 0;
  const atMs = (): number => {
    asked += 1;
    if (open !== null && asked >= 4) answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')(open);
    return startMs + (movesUntilAnswered ? asked * 60 + (asked >= 4 ? 60_000 : 0) : 60);
  };
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  const exchange = await new Promise<Exchange>((resolve, reject) =>
    createTestExchange()({ ...requestFor(), url, deadline: { atMs } }, resolve, reject),
  );
  return { exchange, asked };
}

it('an exchange goes on for as long as its deadline moves on before it', async () => {
  const { exchange, asked } = await exchangeWith(HELD);
  expect(exchange).toMatchObject({ failure: null, reply: { status: 200 } });
  expect(asked).toBeGreaterThanOrEqual(4);
});

it('and ends at one that has not moved', async () => {
  const { exchange } = await exchangeWith(KEPT);
  expect(exchange).toMatchObject({ failure: { phase: 'http', code: 'DEADLINE' }, reply: null });
});
