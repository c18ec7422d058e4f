/** Follows what becomes of sites that are made to fail, until what is expected was seen or the time is over. */
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import type { EventDetail } from '../../contracts/events.ts';
import type { Id } from '../../contracts/values.ts';
import { severityOf } from '../../domain/state.ts';
import type { Clock } from '../../lib/clock.ts';
import { type Cause, isCausedBy } from './caused-by.ts';
import { type Expectation, isMet, NOTHING_SEEN, type Seen } from './expectation.ts';

export type Watched = {
  siteId: Id;
  /** null: nothing that happens counts. */
  cause: Cause | null;
};

export type Outcome = {
  seen: Seen;
  isMet: boolean;
  /** From the start of watching. */
  tookMs: number;
};

export type WatchOptions = {
  expectation: Expectation;
  waitMs: number;
  pollMs: number;
  clock: Pick<Clock, 'monotonicMs' | 'after'>;
  signal: AbortSignal;
  /** What is new of a site. */
  onSeen(site: Watched, seen: Seen): void;
  /** The last word about a site. */
  onOutcome(site: Watched, outcome: Outcome): void;
};

/** Open events of a site that are read: a URL has few. */
const MAX_OPEN = 10;
/** Sites asked about at a time. */
const AT_A_TIME = 8;

/** In the order of the sites. Rejects with ApiError for a refusal that waiting does not mend. */
export async function watchFailures(
  client: Client,
  sites: readonly Watched[],
  { expectation, waitMs, pollMs, clock, signal, onSeen, onOutcome }: WatchOptions,
): Promise<Outcome[]> {
  const startedAtMs = clock.monotonicMs();
  const outcomes = sites.map((): Outcome => ({ seen: NOTHING_SEEN, isMet: false, tookMs: 0 }));
  let open = [...sites.entries()];

  async function look([index, site]: [number, Watched]): Promise<boolean> {
    const before = outcomes[index]?.seen ?? NOTHING_SEEN;
    const seen = (await lookAt(client, site)) ?? before;
    onSeen(site, seen);
    const outcome = {
      seen,
      isMet: isMet(expectation, seen),
      tookMs: clock.monotonicMs() - startedAtMs,
    };
    outcomes[index] = outcome;
    if (outcome.isMet) onOutcome(site, outcome);
    return !outcome.isMet;
  }

  for (;;) {
    const still: typeof open = [];
    for (let at = 0; at < open.length; at += AT_A_TIME) {
      const some = open.slice(at, at + AT_A_TIME);
      const areOpen = await Promise.all(some.map((one) => signal.aborted || look(one)));
      still.push(...some.filter((_, index) => areOpen[index]));
    }
    open = still;
    const leftMs = waitMs - (clock.monotonicMs() - startedAtMs);
    if (open.length === 0 || leftMs <= 0 || signal.aborted) break;
    await pause(Math.min(pollMs, leftMs), clock, signal);
  }
  for (const [index, site] of open) {
    const outcome = outcomes[index];
    if (outcome !== undefined) onOutcome(site, outcome);
  }
  return outcomes;
}

/** null: the server could not say just now. */
async function lookAt(client: Client, { siteId, cause }: Watched): Promise<Seen | null> {
  try {
    const { endpoints, active_events } = await client.sites.get(siteId);
    const seen: Seen = { ...NOTHING_SEEN, latest: endpoints[0]?.latest ?? null };
    const worstFirst = [...active_events].sort((a, b) => b.severity - a.severity);
    for (const { id } of worstFirst.slice(0, MAX_OPEN)) {
      const event = await client.events.get(id);
      if (!isOpenFailure(event)) continue;
      if (cause !== null && isCausedBy(cause, event)) return { ...seen, event };
      seen.other ??= event;
    }
    return seen;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status === 503)) return null;
    throw error;
  }
}

/** It may have been closed between the two questions. */
function isOpenFailure({ ended_at, severity }: EventDetail): boolean {
  return ended_at === null && severity >= severityOf('Warning');
}

function pause(waitMs: number, clock: Pick<Clock, 'after'>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      timer.cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(waitMs, done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
