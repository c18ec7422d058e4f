/**
 * The description of the API and the page that shows it. Both are the same for everyone and hold no secrets, so that
 * whoever reaches the port may read them before there is a key.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { OpenApiDocument } from '../../contracts/openapi/document-types.ts';
import { getOpenApi } from '../../contracts/utility.ts';
import { OPENAPI_FILE } from '../openapi-file.ts';
import { PAGE_POLICY } from '../page.ts';
import { DOCS_ICON } from './docs-icon.ts';
import { docsPage } from './docs-page.ts';
import { DOCS_SCRIPT } from './docs-script.ts';
import { DOCS_STYLE } from './docs-style.ts';

export const DOCS_PATH = '/api/docs';

type Served = { plain: Body; packed: Body; type: string };
type Body = { bytes: Buffer; etag: string };

export function serveDocs(app: FastifyInstance): void {
  const document = once(() => readFile(OPENAPI_FILE));
  const files: Readonly<Record<string, () => Promise<Served>>> = {
    [getOpenApi.path]: once(async () => served(await document(), 'application/json; charset=utf-8')),
    [DOCS_PATH]: once(async () => {
      const parsed = JSON.parse((await document()).toString('utf8')) as OpenApiDocument;
      return served(docsPage(parsed), 'text/html; charset=utf-8');
    }),
    [`${DOCS_PATH}/style.css`]: once(async () => served(DOCS_STYLE, 'text/css; charset=utf-8')),
    [`${DOCS_PATH}/page.js`]: once(async () => served(DOCS_SCRIPT, 'text/javascript; charset=utf-8')),
    [`${DOCS_PATH}/icon.svg`]: once(async () => served(DOCS_ICON, 'image/svg+xml')),
  };
  for (const [path, file] of Object.entries(files)) {
    app.get(path, async (request, reply) => answer(request, reply, await file()));
  }
}

function answer(request: FastifyRequest, reply: FastifyReply, { plain, packed, type }: Served): FastifyReply {
  const isPacked = takesGzip(request.headers['accept-encoding']);
  const { bytes, etag } = isPacked ? packed : plain;
  // Kept by whoever likes to, and asked about before it is used again: it changes with the version of the server.
  reply.headers({ etag, vary: 'accept-encoding', 'cache-control': 'no-cache', 'content-security-policy': PAGE_POLICY });
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send();
  if (isPacked) reply.header('content-encoding', 'gzip');
  return reply.type(type).send(bytes);
}

/** Named, and not refused with a weight of nothing. */
function takesGzip(accepted: string | undefined): boolean {
  return (accepted ?? '').split(',').some((coding) => /^\s*(x-)?gzip\s*(;\s*q=(1|0\.\d*[1-9])\S*)?\s*$/i.test(coding));
}

/** Tags are compared weakly (RFC 9110 section 13.1.2). */
function isKnown(known: string | undefined, etag: string): boolean {
  const tags = (known ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes(etag) || tags.includes('*');
}

const packedOf = promisify<Buffer, Buffer>(gzip);

/** Ten times smaller on the way, so that the page is there at once from afar too. */
async function served(content: string | Buffer, type: string): Promise<Served> {
  const bytes = Buffer.from(content);
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 27);
  const packed = { bytes: await packedOf(bytes), etag: `"${hash}.gz"` };
  return { plain: { bytes, etag: `"${hash}"` }, packed, type };
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
