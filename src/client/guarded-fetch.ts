/**
 * A `fetch` for callers that say themselves where requests go: credentials stay with one origin, changes are made only where
 * they may be, redirects carry nothing away, and no reply is waited for without end.
 */
import { ApiError, unreachable } from './api-error.ts';

export type GuardOptions = {
  /** What carries requests; the runtime's own unless told otherwise. */
  send?: typeof fetch;
  /** Where credentials go, as `URL.origin` has it. */
  origin: string;
  /** Credentials go wherever a request does. */
  trustsEveryOrigin: boolean;
  /** Sent with every request that does not say them itself. */
  headers: readonly (readonly [name: string, value: string])[];
  /** ms for a reply and its body; a stream that goes on is not cut off. */
  timeoutMs(method: string): number;
  /** Throws for a place where nothing may be changed. */
  requireMayChange(target: URL): void;
  watch?: { onRequest(method: string, target: URL, headers: Headers): void; onReply(reply: Response): void };
};

/** What tells who is asking, or stands for one request of theirs. */
export const CREDENTIALS: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'idempotency-key',
  'cookie',
  'set-cookie',
  'x-api-key',
]);

const MOST_REDIRECTS = 5;

/** Rejects with ApiError for a redirect that is not followed and for a reply that does not come in time. */
export function guardFetch(options: GuardOptions): typeof fetch {
  const { send = (input, init) => fetch(input, init), watch } = options;

  async function sendOnce(target: URL, init: RequestInit, method: string): Promise<Response> {
    const headers = headersFor(target, init, options);
    watch?.onRequest(method, target, headers);
    const isStream = headers.get('accept') === 'text/event-stream';
    const limit = isStream ? null : AbortSignal.timeout(options.timeoutMs(method));
    const signals = [limit, init.signal ?? null].filter((signal) => signal !== null);
    try {
      const reply = await send(target.href, {
        ...init,
        method,
        headers,
        redirect: 'manual',
        ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
      });
      watch?.onReply(reply);
      return reply;
    } catch (cause) {
      if (limit?.aborted !== true || init.signal?.aborted === true) throw cause;
      throw tooLate(target, options.timeoutMs(method), cause);
    }
  }

  return async (input, init = {}) => {
    const method = (init.method ?? 'GET').toUpperCase();
    let target = new URL(String(input));
    if (method !== 'GET' && method !== 'HEAD') options.requireMayChange(target);
    for (let redirects = 0; ; redirects += 1) {
      const reply = await sendOnce(target, init, method);
      const location = reply.headers.get('location');
      if (reply.status < 300 || reply.status > 399 || reply.status === 304 || location === null) return reply;
      await reply.body?.cancel();
      const next = URL.canParse(location, target.href) ? new URL(location, target.href) : null;
      if (next === null || redirects === MOST_REDIRECTS || !mayFollow(method, target, next, options)) {
        throw redirected(reply.status, target, next);
      }
      target = next;
    }
  };
}

/** A change is not sent a second time, and what a stranger points at is nothing that was asked for. */
function mayFollow(method: string, from: URL, to: URL, { trustsEveryOrigin }: GuardOptions): boolean {
  const isHttp = to.protocol === 'http:' || to.protocol === 'https:';
  return (method === 'GET' || method === 'HEAD') && isHttp && (trustsEveryOrigin || to.origin === from.origin);
}

function headersFor(target: URL, init: RequestInit, { headers, origin, trustsEveryOrigin }: GuardOptions): Headers {
  const all = new Headers(init.headers);
  for (const [name, value] of headers) if (!all.has(name)) all.append(name, value);
  if (trustsEveryOrigin || target.origin === origin) return all;
  for (const name of CREDENTIALS) all.delete(name);
  return all;
}

function redirected(status: number, from: URL, to: URL | null): ApiError {
  const message =
    to === null
      ? `${from.origin} answers with a redirect (${status}) to nowhere`
      : `${from.origin} answers with a redirect (${status}) to ${to.origin}${to.pathname}, which is not followed`;
  const fix =
    to === null || to.origin === from.origin
      ? 'check the address of the server'
      : `if that is the server, give it as the address: ${to.origin}`;
  return new ApiError(status, { code: 'bad_reply', message, fix });
}

function tooLate(target: URL, timeoutMs: number, cause: unknown): ApiError {
  const { message, code } = unreachable(target.origin, cause);
  const fix = 'check that the server is running, or wait longer with --timeout';
  return new ApiError(0, { code, message: `${message} within ${timeoutMs / 1_000} s`, fix }, { cause });
}
