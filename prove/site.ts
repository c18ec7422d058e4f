/** A loopback web site that answers every path and remembers which were asked for. */
import { createServer } from 'node:http';

export type Site = {
  origin: string /** Paths asked for so far. */;
  visited: ReadonlySet<string>;
  stop(): Promise<void>;
};

export async function startSite(): Promise<Site> {
  const visited = new Set<string>();
  const server = createServer((request, response) => {
    visited.add(request.url ?? '');
    response.end('<!doctype html><title>up</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the site has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    visited,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
