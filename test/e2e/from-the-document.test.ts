import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { startTestSite } from '../../src/testsite/testsite.ts';
import { run, serverForTest, temporaryPlace } from '../kit/program.ts';

const FOLDER = join(import.meta.dirname, 'from-the-document');

it('a program written from the document alone watches a site, sees it break and heal, reads why, and removes it', async () => {
  const { folder } = temporaryPlace();
  const site = await startTestSite({ host: '127.0.0.1', port: 0, tlsPort: null, webhookSecret: null, nowMs: Date.now });
  onTestFinished(() => site.stop());
  const server = await serverForTest({ folder });
  const made = await run(
    ['keys', 'create', '--consumer', 'stranger', '--scope', 'write', '--rate-limit', '100000', '--json'],
    {
      folder,
    },
  );
  const { token } = JSON.parse(made.out) as { token: string };
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [join(FOLDER, 'program.ts'), `${server.address}/api/v1/openapi.json`, site.http],
    { env: { PATH: process.env['PATH'] ?? '', JETMON_KEY: token }, timeout: 100_000 },
  );
  const told = JSON.parse(stdout);
  expect(told).toEqual({
    consumer_name: 'stranger',
    site_id: 1,
    states: ['Seems Down', 'Down', 'Up'],
    open_while_down: 1,
    steps: ['Seems Down', 'Down', 'Resolved'],
    incidents: 1,
    incident_count: 1,
    uptime_percent: expect.any(Number),
    removed: true,
    judged: expect.any(Number),
  });
  expect(told.uptime_percent).toBeLessThan(100);
  expect(told.judged).toBeGreaterThan(15);
});

it('that program imports nothing of the project', () => {
  const files = readdirSync(FOLDER);
  const imported = files.flatMap((file) => {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    return [...text.matchAll(/(?:from|import) '([^']+)'|import\('([^']+)'\)/g)].map(
      ([, name, dynamic]) => name ?? dynamic,
    );
  });
  expect(imported.length).toBeGreaterThan(2);
  expect(imported.filter((name) => !/^(?:node:|ajv\/|\.\/\w+\.ts$)/.test(name ?? ''))).toEqual([]);
});
