/** The protocol of proto/ as one handler for gRPC, gRPC-web, Connect and JSON; and how it is put on Node's servers. */
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createConnectRouter,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from '@connectrpc/connect';
import {
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from '@connectrpc/connect-node';
import { questionDigest, sha256 } from './canonical.ts';
import type { RemoteQuestion } from './client.ts';
import { findingOf } from './finding.ts';
import { VerifierService } from './gen/jetmon/verifier/v1/verifier_pb.ts';
import { MAX_REQUEST_BYTES, MAX_SITES } from './limits.ts';
import type { ServerReply, ServerRequest } from './listener.ts';
import type { Seen } from './looks.ts';
import { answerMessage, budgetsOr, type LookDefaults, questionOf } from './messages.ts';
import { type AnswerFields, type Keys, signatureOf } from './signing.ts';

/** What one request may do, asked before its body is read. */
export type Visitor = {
  /** The keys that go with what it showed; null for a stranger, who is counted. */
  admit(): Keys | null;
  /** False when too many are being answered; else the place is held until the reply has ended. */
  takePlace(): boolean;
  /** What it asks cannot be read. */
  unreadable(): void;
};

export type RpcDeps = {
  version: string;
  /** What this verifier calls itself. */
  host: string;
  nowMs(): number;
  /** What was seen of each; null where there was no time. */
  look(questions: readonly RemoteQuestion[], signal: AbortSignal): Promise<Seen[]>;
};

/** Serves a request by its path; false when the path is none of the protocol's. */
export type ServeRpc = (request: ServerRequest, reply: ServerReply, visitor: Visitor) => Promise<boolean>;

const VISITOR = createContextKey<Visitor | null>(null);
const KEYS = createContextKey<Keys | null>(null);

export function createRpc(deps: RpcDeps): ServeRpc {
  const router = createConnectRouter({
    readMaxBytes: MAX_REQUEST_BYTES,
    // Brotli is left out: its decoder has had flaws, and what is sent here is small.
    acceptCompression: [compressionGzip],
    requestGate: gate,
  });
  route(router, deps);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return async (request, reply, visitor) => {
    const handler = handlers.get((request.url ?? '').split('?', 1)[0] ?? '');
    if (handler === undefined) return false;
    const values = createContextValues().set(VISITOR, visitor);
    const answer = await handler(universalRequestFromNodeRequest(request, reply, undefined, values));
    await universalResponseToNodeResponse(answer, reply);
    return true;
  };
}

/** Strangers are sent away before a byte of what they say is read. */
function gate({ method, values }: HandlerContext): void {
  if (method.name === VerifierService.method.getStatus.name) return;
  const visitor = values.get(VISITOR);
  const keys = visitor?.admit() ?? null;
  if (keys === null) throw new ConnectError('the token is missing or not one of this verifier', Code.Unauthenticated);
  if (visitor?.takePlace() !== true)
    throw new ConnectError('too many batches are being answered', Code.ResourceExhausted);
  values.set(KEYS, keys);
}

function route(router: ConnectRouter, deps: RpcDeps): void {
  router.service(VerifierService, {
    getStatus: () => ({ status: 'OK', version: deps.version }),
    async checkSites({ sites }, { values, signal }) {
      const keys = values.get(KEYS);
      if (keys === null) throw new ConnectError('the gate was passed without a token', Code.Internal);
      const invalid = (words: string) => {
        values.get(VISITOR)?.unreadable();
        return new ConnectError(words, Code.InvalidArgument);
      };
      if (sites.length === 0 || sites.length > MAX_SITES) throw invalid(`send 1 to ${MAX_SITES} sites at a time`);
      const questions = sites.map((site, index) => {
        const question = questionOf(site);
        if (typeof question === 'string') throw invalid(`site ${index}: ${question}`);
        return question;
      });
      const found = await deps.look(questions, signal);
      const results = questions.map((question, index) => signed(question, found[index] ?? 'no_turn', keys, deps));
      return { results };
    },
  });
}

function signed(question: RemoteQuestion, seen: Seen, keys: Keys, deps: RpcDeps) {
  const { says, reason, httpCode, errorCode, failureClass, rttMs } = findingOf(seen);
  const answer: AnswerFields = {
    requestId: question.requestId,
    urlSha256: sha256(question.url),
    questionSha256: questionDigest(question),
    says,
    reason,
    httpCode,
    errorCode,
    failureClass,
    rttUs: rttMs === null ? null : BigInt(Math.round(rttMs * 1_000)),
    host: deps.host,
    issuedAtMs: BigInt(deps.nowMs()),
  };
  return answerMessage(answer, signatureOf(answer, keys));
}

/** The look that a question asks for. */
export function lookOf({ url, timeoutMs, plan, budgets }: RemoteQuestion, { budgets: ours }: LookDefaults) {
  return { url, timeoutMs, plan, budgets: budgetsOr(budgets, ours) };
}
