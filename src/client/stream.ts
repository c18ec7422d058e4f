/** Follows the live stream over fetch, so that it can carry an API key, and comes back when the connection is lost. */
import type { QueryInputOf } from '../contracts/contract.ts';
import { type StreamMessages, stream as streamContract } from '../contracts/utility.ts';
import { parseJson } from '../lib/json.ts';
import { ApiError, badReply, refusalFrom, unreachable } from './api-error.ts';
import { queryText } from './query-text.ts';
import type { Request } from './request.ts';
import { createEventParser, type ServerSentEvent } from './server-sent-events.ts';

export type StreamHandlers = {
  /**
   * One per kind of message. Transitions are told at least once, by their ids, over lost connections; `reset` says that
   * too much was missed for that. Results and changes of sites are not repeated.
   */
  [Name in keyof StreamMessages]?: (message: StreamMessages[Name]) => void;
} & {
  /** What came before was handled. Kept, and handed in as `lastEventId`, it makes another program go on from here. */
  onPosition?: (lastEventId: string) => void;
  /** Connected, the first time or again. */
  onOpen?: () => void;
  /** Connected again, after `onOpen`: results may have been missed, so fetch anew what is shown. */
  onReconnect?: () => void;
  /** The connection is lost or cannot be made, or a handler threw; another attempt follows by itself. */
  onLost?: (error: unknown) => void;
};

export type StreamOptions = {
  signal: AbortSignal;
  /** Which sites and states; absent: all. */
  query?: Omit<QueryInputOf<typeof streamContract>, 'last_event_id'>;
  /** From where to go on; absent: from now. */
  lastEventId?: string;
  /** Waits before attempts; tests shorten it. */
  backoffMs?: (attempt: number) => number;
};

/** Heartbeats come every 15 s: silence for three of them is a dead connection. */
const SILENCE_MS = 45_000;

export async function stream(request: Request, handlers: StreamHandlers, options: StreamOptions): Promise<void> {
  const { signal, query = {}, backoffMs = defaultBackoffMs } = options;
  const place: Place = { path: streamContract.path + queryText(query), lastEventId: options.lastEventId ?? null };
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
      await follow(request, place, { ...handlers, onOpen }, signal);
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

/** Where the stream is, and how far it was followed. */
type Place = { path: string; lastEventId: string | null };

/** One connection until it ends; always throws, because the server never ends a stream by itself in good order. */
async function follow(request: Request, place: Place, handlers: StreamHandlers, signal: AbortSignal): Promise<never> {
  const silence = new AbortController();
  const headers = {
    accept: 'text/event-stream',
    ...(place.lastEventId === null ? {} : { 'last-event-id': place.lastEventId }),
  };
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  // By hand: Node 18 has no AbortSignal.any.
  const either = new AbortController();
  const end = (): void => either.abort(signal.reason);
  signal.addEventListener('abort', end);
  silence.signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    const response = await request(place.path, { headers, signal: either.signal });
    if (!response.ok) throw refusalFrom(response.status, await errorBody(response));
    if (response.body === null) throw badReply(response.status, 'no stream');
    handlers.onOpen?.();
    const feed = createEventParser(
      (event) => deliver(handlers, event),
      (id) => {
        place.lastEventId = id;
        handlers.onPosition?.(id);
      },
    );
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
      break;
    case 'reset':
      handlers.reset?.(parsed.value as StreamMessages['reset']);
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
