/** `POST /check` and `GET /status`, as monitors before this one ask (spec/03 section 10.1). Answers are not signed. */
import { stringifyJson } from '../lib/json.ts';
import type { Random } from '../lib/random.ts';
import { findingOf } from './finding.ts';
import { type LegacySite, legacyResult, readLegacyBatch, Unreadable } from './legacy-json.ts';
import { MAX_REQUEST_BYTES } from './limits.ts';
import { type ServerReply, type ServerRequest, sendPlain } from './listener.ts';
import type { Seen } from './looks.ts';
import { isHttpUrl, type LookDefaults } from './messages.ts';
import type { Visitor } from './rpc.ts';

export type JsonDeps = {
  version: string;
  host: string;
  random: Random;
  /** As they are when a site names nothing. */
  defaults(): LookDefaults & { timeoutMs: number };
  look(sites: readonly LegacySite[], signal: AbortSignal): Promise<Seen[]>;
};

type Answer = { status: number; type: 'json' | 'text'; body: string; headers?: Record<string, string> };

/** The answer for this path; null when the path is another one's. */
export function createJsonSurface(deps: JsonDeps) {
  return async (request: ServerRequest, reply: ServerReply, visitor: Visitor): Promise<boolean> => {
    const path = (request.url ?? '').split('?', 1)[0];
    if (path !== '/check' && path !== '/status') return false;
    send(reply, path === '/status' ? status(request, deps) : await check(request, reply, visitor, deps));
    return true;
  };
}

function status({ method }: ServerRequest, { version }: JsonDeps): Answer {
  if (method !== 'GET' && method !== 'HEAD') return notAllowed('GET');
  return { status: 200, type: 'json', body: stringifyJson({ status: 'OK', version }) };
}

async function check(request: ServerRequest, reply: ServerReply, visitor: Visitor, deps: JsonDeps): Promise<Answer> {
  if (request.method !== 'POST') return notAllowed('POST');
  if (visitor.admit() === null) {
    const headers = { 'www-authenticate': 'Bearer' };
    return { ...words(401, 'the token is missing or not one of this verifier'), headers };
  }
  if (!visitor.takePlace()) return noVerdict(BUSY);
  const body = await read(request);
  if (body === null) {
    visitor.unreadable();
    return words(413, `the body is longer than ${MAX_REQUEST_BYTES} bytes`);
  }
  try {
    const sites = readLegacyBatch(body, deps.defaults());
    return await answerTo(sites, reply, deps);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    visitor.unreadable();
    return words(400, error.message);
  }
}

const BUSY = 'too many batches are being answered';

/**
 * Trouble of ours is no failure of the site, and a result here can only say one or the other: whoever asks takes any
 * status but 200 for a verifier that has no say (spec/03 section 7.1).
 */
function noVerdict(why: string): Answer {
  return { ...words(503, why), headers: { 'retry-after': '1' } };
}

async function answerTo(sites: readonly LegacySite[], reply: ServerReply, deps: JsonDeps): Promise<Answer> {
  const gone = new AbortController();
  reply.on('close', () => gone.abort());
  const named = sites.map((site) => ({ ...site, requestId: site.requestId || newRequestId(deps.random) }));
  const askable = named.filter(({ look }) => isHttpUrl(look.url));
  const found = new Map((await deps.look(askable, gone.signal)).map((seen, index) => [askable[index], seen]));
  const results: object[] = [];
  for (const site of named) {
    const seen = found.get(site);
    if (typeof seen === 'string') return noVerdict('there was no time to look at every site');
    const finding = seen === undefined ? BAD_URL : findingOf(seen);
    if (seen !== undefined && finding.says === 'none') {
      return noVerdict(
        `there is no verdict on site ${results.length} (${finding.reason}), and no other word for that here`,
      );
    }
    results.push(legacyResult(site, site.requestId, deps.host, finding));
  }
  return { status: 200, type: 'json', body: stringifyJson({ results }) };
}

/** What cannot be asked for cannot be reached: code 2 (spec/03 section 5.4). */
const BAD_URL = {
  says: 'none',
  reason: 'invalid_url',
  httpCode: null,
  errorCode: 2,
  failureClass: 'intermittent',
  rttMs: null,
  isSuccess: false,
} as const;

function newRequestId(random: Random): string {
  return Buffer.from(random.bytes(16)).toString('hex');
}

/** Null when there is more than a body may have; the rest is left unread. */
async function read(request: ServerRequest): Promise<string | null> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) return null;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_REQUEST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function notAllowed(method: string): Answer {
  return { ...words(405, `use ${method}`), headers: { allow: method } };
}

function words(status: number, text: string): Answer {
  return { status, type: 'text', body: `${text}\n` };
}

function send(reply: ServerReply, { status, type, body, headers = {} }: Answer): void {
  sendPlain(reply, status, body, {
    'content-type': type === 'json' ? 'application/json' : 'text/plain; charset=utf-8',
    // What is left of a body that was not read must not be taken for the next request.
    ...(status < 400 || 'stream' in reply ? {} : { connection: 'close' }),
    ...headers,
  });
}
