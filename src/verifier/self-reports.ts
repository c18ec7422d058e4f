/** What each verifier says of itself, asked when somebody wants to know it, and then not again for a while. */
import type { Clock } from '../lib/clock.ts';
import type { VerifierClient } from './client.ts';

export type SelfReport = Awaited<ReturnType<VerifierClient['status']>>;

/** By name. */
export type SelfReports = ReadonlyMap<string, SelfReport>;

const HOLDS_MS = 10_000;
const NEVER = new AbortController().signal;

/** All are asked at once, so that it takes as long as the slowest: two seconds at most. Never rejects. */
export function createSelfReports(
  clients: ReadonlyMap<string, Pick<VerifierClient, 'status'>>,
  clock: Pick<Clock, 'monotonicMs'>,
): () => Promise<SelfReports> {
  let askedMs = Number.NEGATIVE_INFINITY;
  let newest: Promise<SelfReports> = Promise.resolve(new Map());

  async function ask(): Promise<SelfReports> {
    const said = [...clients].map(async ([name, client]) => [name, await client.status(NEVER)] as const);
    return new Map(await Promise.all(said));
  }

  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - askedMs >= HOLDS_MS) {
      askedMs = nowMs;
      newest = ask();
    }
    return newest;
  };
}
