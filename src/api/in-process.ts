/** The API for callers in the same process: `fetch` without a socket. */
import type { FastifyInstance, InjectOptions } from 'fastify';

/** Whole replies only: the live stream needs a socket. */
export function fetchWithoutPort(app: FastifyInstance): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const payload = Buffer.from(await request.arrayBuffer());
    const reply = await app.inject({
      method: request.method as NonNullable<InjectOptions['method']>,
      url: url.pathname + url.search,
      headers: { ...Object.fromEntries(request.headers), host: url.host },
      ...(payload.length === 0 ? {} : { payload }),
    });
    const headers = Object.entries(reply.headers).map(([name, value]): [string, string] => [name, String(value)]);
    const bodyless = reply.statusCode === 204 || reply.statusCode === 304;
    return new Response(bodyless ? null : new Uint8Array(reply.rawPayload), { status: reply.statusCode, headers });
  };
}
