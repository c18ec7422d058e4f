/**
 * The HTTP server: the API, the live stream and the page on one listener. It knows the wire and nothing of sites;
 * routes/ does.
 */
import type { Duplex } from 'node:stream';
import fastify, {
  type FastifyHttpOptions,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RawServerDefault,
} from 'fastify';
import { CONTRACTS } from '../contracts/all.ts';
import { AppError } from '../domain/errors.ts';
import { stringifyJson } from '../lib/json.ts';
import type { ServiceDeps, SitePolicy } from '../services/deps.ts';
import type { LookNow } from '../services/look-now.ts';
import { recordAudit } from '../store/audit.ts';
import { createIdempotencyStore } from '../store/idempotency.ts';
import type { Log } from '../telemetry/log.ts';
import { createAccessAudit } from './access-audit.ts';
import { createAuth } from './auth.ts';
import { MAX_BODY_BYTES } from './body.ts';
import { serveDocs } from './docs/serve-docs.ts';
import { holdToContracts } from './documented.ts';
import { errorReply, refusalOf } from './errors.ts';
import { createIdempotency } from './idempotency.ts';
import { createIdempotencyUpkeep } from './idempotency-upkeep.ts';
import { fetchWithoutPort } from './in-process.ts';
import { isLoopbackBind } from './local-request.ts';
import { allowedMethods } from './methods.ts';
import { type ServedMetrics, serveMetrics } from './metrics.ts';
import { servePage } from './page.ts';
import { factsOf } from './request-facts.ts';
import { allRoutes } from './routes/routes.ts';
import type { StatusOf } from './routes/status.ts';
import type { ProberStatsOf } from './routes/utility.ts';
import type { VerifiersOf } from './routes/verifiers.ts';
import { type Route, serveContract } from './serve-contract.ts';
import { createStreamHub, type OnResult } from './stream/hub.ts';
import { serveStream } from './stream/serve.ts';
import { createUnreadableHandler } from './unreadable.ts';

export type ApiServerOptions = {
  deps: ServiceDeps;
  policy: SitePolicy;
  log: Log;
  /** The admin key of this machine, which also signs the page's session; null leaves keys of the database alone. */
  localKey: string | null;
  /** Calls a minute of each tenant, asked with every call; 0 or absent: no limit. */
  tenantPerMinute?(): number;
  /** Folder of the built page; null: no page. */
  page: string | null;
  /** Tells of each new result; listened to only while someone follows the stream. */
  onResult: OnResult;
  proberStats: ProberStatsOf;
  /** Looks at an endpoint at once; absent: nobody here can. */
  lookNow?: LookNow;
  /** Absent: no server runs behind this API. */
  status?: StatusOf;
  verifiers?: VerifiersOf;
  /** Absent: there is nothing to scrape. */
  metrics?: ServedMetrics;
  /** Checks every reply against its contract; for tests. */
  validateReplies?: boolean;
  /** Served beside ours; for tests. */
  moreRoutes?: readonly Route[];
};

export type Listening = {
  /** URL without a trailing slash, with the host as it was asked for. */
  address: string;
  /** The sockets behind it, as the system names them: a name may have several, and a wildcard stays one. */
  bound: readonly { address: string; port: number }[];
};

export type ApiServer = {
  /** Port 0: any free one. Rejects with the system's error. */
  listen(at: { host: string; port: number }): Promise<Listening>;
  /** Ends streams, lets requests in progress finish for 15 s, then closes what is left. */
  close(): Promise<void>;
  /** Requests that belong into the access trail and could not be noted there. */
  accessLost(): number;
  /** Serves requests of this process without a port; no live stream. For commands and tests. */
  fetch: typeof globalThis.fetch;
};

/** Longest wait for requests in progress at close (spec/04 section 1). */
const CLOSE_AFTER_MS = 15_000;

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { deps, log, validateReplies = false, moreRoutes = [] } = options;
  const app = createApp(options);
  const auth = createAuth({ ...deps, log }, { tenantPerMinute: () => 0, ...options });
  const audit = createAccessAudit(app, {
    record: (entries) => recordAudit(deps.database.kysely, entries),
    clock: deps.clock,
    log,
  });
  const routes = allRoutes(deps, options.policy, {
    proberStats: options.proberStats,
    status: options.status ?? null,
    verifiers: options.verifiers ?? null,
    lookNow: options.lookNow ?? null,
  });
  const unasked = connectionsWithoutRequest(app);
  const hub = createStreamHub({ ...deps, onResult: options.onResult, log });
  let isClosing = false;
  // A connection that is still answered when we close would be kept for the next request, and closing would wait for it.
  app.addHook('onSend', async (_, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });
  const documented = holdToContracts(app, [...CONTRACTS, ...moreRoutes.map(({ contract }) => contract)]);
  const kept = createIdempotencyStore(deps.database);
  const idempotency = createIdempotency({ store: kept, log });
  const upkeep = createIdempotencyUpkeep({ store: kept, clock: deps.clock, log });
  for (const route of [...routes, ...moreRoutes]) serveContract(app, route, { auth, idempotency, validateReplies });
  serveStream(app, { hub, auth, endpoints: deps.endpoints });
  serveDocs(app);
  documented.requireAll();
  if (options.metrics !== undefined) serveMetrics(app, options.metrics, auth);
  if (options.page !== null) servePage(app, options.page, auth);

  return {
    async listen(at) {
      auth.boundToLoopback(isLoopbackBind(at.host));
      const { port } = new URL(await app.listen(at));
      upkeep.start();
      const host = at.host.includes(':') ? `[${at.host}]` : at.host;
      const address = port === '' ? `http://${host}` : `http://${host}:${port}`;
      return { address, bound: app.addresses().filter((one) => typeof one !== 'string') };
    },
    async close() {
      isClosing = true;
      hub.close();
      for (const socket of unasked) socket.destroy();
      const overdue = deps.clock.after(CLOSE_AFTER_MS, () => app.server.closeAllConnections());
      await app.close();
      overdue.cancel();
      await audit.close();
      await upkeep.stop();
    },
    accessLost: audit.lost,
    fetch: fetchWithoutPort(app),
  };
}

/** Connections that were opened and have not asked anything, as browsers keep in store: closing waits for none of them. */
function connectionsWithoutRequest(app: FastifyInstance): ReadonlySet<Duplex> {
  const unasked = new Set<Duplex>();
  app.server.on('connection', (socket) => {
    unasked.add(socket);
    socket.once('close', () => unasked.delete(socket));
  });
  app.server.on('request', ({ socket }) => unasked.delete(socket));
  return unasked;
}

type AnswerError = (thrown: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;

function createApp({ deps, log }: ApiServerOptions): FastifyInstance {
  const newRequestId = () => Buffer.from(deps.random.bytes(16)).toString('hex');
  const answerError = createErrorAnswer(log);
  const app = fastify({
    ...LIMITS,
    logger: false,
    schemaController: { compilersFactory: NO_SCHEMA_COMPILERS },
    genReqId: newRequestId,
    clientErrorHandler: createUnreadableHandler(newRequestId),
    frameworkErrors(error, request, reply) {
      setCommonHeaders(request, reply);
      answerError(error, request, reply);
    },
  });
  speakJson(app);
  app.addHook('onRequest', async (request, reply) => {
    setCommonHeaders(request, reply);
    requireHost(request, reply);
  });
  app.setErrorHandler(answerError);
  app.setNotFoundHandler((request, reply) => answerError(noSuchRoute(app, request, reply), request, reply));
  return app;
}

/** Contracts validate and write; the compilers that the framework brings would cost ten megabytes of memory for nothing. */
const NO_SCHEMA_COMPILERS = {
  buildValidator: () => () => refuseSchema(),
  buildSerializer: () => () => refuseSchema(),
};

function refuseSchema(): never {
  throw new Error('a route with a schema of the framework: its contract is what speaks for it');
}

const LIMITS = {
  bodyLimit: MAX_BODY_BYTES,
  requestTimeout: 60_000,
  connectionTimeout: 65_000,
  keepAliveTimeout: 120_000,
  // Who leaves out the Host is answered by us, as everyone is.
  http: {
    headersTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
    maxHeaderSize: 16 * 1024,
    requireHostHeader: false,
  },
  routerOptions: { maxParamLength: 64 },
} satisfies FastifyHttpOptions<RawServerDefault>;

/** Both ways by our own codec; body.ts parses the bytes. */
function speakJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setReplySerializer((value) => stringifyJson(value));
  app.addHook('onRequest', async (request) => {
    // Bodies are JSON whatever they claim to be (spec/04 section 1); without a claim no claim can be refused.
    delete request.raw.headers['content-type'];
  });
}

function createErrorAnswer(log: Pick<Log, 'error'>): AnswerError {
  return (thrown, request, reply) => {
    const refusal = refusalOf(thrown);
    if (refusal !== null) factsOf(request).refusal = refusal.code;
    if (refusal?.retryAfterSeconds != null) reply.header('retry-after', refusal.retryAfterSeconds);
    if (refusal === null && !isCallersFault(thrown)) {
      log.error({ err: thrown, request_id: request.id, method: request.method }, 'a request failed');
    }
    const { status, body } = errorReply(isCallersFault(thrown) ? unreadable(thrown) : thrown, request.id);
    return reply.code(status).type(JSON_TYPE).send(body);
  };
}

const JSON_TYPE = 'application/json; charset=utf-8';

function setCommonHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers({
    'x-request-id': request.id,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-resource-policy': 'same-origin',
  });
}

/** HTTP/1.1 asks for it. Throws `invalid_request`. */
function requireHost({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.headers.host !== undefined || raw.httpVersion !== '1.1') return;
  reply.header('connection', 'close');
  throw new AppError('invalid_request', 'the request has no header Host', {
    fix: 'send the name of this server as Host',
  });
}

function noSuchRoute(app: FastifyInstance, request: FastifyRequest, reply: FastifyReply): AppError {
  const path = request.url.split('?', 1)[0] ?? '';
  const allowed = allowedMethods(app, path);
  if (allowed.length === 0) {
    return new AppError('endpoint_not_found', 'there is nothing at this path', {
      fix: 'see the list of operations at /api/docs',
    });
  }
  reply.header('allow', allowed.join(', '));
  return new AppError('method_not_allowed', `this path does not answer to ${request.method}`, {
    fix: `use ${allowed.join(' or ')}`,
    details: { allowed },
  });
}

/** The HTTP library says 4xx of its own accord when a request breaks off or breaks the protocol. */
function isCallersFault(thrown: unknown): boolean {
  if (thrown instanceof AppError || refusalOf(thrown) !== null) return false;
  const status = (thrown as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500;
}

function unreadable(cause: unknown): AppError {
  return new AppError('invalid_body', 'the request could not be read', { fix: 'send it again, whole', cause });
}
