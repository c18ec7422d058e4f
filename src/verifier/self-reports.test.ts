import { expect, it, onTestFinished } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { closedPort, startTcpServer } from '../../test/kit/tcp-server.ts';
import { clientOf, scriptedProber, startVerifier } from '../../test/kit/verifier.ts';
import { createSelfReports } from './self-reports.ts';

it('verifiers say of themselves how they are, all at once, and whoever is silent keeps nobody waiting for long', async () => {
  const { port } = await startVerifier({ createProber: scriptedProber().createProber });
  const silent = await startTcpServer(() => {});
  onTestFinished(silent.stop);
  const selfReports = createSelfReports(
    new Map([
      ['well', clientOf({ port, authToken: 'wrong' })],
      ['gone', clientOf({ port: await closedPort() })],
      ['silent', clientOf({ port: silent.port })],
    ]),
    createFakeClock(),
  );
  expect([...(await selfReports())]).toEqual([
    ['well', { ok: true, version: '9.9.9' }],
    ['gone', { ok: false, version: null }],
    ['silent', { ok: false, version: null }],
  ]);
});

it('a verifier is asked how it is once for all who want to know it, and anew after a while', async () => {
  const clock = createFakeClock();
  let asked = 0;
  const status = async () => ({ ok: true, version: `${++asked}` });
  const selfReports = createSelfReports(new Map([['one', { status }]]), clock);
  const [first, second] = await Promise.all([selfReports(), selfReports()]);
  clock.advance(9_999);
  expect([first, second, await selfReports()]).toEqual(Array(3).fill(new Map([['one', { ok: true, version: '1' }]])));
  clock.advance(1);
  expect((await selfReports()).get('one')?.version).toBe('2');
});
