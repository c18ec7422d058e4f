/**
 * Notes who changed something and who was refused (spec/04 section 15), in groups and after the reply. Reads that were
 * answered are not noted: they would be most of the trail. Never a query string, a body or a credential.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../lib/clock.ts';
import type { AuditEntry } from '../store/audit.ts';
import type { Log } from '../telemetry/log.ts';
import { factsOf, type RequestFacts } from './request-facts.ts';

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
/** Whoever is refused chooses how often, so the rows of a minute are bounded: of all strangers, and of each known key. */
const STRANGERS_PER_MINUTE = 600;
const REFUSALS_PER_KEY = 60;
const MINUTE_MS = 60_000;
const MAX_PATH = 512;

const UNCHANGING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Listens on every route that is registered from now on. */
export function createAccessAudit(app: FastifyInstance, { record, clock, log }: Deps): AccessAudit {
  const waiting: AuditEntry[] = [];
  let timer: ReturnType<Clock['after']> | null = null;
  let draining: Promise<void> | null = null;
  let lost = 0;
  let refused = { sinceMs: clock.monotonicMs(), rows: new Map<bigint | string, number>() };

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

  function isTooMuch(request: FastifyRequest, { statusCode }: FastifyReply): boolean {
    if (!isRefusal(statusCode)) return false;
    const nowMs = clock.monotonicMs();
    if (nowMs - refused.sinceMs >= MINUTE_MS) refused = { sinceMs: nowMs, rows: new Map() };
    const { caller } = factsOf(request);
    const whose = typeof caller === 'object' ? caller.keyId : (caller ?? 'strangers');
    const most = whose === 'strangers' ? STRANGERS_PER_MINUTE : REFUSALS_PER_KEY;
    const rows = (refused.rows.get(whose) ?? 0) + 1;
    refused.rows.set(whose, rows);
    if (rows === most + 1) log.warn(tooMany(caller));
    if (rows > most) lost += 1;
    return rows > most;
  }

  app.addHook('onResponse', (request, reply, done) => {
    if (isWorthNoting(request, reply) && !isTooMuch(request, reply)) note(entryOf(request, reply, clock.nowMs()));
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
  if (isRefusal(statusCode)) return true;
  return factsOf(request).admitted !== undefined && !UNCHANGING.has(request.method);
}

function isRefusal(statusCode: number): boolean {
  return statusCode === 401 || statusCode === 403;
}

function tooMany(caller: RequestFacts['caller']): string {
  return caller === undefined
    ? `more than ${STRANGERS_PER_MINUTE} requests without a known key were refused within a minute`
    : `more than ${REFUSALS_PER_KEY} requests of one key were refused within a minute: ${consumerOf(caller)}`;
}

function consumerOf(caller: RequestFacts['caller']): string {
  return typeof caller === 'object' ? caller.consumerName : (caller ?? 'unknown');
}

/** Without the number of a site: what a tenant's gateway sent is for the operator, whoever else may see that site. */
function entryOf(request: FastifyRequest, reply: FastifyReply, nowMs: number): AuditEntry {
  const { caller, principal, refusal, note } = factsOf(request);
  const key = typeof caller === 'object' ? caller : null;
  const consumer = consumerOf(caller);
  const path = (request.url.split('?', 1)[0] ?? '').slice(0, MAX_PATH);
  const gateway = principal?.kind === 'key' ? principal.gateway : null;
  const tenantId = principal?.kind === 'key' ? principal.tenantId : null;
  return {
    siteId: null,
    eventType: 'api_access',
    source: consumer,
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
      note: note ?? refusal ?? null,
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
