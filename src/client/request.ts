/** One HTTP request to the API: identity, address, and network failure as an ApiError. */
import { ApiError, unreachable } from './api-error.ts';
import type { RetryOptions } from './retry.ts';

export type ClientOptions = {
  /** Where the server listens, such as `http://127.0.0.1:8080`; empty for the page's own origin. */
  baseUrl: string;
  /** API key; absent where a session cookie speaks for the caller. */
  token?: string;
  /**
   * Sent with every call and with the stream, such as those by which a gateway says for whom it asks. One that the client
   * has a say of its own in, such as `idempotency-key`, gives way to it; `authorization` is never taken from here.
   */
  headers?: Readonly<Record<string, string>>;
  fetch?: typeof fetch;
  /** How calls are sent again that may be sent twice. */
  retry?: RetryOptions;
};

/** Throws ApiError `server_unreachable` when no reply comes, and the signal's reason when it was aborted. */
export type Request = (path: string, init: RequestInit & { headers?: Record<string, string> }) => Promise<Response>;

export function createRequest(options: ClientOptions): Request {
  // Called by its name: browsers refuse a fetch that is called as a method of another object.
  const send = options.fetch ?? ((input: string, init: RequestInit) => fetch(input, init));
  const baseUrl = options.baseUrl.replace(/\/+$/, '');
  const identity = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const common = commonHeaders(options.headers);
  return async (path, init) => {
    const content = init.body === undefined ? {} : { 'content-type': 'application/json' };
    try {
      return await send(baseUrl + path, {
        ...init,
        headers: { ...common, accept: 'application/json', ...init.headers, ...identity, ...content },
        credentials: 'same-origin',
        redirect: 'error',
      });
    } catch (cause) {
      init.signal?.throwIfAborted();
      // What carries requests may have known more of it.
      if (cause instanceof ApiError) throw cause;
      throw unreachable(baseUrl, cause);
    }
  };
}

/** In lower case, so that each name is there once whoever sets it. */
function commonHeaders(given: ClientOptions['headers'] = {}): Record<string, string> {
  const { authorization: _, ...rest } = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return rest;
}
