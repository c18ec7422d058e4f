/**
 * The description of the API and the page that shows it. Both are the same for everyone and hold no secrets, so that
 * whoever reaches the port may read them before there is a key.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OpenApiDocument } from '../../contracts/openapi/document-types.ts';
import { getOpenApi } from '../../contracts/utility.ts';
import { OPENAPI_FILE } from '../openapi-file.ts';
import { PAGE_POLICY } from '../page.ts';
import { docsPage } from './docs-page.ts';
import { DOCS_SCRIPT } from './docs-script.ts';
import { DOCS_STYLE } from './docs-style.ts';

export const DOCS_PATH = '/api/docs';

type Served = { bytes: Buffer; etag: string; type: string };

export function serveDocs(app: FastifyInstance): void {
  const document = once(() => readFile(OPENAPI_FILE));
  const files: Readonly<Record<string, () => Promise<Served>>> = {
    [getOpenApi.path]: once(async () => served(await document(), 'application/json; charset=utf-8')),
    [DOCS_PATH]: once(async () => {
      const parsed = JSON.parse((await document()).toString('utf8')) as OpenApiDocument;
      return served(docsPage(parsed), 'text/html; charset=utf-8');
    }),
    [`${DOCS_PATH}/style.css`]: once(async () => served(DOCS_STYLE, 'text/css; charset=utf-8')),
    [`${DOCS_PATH}/search.js`]: once(async () => served(DOCS_SCRIPT, 'text/javascript; charset=utf-8')),
  };
  for (const [path, file] of Object.entries(files)) {
    app.get(path, async (request, reply) => answer(request, reply, await file()));
  }
}

function answer(request: FastifyRequest, reply: FastifyReply, { bytes, etag, type }: Served): FastifyReply {
  // Kept by whoever likes to, and asked about before it is used again: it changes with the version of the server.
  reply.headers({ etag, 'cache-control': 'no-cache', 'content-security-policy': PAGE_POLICY });
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  return reply.type(type).send(bytes);
}

/** Tags are compared weakly (RFC 9110 section 13.1.2). */
function isKnown(known: string | undefined, etag: string): boolean {
  const tags = (known ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

function served(content: string | Buffer, type: string): Served {
  const bytes = Buffer.from(content);
  return { bytes, type, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"` };
}

/** Made at the first request for it; what failed is tried again at the next. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null;
      throw error;
    });
    return made;
  };
}
