/** Sends requests as they are drawn, over connections that are kept. */
import { Agent, request } from 'node:http';

export type SentReply = { status: number; headers: Readonly<Record<string, string | undefined>>; text: string };

export type Sender = {
  /** Null where the connection broke before there was a reply. A stream is left as soon as it begins. */
  send(wanted: {
    method: string;
    url: string;
    headers: Record<string, string>;
    body: Uint8Array | null;
  }): Promise<SentReply | null>;
  close(): void;
};

const GIVE_UP_AFTER_MS = 60_000;

export function createSender(address: string, connections: number): Sender {
  const { hostname, port } = new URL(address);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    close: () => agent.destroy(),
    send: ({ method, url, headers, body }) =>
      new Promise((resolve) => {
        const sent = request(
          {
            agent,
            hostname,
            port,
            method,
            path: url,
            headers: { ...headers, ...lengthOf(body) },
            timeout: GIVE_UP_AFTER_MS,
          },
          (response) => {
            const seen = { status: response.statusCode ?? 0, headers: response.headers as SentReply['headers'] };
            if (response.headers['content-type']?.startsWith('text/event-stream') === true) {
              response.once('close', () => resolve({ ...seen, text: '' })).destroy();
              return;
            }
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('end', () => resolve({ ...seen, text: Buffer.concat(chunks).toString('utf8') }));
            response.on('error', () => resolve(null));
          },
        );
        sent.on('timeout', () => sent.destroy());
        sent.on('error', () => resolve(null));
        sent.end(body ?? undefined);
      }),
  };
}

function lengthOf(body: Uint8Array | null): Record<string, string> {
  return body === null ? {} : { 'content-length': String(body.length) };
}
