/**
 * Notes who changed something and who was refused (spec/04 section 15), in groups and after the reply. Reads that were
 * answered are not noted: they would be most of the trail. Never a query string, a body or a credential.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import type { AuditEntry } from '../store/audit.ts';
import type { Log } from '../telemetry/log.ts';
import { factsOf } from './request-facts.ts';

export type AccessAudit = {
  /** Entries that could not be written, and those that nobody had room for. */
  lost(): number;
  /** Writes what waits, for 5 s at most. Never rejects. */
  close(): Promise<void>;
};

type Deps = {
  record(entries: readonly AuditEntry[]): Promise<void>;
  clock: Clock;
  log: Pick<Log, 'error' | 'warn'>;
};

const FLUSH_AFTER_MS = 1_000;
const CLOSE_AFTER_MS = 5_000;
const ROWS_PER_WRITE = 200;
const MAX_WAITING = 5_000;
/** Strangers choose how often they are refused, so their rows a minute are bounded; a key that is known answers for its own. */
const STRANGERS_PER_MINUTE = 600;
const MINUTE_MS = 60_000;
const MAX_PATH = 512;

const UNCHANGING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Listens on every route that is registered from now on. */
export function createAccessAudit(app: FastifyInstance, { record, clock, log }: Deps): AccessAudit {
  const waiting: AuditEntry[] = [];
  let timer: ReturnType<Clock['after']> | null = null;
  let draining: Promise<void> | null = null;
  let lost = 0;
  let strangers = { sinceMs: clock.monotonicMs(), rows: 0 };

  async function write(entries: readonly AuditEntry[]): Promise<void> {
    try {
      await record(entries);
    } catch (error) {
      lost += entries.length;
      log.error({ err: error, lost: entries.length }, 'who used the API could not be noted');
    }
  }

  /** One group after another: a slow database is asked for one thing at a time, and what waits meanwhile is bounded. */
  async function drain(): Promise<void> {
    timer?.cancel();
    timer = null;
    while (waiting.length > 0) await write(waiting.splice(0, ROWS_PER_WRITE));
    draining = null;
  }

  function flush(): Promise<void> {
    draining ??= drain();
    return draining;
  }

  function note(entry: AuditEntry): void {
    if (waiting.length >= MAX_WAITING) {
      lost += 1;
      return;
    }
    waiting.push(entry);
    if (draining === null) timer ??= clock.after(FLUSH_AFTER_MS, () => void flush());
  }

  function isTooMuch(request: FastifyRequest): boolean {
    if (factsOf(request).caller !== undefined) return false;
    const nowMs = clock.monotonicMs();
    if (nowMs - strangers.sinceMs >= MINUTE_MS) strangers = { sinceMs: nowMs, rows: 0 };
    strangers.rows += 1;
    if (strangers.rows === STRANGERS_PER_MINUTE + 1) {
      log.warn(`more than ${STRANGERS_PER_MINUTE} requests without a known key were refused within a minute`);
    }
    if (strangers.rows > STRANGERS_PER_MINUTE) lost += 1;
    return strangers.rows > STRANGERS_PER_MINUTE;
  }

  app.addHook('onResponse', (request, reply, done) => {
    if (isWorthNoting(request, reply) && !isTooMuch(request)) note(entryOf(request, reply, clock.nowMs()));
    done();
  });

  return {
    lost: () => lost,
    async close() {
      let overdue: ReturnType<Clock['after']> | undefined;
      const tooLong = new Promise<void>((resolve) => {
        overdue = clock.after(CLOSE_AFTER_MS, resolve);
      });
      await Promise.race([flush(), tooLong]);
      overdue?.cancel();
    },
  };
}

function isWorthNoting(request: FastifyRequest, { statusCode }: FastifyReply): boolean {
  if (statusCode === 401 || statusCode === 403) return true;
  return factsOf(request).admitted !== undefined && !UNCHANGING.has(request.method);
}

/** Without the number of a site: what a tenant's gateway sent is for the operator, whoever else may see that site. */
function entryOf(request: FastifyRequest, reply: FastifyReply, nowMs: number): AuditEntry {
  const { caller, principal, refusal } = factsOf(request);
  const key = typeof caller === 'object' ? caller : null;
  const consumer = key?.consumerName ?? caller ?? 'unknown';
  const path = (request.url.split('?', 1)[0] ?? '').slice(0, MAX_PATH);
  const gateway = principal?.kind === 'key' ? principal.gateway : null;
  const tenantId = principal?.kind === 'key' ? principal.tenantId : null;
  return {
    siteId: null,
    eventType: 'api_access',
    source: String(consumer),
    detail: `${request.method} ${path}`,
    metadata: {
      key_id: key === null ? null : Number(key.keyId),
      consumer,
      method: request.method,
      path,
      status: reply.statusCode,
      duration_ms: Math.round(reply.elapsedTime * 1000) / 1000,
      request_id: request.id,
      remote_addr: request.socket.remoteAddress ?? null,
      note: refusal ?? null,
      ...(tenantId === null ? {} : { tenant_id: tenantId }),
      ...(gateway === null
        ? {}
        : {
            actor_id: gateway.actorId,
            public_scopes: gateway.publicScopes.join(' '),
            gateway_request_id: gateway.gatewayRequestId,
            plan: gateway.plan,
          }),
    },
    atMs: nowMs,
  };
}
