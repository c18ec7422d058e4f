/** The page from its sources and the server beside it, each following changes; Ctrl-C ends both. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer } from 'vite';
import { watchLifeline } from '../src/app/lifeline.ts';
import { startGroup } from './child.ts';

const ROOT = join(import.meta.dirname, '..');
const NO_LIMIT_MS = 2 ** 31 - 1;
const port = process.env['HTTP_PORT'] ?? '8080';
const keyFile = join(process.env['JETMON_DATA_DIR'] ?? join(ROOT, 'data'), 'local.key');

const server = startGroup(
  process.execPath,
  ['--watch', '--watch-preserve-output', 'src/main.ts', 'serve', ...process.argv.slice(2)],
  { cwd: ROOT, stdio: 'inherit', env: { LOG_FORMAT: 'text', ...process.env, HTTP_PORT: port } },
  NO_LIMIT_MS,
);
watchLifeline(process.env, () => server.signal('SIGKILL'));

const page = existsSync(join(ROOT, 'web', 'index.html')) ? await startPage() : null;
page?.printUrls();
// `on`, not `once`: npm and the terminal may both hand on one Ctrl-C, and the second must not end us before the server.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => server.signal('SIGTERM'));
await server.ended;
await page?.close();

async function startPage() {
  const vite = await createServer({
    root: join(ROOT, 'web'),
    server: {
      host: '127.0.0.1',
      proxy: { '/api': { target: `http://127.0.0.1:${port}`, headers: {}, configure: signIn } },
    },
  });
  return await vite.listen();
}

/** Vite serves the page here, so the session cookie that comes with the real page is missing: use the local key. */
function signIn(proxy: {
  on(event: 'proxyReq', run: (request: { setHeader(name: string, value: string): void }) => void): unknown;
}) {
  proxy.on('proxyReq', (request) => {
    if (existsSync(keyFile)) request.setHeader('authorization', `Bearer ${readFileSync(keyFile, 'utf8').trim()}`);
  });
}
