import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run, startForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';
import { askOne, clientOf, question, TOKEN } from '../kit/verifier.ts';

const ENV = { VERIFIER_AUTH_TOKEN: TOKEN, VERIFIER_BIND: '127.0.0.1' };

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
