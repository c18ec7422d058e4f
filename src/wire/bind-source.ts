/** Whether connections may come from an address: asked once at the start, because every probe would fail alike. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** The system's code for why the address cannot be bound, such as EADDRNOTAVAIL; null when it can. */
export async function bindProblem(address: string): Promise<string | null> {
  const server = createServer();
  try {
    server.listen({ host: address, port: 0 });
    await once(server, 'listening');
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'UNKNOWN';
  } finally {
    server.close();
  }
}
