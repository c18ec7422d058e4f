import { writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { type Ran, runCommand } from '../../../test/kit/commands.ts';
import { temporaryFolder } from '../../../test/kit/store.ts';
import * as api from '../api.ts';
import { isLocalHost } from './local-host.ts';

const TOKEN = 'canary-token-77';

type Received = { method: string; url: string; headers: IncomingHttpHeaders };

/** A server that notes what it is asked, and answers as it is told; JSON unless told otherwise. */
async function answering(
  answer: (request: Received) => { status?: number; headers?: Record<string, string>; body?: string } | null,
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers };
    received.push(one);
    const reply = answer(one);
    if (reply !== null) response.writeHead(reply.status ?? 200, reply.headers).end(reply.body ?? '{"status":"ok"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function run(words: readonly string[], env: Record<string, string> = {}, input = ''): Promise<Ran> {
  return runCommand(api, words, { env, input });
}

const sendTo = (address: string) => ['--base-url', address, '--token', TOKEN];

describe('where the key comes from and goes to', () => {
  it('is the environment, a flag, a file or standard input', async () => {
    const server = await startApi();
    const file = join(temporaryFolder(), 'key');
    writeFileSync(file, `${LOCAL_KEY}\n`);
    const address = { JETMON_API_URL: server.address };
    for (const ran of [
      await run(['me', '--json'], { ...address, JETMON_API_TOKEN: LOCAL_KEY }),
      await run(['me', '--json', '--token', LOCAL_KEY], { ...address, JETMON_API_TOKEN: 'another' }),
      await run(['me', '--json', '--token-file', file, '--base-url', server.address]),
      await run(['me', '--json', '--token-file', '-'], address, `${LOCAL_KEY}\n`),
    ]) {
      expect(ran).toMatchObject({ code: 0, err: '' });
      expect(JSON.parse(ran.out)).toMatchObject({ consumer_name: 'local' });
    }
    const nobody = await run(['me'], address);
    expect(nobody).toMatchObject({ code: 1, out: '' });
    expect(nobody.err).toMatch(/^error: .+ Fix: /);
  });

  it('is not another origin, be it named or pointed at by a redirect, unless every one is trusted', async () => {
    const other = await answering(() => ({}));
    const server = await answering(() => ({ status: 302, headers: { location: `${other.address}/api/v1/health` } }));
    const redirected = await run(['health', ...sendTo(server.address)]);
    expect(redirected).toMatchObject({ code: 1, out: '' });
    expect(redirected.err).toContain(`redirect (302) to ${other.address}/api/v1/health, which is not followed`);
    expect(other.received).toEqual([]);

    await run([
      'request',
      'GET',
      `${other.address}/x`,
      ...sendTo(server.address),
      '--header',
      'X-Api-Key: k',
      '--header',
      'X-Plain: p',
    ]);
    expect(other.received.at(-1)?.headers).toMatchObject({ 'x-plain': 'p' });
    expect(other.received.at(-1)?.headers).not.toHaveProperty('authorization');
    expect(other.received.at(-1)?.headers).not.toHaveProperty('x-api-key');

    await run(['health', ...sendTo(server.address), '--auth-policy', 'any-origin']);
    expect(other.received.at(-1)?.headers.authorization).toBe(`Bearer ${TOKEN}`);
  });

  it('follows redirects within the server for reads alone, and not for ever', async () => {
    const server = await answering(({ url }) =>
      url === '/there' ? {} : { status: 307, headers: { location: url === '/loop' ? '/loop' : '/there' } },
    );
    expect((await run(['request', 'GET', '/here', ...sendTo(server.address)])).code).toBe(0);
    expect(server.received.map(({ url }) => url)).toEqual(['/here', '/there']);
    expect((await run(['request', 'GET', '/loop', ...sendTo(server.address)])).code).toBe(1);
    server.received.length = 0;
    const changed = await run(['sites', 'pause', '1', ...sendTo(server.address)]);
    expect(changed).toMatchObject({ code: 1 });
    expect(server.received.map(({ method }) => method)).toEqual(['POST']);
  });

  it('is not said by --verbose, nor is anything else of that kind', async () => {
    const server = await answering(() => ({ headers: { 'set-cookie': 'canary-cookie', 'x-evil': 'a\u009bb' } }));
    const secrets = [
      '--header',
      'X-Api-Key: canary-1',
      '--header',
      'Cookie: canary-2',
      '--header',
      'Proxy-Authorization: canary-3',
    ];
    const ran = await run(['health', '-v', ...sendTo(server.address), ...secrets]);
    expect(ran.err).not.toContain('canary');
    expect(ran.err).toContain(`> GET ${server.address}/api/v1/health\n`);
    expect(ran.err).toContain('> authorization: [redacted]\n');
    expect(ran.err).toContain('< 200 OK\n');
    expect(ran.err).toContain('< x-evil: a\\u009bb\n');
    const once = await run(['sites', 'pause', '1', '-v', ...sendTo(server.address), '--idempotency-key', 'canary-4']);
    expect(once.err).not.toContain('canary');
    expect(server.received.at(-1)?.headers['idempotency-key']).toBe('canary-4');
  });
});

describe('a change', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'with %s on a host that is not this machine needs to be allowed',
    async (method) => {
      const remote = [
        'request',
        method,
        '/api/v1/sites',
        '--body',
        '{}',
        '--base-url',
        'http://192.0.2.1:9',
        '--timeout',
        '1s',
      ];
      await expect(run(remote)).rejects.toMatchObject({
        code: 'invalid_arguments',
        message: '192.0.2.1:9 is not this machine, and this would change something there',
        fix: 'give --allow-remote if that is meant',
      });
    },
  );

  it('needs it for a whole address, too, and for commands of operations', async () => {
    const address = ['--base-url', 'http://192.0.2.1:9'];
    await expect(run(['sites', 'delete', '1', ...address])).rejects.toMatchObject({ code: 'invalid_arguments' });
    const elsewhere = ['request', 'POST', 'http://192.0.2.1:9/x', '--base-url', 'http://127.0.0.1:1'];
    await expect(run(elsewhere)).rejects.toMatchObject({ code: 'invalid_arguments' });
  });

  it.each([
    ['http://localhost:8090', true],
    ['http://api.localhost', true],
    ['http://LOCALHOST.', true],
    ['http://127.8.9.10', true],
    ['http://2130706433', true],
    ['http://[::1]:1', true],
    ['http://[::ffff:127.0.0.1]', true],
    ['http://localhost.example.com', false],
    ['http://notlocalhost', false],
    ['http://127.0.0.1.example.com', false],
    ['http://0.0.0.0', false],
    ['http://[::ffff:10.0.0.1]', false],
    ['http://10.0.0.1', false],
  ])('on %s: local is %s', (address, isLocal) => {
    expect(isLocalHost(new URL(address))).toBe(isLocal);
  });
});

describe('what goes wrong', () => {
  it('on the way ends with 1: no server, a late one, one that is not ours', async () => {
    const silent = await answering(() => null);
    const strange = await answering(() => ({ body: '<html>' }));
    const none = await run(['health', '--base-url', 'http://127.0.0.1:1']);
    expect(none).toMatchObject({
      code: 1,
      out: '',
      err: 'error: no reply from http://127.0.0.1:1. Fix: check that the server is running.\n',
    });
    const late = await run(['health', '--base-url', silent.address, '--timeout', '1s', '--json']);
    expect(late.code).toBe(1);
    expect(JSON.parse(late.err)).toMatchObject({
      error: { code: 'server_unreachable', message: expect.stringMatching(/within 1 s$/) },
    });
    const html = await run(['health', '--base-url', strange.address]);
    expect(html).toMatchObject({ code: 1, err: expect.stringMatching(/is not one of ours/) });
  });

  it.each([
    [['--base-url', 'ftp://a'], '--base-url "ftp://a" is not an http or https address'],
    [['--base-url', 'http://u:p@a'], '--base-url holds a user name or password'],
    [['--base-url', 'http://a/?x'], '--base-url "http://a/?x" has a query or fragment'],
    [['--timeout', '0'], '--timeout "0" is not a span from 1s to 1h'],
    [['--output', 'xml'], '--output "xml" is not known'],
    [['--auth-policy', 'never'], '--auth-policy "never" is not known'],
    [['--header', 'no colon'], '--header is not a header field'],
    [['--header', 'Authorization: x'], '--header Authorization cannot be set by hand'],
    [['--token', 'two words'], '--token holds no API key'],
    [['--token', 'x', '--token-file', 'y'], '--token and --token-file exclude each other'],
    [['--token-file', '/nowhere/key'], '--token-file /nowhere/key cannot be read (ENOENT)'],
  ])('in %j is refused before anything is asked', async (words, message) => {
    await expect(run(['health', '--base-url', 'http://127.0.0.1:1', ...words])).rejects.toMatchObject({
      code: 'invalid_arguments',
      message,
      fix: expect.any(String),
    });
  });

  it('with the words of the environment names the variable', async () => {
    await expect(run(['health'], { JETMON_API_URL: 'x' })).rejects.toMatchObject({
      message: expect.stringMatching(/^JETMON_API_URL "x"/),
    });
    const odd = { JETMON_API_URL: 'http://127.0.0.1:1', JETMON_API_AUTH_POLICY: 'x' };
    await expect(run(['health'], odd)).rejects.toMatchObject({
      message: expect.stringMatching(/^JETMON_API_AUTH_POLICY "x"/),
    });
  });
});
