/**
 * Requests that are drawn from the document of the API alone, sent to a server over real sockets, and the replies held
 * against the same document: never a failure, every reply of its promised shape, nobody let in or told what is not theirs.
 */
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { OpenApiDocument } from '../../src/contracts/openapi/document-types.ts';
import { type Credential, type DrawnRequest, drawRequest, SEEN_CURSOR } from './draw-request.ts';
import { type Caller, createJudge, type Trouble } from './judge-reply.ts';
import { promisedBy } from './promised.ts';
import { createSender, type SentReply } from './send.ts';

export type GeneratedRequests = {
  /** Where the server is, without a slash at the end. */
  address: string;
  /** As the server answers it, parsed. */
  document: OpenApiDocument;
  /** At least one, the mightiest last; who asks is drawn, too. Keys must not be limited to few requests a minute. */
  callers: readonly Caller[];
  count: number;
  /** The same seed, the same requests, but for cursors. */
  seed: number;
  /** Requests under way at once. Default 8. */
  atOnce?: number;
  /** Called before the first and after each handful, with how many were sent; the next waits for it. */
  betweenHandfuls?(sent: number): Promise<void> | void;
};

export type GeneratedReport = {
  requests: number;
  serverErrors: number;
  schemaBreaks: number;
  authBreaks: number;
  canaries: number;
  /** Replies in which a caller read the text that stands in its own things: where there is none, none can leak. */
  ownSeen: number;
  /** Connections that broke before there was a reply. */
  unanswered: number;
  byStatus: Readonly<Record<string, number>>;
  /** Further requests, of operations that none of these had succeeded with by chance. */
  further: number;
  /** Operations that were never answered with success, not even then. */
  neverSucceeded: readonly string[];
  /** The first of what was wrong, in words. */
  problems: readonly string[];
};

const HANDFUL = 200;
const MOST_PROBLEMS = 20;
const MOST_CURSORS = 50;
/** So many requests are expected to succeed with every operation; those that did not by chance are drawn further, up to this. */
const MANY = 10_000;
const MOST_FURTHER = 5_000;
/** Some operations may be asked for thirty times a minute alone: who was told so rests before the next handful. */
const REST_MS = 10_000;

const COUNTED = {
  server_error: 'serverErrors',
  schema_break: 'schemaBreaks',
  auth_break: 'authBreaks',
  canary: 'canaries',
} as const satisfies Record<Trouble['kind'], keyof GeneratedReport>;

export async function sendGeneratedRequests(options: GeneratedRequests): Promise<GeneratedReport> {
  const { address, document, callers, count, seed, atOnce = 8 } = options;
  const promised = promisedBy(document);
  const arbitrary = drawRequest(promised);
  const judge = createJudge(document);
  const sender = createSender(address, atOnce);
  const cursors: string[] = [];
  const succeeded = new Set<string>();
  const tally = {
    requests: 0,
    serverErrors: 0,
    schemaBreaks: 0,
    authBreaks: 0,
    canaries: 0,
    ownSeen: 0,
    unanswered: 0,
  };
  const byStatus: Record<string, number> = {};
  const problems: string[] = [];

  async function carryOut(request: DrawnRequest): Promise<void> {
    // The last one, who may do the most, as often as all others together.
    const caller = callers[Math.min(callers.length - 1, Math.floor(request.caller * (callers.length - 1) * 2))];
    if (caller === undefined) throw new RangeError('there is nobody to ask');
    const url = request.url.replace(SEEN_CURSOR, cursors[tally.requests % Math.max(1, cursors.length)] ?? '');
    const headers = { ...request.headers, ...credentials(request.credential, caller) };
    const reply = await sender.send({ method: request.operation.method, url, headers, body: request.body });
    tally.requests += 1;
    if (reply === null) {
      tally.unanswered += 1;
      return;
    }
    byStatus[reply.status] = (byStatus[reply.status] ?? 0) + 1;
    if (reply.status < 300) succeeded.add(request.operation.operationId);
    keepCursor(cursors, reply);
    if (caller.own !== null && reply.text.includes(caller.own)) tally.ownSeen += 1;
    for (const trouble of judge(request, caller, reply)) {
      tally[COUNTED[trouble.kind]] += 1;
      if (problems.length < MOST_PROBLEMS) problems.push(told(request, url, reply, trouble));
    }
  }

  async function handful(from: typeof arbitrary, drawn: number, numRuns: number): Promise<void> {
    await options.betweenHandfuls?.(tally.requests);
    const waiting = fc.sample(from, { seed: seed + drawn, numRuns });
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await carryOut(next);
      }),
    );
  }

  let requests = 0;
  const missing = () => promised.operations.filter(({ operationId }) => !succeeded.has(operationId));
  try {
    for (let drawn = 0; drawn < count; drawn += HANDFUL) {
      await handful(arbitrary, drawn, Math.min(HANDFUL, count - drawn));
    }
    requests = tally.requests;
    const mostFurther = count < MANY ? 0 : MOST_FURTHER;
    for (let drawn = count; drawn < count + mostFurther && missing().length > 0; drawn += HANDFUL) {
      const limited = byStatus['429'] ?? 0;
      await handful(drawRequest({ ...promised, operations: missing() }), drawn, HANDFUL);
      if (missing().length > 0 && (byStatus['429'] ?? 0) > limited) await delay(REST_MS);
    }
  } finally {
    sender.close();
  }
  const neverSucceeded = missing().map(({ operationId }) => operationId);
  return { ...tally, requests, further: tally.requests - requests, byStatus, neverSucceeded, problems };
}

function credentials(credential: Credential, { headers }: Caller): Record<string, string> {
  if (credential === 'own') return { ...headers };
  const { authorization: _, ...rest } = headers;
  if (credential === 'malformed') return { ...rest, authorization: 'Basic a2V5OmtleQ==' };
  return credential === 'none' ? rest : { ...rest, authorization: `Bearer jm_${'A'.repeat(52)}` };
}

function keepCursor(cursors: string[], { text }: SentReply): void {
  const [, cursor] = /"page":\{"next":"([\w-]+)"/.exec(text) ?? [];
  if (cursor === undefined) return;
  cursors.push(cursor);
  if (cursors.length > MOST_CURSORS) cursors.shift();
}

function told({ operation, body, credential }: DrawnRequest, url: string, reply: SentReply, trouble: Trouble): string {
  const sent = body === null ? '' : ` with ${JSON.stringify(Buffer.from(body).toString('utf8').slice(0, 300))}`;
  return `${operation.method} ${url.slice(0, 300)} (key: ${credential})${sent} -> ${reply.status}: ${trouble.what}; ${reply.text.slice(0, 300)}`;
}
