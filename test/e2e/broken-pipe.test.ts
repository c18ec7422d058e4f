/** Whoever reads what the program prints may leave at any time, and the disk it goes to may be full. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { parseExposition } from '../kit/exposition.ts';
import { run, serverForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'jetmon2');

it('a server goes on watching when nobody reads its log any more', async () => {
  const site = await startSite({ behaviour: { kind: 'status', code: 500 } });
  onTestFinished(() => site.stop());
  const { folder } = temporaryPlace();
  const server = await serverForTest({ folder, env: { NUM_OF_CHECKS: '2' } });
  server.hangUp();
  await server.client.sites.create({ monitor_url: site.url, check_interval_seconds: 1 });
  await eventually('the outage is confirmed', async () => {
    for await (const event of server.client.events.list()) if (event.state === 'Down') return true;
    return false;
  });
  site.behave({ kind: 'up' });
  await eventually('the outage is over', async () => {
    for await (const event of server.client.events.list()) if (event.ended_at !== null) return true;
    return false;
  });
});

it('a command ends without a complaint when its reader has had enough', async () => {
  const { folder } = temporaryPlace();
  const child = spawn(process.execPath, [LAUNCHER, 'check', ...Array(50).fill('http://127.0.0.1:9/')], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said += text;
  });
  const [code, signal] = await once(child, 'close');
  expect({ said, code, signal }).toEqual({ said: '', code: 1, signal: null });
});

it('a server whose log is on a full disk goes on, counts what it could not say, and ends in order', async () => {
  const { folder } = temporaryPlace();
  const server = await serverForTest({ folder, env: { LOG_LEVEL: 'debug' }, errTo: openSync('/dev/full', 'w') });
  const headers = { authorization: `Bearer ${server.token}` };
  const text = await (await fetch(`${server.address}/metrics`, { headers })).text();
  const [lost] = parseExposition(text).get('jetmon_log_lines_dropped_total')?.samples ?? [];
  expect(lost?.value).toBeGreaterThan(0);
  expect(await server.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
});

it('a command whose output finds no room says so, and does not end well', async () => {
  const { folder } = temporaryPlace();
  const { code, err } = await run(['check', '--help'], { folder, outTo: openSync('/dev/full', 'w') });
  expect(code).toBe(1);
  expect(err).toMatch(/^error: what was to be printed could not be written \(ENOSPC\)\. Fix: .*\n$/);
});
