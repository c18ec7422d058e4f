/** Who follows the live stream, and what each of them is told: commits of every process, results and changes of this one. */
import type { FastifyReply } from 'fastify';
import { AppError } from '../../domain/errors.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import type { SiteScope } from '../../domain/site-scope.ts';
import type { Clock } from '../../lib/clock.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import type { Change, SiteChanged } from '../../store/changes.ts';
import { createTransitionLog, type LoggedTransition } from '../../store/transition-log.ts';
import type { Log } from '../../telemetry/log.ts';
import { type Credential, createAudience, type Follower, textOf } from './audience.ts';
import { createStreamClient } from './client.ts';
import { createLogFollower, type LogFollower } from './log-follower.ts';
import { checkedMessage, loggedOf, transitionMessages } from './messages.ts';
import { createOrderedWork } from './ordered-work.ts';
import { refusedReplay, replayMost, replayRest } from './replay.ts';
import { type Wanted, wantsSite, wantsState, wantsTransition } from './wanted.ts';

/** Where results are heard of as they come in; returns the way to stop listening. */
export type OnResult = (listener: (result: { siteId: SiteId; endpointId: EndpointId }) => void) => () => void;

/** What a follower is told: of whose sites, which of it, and from after which transition on; null: from now on. */
export type Following = { scope: SiteScope; wanted: Wanted; afterId: bigint | null };

export type StreamHub = {
  /** Throws `too_many_streams`. */
  follow(reply: FastifyReply, credential: Credential, following: Following): void;
  close(): void;
};

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'changes' | 'clock'> & {
  onResult: OnResult;
  log: Pick<Log, 'error' | 'warn'>;
};

const MAX_CLIENTS = 64;
/** So that one page left open in many tabs keeps nobody else out. */
const MAX_CLIENTS_PER_CREDENTIAL = 16;
const HEARTBEAT_MS = 15_000;
/** What nobody here is told of moves the position, too. */
const SETTLE_EVERY_MS = 5_000;
/** A key that is revoked or expires lets nobody listen for longer than a second. */
const RECHECK_EVERY_MS = 900;
const RESULTS_EVERY_MS = 1_000;
/** Endpoints in one `checked` message; the others follow a second later. */
const MAX_RESULTS = 200;
/** Changes waiting for their site's state; beyond it everyone is sent away, to come back and go on where they were. */
const MAX_WAITING = 1_000;

export function createStreamHub(deps: Deps): StreamHub {
  const { clock, log } = deps;
  const transitionLog = createTransitionLog(deps.database);
  const { followers, visible, tell, dismissAll } = createAudience(deps.database.kysely);
  const rechecking = new Set<string>();
  const checked = new Map<EndpointId, SiteId>();
  /** Nothing is listened to while nobody follows. */
  let stoppers: (() => void)[] = [];
  let logFollower: LogFollower | null = null;
  /** All up to this transition was sent to whoever is live, not merely heard of; null until that is known. */
  let toldUpTo: bigint | null = null;
  let closed = false;
  /** Messages leave in the order their changes came, although each waits for a query. */
  const telling = createOrderedWork(MAX_WAITING, (error) => {
    log.error({ err: error }, 'the live stream could not tell a change');
    dismissAll();
  });

  /** What cannot be told now is told when the followers come back and say where they were. */
  function later(work: () => Promise<void>): void {
    const taken = telling.add(async () => {
      if (followers.size > 0) await work();
    });
    if (!taken) dismissAll();
  }

  function tellTransitions(found: readonly { logged: LoggedTransition; position: bigint | null }[]): void {
    if (found.length === 0) return;
    later(async () => {
      const logged = found.map((one) => one.logged);
      const sees = await visible([...new Set(logged.map(({ siteId }) => siteId))]);
      const messages = await transitionMessages(deps, logged);
      for (const [nth, message] of messages.entries()) {
        const { siteId = 0n as SiteId, transition } = logged[nth] ?? {};
        const at = { transitionId: transition?.transitionId ?? 0n, position: found[nth]?.position ?? null };
        const isFor = (scope: SiteScope, wanted: Wanted) => sees(scope, siteId) && wantsTransition(wanted, message);
        tell('transition', (scope, wanted) => (isFor(scope, wanted) ? message : null), at);
        toldUpTo = at.position ?? toldUpTo;
      }
    });
  }

  /** One by one, for a position says that all up to it is told with it. */
  function noted(logged: LoggedTransition): { logged: LoggedTransition; position: bigint | null }[] {
    if (logFollower?.note(logged.transition.transitionId) !== true) return [];
    return [{ logged, position: logFollower.position() }];
  }

  function onChange(change: Change): void {
    switch (change.kind) {
      case 'committed':
        tellTransitions(loggedOf(change).flatMap(noted));
        break;
      case 'site_changed':
        tellSiteChange(change);
        break;
      case 'site_state':
        // It stands in the message of the transition that it follows from.
        logFollower?.note(change.transition.transitionId);
    }
  }

  function tellSiteChange({ siteId, change }: SiteChanged): void {
    later(async () => {
      const sees = await visible([siteId]);
      const message = { site_id: siteId, change };
      tell('site', (scope, wanted) => (sees(scope, siteId) && wantsSite(wanted, siteId) ? message : null));
    });
  }

  function tellChecked(): void {
    const batch = [...checked].slice(0, MAX_RESULTS);
    if (batch.length === 0) return;
    for (const [endpointId] of batch) checked.delete(endpointId);
    later(async () => {
      const sees = await visible([...new Set(batch.map(([, siteId]) => siteId))]);
      const message = await checkedMessage(deps, batch);
      tell('checked', (scope, wanted) => {
        const results = message.results.filter(
          ({ site_id, site_state }) =>
            sees(scope, site_id as SiteId) && wantsSite(wanted, site_id) && wantsState(wanted, site_state),
        );
        if (results.length === message.results.length) return message;
        return results.length === 0 ? null : { results };
      });
    });
  }

  /** Once per credential, however many streams it has open; one that is still being looked up is left alone. */
  function recheckAll(): void {
    const distinct = new Map([...followers].map(({ credential }) => [credential.id, credential]));
    for (const { id, recheck } of distinct.values()) {
      if (rechecking.has(id)) continue;
      rechecking.add(id);
      recheck()
        .catch((error: unknown) => dismiss(id, error))
        .finally(() => rechecking.delete(id));
    }
  }

  /** Whoever cannot be looked up is sent away too: they come back once they can. */
  function dismiss(id: string, why: unknown): void {
    if (!(why instanceof AppError)) log.error({ err: why }, 'a follower of the live stream could not be looked up');
    for (const { client, credential } of [...followers]) if (credential.id === id) client.end();
  }

  /** With the position, so that whoever is told little does not fall behind the log. */
  function beat(): void {
    for (const { client, isLive } of [...followers]) {
      client.send(isLive && toldUpTo !== null ? `id: ${toldUpTo}\n: still here\n\n` : ': still here\n\n');
    }
  }

  /** In its turn among all that is told: what was heard of until now has been told then. */
  function settle(): void {
    const position = logFollower?.position() ?? null;
    if (position === null || position === toldUpTo) return;
    telling.add(async () => {
      toldUpTo = position;
    });
  }

  function start(): void {
    const begun = createLogFollower({ transitionLog, clock, log }, tellTransitions);
    logFollower = begun;
    begun.ready.catch((error: unknown) => {
      if (logFollower !== begun) return;
      log.error({ err: error }, 'the live stream could not find the end of the log of transitions');
      dismissAll();
    });
    stoppers = [
      begun.stop,
      repeat(clock, HEARTBEAT_MS, beat),
      repeat(clock, SETTLE_EVERY_MS, settle),
      repeat(clock, RECHECK_EVERY_MS, recheckAll),
      repeat(clock, RESULTS_EVERY_MS, tellChecked),
      deps.changes.subscribe(onChange),
      deps.onResult(({ siteId, endpointId }) => {
        checked.set(endpointId, siteId);
      }),
    ];
  }

  function stop(): void {
    for (const stopOne of stoppers) stopOne();
    stoppers = [];
    logFollower = null;
    toldUpTo = null;
    checked.clear();
  }

  function requireRoom({ id }: Credential): void {
    const own = [...followers].filter(({ credential }) => credential.id === id).length;
    if (!closed && followers.size < MAX_CLIENTS && own < MAX_CLIENTS_PER_CREDENTIAL) return;
    const whom = own < MAX_CLIENTS_PER_CREDENTIAL ? 'no more followers' : `no more than ${own} followers with one key`;
    throw new AppError('too_many_streams', `${whom} can be taken on`, { fix: 'close other pages, or try again later' });
  }

  /** In its turn among all that is told, so that nothing falls between what it is told of the past and of the present. */
  function goLive(follower: Follower, rest: () => Promise<void>): void {
    const position = logFollower?.position() ?? null;
    const taken = telling.add(async () => {
      if (!followers.has(follower)) return;
      try {
        await rest();
      } catch (error) {
        return giveUp(follower, error);
      }
      follower.isLive = true;
      if (position !== null) follower.client.send(`id: ${position}\n\n`);
    });
    if (!taken) follower.client.end();
  }

  function giveUp({ client }: Follower, error: unknown): void {
    log.error({ err: error }, 'a follower of the live stream could not be told what it had missed');
    client.end();
  }

  /** Tells the past first. */
  async function resume(follower: Follower, afterId: bigint): Promise<void> {
    await logFollower?.ready;
    const refused = await refusedReplay(replaying, afterId);
    if (refused !== null) {
      const message = textOf('reset', { reason: refused }, null);
      return goLive(follower, async () => void follower.client.send(message));
    }
    const position = await replayMost(replaying, follower, afterId);
    goLive(follower, async () => void (await replayRest(replaying, follower, position)));
  }

  const replaying = {
    transitionLog,
    async textsOf(logged: readonly LoggedTransition[], id: (transitionId: bigint) => bigint) {
      const messages = await transitionMessages(deps, logged);
      return messages.map((message) => textOf('transition', message, id(BigInt(message.transition.id))));
    },
    position: () => logFollower?.position() ?? null,
  };

  return {
    follow(reply, credential, { scope, wanted, afterId }) {
      requireRoom(credential);
      const headers = Object.fromEntries(
        Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]),
      );
      reply.hijack();
      const client = createStreamClient(reply.raw, headers, {
        clock,
        onGone() {
          followers.delete(follower);
          if (followers.size === 0) stop();
        },
      });
      const isLive = afterId === null;
      const follower: Follower = { credential, client, scope, wanted, isLive, replayed: new Set() };
      followers.add(follower);
      if (followers.size === 1) start();
      if (afterId === null) return;
      resume(follower, afterId).catch((error: unknown) => giveUp(follower, error));
    },
    close() {
      closed = true;
      dismissAll();
    },
  };
}

/** Returns the way to stop. */
function repeat(clock: Clock, intervalMs: number, run: () => void): () => void {
  const tick = (): void => {
    timer = clock.after(intervalMs, tick);
    run();
  };
  let timer = clock.after(intervalMs, tick);
  return () => timer.cancel();
}
