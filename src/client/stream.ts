/** Follows the live stream over fetch, so that it can carry an API key, and comes back when the connection is lost. */
import { type StreamMessages, stream as streamContract } from '../contracts/utility.ts';
import { parseJson } from '../lib/json.ts';
import { ApiError, badReply, refusalFrom, unreachable } from './api-error.ts';
import type { Request } from './request.ts';
import { createEventParser, type ServerSentEvent } from './server-sent-events.ts';

export type StreamHandlers = {
  /** One per kind of message; what was committed while the connection was lost is not repeated. */
  [Name in keyof StreamMessages]?: (message: StreamMessages[Name]) => void;
} & {
  /** Connected, the first time or again. */
  onOpen?: () => void;
  /** Connected again, after `onOpen`: messages may have been missed, so fetch anew what is shown. */
  onReconnect?: () => void;
  /** The connection is lost or cannot be made, or a handler threw; another attempt follows by itself. */
  onLost?: (error: unknown) => void;
};

export type StreamOptions = {
  signal: AbortSignal;
  /** Waits before attempts; tests shorten it. */
  backoffMs?: (attempt: number) => number;
};

/** Heartbeats come every 15 s: silence for three of them is a dead connection. */
const SILENCE_MS = 45_000;

export async function stream(request: Request, handlers: StreamHandlers, options: StreamOptions): Promise<void> {
  const { signal, backoffMs = defaultBackoffMs } = options;
  let attempt = 0;
  let opened = false;
  const onOpen = (): void => {
    handlers.onOpen?.();
    if (opened) handlers.onReconnect?.();
    opened = true;
    attempt = 0;
  };
  while (!signal.aborted) {
    try {
      await follow(request, handlers, signal, onOpen);
    } catch (thrown) {
      if (signal.aborted) return;
      if (refusesCaller(thrown)) throw thrown;
      handlers.onLost?.(thrown);
    }
    attempt += 1;
    await pause(backoffMs(attempt), signal);
  }
}

/** Half a second, doubling to half a minute, spread so that many pages do not return together. */
function defaultBackoffMs(attempt: number): number {
  return Math.min(30_000, 500 * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}

/** All else may pass: even a 404 may come from another program that has the port while the server restarts. */
function refusesCaller(thrown: unknown): boolean {
  return thrown instanceof ApiError && (thrown.status === 401 || thrown.status === 403);
}

/** One connection until it ends; always throws, because the server never ends a stream by itself in good order. */
async function follow(
  request: Request,
  handlers: StreamHandlers,
  signal: AbortSignal,
  onOpen: () => void,
): Promise<never> {
  const silence = new AbortController();
  const accept = { accept: 'text/event-stream' };
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  // By hand: Node 18 has no AbortSignal.any.
  const either = new AbortController();
  const end = (): void => either.abort(signal.reason);
  signal.addEventListener('abort', end);
  silence.signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    const response = await request(streamContract.path, { headers: accept, signal: either.signal });
    if (!response.ok) throw refusalFrom(response.status, await errorBody(response));
    if (response.body === null) throw badReply(response.status, 'no stream');
    onOpen();
    const feed = createEventParser((event) => deliver(handlers, event));
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw unreachable('', cause);
      });
      if (done) throw unreachable('', new Error('the stream ended'));
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
      feed(value);
    }
  } catch (thrown) {
    if (silence.signal.aborted) throw unreachable('', thrown);
    throw thrown;
  } finally {
    clearTimeout(timer);
    silence.abort();
    signal.removeEventListener('abort', end);
  }
}

async function errorBody(response: Response): Promise<unknown> {
  const parsed = parseJson(await response.text());
  return parsed.ok ? parsed.value : null;
}

/** Kinds this client does not know are left alone: a newer server may send more. */
function deliver(handlers: StreamHandlers, event: ServerSentEvent): void {
  const parsed = parseJson(event.data, { maxDepth: 64 });
  if (!parsed.ok) return;
  switch (event.name) {
    case 'transition':
      handlers.transition?.(parsed.value as StreamMessages['transition']);
      break;
    case 'checked':
      handlers.checked?.(parsed.value as StreamMessages['checked']);
      break;
    case 'site':
      handlers.site?.(parsed.value as StreamMessages['site']);
  }
}

function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, delayMs);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
