/** What of a reply can be believed: each answer only for the question it is bound to, and only as it was signed. */
import { Code, ConnectError } from '@connectrpc/connect';
import { questionDigest, sha256 } from './canonical.ts';
import type { RemoteAnswer, RemoteFailure, RemoteQuestion } from './client.ts';
import { NoConnection, OutOfTime } from './connection.ts';
import type { SiteAnswer } from './gen/jetmon/verifier/v1/verifier_pb.ts';
import { answerOf } from './messages.ts';
import { isSame, isSignedBy, type Keys } from './signing.ts';

/** One per question, in their order. */
export function believed(
  questions: readonly RemoteQuestion[],
  results: readonly SiteAnswer[],
  keys: Keys,
  tookMs: number,
): RemoteAnswer[] {
  if (results.length !== questions.length) {
    const detail = `${results.length} answers to ${questions.length} questions`;
    return questions.map(() => ({ kind: 'failed', reason: 'malformed', detail, tookMs }));
  }
  return questions.map((question, index) => {
    const result = results[index];
    const problem = result === undefined ? 'malformed' : doubt(question, result, keys);
    if (result === undefined || typeof problem === 'string') {
      const reason = typeof problem === 'string' ? problem : 'malformed';
      return { kind: 'failed', reason, detail: DOUBTS[reason], tookMs };
    }
    const { says, reason, httpCode, errorCode, failureClass, rttUs, host } = problem;
    const rttMs = rttUs === null ? null : Number(rttUs) / 1_000;
    return { kind: 'answer', says, reason, httpCode, errorCode, failureClass, rttMs, host, tookMs };
  });
}

type Doubt = 'malformed' | 'wrong_request' | 'bad_signature';

const DOUBTS: Readonly<Record<Doubt, string>> = {
  malformed: 'the answer holds what no answer may hold',
  wrong_request: 'the answer is bound to another question, or to this one as it was not asked',
  bad_signature: 'the answer is not signed with our secret, or was changed on the way',
};

/** The answer, or why it is none. */
function doubt(question: RemoteQuestion, result: SiteAnswer, keys: Keys) {
  const answer = answerOf(result);
  if (answer === null) return 'malformed';
  const isBound =
    answer.requestId === question.requestId &&
    isSame(answer.urlSha256, sha256(question.url)) &&
    isSame(answer.questionSha256, questionDigest(question));
  if (!isBound) return 'wrong_request';
  return isSignedBy(answer, result.signature, keys) ? answer : 'bad_signature';
}

/** Why there is no reply at all. Texts of the other side are bounded. */
export function failureOf(error: unknown): { reason: RemoteFailure; detail: string } {
  if (error instanceof NoConnection) return { reason: 'unreachable', detail: error.message };
  if (error instanceof OutOfTime) return { reason: 'timeout', detail: error.message };
  const known = ConnectError.from(error);
  return { reason: reasonOf(known), detail: known.rawMessage.slice(0, MAX_DETAIL_LENGTH) };
}

const MAX_DETAIL_LENGTH = 300;

function reasonOf(error: ConnectError): RemoteFailure {
  // What comes from the other side has the headers of its reply.
  const isTheirs = [...error.metadata.keys()].length > 0;
  switch (error.code) {
    case Code.Unauthenticated:
    case Code.PermissionDenied:
      return 'unauthorized';
    case Code.DeadlineExceeded:
      return 'timeout';
    case Code.ResourceExhausted:
      return isTheirs ? 'refused' : 'too_large';
    case Code.InvalidArgument:
    case Code.Unimplemented:
    case Code.NotFound:
    case Code.FailedPrecondition:
      return isTheirs ? 'refused' : 'malformed';
    case Code.Unavailable:
      return isTheirs ? 'refused' : 'unreachable';
    case Code.Canceled:
    case Code.Aborted:
      return 'unreachable';
    default:
      return isTheirs ? 'refused' : 'malformed';
  }
}
