/** A verifier: looks at sites for monitors that ask, over gRPC, gRPC-web, Connect and JSON, and says what it saw. */
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { ProbeResult, Prober } from '../prober/prober.ts';
import type { Log } from '../telemetry/log.ts';
import { createAdmission } from './admission.ts';
import { VerifierService } from './gen/jetmon/verifier/v1/verifier_pb.ts';
import { createJsonSurface } from './json-surface.ts';
import { MAX_BATCHES, MAX_LOOKS } from './limits.ts';
import {
  createListener,
  type ServerReply,
  type ServerRequest,
  sendPlain,
  type VerifierTlsIdentity,
} from './listener.ts';
import { createLooks, type Look, type Looks, type Seen } from './looks.ts';
import type { LookDefaults } from './messages.ts';
import { createRpc, lookOf, type Visitor } from './rpc.ts';
import { createServed, type MetricsPage, type Surface, serveMetrics } from './served.ts';

export type VerifierOptions = {
  /** Secrets that monitors may show; several while one is being changed. At least one. */
  authTokens: readonly string[];
  tls: VerifierTlsIdentity | null;
  /** What it calls itself, at most 255 characters. */
  host: string;
  version: string;
  /** How it looks at what names nothing; `timeoutMs` is the deadline of a look that gives none. */
  defaults: LookDefaults & { timeoutMs: number };
  maxBatches?: number;
  maxLooks?: number;
  /** Called when the port is known, so that the prober can leave it alone. */
  createProber(
    bound: readonly { address: string; port: number }[],
    onResults: (results: ProbeResult[]) => void,
  ): Prober;
  metrics: MetricsPage;
  clock: Clock;
  random: Random;
  log: Log;
};

/** What can be changed while it runs. */
export type VerifierChange = Pick<VerifierOptions, 'authTokens' | 'defaults' | 'tls'>;

export interface VerifierServer {
  /** Port 0: any free one; host null: every address. Rejects with the system's error. */
  listen(at: { host: string | null; port: number }): Promise<{ address: string; port: number }>;
  /**
   * Holds for requests and connections from now on. Whether there is TLS cannot be changed: a null there changes nothing.
   * Throws for a certificate or key that cannot be used, and without any secret, and then nothing is changed.
   */
  take(change: VerifierChange): void;
  /** Takes nothing new, finishes what is being answered for at most 30 s, then closes what is left. */
  stop(): Promise<void>;
}

const STOP_WITHIN_MS = 30_000;
/** Of the time to stop, kept for sending what there is of looks that are not done. */
const LAST_WORDS_MS = 3_000;
/** A body must have come, and a reply must have been taken, in that time. */
const READ_WITHIN_MS = 30_000;
const WRITE_WITHIN_MS = 35_000;
const NOTHING_HERE = 'there is nothing here; a verifier answers POST /check and GET /status\n';
const SAY_REJECTED_EVERY_MS = 10_000;

/** Throws for a certificate or key that cannot be used, and without any secret. */
export function createVerifierServer(options: VerifierOptions): VerifierServer {
  const { clock, log, host, version, maxBatches = MAX_BATCHES } = options;
  const { metrics } = options.metrics;
  const served = createServed(metrics);
  let { defaults } = options;
  let keysFor = createAdmission(options.authTokens);
  const noteRejected = rejectionNotes(clock, log);
  let looks: Looks | null = null;
  let busy = 0;
  let isStopping = false;
  let onIdle = () => {};

  const look = async (asked: readonly (Look & { requestId: string })[], signal: AbortSignal) => {
    const startMs = clock.monotonicMs();
    served.asked(asked.length);
    const found = (await looks?.all(asked, signal)) ?? asked.map((): Seen => 'no_turn');
    served.batch(found, clock.monotonicMs() - startMs);
    logLooks(log, asked, found);
    return found;
  };
  const rpc = createRpc({
    version,
    host,
    nowMs: clock.nowMs,
    look: (questions, signal) =>
      look(
        questions.map((question) => ({ ...lookOf(question, defaults), requestId: question.requestId })),
        signal,
      ),
  });
  const json = createJsonSurface({
    version,
    host,
    defaults: () => defaults,
    random: options.random,
    look: (sites, signal) =>
      look(
        sites.map((site) => ({ ...site.look, requestId: site.requestId })),
        signal,
      ),
  });

  function visitorOf(request: ServerRequest, reply: ServerReply): Visitor {
    return {
      admit() {
        const keys = keysFor(request.headers.authorization);
        if (keys === null) {
          served.refused('token');
          noteRejected(request.socket.remoteAddress);
        }
        return keys;
      },
      unreadable: () => served.refused('unreadable'),
      takePlace() {
        if (busy >= maxBatches || isStopping) {
          served.refused(isStopping ? 'stopping' : 'busy');
          return false;
        }
        busy += 1;
        reply.once('close', () => {
          busy -= 1;
          if (busy === 0) onIdle();
        });
        return true;
      },
    };
  }

  async function serve(request: ServerRequest, reply: ServerReply): Promise<void> {
    if (isStopping && !('stream' in reply)) reply.setHeader('connection', 'close');
    const visitor = visitorOf(request, reply);
    const surface = surfaceOf(request);
    served.request(surface);
    if (surface === 'metrics') return serveMetrics(request, reply, visitor, options.metrics);
    if ((await rpc(request, reply, visitor)) || (await json(request, reply, visitor))) return;
    sendPlain(reply, 404, NOTHING_HERE, { 'content-type': 'text/plain; charset=utf-8' });
  }

  const listener = createListener({
    tls: options.tls,
    onRequest(request, reply) {
      bound(clock, request, reply);
      serve(request, reply).catch((error: unknown) => {
        // A caller that hung up, or a head that is no HTTP, must not end more than this request.
        log.debug({ err: error }, 'a request could not be answered');
        reply.destroy();
      });
    },
  });

  metrics.gauge('served_batches', () => busy);
  metrics.gauge('served_running', () => looks?.stats().running ?? 0);
  metrics.gauge('served_waiting', () => looks?.stats().waiting ?? 0);
  return {
    take(change) {
      const admission = createAdmission(change.authTokens);
      if (change.tls !== null) listener.renew(change.tls);
      keysFor = admission;
      defaults = change.defaults;
    },
    async listen(at) {
      const { address, port } = await listener.listen(at);
      looks = createLooks({
        createProber: (onResults) => options.createProber([{ address, port }], onResults),
        clock,
        maxAtOnce: options.maxLooks ?? MAX_LOOKS,
      });
      return { address, port };
    },
    async stop() {
      isStopping = true;
      listener.drain();
      await idleWithin(STOP_WITHIN_MS - LAST_WORDS_MS);
      await looks?.stop();
      await idleWithin(LAST_WORDS_MS);
      await listener.close();
    },
  };

  function idleWithin(limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (busy === 0) resolve();
    const timer = clock.after(limitMs, resolve);
    onIdle = resolve;
    return promise.then(() => timer.cancel());
  }
}

function surfaceOf({ url = '' }: ServerRequest): Surface {
  const path = url.split('?', 1)[0] ?? '';
  return SURFACES.get(path) ?? (path.startsWith(`/${VerifierService.typeName}/`) ? 'rpc' : 'other');
}

const SURFACES: ReadonlyMap<string, Surface> = new Map([
  ['/check', 'check'],
  ['/status', 'status'],
  ['/metrics', 'metrics'],
]);

/** A body that never comes, or a reply that nobody takes, ends. */
function bound(clock: Clock, request: ServerRequest, reply: ServerReply): void {
  const reading = clock.after(READ_WITHIN_MS, () => reply.destroy());
  request.once('end', reading.cancel);
  reply.once('close', reading.cancel);
  const end = reply.end.bind(reply);
  // Every way to answer ends here.
  reply.end = ((...words: Parameters<typeof end>) => {
    const writing = clock.after(WRITE_WITHIN_MS, () => reply.destroy());
    reply.once('close', writing.cancel);
    return end(...words);
  }) as typeof reply.end;
}

/** Who asks with a wrong token is told about now and then, not each time: a log is no place to be flooded. */
function rejectionNotes(clock: Clock, log: Log): (address: string | undefined) => void {
  let unsaid = 0;
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  return (address) => {
    unsaid += 1;
    if (clock.monotonicMs() < quietUntilMs) return;
    quietUntilMs = clock.monotonicMs() + SAY_REJECTED_EVERY_MS;
    log.warn({ last_address: address, requests: unsaid }, 'requests with a missing or wrong token were refused');
    unsaid = 0;
  };
}

const MAX_LOGGED_URL = 300;
/** So many looks of a batch are told one by one: of a whole fleet the log would be most of the work. */
const MOST_LOGGED = 10;

function logLooks(log: Log, asked: readonly { requestId: string; url: string }[], found: readonly Seen[]): void {
  for (const [index, { requestId, url }] of asked.slice(0, MOST_LOGGED).entries())
    logLook(log, requestId, url, found[index] ?? 'no_turn');
  if (asked.length > MOST_LOGGED) log.info({ looks: asked.length - MOST_LOGGED }, 'looked at more of the same batch');
}

/** The log escapes what it is given; the query may hold secrets and is left out. */
function logLook(log: Log, requestId: string, url: string, seen: Seen): void {
  const { origin, pathname } = URL.parse(url) ?? { origin: '', pathname: '' };
  const shown = `${origin}${pathname}`.slice(0, MAX_LOGGED_URL);
  const reasons =
    typeof seen === 'string' ? [seen] : seen.verdicts.filter(({ state }) => state !== 'Up').map(({ reason }) => reason);
  log.info({ request_id: requestId, url: shown, found: reasons.join(',') || 'ok' }, 'looked');
}
