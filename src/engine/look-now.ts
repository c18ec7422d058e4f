/** The way into the engine for whoever wants to know now how an endpoint fares: bounded, and never longer than they wait. */
import { AppError } from '../domain/errors.ts';
import { type ProbePlan, planFor } from '../domain/probe-plan.ts';
import type { AskedLook, LookNow } from '../services/look-now.ts';
import type { Pipeline } from './pipeline.ts';

/** Looks that may be asked for at a time, those among them whose asker went away. */
export const MOST_ASKED = 64;

type Parts = {
  pipeline: Pick<Pipeline, 'ask' | 'look'>;
  /** Resolves when every change published so far has been taken in. */
  upToDate(): Promise<void>;
  isStopped(): boolean;
  /** Of endpoints that name none, as it is now. */
  timeoutMs(): number;
  plan: ProbePlan;
};

export function createLookNow(parts: Parts): LookNow {
  const { pipeline } = parts;
  let asked = 0;

  async function look(endpoint: Parameters<LookNow>[0]): Promise<AskedLook> {
    // A site that was changed a moment ago is looked at as it is now.
    await parts.upToDate();
    const first = await pipeline.ask(endpoint.endpointId);
    if (first?.isBooked) return first;
    // Another look settled the matter meanwhile, so that it began before that.
    const second = first === null ? null : await pipeline.ask(endpoint.endpointId);
    return second ?? first ?? lookBeside(endpoint);
  }

  /** Not watched, or not yet: it is seen, and nothing follows. */
  async function lookBeside({ url, timeoutSeconds, plan }: Parameters<LookNow>[0]): Promise<AskedLook> {
    const timeoutMs = timeoutSeconds === null ? parts.timeoutMs() : timeoutSeconds * 1_000;
    const observation = await pipeline.look(url, timeoutMs, planFor(plan, parts.plan));
    return { observation, isBooked: false, closed: [] };
  }

  return async (endpoint, signal) => {
    if (parts.isStopped()) {
      throw new AppError('server_not_running', 'the server is stopping', { fix: 'ask again when it has started' });
    }
    if (asked >= MOST_ASKED) {
      throw new AppError('too_many_looks', `${asked} looks that were asked for are under way`, {
        fix: 'wait until some have ended, then ask again',
      });
    }
    asked += 1;
    const looked = look(endpoint).finally(() => {
      asked -= 1;
    });
    return untilAborted(looked, signal);
  };
}

async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const { promise: aborted, resolve } = Promise.withResolvers<null>();
  const abort = () => resolve(null);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
    // Nobody hears of it any more.
    work.catch(() => {});
  }
}
