/** Tells one follower what was committed after the last message it got, page by page, as fast as it reads. */
import type { SiteScope } from '../../domain/site-scope.ts';
import type { LoggedTransition, TransitionLog } from '../../store/transition-log.ts';
import type { StreamClient } from './client.ts';
import type { Wanted } from './wanted.ts';

export type Behind = {
  client: StreamClient;
  scope: SiteScope;
  wanted: Wanted;
  /** What it was told of lately: commits that are told live meanwhile may be among them. */
  replayed: Set<bigint>;
};

type Deps = {
  transitionLog: TransitionLog;
  /** The text of each message, in their order. `id`: from where the follower can go on. */
  textsOf(logged: readonly LoggedTransition[], id: (transitionId: bigint) => bigint): Promise<string[]>;
  /** All up to this id were told of live; null until that is known. */
  position(): bigint | null;
};

/** Who is farther behind is sent to fetch anew: the events are all there to be listed. */
const MAX_BEHIND = 100_000n;
/** Ids that one query looks through, and transitions that it hands over. */
const SPAN = 5_000n;
const PAGE = 200;
const REMEMBERED = 2_000;

export type ResetReason = 'position_unknown' | 'too_far_behind';

/** Why what came after this position cannot be told; null: it can. */
export async function refusedReplay({ transitionLog }: Deps, afterId: bigint): Promise<ResetReason | null> {
  const newest = await transitionLog.newestId();
  // Of another database, or of one that was put back to an earlier state.
  if (afterId > newest) return 'position_unknown';
  return newest - afterId > MAX_BEHIND ? 'too_far_behind' : null;
}

/**
 * Goes on until little is left or the follower is gone; resolves to the position then. Never past an id that may still
 * appear: it is told live then, to those who are.
 */
export async function replayMost(deps: Deps, behind: Behind, afterId: bigint): Promise<bigint> {
  let position = afterId;
  while (await behind.client.room()) {
    const settled = deps.position() ?? 0n;
    if (settled - position <= BigInt(PAGE)) return position;
    position = await replayPage(deps, behind, { after: position, newest: settled });
  }
  return position;
}

/** What is left, at once and in its turn: what appears later is told after it. Resolves to the position then. */
export async function replayRest(deps: Deps, behind: Behind, afterId: bigint): Promise<bigint> {
  const newest = await deps.transitionLog.newestId();
  let position = afterId;
  while (position < newest) position = await replayPage(deps, behind, { after: position, newest });
  return position;
}

async function replayPage(
  deps: Deps,
  { client, scope, wanted, replayed }: Behind,
  { after, newest }: { after: bigint; newest: bigint },
): Promise<bigint> {
  const to = newest - after > SPAN ? after + SPAN : newest;
  const { siteIds, states } = wanted;
  // Before the page is read: an id below it may appear meanwhile, and who goes on from here must not miss it.
  const settled = deps.position() ?? 0n;
  const page = await deps.transitionLog.within(
    scope,
    { from: after + 1n, to },
    {
      limit: PAGE,
      ...(siteIds === null ? {} : { siteIds: [...siteIds] }),
      ...(states === null ? {} : { states: [...states] }),
    },
  );
  for (const text of await deps.textsOf(page, (id) => (id < settled ? id : settled))) client.send(text);
  for (const { transition } of page) remember(replayed, transition.transitionId);
  return page.length < PAGE ? to : (page.at(-1)?.transition.transitionId ?? to);
}

function remember(ids: Set<bigint>, id: bigint): void {
  ids.add(id);
  if (ids.size <= REMEMBERED) return;
  const [oldest] = ids;
  if (oldest !== undefined) ids.delete(oldest);
}
