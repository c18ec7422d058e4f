import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { type DnsServer, startDnsServer } from '../../test/kit/dns-server.ts';

const run = promisify(execFile);

/** Runs a program of its own that has a DNS client called `resolver`, and returns what it prints. */
async function program(dns: DnsServer, lines: string[], openFiles = 1_024): Promise<string> {
  const own = (path: string): string => new URL(path, import.meta.url).href;
  const code = [
    `import { closeSync, openSync } from 'node:fs';`,
    `import { systemClock as clock } from '${own('../lib/clock.ts')}';`,
    `import { createDeadlines } from '${own('deadlines.ts')}';`,
    `import { createResolver } from '${own('resolve.ts')}';`,
    `const resolver = createResolver({ servers: ['${dns.address}'], clock, deadlines: createDeadlines(clock) });`,
    `const ask = (name) => new Promise((done) => resolver.ask(name, clock.monotonicMs() + 5_000, done));`,
    ...lines,
  ].join('\n');
  const limited = [
    '-c',
    `ulimit -n ${openFiles}; exec "$@"`,
    'sh',
    process.execPath,
    '--input-type=module',
    '-e',
    code,
  ];
  return (await run('sh', limited)).stdout;
}

async function startNames(): Promise<DnsServer> {
  const dns = await startDnsServer();
  onTestFinished(() => dns.stop());
  dns.answer('found.test', ['192.0.2.4']);
  dns.answer('silent.test', 'SILENT');
  return dns;
}

it('lets a program end that has asked and has nothing else to do', async () => {
  const dns = await startNames();
  const printed = await program(dns, [
    `const found = await ask('found.test');`,
    `resolver.ask('silent.test', clock.monotonicMs() + 50, ({ code }) => console.log(found.addresses, code));`,
  ]);
  expect(printed.trim()).toBe("[ '192.0.2.4' ] TIMEOUT");
});

it('calls it trouble of ours when there is no descriptor left, and recovers', async () => {
  const dns = await startNames();
  const printed = await program(
    dns,
    [
      `const open = [];`,
      `try { for (;;) open.push(openSync('/dev/null', 'r')); } catch {}`,
      `const failed = await ask('found.test');`,
      `for (const fd of open) closeSync(fd);`,
      `const found = await ask('found.test');`,
      `console.log(JSON.stringify({ failed: [failed.code, failed.detail.includes('EMFILE')], found: found.addresses }));`,
    ],
    64,
  );
  expect(JSON.parse(printed)).toEqual({ failed: ['LOCAL_FAILURE', true], found: ['192.0.2.4'] });
});

it('reads what has come while the program was held up, before it calls it late', async () => {
  const dns = await startNames();
  const printed = await program(dns, [
    `const asked = new Promise((done) => resolver.ask('found.test', clock.monotonicMs() + 100, done));`,
    `setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600));`,
    `console.log(JSON.stringify((await asked).addresses));`,
  ]);
  expect(JSON.parse(printed)).toEqual(['192.0.2.4']);
});
