import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { type Behaviour, type Site, startSite } from '../../test/kit/site.ts';

const program = fileURLToPath(new URL('../../test/kit/prober-process.ts', import.meta.url));
const TIMEOUT_MS = 2_000;
const PAUSE_MS = 3_500;
const TIMES = 40;

const sites: Site[] = [];
let slow: Site;
let silent: Site;
let broken: Site;
let resetting: Site;
let printed: [url: string, state: string, reason: string, ms: number][] = [];

async function site(behaviour: Behaviour): Promise<Site> {
  const started = await startSite({ behaviour });
  sites.push(started);
  return started;
}

function verdictsOn({ url }: Site): typeof printed {
  return printed.filter(([probed]) => probed === url);
}

/** All sites are probed by a process of its own, which is paused as soon as each of them has been asked. */
beforeAll(async () => {
  slow = await site({ kind: 'delay', ms: 300 });
  silent = await site({ kind: 'hang', at: 'request' });
  broken = await site({ kind: 'status', code: 500 });
  resetting = await site({ kind: 'reset', at: 'body' });
  const urls = [silent.url, broken.url, resetting.url, ...Array.from({ length: TIMES }, () => slow.url)];
  const child = spawn(process.execPath, [program, String(TIMEOUT_MS), ...urls], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  const ended = once(child, 'exit');
  await eventually(
    'every site has been asked',
    () => sites.reduce((sum, one) => sum + one.requests(), 0) === urls.length,
    { everyMs: 5 },
  );
  child.kill('SIGSTOP');
  await delay(PAUSE_MS);
  child.kill('SIGCONT');
  await ended;
  printed = JSON.parse(output);
}, 60_000);

afterAll(async () => {
  for (const one of sites) await one.stop();
});

describe('a prober that was paused for longer than its time-out', () => {
  it('calls no site down that answered in time: it reads the answers before it looks at the time', () => {
    expect(verdictsOn(slow)).toHaveLength(TIMES);
    expect(verdictsOn(slow).filter(([, state]) => state !== 'Up')).toEqual([]);
  });

  it('asks a silent site again, and believes only a silence that it listened to', () => {
    const [verdict] = verdictsOn(silent);
    expect(silent.requests()).toBeGreaterThan(1);
    // Beside a busy CPU every one of its runs may be void.
    if (silent.requests() === 4 && verdict?.[1] === 'Unknown') expect(verdict[2]).toBe('monitor_stalled');
    else expect(verdict?.slice(1, 3)).toEqual(['Seems Down', 'http_timeout']);
  });

  it('believes an answer that needs no clock', () => {
    expect(verdictsOn(broken)[0]?.[2]).toBe('http_server_error');
    expect(verdictsOn(resetting)[0]?.[2]).toBe('body_truncated');
  });
});
