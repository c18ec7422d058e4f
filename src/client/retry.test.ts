import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LOCAL_KEY, startApi } from '../../test/kit/api.ts';
import { createSite, updateSite } from '../contracts/sites.ts';
import { createClient } from './client.ts';
import type { RetryOptions } from './retry.ts';

const SITE = { monitor_url: 'https://a.example/' };

/** What stands between client and server does to one request. */
type Deed =
  /** Hands it on, and the reply back. */
  | 'pass'
  /** Hands it on, and breaks the connection once it was carried out. */
  | 'drop reply'
  /** Breaks the connection in the middle of the reply. */
  | 'half a reply'
  /** Breaks the connection at once. */
  | 'drop request'
  | { status: number; retryAfter?: string; code?: string };

/** A server behind something that fails as it is told, request by request, and passes all others on. */
async function failing(deeds: Deed[], retry: RetryOptions = {}) {
  const api = await startApi();
  const sent: string[] = [];
  const waits: number[] = [];
  const front = createServer((request, response) => {
    void play(deeds.shift() ?? 'pass', request, response, api.address, sent);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    front.closeAllConnections();
    front.close();
  });
  const clock = {
    after(delayMs: number, run: () => void) {
      waits.push(delayMs);
      const timer = setTimeout(run, 0);
      return { cancel: () => clearTimeout(timer) };
    },
  };
  const baseUrl = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const client = createClient({ baseUrl, token: LOCAL_KEY, retry: { clock, random: () => 1, ...retry } });
  const siteCount = async () => (await api.ask('GET', '/api/v1/sites')).body.data.length;
  return { api, client, sent, waits, siteCount };
}

async function play(
  deed: Deed,
  request: IncomingMessage,
  response: ServerResponse,
  address: string,
  sent: string[],
): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  sent.push(`${method} ${url} ${request.headers['idempotency-key'] ?? '-'}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
  if (deed === 'drop request') return void request.socket.destroy();
  if (typeof deed === 'object') {
    const { status, retryAfter, code = 'unavailable' } = deed;
    response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter });
    return void response.end(JSON.stringify({ error: { code, message: 'not now' } }));
  }
  const { authorization = '', 'idempotency-key': key } = request.headers;
  const reply = await fetch(address + url, {
    method,
    headers: { authorization, ...(typeof key === 'string' ? { 'idempotency-key': key } : {}) },
    ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
  });
  const text = await reply.text();
  if (deed === 'drop reply') return void request.socket.destroy();
  response.writeHead(reply.status, { 'content-length': Buffer.byteLength(text) });
  if (deed === 'pass') return void response.end(text);
  response.write(text.slice(0, 10), () => request.socket.destroy());
}

describe('a call with an idempotency key', () => {
  it.each(['drop reply', 'half a reply'] as const)(
    'gets its reply after a lost one (%s), and is done once',
    async (deed) => {
      const { client, sent, siteCount } = await failing([deed]);
      const site = await client.sites.create(SITE, { idempotencyKey: 'k1' });
      expect(site).toMatchObject({ id: 1, monitor_url: SITE.monitor_url });
      expect(sent).toEqual(['POST /api/v1/sites k1', 'POST /api/v1/sites k1']);
      expect(await siteCount()).toBe(1);
    },
  );

  it('is sent again when it never arrived, with longer and longer waits', async () => {
    const { client, waits, siteCount } = await failing(['drop request', 'drop request', 'drop request']);
    await client.sites.create(SITE, { idempotencyKey: 'k1' });
    expect(waits).toEqual([250, 500, 1_000]);
    expect(await siteCount()).toBe(1);
  });

  it('waits between half and all of it, by chance', async () => {
    const { client, waits } = await failing(['drop request', 'drop request'], { random: () => 0 });
    await client.sites.create(SITE, { idempotencyKey: 'k1' });
    expect(waits).toEqual([125, 250]);
  });

  it.each([
    { status: 503, retryAfter: '2' },
    { status: 429, retryAfter: '2' },
    { status: 409, retryAfter: '2', code: 'idempotency_in_progress' },
  ])('comes back when it is asked to (%j)', async (deed) => {
    const { client, waits } = await failing([deed]);
    expect((await client.sites.create(SITE, { idempotencyKey: 'k1' })).id).toBe(1);
    expect(waits).toEqual([2_250]);
  });

  it.each([
    { status: 503 },
    { status: 503, retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' },
    { status: 429, retryAfter: '61' },
    { status: 409, retryAfter: '1', code: 'site_exists' },
    { status: 500, retryAfter: '1' },
    { status: 400 },
  ])('is not sent again after %j', async (deed) => {
    const { client, sent } = await failing([deed]);
    const creating = client.sites.create(SITE, { idempotencyKey: 'k1' });
    await expect(creating).rejects.toMatchObject({ status: deed.status, code: deed.code ?? 'unavailable' });
    expect(sent).toHaveLength(1);
  });

  it('gives up after so many times', async () => {
    const { client, sent } = await failing(Array(9).fill('drop request'), { times: 2 });
    const creating = client.sites.create(SITE, { idempotencyKey: 'k1' });
    await expect(creating).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(sent).toHaveLength(3);
  });

  it('ends with the reason of the signal while it waits', async () => {
    const clock = { after: () => ({ cancel: () => {} }) };
    const { client, sent } = await failing(['drop request'], { clock });
    const abort = new AbortController();
    const creating = client.call(createSite, { body: SITE, idempotencyKey: 'k1', signal: abort.signal });
    await expect.poll(() => sent.length).toBe(1);
    abort.abort(new Error('enough'));
    await expect(creating).rejects.toThrow('enough');
  });
});

describe('what may have been done', () => {
  it('is never sent again without a key', async () => {
    const { client, sent } = await failing(['drop reply', 'drop reply', 'drop reply'], { reads: true });
    await expect(client.sites.create(SITE)).rejects.toMatchObject({ code: 'server_unreachable' });
    await expect(client.sites.pause(1)).rejects.toMatchObject({ code: 'server_unreachable' });
    await expect(client.sites.remove(1)).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(sent).toEqual(['POST /api/v1/sites -', 'PATCH /api/v1/sites/1 -', 'DELETE /api/v1/sites/1 -']);
  });

  it('is not sent again, and has no key, where the operation does not honour one', async () => {
    const { client, sent } = await failing(['drop reply']);
    // Written into the call, the types would not let it pass.
    const input = { params: { site_id: 1 }, body: {}, idempotencyKey: 'k1' };
    await expect(client.call(updateSite, input)).rejects.toMatchObject({ code: 'server_unreachable' });
    expect(sent).toEqual(['PATCH /api/v1/sites/1 -']);
  });
});

describe('reading', () => {
  it('is tried again where that is wanted, and else once', async () => {
    const once = await failing(['drop request']);
    await expect(once.client.health()).rejects.toMatchObject({ code: 'server_unreachable' });
    const often = await failing(['drop request', { status: 503, retryAfter: '0' }], { reads: true });
    expect(await often.client.health()).toEqual({ status: 'ok' });
    expect(often.sent).toHaveLength(3);
  });
});
