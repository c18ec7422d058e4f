/** What the test site answers: one entry for each path. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { FAILURE_MODES, type Failures, failureIn, PAGE_NAME } from './failures.ts';
import type { Inbox } from './inbox.ts';
import { isSigned } from './signature.ts';

export type Scene = {
  failures: Failures;
  inbox: Inbox;
  nowMs(): number;
  /** null: signatures are verified only where the request names a secret. */
  secret: string | null;
};

type Exchange = { scene: Scene; url: URL; request: IncomingMessage; response: ServerResponse };
type Path = Readonly<Record<string, (exchange: Exchange) => void | Promise<void>>>;

/** Stands in every page that is well. */
export const KEYWORD = 'jetmon-testsite-is-well';

const MAX_BODY = 1024 * 1024;
const DEFAULT_DELAY_MS = 5_000;
const MAX_DELAY_MS = 30_000;
const MAX_HOPS = 50;
const HAS_NO_BODY: readonly number[] = [204, 205, 304];

const PATHS: Readonly<Record<string, Path>> = {
  '/': { GET: (exchange) => page(exchange, 200, INDEX) },
  '/health': { GET: (exchange) => json(exchange, 200, { status: 'ok' }) },
  '/ok': { GET: (exchange) => page(exchange, 200, 'ok') },
  '/tls': { GET: (exchange) => page(exchange, 200, 'ok') },
  '/keyword': { GET: (exchange) => page(exchange, 200, KEYWORD) },
  '/redirect': { GET: redirect },
  '/slow': { GET: slow },
  '/headers': { GET: (exchange) => json(exchange, 200, { headers: exchange.request.headers }) },
  '/failure': {
    GET: (exchange) => json(exchange, 200, exchange.scene.failures.list()),
    POST: breakPages,
    DELETE: healPages,
  },
  '/webhook': { POST: receive },
  '/webhook/requests': { GET: listReceived, DELETE: forgetReceived },
};

const INDEX = `A site to try a monitor on.

GET    /ok  /health  /tls            always well
GET    /keyword                      a page with "${KEYWORD}" in it
GET    /status/<100-599>             that status
GET    /slow?delay=2s                well, but late; at most 30s
GET    /redirect?hops=3              redirects that end at /ok
GET    /headers                      the header fields that came, as JSON
GET    /site  /site/<name>           well, until the switch says otherwise
POST   /failure?mode=http-500        breaks every /site; &site=<name> only that one
                                     ${FAILURE_MODES}
DELETE /failure                      heals them; ?site=<name> only that one
POST   /webhook?secret=...           takes a webhook and verifies its signature
GET    /webhook/requests             those that came; DELETE forgets them`;

export async function answer(scene: Scene, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // Whoever hangs up is no trouble of ours.
  response.on('error', () => {});
  const url = URL.parse(request.url ?? '/', 'http://testsite');
  const exchange = { scene, url: url ?? new URL('http://testsite/none'), request, response };
  try {
    await dispatch(exchange);
  } catch {
    // The request broke off.
    request.destroy();
  }
}

async function dispatch(exchange: Exchange): Promise<void> {
  const { pathname } = exchange.url;
  const status = /^\/status\/([1-5]\d\d)$/.exec(pathname)?.[1];
  const site = /^\/site(?:\/([^/]*))?$/.exec(pathname);
  let path = Object.hasOwn(PATHS, pathname) ? PATHS[pathname] : undefined;
  if (status !== undefined) path = { GET: () => answerStatus(exchange, Number(status)) };
  if (site !== null && PAGE_NAME.test(site[1] ?? 'site')) path = { GET: () => sitePage(exchange, site[1] ?? null) };
  if (path === undefined) return page(exchange, 404, 'there is no such page; / lists those there are');
  const method = exchange.request.method === 'HEAD' ? 'GET' : (exchange.request.method ?? '');
  const handle = Object.hasOwn(path, method) ? path[method] : undefined;
  if (handle === undefined) {
    exchange.response.setHeader('allow', Object.keys(path).join(', '));
    return page(exchange, 405, `${pathname} takes ${Object.keys(path).join(', ')}`);
  }
  return await handle(exchange);
}

function page({ request, response }: Exchange, status: number, text: string): void {
  const body = `${text}\n`;
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function json({ request, response }: Exchange, status: number, document: unknown): void {
  const body = `${JSON.stringify(document)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function empty({ response }: Exchange): void {
  response.writeHead(204).end();
}

/** After one that is only informational the connection ends: no other status follows. */
function answerStatus(exchange: Exchange, status: number): void {
  const { request, response } = exchange;
  if (status < 200 || HAS_NO_BODY.includes(status)) response.writeHead(status).end();
  else page(exchange, status, `status ${status}`);
  if (status < 200) request.socket.end();
}

function redirect({ url, response }: Exchange): void {
  const asked = Number(url.searchParams.get('hops') ?? 1);
  const left = Number.isInteger(asked) && asked >= 1 ? Math.min(asked, MAX_HOPS) - 1 : 0;
  response.writeHead(302, { location: left === 0 ? '/ok' : `/redirect?hops=${left}` }).end();
}

function slow(exchange: Exchange): void {
  later(exchange, delayIn(exchange.url.searchParams.get('delay')), () => page(exchange, 200, 'ok, but late'));
}

function delayIn(text: string | null): number {
  const [, count, unit] = /^(\d{1,6}(?:\.\d{1,3})?)(ms|s|m)$/.exec(text ?? '') ?? [];
  if (count === undefined) return DEFAULT_DELAY_MS;
  return Math.min(MAX_DELAY_MS, Number(count) * (unit === 'ms' ? 1 : unit === 's' ? 1_000 : 60_000));
}

/** Not at all when nobody waits for it any more. */
function later({ response }: Exchange, delayMs: number, run: () => void): void {
  const timer = setTimeout(run, delayMs);
  response.on('close', () => clearTimeout(timer));
}

function sitePage(exchange: Exchange, name: string | null): void {
  const failure = exchange.scene.failures.of(name);
  if (failure === null) page(exchange, 200, `${name ?? 'site'}: ${KEYWORD}`);
  else if (failure.kind === 'status') answerStatus(exchange, failure.code);
  else if (failure.kind === 'keyword') page(exchange, 200, `${name ?? 'site'}: something else`);
  else if (failure.kind === 'redirect') redirect(exchange);
  else if (failure.kind === 'drop') exchange.request.socket.destroy();
  else later(exchange, MAX_DELAY_MS, () => page(exchange, 504, 'too late'));
}

function breakPages(exchange: Exchange): void {
  const { scene, url } = exchange;
  const mode = url.searchParams.get('mode') ?? 'http-500';
  const name = url.searchParams.get('site');
  if (failureIn(mode) === null) page(exchange, 400, `mode is none of ${FAILURE_MODES}`);
  else if (name !== null && !PAGE_NAME.test(name)) page(exchange, 400, 'site is not the name of a page under /site');
  else if (!scene.failures.set(mode, name)) page(exchange, 507, 'too many pages are broken one by one');
  else empty(exchange);
}

function healPages(exchange: Exchange): void {
  exchange.scene.failures.clear(exchange.url.searchParams.get('site'));
  empty(exchange);
}

async function receive(exchange: Exchange): Promise<void> {
  const { scene, url, request, response } = exchange;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) {
      response.setHeader('connection', 'close');
      return page(exchange, 413, `more than ${MAX_BODY} bytes`);
    }
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  const field = (name: string) => (request.headers[name] === undefined ? null : String(request.headers[name]));
  const signature = field('x-jetmon-signature');
  const secret = url.searchParams.get('secret') ?? scene.secret;
  const nowMs = scene.nowMs();
  scene.inbox.put({
    received_at: new Date(nowMs).toISOString(),
    event: field('x-jetmon-event'),
    delivery: field('x-jetmon-delivery'),
    signature,
    ...(secret === null ? {} : { signature_valid: isSigned(signature, body, secret, nowMs) }),
    body: body.toString('utf8'),
  });
  empty(exchange);
}

function listReceived(exchange: Exchange): void {
  const requests = exchange.scene.inbox.list();
  json(exchange, 200, { count: requests.length, requests });
}

function forgetReceived(exchange: Exchange): void {
  exchange.scene.inbox.clear();
  empty(exchange);
}
