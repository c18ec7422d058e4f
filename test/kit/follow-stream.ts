/** Follows the live stream over a connection of its own, so that reading can be stopped. */
import { type IncomingMessage, request } from 'node:http';
import { onTestFinished } from 'vitest';
import { createEventParser, type ServerSentEvent } from '../../src/client/server-sent-events.ts';
import { parseJson } from '../../src/lib/json.ts';
import { LOCAL_KEY } from './api.ts';

export type StreamFollower = {
  response: IncomingMessage;
  events: ServerSentEvent[];
  /** The last id that was sent, alone or with a message. */
  lastId(): string | null;
  closed(): boolean;
  /** Ends the connection, and resolves once the server knows. */
  leave(): void;
};

export async function follow(
  { address }: { address: string },
  {
    token = LOCAL_KEY,
    query = '',
    lastEventId,
    headers = {},
  }: { token?: string; query?: string; lastEventId?: string | null; headers?: Record<string, string> } = {},
): Promise<StreamFollower> {
  const sent = request(`${address}/api/v1/stream${query}`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId == null ? {} : { 'last-event-id': lastEventId }),
      ...headers,
    },
    agent: false,
  }).end();
  onTestFinished(() => void sent.destroy());
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.on('response', resolve).on('error', reject);
  });
  const events: ServerSentEvent[] = [];
  let closed = false;
  let lastId: string | null = null;
  const take = createEventParser(
    (event) => events.push(event),
    (id) => {
      lastId = id;
    },
  );
  response.setEncoding('utf8').on('data', take);
  response.on('close', () => {
    closed = true;
  });
  response.on('error', () => {});
  return { response, events, lastId: () => lastId, closed: () => closed, leave: () => void response.destroy() };
}

export function dataOf(event: ServerSentEvent | undefined): unknown {
  const parsed = parseJson(event?.data ?? '');
  return parsed.ok ? parsed.value : parsed;
}
