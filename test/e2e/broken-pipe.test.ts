/** Whoever reads what the program prints may leave at any time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { serverForTest, temporaryPlace } from '../kit/program.ts';
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
