/** Sends again what may be sent twice: after no reply at all, and when the server asks to come back. */
import { type Clock, systemClock } from '../lib/clock.ts';
import { ApiError } from './api-error.ts';

export type RetryOptions = {
  /** How often a call is sent again at most; 4 unless told otherwise, 0: never. */
  times?: number;
  /** Whether calls that only read are sent again, too; otherwise those with an idempotency key alone. */
  reads?: boolean;
  clock?: Pick<Clock, 'after'>;
  /** 0 up to 1, as `Math.random`. */
  random?: () => number;
};

/** One reply, read to its end. */
export type Received = { response: Pick<Response, 'status' | 'headers'>; body: unknown };

const TIMES = 4;
const FIRST_WAIT_MS = 250;
/** Who is to come back later than this is told at once. */
const LONGEST_WAIT_MS = 60_000;

/** Throws what `send` throws in the end, and the signal's reason when it is aborted while waiting. */
export async function sendAgain(
  send: () => Promise<Received>,
  { times = TIMES, clock = systemClock, random = Math.random }: RetryOptions,
  signal: AbortSignal | undefined,
): Promise<Received> {
  for (let attempt = 0; ; attempt += 1) {
    const backoffMs = FIRST_WAIT_MS * 2 ** attempt * (0.5 + random() / 2);
    const { waitMs, end } = await send().then(
      (received) => ({ waitMs: askedToWaitMs(received, backoffMs), end: () => received }),
      (thrown: unknown) => ({ waitMs: isUnreachable(thrown) ? backoffMs : null, end: () => rethrow(thrown) }),
    );
    if (waitMs === null || attempt >= times) return end();
    await pause(waitMs, clock, signal);
  }
}

/** Null: the reply is final. A little more than was asked for, so that those who were sent away come back one by one. */
function askedToWaitMs({ response, body }: Received, backoffMs: number): number | null {
  const { status, headers } = response;
  const isInProgress = status === 409 && codeOf(body) === 'idempotency_in_progress';
  if (!isInProgress && status !== 429 && status !== 503) return null;
  const seconds = headers.get('retry-after') ?? '';
  const askedMs = /^\d{1,9}$/.test(seconds) ? Number(seconds) * 1_000 : null;
  return askedMs === null || askedMs > LONGEST_WAIT_MS ? null : askedMs + backoffMs;
}

function codeOf(body: unknown): unknown {
  return (body as { error?: { code?: unknown } } | null | undefined)?.error?.code;
}

function isUnreachable(thrown: unknown): boolean {
  return thrown instanceof ApiError && thrown.status === 0 && thrown.code === 'server_unreachable';
}

function rethrow(thrown: unknown): never {
  throw thrown;
}

function pause(waitMs: number, clock: Pick<Clock, 'after'>, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(waitMs, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    function abort(): void {
      timer.cancel();
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
  });
}
