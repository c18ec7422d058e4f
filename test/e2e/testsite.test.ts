import { expect, it } from 'vitest';
import { run, startForTest, temporaryPlace } from '../kit/program.ts';

it('the test site is watched, breaks on request and ends when told', async () => {
  const { folder } = temporaryPlace();
  const site = await startForTest(['testsite', '--port', '0', '--tls-port', '0', '--json'], { folder });
  const { http, https } = site.document as { http: string; https: string };
  expect(https).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  expect((await run(['check', `${http}/site`], { folder })).code).toBe(0);
  await fetch(`${http}/failure?mode=http-500`, { method: 'POST' });
  expect((await run(['check', `${http}/site`], { folder })).code).toBe(1);
  expect(await site.end('SIGTERM')).toMatchObject({ code: 0, err: '' });
});

it('a test site that cannot listen says why and how to go on', async () => {
  const { folder } = temporaryPlace();
  const site = await startForTest(['testsite', '--port', '0', '--json'], { folder });
  const { port } = new URL(site.document['http'] as string);
  const { code, err } = await run(['testsite', '--port', port], { folder });
  expect(code).toBe(2);
  expect(err).toMatch(/another program listens there\. Fix: .*--port/);
  expect((await run(['testsite', '--port', 'x'], { folder })).err).toContain('--port "x" is not a number');
  expect((await run(['testsite', '--help'], { folder })).out).toContain('$ jetmon2 testsite');
});
