import { createHmac, X509Certificate } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFailures } from './failures.ts';
import { selfSignedIdentity } from './identity.ts';
import { createInbox } from './inbox.ts';
import { CannotListen, startTestSite, type TestSiteOptions } from './testsite.ts';

const NOW_MS = Date.UTC(2026, 4, 1);
const SECRET = 'whsec_TEST';

async function site(options: Partial<TestSiteOptions> = {}) {
  const defaults = { host: '127.0.0.1', port: 0, tlsPort: null, webhookSecret: null, nowMs: () => NOW_MS };
  const started = await startTestSite({ ...defaults, ...options });
  onTestFinished(started.stop);
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(started.http + path, { redirect: 'manual', ...init });
    const { status, headers } = response;
    return { status, text: await response.text(), location: headers.get('location'), allow: headers.get('allow') };
  };
  return { ...started, ask };
}

describe('the pages', () => {
  it.each([
    ['/', 200, /\/failure\?mode=/],
    ['/health', 200, /"ok"/],
    ['/ok', 200, /^ok$/m],
    ['/tls', 200, /^ok$/m],
    ['/keyword', 200, /jetmon-testsite-is-well/],
    ['/status/404', 404, /404/],
    ['/status/204', 204, /^$/],
    ['/status/599', 599, /599/],
    ['/status/600', 404, /no such page/],
    ['/slow?delay=1ms', 200, /late/],
    ['/constructor', 404, /no such page/],
    ['/site/a%00b', 404, /no such page/],
  ])('%s answers %i', async (path, status, text) => {
    const { ask } = await site();
    const reply = await ask(path);
    expect(reply.status).toBe(status);
    expect(reply.text).toMatch(text);
  });

  it('lead over as many redirects as were asked for to one that is well', async () => {
    const { ask } = await site();
    expect(await ask('/redirect')).toMatchObject({ status: 302, location: '/ok' });
    expect(await ask('/redirect?hops=3')).toMatchObject({ status: 302, location: '/redirect?hops=2' });
    expect(await ask('/redirect?hops=many')).toMatchObject({ status: 302, location: '/ok' });
  });

  it('say back the header fields that came', async () => {
    const { ask } = await site();
    const { text } = await ask('/headers', { headers: { 'x-try': 'me' } });
    expect(JSON.parse(text)).toMatchObject({ headers: { 'x-try': 'me' } });
  });

  it('answer HEAD without a body, and say which methods they take', async () => {
    const { ask } = await site();
    expect(await ask('/keyword', { method: 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect(await ask('/ok', { method: 'POST' })).toMatchObject({ status: 405, allow: 'GET' });
  });

  it('give up a late answer with the one who asked', async () => {
    const { ask, stop } = await site();
    await expect(ask('/slow?delay=30s', { signal: AbortSignal.timeout(50) })).rejects.toThrow();
    await stop();
  });
});

describe('the switch', () => {
  const set = (query: string) => [`/failure?${query}`, { method: 'POST' }] as const;

  it('breaks all sites or one, and heals them again', async () => {
    const { ask } = await site();
    expect((await ask('/site/a')).text).toContain('jetmon-testsite-is-well');
    expect((await ask(...set('mode=http-503&site=a'))).status).toBe(204);
    expect([(await ask('/site/a')).status, (await ask('/site/b')).status]).toEqual([503, 200]);
    await ask(...set('mode=http-403'));
    expect([(await ask('/site/a')).status, (await ask('/site')).status]).toEqual([503, 403]);
    expect(JSON.parse((await ask('/failure')).text)).toEqual({ all: 'http-403', sites: { a: 'http-503' } });
    await ask('/failure?site=a', { method: 'DELETE' });
    expect((await ask('/site/a')).status).toBe(403);
    await ask('/failure', { method: 'DELETE' });
    expect((await ask('/site/a')).status).toBe(200);
    expect((await ask('/ok')).status).toBe(200);
  });

  it('fails in more ways than by status', async () => {
    const { ask } = await site();
    await ask(...set('mode=keyword'));
    expect((await ask('/site')).text).not.toContain('jetmon-testsite-is-well');
    await ask(...set('mode=redirect'));
    expect(await ask('/site')).toMatchObject({ status: 302, location: '/ok' });
    await ask(...set('mode=drop'));
    await expect(ask('/site')).rejects.toThrow();
    await ask(...set('mode=timeout'));
    await expect(ask('/site', { signal: AbortSignal.timeout(50) })).rejects.toThrow();
  });

  it('refuses what it does not know, and more pages than it keeps', async () => {
    const { ask } = await site();
    expect((await ask(...set('mode=http-100'))).status).toBe(400);
    expect((await ask(...set('site=a/b'))).status).toBe(400);
    const failures = createFailures();
    for (let at = 0; at < 1_000; at += 1) failures.set('drop', `n${at}`);
    expect([failures.set('drop', 'one-more'), failures.set('keyword', 'n1')]).toEqual([false, true]);
  });
});

describe('webhooks', () => {
  const signed = (body: string, secret = SECRET, atMs = NOW_MS) => {
    const t = Math.floor(atMs / 1_000);
    const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
    return { 'x-jetmon-event': 'event.opened', 'x-jetmon-delivery': '7', 'x-jetmon-signature': `t=${t},v1=${v1}` };
  };

  it('are kept with what their signature is worth, until they are forgotten', async () => {
    const { ask } = await site({ webhookSecret: SECRET });
    const post = (headers: Record<string, string>, path = '/webhook') =>
      ask(path, { method: 'POST', body: '{"a":1}', headers });
    expect((await post(signed('{"a":1}'))).status).toBe(204);
    await post(signed('{"a":2}'));
    await post(signed('{"a":1}', SECRET, NOW_MS - 301_000));
    await post({});
    await post(signed('{"a":1}', 'other'), '/webhook?secret=other');
    const { count, requests } = JSON.parse((await ask('/webhook/requests')).text);
    expect(count).toBe(5);
    expect(requests.map((one: { signature_valid: boolean }) => one.signature_valid)).toEqual([
      true,
      false,
      false,
      false,
      true,
    ]);
    const { signature, ...first } = requests[0];
    const received_at = '2026-05-01T00:00:00.000Z';
    expect(first).toEqual({
      id: 1,
      received_at,
      event: 'event.opened',
      delivery: '7',
      signature_valid: true,
      body: '{"a":1}',
    });
    expect((await ask('/webhook/requests', { method: 'DELETE' })).status).toBe(204);
    expect(JSON.parse((await ask('/webhook/requests')).text)).toEqual({ count: 0, requests: [] });
  });

  it('say nothing of a signature where no secret is known, and refuse what is too large', async () => {
    const { ask } = await site();
    await ask('/webhook', { method: 'POST', body: 'x', headers: signed('x') });
    expect(JSON.parse((await ask('/webhook/requests')).text).requests[0]).not.toHaveProperty('signature_valid');
    const large = ask('/webhook', { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) });
    expect(
      await large.then(
        ({ status }) => status,
        () => 413,
      ),
    ).toBe(413);
    expect(JSON.parse((await ask('/webhook/requests')).text).count).toBe(1);
  });

  it('make room for newer ones, by number and by size', () => {
    const inbox = createInbox();
    const one = (body: string) => ({ received_at: '', event: null, delivery: null, signature: null, body });
    for (let at = 0; at < 1_200; at += 1) inbox.put(one('small'));
    expect(inbox.list()).toHaveLength(1_000);
    expect(inbox.list()[0]?.id).toBe(201);
    for (let at = 0; at < 40; at += 1) inbox.put(one('x'.repeat(1024 * 1024)));
    expect(inbox.list()).toHaveLength(16);
  });
});

describe('over TLS', () => {
  it('it shows a certificate of its own for loopback names, good for a day', async () => {
    const { cert } = await selfSignedIdentity(NOW_MS);
    const certificate = new X509Certificate(cert);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect([certificate.checkIP('127.0.0.1'), certificate.checkIP('::1')]).toEqual(['127.0.0.1', '::1']);
    expect(certificate.validToDate.getTime()).toBe(NOW_MS + 86_400_000);
    expect(certificate.ca).toBe(false);
  });

  it('it answers the same, and nobody trusts it unasked', async () => {
    const { https } = await site({ tlsPort: 0, nowMs: Date.now });
    const ask = (rejectUnauthorized: boolean) =>
      new Promise<unknown>((resolve) => {
        const asking = httpsRequest(`${https}/tls`, { rejectUnauthorized, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        asking.on('error', (error: NodeJS.ErrnoException) => resolve(error.code)).end();
      });
    expect(await ask(true)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(await ask(false)).toBe(200);
  });
});

it('a port that is taken is told by its number, and nothing stays open', async () => {
  const { http } = await site();
  const port = Number(new URL(http).port);
  const refused = await site({ tlsPort: port }).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(CannotListen);
  expect(refused).toMatchObject({ port, cause: { code: 'EADDRINUSE' } });
});
