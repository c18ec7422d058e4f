import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { parseExposition } from '../kit/exposition.ts';
import { run, startForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';
import { askOne, clientOf, question, TOKEN } from '../kit/verifier.ts';

const ENV = { VERIFIER_AUTH_TOKEN: TOKEN, VERIFIER_BIND: '127.0.0.1' };

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function check(port: number, token: string, sites: object[] = []) {
  const body = JSON.stringify({ sites });
  return fetch(`http://127.0.0.1:${port}/check`, { method: 'POST', headers: bearer(token), body });
}

/** The value of the sample that has these labels. */
async function metric(port: number, name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
  const reply = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: bearer(TOKEN) });
  const samples = parseExposition(await reply.text()).get(name)?.samples ?? [];
  return samples.find((one) => Object.entries(labels).every(([key, value]) => one.labels[key] === value))?.value;
}

describe('jetmon2 verifier', () => {
  it('looks at sites for whoever knows the token, logs no secret and no query, and ends in order', async () => {
    const site = await startSite();
    onTestFinished(site.stop);
    const { folder } = temporaryPlace();
    const verifier = await startForTest(['verifier', '--port', '0', '--json'], { folder, env: ENV });
    expect(verifier.document).toMatchObject({ security: 'plaintext', pid: expect.any(Number) });
    const { port } = verifier.document as { port: number };
    const asked = question(`${site.url}page?key=s3cr3t`, { requestId: 'of-the-test' });
    expect(await askOne(clientOf({ port }), asked)).toMatchObject({ kind: 'answer', says: 'up', httpCode: 200 });
    // Its own port is no site, whoever asks.
    expect(await askOne(clientOf({ port }), question(`http://127.0.0.1:${port}/status`))).toMatchObject({
      says: 'none',
      reason: 'egress_forbidden',
    });
    const { code, err } = await verifier.end('SIGTERM');
    expect(code).toBe(0);
    expect(err).toContain('of-the-test');
    for (const secret of ['s3cr3t', TOKEN]) expect(err).not.toContain(secret);
  });

  it('takes the file of the verifier before it, and probes from the address it is told', async () => {
    const { folder } = temporaryPlace();
    mkdirSync(join(folder, 'config'));
    writeFileSync(join(folder, 'config', 'veriflier.json'), JSON.stringify({ auth_token: TOKEN, port: 7_803 }));
    const env = { VERIFIER_BIND: '127.0.0.1', VERIFIER_PORT: '0', BIND_SOURCE: '127.0.0.2' };
    const verifier = await startForTest(['verifier', '--json'], { folder, env });
    const { port } = verifier.document as { port: number };
    const reply = await fetch(`http://127.0.0.1:${port}/check`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: '{"sites":[]}',
    });
    expect(await reply.text()).toBe('{"results":[]}');
  });

  it.each([
    ['without a token', [], {}, /VERIFIER_AUTH_TOKEN: there is no token.*Fix: /],
    ['with a port that is none', ['--port', 'http'], ENV, /--port "http" is not a number.*Fix: /],
    [
      'from an address that is not ours',
      [],
      { ...ENV, BIND_SOURCE: '192.0.2.77' },
      /BIND_SOURCE: nothing can be sent.*Fix: /,
    ],
  ])('refuses to start %s', async (_, words, env, said) => {
    const { folder } = temporaryPlace();
    const { code, err } = await run(['verifier', ...words], { folder, env });
    expect(code).toBe(2);
    expect(err).toMatch(said);
  });
});

describe('a verifier tells of itself', () => {
  it('in /metrics, to whoever knows its token, and to StatsD', async () => {
    const site = await startSite();
    onTestFinished(site.stop);
    const received: string[] = [];
    const statsd = createSocket('udp4').on('message', (message) => received.push(message.toString()));
    statsd.bind(0, '127.0.0.1');
    await once(statsd, 'listening');
    onTestFinished(() => void statsd.close());
    const { folder } = temporaryPlace();
    const env = { ...ENV, STATSD_ADDR: `127.0.0.1:${statsd.address().port}`, STATS_UPDATE_INTERVAL_MS: '1000' };
    const verifier = await startForTest(['verifier', '--port', '0', '--json'], { folder, env });
    const { port } = verifier.document as { port: number };
    const stranger = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect([stranger.status, stranger.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status).toBe(405);
    expect((await check(port, 'not-its-token')).status).toBe(401);
    expect((await check(port, TOKEN, [{ URL: 7 }])).status).toBe(400);
    expect(await askOne(clientOf({ port }), question(site.url))).toMatchObject({ says: 'up' });
    const server = 'jetmon_verifier_server';
    expect(await metric(port, `${server}_refusals_total`, { why: 'token' })).toBe(2);
    expect(await metric(port, `${server}_refusals_total`, { why: 'unreadable' })).toBe(1);
    expect(await metric(port, `${server}_requests_total`, { surface: 'rpc' })).toBe(1);
    expect(await metric(port, `${server}_requests_total`, { surface: 'check' })).toBe(2);
    expect(await metric(port, `${server}_looks_total`)).toBe(1);
    expect(await metric(port, `${server}_verdicts_total`, { state: 'up' })).toBe(1);
    expect(await metric(port, `${server}_batches_in_flight`)).toBe(0);
    expect(await metric(port, 'jetmon_build_info')).toBe(1);
    for (const name of ['checks.received.count:1|c', 'auth.rejected.count:2|c', 'checks.duration.timer:']) {
      await eventually(`${name} reaches StatsD`, () => received.some((line) => line.includes(`.verifier.${name}`)));
    }
  });

  it('and goes on when nobody reads its log: what waits is bounded, the rest is counted, and its end comes', async () => {
    const { folder } = temporaryPlace();
    const verifier = await startForTest(['verifier', '--port', '0', '--json'], { folder, env: ENV });
    const { port } = verifier.document as { port: number };
    verifier.stopReading();
    // Nobody may look there, so that each costs nothing but its line.
    const sites = Array.from({ length: 200 }, (_, at) => ({
      URL: `http://10.0.0.1/${'x'.repeat(280)}`,
      RequestID: String(at).padStart(128, '0'),
    }));
    await eventually('lines are dropped', async () => {
      // It cannot tell how they are.
      expect((await check(port, TOKEN, sites)).status).toBe(503);
      return ((await metric(port, 'jetmon_log_lines_dropped_total')) ?? 0) > 0;
    });
    expect(await verifier.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
  });
});

describe('a verifier that is told to read its configuration again', () => {
  it('takes other tokens, names what waits, and keeps what it had when it is not usable', async () => {
    const { folder } = temporaryPlace();
    mkdirSync(join(folder, 'config'));
    const write = (text: string) => writeFileSync(join(folder, 'config', 'config.json'), text);
    write(JSON.stringify({ VERIFIER_AUTH_TOKEN: 'the-first-token-there-is' }));
    const env = { VERIFIER_BIND: '127.0.0.1' };
    const verifier = await startForTest(['verifier', '--port', '0', '--json'], { folder, env });
    const { port } = verifier.document as { port: number };
    const admitted = async (token: string) => (await check(port, token)).status === 200;
    expect(await admitted('the-first-token-there-is')).toBe(true);
    write(JSON.stringify({ VERIFIER_AUTH_TOKEN: TOKEN, METRICS_PUBLIC: true, VERIFIER_NAME: 'other' }));
    verifier.signal('SIGHUP');
    await eventually('the other token holds', () => admitted(TOKEN));
    expect(await admitted('the-first-token-there-is')).toBe(false);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
    await eventually('it is said', () => verifier.log().includes('other tokens hold now'));
    expect(verifier.log()).toMatch(/was read again .*restart_needed=\["VERIFIER_NAME"\]/);
    for (const broken of ['{"VERIFIER_AUTH_TOK', JSON.stringify({ VERIFIER_AUTH_TOKEN: ' , ' })]) {
      const before = verifier.log().length;
      write(broken);
      verifier.signal('SIGHUP');
      await eventually('it is refused', () => verifier.log().slice(before).includes('the configuration was refused'));
    }
    expect(await admitted(TOKEN)).toBe(true);
    expect(await metric(port, 'jetmon_config_reloads_total', { result: 'refused' })).toBe(2);
    for (const secret of [TOKEN, 'the-first-token-there-is']) expect(verifier.log()).not.toContain(secret);
  });
});
