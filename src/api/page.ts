/**
 * The dashboard's files, read into memory once at start: what is served is what was there, and no path ever comes
 * from a request.
 */
import { type Dirent, existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Auth } from './auth.ts';

/** Nothing inline, nothing from elsewhere, no framing (reliability.md E21). */
export const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'self'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

const MAX_FILES = 200;
const MAX_BYTES = 16 * 1024 * 1024;

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Jetmon 2</title>
<h1>The page is not built yet</h1>
<p>Stop the server and run <code>npm start</code>, which builds it. The API works without it, under
<code>/api/v1</code>.</p></html>
`;

type PageFile = { bytes: Buffer; type: string };

/** Serves `directory` at `/`, its `assets` folder at `/assets/`; without one, a page that says how to build it. */
export function servePage(app: FastifyInstance, directory: string, auth: Auth): void {
  const files = loadFiles(directory);
  const index = files.get('/index.html') ?? { bytes: Buffer.from(NOT_BUILT), type: 'text/html; charset=utf-8' };
  files.delete('/index.html');
  app.get('/', (request: FastifyRequest, reply: FastifyReply) => {
    const session = auth.sessionFor(request);
    if (session !== null) reply.header('set-cookie', session);
    return send(reply, index);
  });
  for (const [path, file] of files) {
    app.get(path, (_request: FastifyRequest, reply: FastifyReply) => {
      // Names under /assets carry a hash of their content.
      if (path.startsWith('/assets/')) reply.header('cache-control', 'public, max-age=31536000, immutable');
      return send(reply, file);
    });
  }
}

function send(reply: FastifyReply, file: PageFile): FastifyReply {
  return reply.header('content-security-policy', PAGE_POLICY).type(file.type).send(file.bytes);
}

function loadFiles(directory: string): Map<string, PageFile> {
  const files = new Map<string, PageFile>();
  let bytes = 0;
  for (const [path, file] of [...listed(directory, '/'), ...listed(join(directory, 'assets'), '/assets/')]) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const loaded = { bytes: readFileSync(file), type };
    bytes += loaded.bytes.length;
    if (files.size >= MAX_FILES || bytes > MAX_BYTES) throw new RangeError(`too much to serve in ${directory}`);
    files.set(path, loaded);
  }
  return files;
}

/** Files of one folder with the path each is served at; names that would need encoding are not ours. */
function listed(directory: string, prefix: string): [path: string, file: string][] {
  if (!existsSync(directory)) return [];
  const entries: Dirent[] = readdirSync(directory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /^[\w][\w.-]*$/.test(entry.name))
    .map((entry) => [prefix + entry.name, join(directory, entry.name)]);
}
