/** Asks one verifier what it sees of sites, and takes no answer for one that is not bound to the question. */
import { believed, failureOf } from './belief.ts';
import type { RemoteAnswer, RemoteQuestion, VerifierClient, VerifierClientDeps, VerifierEntry } from './client.ts';
import { createConnection } from './connection.ts';
import { SITES_PER_CALL } from './limits.ts';
import { questionMessage } from './messages.ts';
import { keysOf } from './signing.ts';

/** How long a question waits beyond the deadline of its probe (spec/03 section 7.1). */
const ANSWER_WITHIN_MS = 5_000;
const STATUS_WITHIN_MS = 2_000;

/** Connects with the first question, and keeps the connection while it is in use. */
export function createVerifierClient(entry: VerifierEntry, deps: VerifierClientDeps): VerifierClient {
  const { clock } = deps;
  const keys = keysOf(entry.authToken);
  const connection = createConnection(entry, deps);
  const headers = { authorization: `Bearer ${keys.access}` };

  async function askSome(questions: readonly RemoteQuestion[], signal: AbortSignal): Promise<RemoteAnswer[]> {
    const startMs = clock.monotonicMs();
    const tookMs = () => clock.monotonicMs() - startMs;
    const limitMs = Math.max(...questions.map(({ timeoutMs }) => timeoutMs)) + ANSWER_WITHIN_MS;
    try {
      const { results } = await connection.call(limitMs, signal, (service, options) =>
        service.checkSites({ sites: questions.map(questionMessage) }, { ...options, headers }),
      );
      const answers = believed(questions, results, keys, tookMs());
      deps.onRpc?.('success', tookMs());
      return answers;
    } catch (error) {
      const { reason, detail } = failureOf(error);
      deps.onRpc?.(reason, tookMs());
      return questions.map(() => ({ kind: 'failed', reason, detail, tookMs: tookMs() }));
    }
  }

  return {
    async ask(questions, signal) {
      const calls: Promise<RemoteAnswer[]>[] = [];
      for (let from = 0; from < questions.length; from += SITES_PER_CALL) {
        calls.push(askSome(questions.slice(from, from + SITES_PER_CALL), signal));
      }
      return (await Promise.all(calls)).flat();
    },
    async status(signal) {
      try {
        const { status, version } = await connection.call(STATUS_WITHIN_MS, signal, (service, options) =>
          service.getStatus({}, options),
        );
        return { ok: status === 'OK', version: version.slice(0, MAX_VERSION_LENGTH) };
      } catch {
        return { ok: false, version: null };
      }
    },
    close: connection.close,
  };
}

const MAX_VERSION_LENGTH = 100;
