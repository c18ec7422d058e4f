/** The way into the engine for whoever wants to know now how an endpoint fares: bounded, and never longer than they wait. */
import { AppError } from '../domain/errors.ts';
import { type ProbePlan, planFor } from '../domain/probe-plan.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import { type AskedLook, type LookNow, tooManyLooks } from '../services/look-now.ts';
import type { Pipeline } from './pipeline.ts';

/** Looks that may be asked for at a time, those among them whose asker went away. */
export const MOST_ASKED = 64;
/** Of those, what one tenant may have: as many as one request asks for, so that slow sites of one keep no other waiting. */
export const MOST_OF_A_TENANT = 20;

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
  const places = createPlaces();

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

  return async (endpoint, signal, scope) => {
    if (parts.isStopped()) {
      throw new AppError('server_not_running', 'the server is stopping', { fix: 'ask again when it has started' });
    }
    const leave = places.take(scope);
    return untilAborted(look(endpoint).finally(leave), signal);
  };
}

/** Who has how many looks under way. */
function createPlaces() {
  const ofTenants = new Map<string, number>();
  let taken = 0;

  function count(scope: SiteScope, by: 1 | -1): void {
    taken += by;
    if (scope.kind === 'all') return;
    const left = (ofTenants.get(scope.tenantId) ?? 0) + by;
    if (left === 0) ofTenants.delete(scope.tenantId);
    else ofTenants.set(scope.tenantId, left);
  }

  return {
    /** What gives the place back. Throws `too_many_looks`. */
    take(scope: SiteScope): () => void {
      const own = scope.kind === 'all' ? 0 : (ofTenants.get(scope.tenantId) ?? 0);
      if (own >= MOST_OF_A_TENANT) throw tooManyLooks(own, 'of this tenant ');
      if (taken >= MOST_ASKED) throw tooManyLooks(taken, '');
      count(scope, 1);
      return () => count(scope, -1);
    },
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
