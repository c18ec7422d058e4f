/** The live stream: what was committed, what was checked and which sites changed, told to everyone who follows. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type StreamMessages, stream as streamContract } from '../contracts/utility.ts';
import { AppError } from '../domain/errors.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { SiteScope } from '../domain/site-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { stringifyJson } from '../lib/json.ts';
import type { ServiceDeps } from '../services/deps.ts';
import type { Change } from '../store/changes.ts';
import { sitesOfTenants } from '../store/site-scope.ts';
import type { Log } from '../telemetry/log.ts';
import type { Auth } from './auth.ts';
import { createOrderedWork } from './ordered-work.ts';
import { scopeOf } from './principal.ts';
import { guard, principalOf } from './serve-contract.ts';
import { createStreamClient, type StreamClient } from './stream-client.ts';
import { checkedMessage, transitionMessages } from './stream-messages.ts';

/** Where results are heard of as they come in; returns the way to stop listening. */
export type OnResult = (listener: (result: { siteId: SiteId; endpointId: EndpointId }) => void) => () => void;

/** What lets a follower in, and whose sites it is told of. */
export type Credential = {
  /** The same for all streams that it opens. */
  id: string;
  scope: SiteScope;
  /** Rejects once it lets nobody in any more. */
  recheck(): Promise<unknown>;
};

export type StreamHub = {
  /** Throws `too_many_streams`. */
  follow(reply: FastifyReply, credential: Credential): void;
  close(): void;
};

type Deps = Pick<ServiceDeps, 'database' | 'endpoints' | 'eventQueries' | 'runtime' | 'changes' | 'clock'> & {
  onResult: OnResult;
  log: Pick<Log, 'error'>;
};

const MAX_CLIENTS = 64;
/** So that one page left open in many tabs keeps nobody else out. */
const MAX_CLIENTS_PER_CREDENTIAL = 16;
const HEARTBEAT_MS = 15_000;
/** A key that is revoked or expires lets nobody listen for longer than a second. */
const RECHECK_EVERY_MS = 900;
const RESULTS_EVERY_MS = 1_000;
/** Endpoints in one `checked` message; the others follow a second later. */
const MAX_RESULTS = 200;
/** Changes waiting for their site's state; beyond it everyone is sent away to fetch anew. */
const MAX_WAITING = 1_000;

export function createStreamHub(deps: Deps): StreamHub {
  const { clock, log } = deps;
  const clients = new Map<StreamClient, Credential>();
  const rechecking = new Set<string>();
  const checked = new Map<EndpointId, SiteId>();
  /** Nothing is listened to while nobody follows. */
  let stoppers: (() => void)[] = [];
  let closed = false;
  /** Messages leave in the order their changes came, although each waits for a query. */
  const telling = createOrderedWork(MAX_WAITING, (error) => {
    log.error({ err: error }, 'the live stream could not tell a change');
    dismissAll();
  });

  /** Followers are told of their own sites alone; whose those are is asked anew each time, for all tenants at once. */
  async function visible(siteIds: readonly SiteId[]): Promise<(scope: SiteScope, siteId: SiteId) => boolean> {
    const scopes = [...clients.values()].map(({ scope }) => scope);
    const tenants = new Set(scopes.flatMap((scope) => (scope.kind === 'tenant' ? [scope.tenantId] : [])));
    const own = await sitesOfTenants(deps.database.kysely, [...tenants], siteIds);
    // Who came while this was asked is told from the next message on.
    return (scope, siteId) => scope.kind === 'all' || own.get(scope.tenantId)?.has(siteId) === true;
  }

  /** `choose` picks what a follower is told; null: nothing. It is written once for all who are told the same. */
  function tell<Name extends keyof StreamMessages>(
    name: Name,
    choose: (scope: SiteScope) => StreamMessages[Name] | null,
    id?: bigint,
  ): void {
    const head = id === undefined ? `event: ${name}` : `id: ${id}\nevent: ${name}`;
    const texts = new Map<StreamMessages[Name], string>();
    const chosen = new Map<string, StreamMessages[Name] | null>();
    for (const [client, { scope }] of [...clients]) {
      const whose = scope.kind === 'all' ? '' : `tenant ${scope.tenantId}`;
      const known = chosen.get(whose);
      const data = known === undefined ? choose(scope) : known;
      chosen.set(whose, data);
      if (data === null) continue;
      const text = texts.get(data) ?? `${head}\ndata: ${stringifyJson(data)}\n\n`;
      texts.set(data, text);
      client.send(text);
    }
  }

  /** What cannot be told is lost to the followers, so they are sent to fetch anew. */
  function later(work: () => Promise<void>): void {
    const taken = telling.add(async () => {
      if (clients.size > 0) await work();
    });
    if (!taken) dismissAll();
  }

  function onChange(change: Change): void {
    later(async () => {
      // What follows from it is in the message of each transition already.
      if (change.kind === 'site_state' || change.kind === 'maintenance_changed') return;
      const { siteId } = change;
      const sees = await visible([siteId]);
      if (change.kind === 'site_changed') {
        const message = { site_id: siteId, change: change.change };
        return tell('site', (scope) => (sees(scope, siteId) ? message : null));
      }
      for (const { id, message } of await transitionMessages(deps, change)) {
        tell('transition', (scope) => (sees(scope, siteId) ? message : null), id);
      }
    });
  }

  function tellChecked(): void {
    const batch = [...checked].slice(0, MAX_RESULTS);
    if (batch.length === 0) return;
    for (const [endpointId] of batch) checked.delete(endpointId);
    later(async () => {
      const sees = await visible([...new Set(batch.map(([, siteId]) => siteId))]);
      const message = await checkedMessage(deps, batch);
      tell('checked', (scope) => {
        if (scope.kind === 'all') return message;
        const results = message.results.filter(({ site_id }) => sees(scope, site_id as SiteId));
        return results.length === 0 ? null : { results };
      });
    });
  }

  /** Once per credential, however many streams it has open; one that is still being looked up is left alone. */
  function recheckAll(): void {
    const distinct = new Map([...clients.values()].map((credential) => [credential.id, credential]));
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
    for (const [client, credential] of [...clients]) if (credential.id === id) client.end();
  }

  function start(): void {
    stoppers = [
      repeat(clock, HEARTBEAT_MS, () => {
        for (const client of [...clients.keys()]) client.send(': still here\n\n');
      }),
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
    checked.clear();
  }

  function dismissAll(): void {
    for (const client of [...clients.keys()]) client.end();
  }

  function requireRoom({ id }: Credential): void {
    const own = [...clients.values()].filter((credential) => credential.id === id).length;
    if (!closed && clients.size < MAX_CLIENTS && own < MAX_CLIENTS_PER_CREDENTIAL) return;
    const whom = own < MAX_CLIENTS_PER_CREDENTIAL ? 'no more followers' : `no more than ${own} followers with one key`;
    throw new AppError('too_many_streams', `${whom} can be taken on`, { fix: 'close other pages, or try again later' });
  }

  return {
    follow(reply, credential) {
      requireRoom(credential);
      const headers = Object.fromEntries(
        Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]),
      );
      reply.hijack();
      const client = createStreamClient(reply.raw, headers, () => {
        clients.delete(client);
        if (clients.size === 0) stop();
      });
      clients.set(client, credential);
      if (clients.size === 1) start();
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

function credentialId(request: FastifyRequest): string {
  const principal = principalOf(request);
  return principal?.kind === 'key'
    ? `key ${principal.key.keyId} ${principal.tenantId ?? ''}`
    : `local ${request.headers.cookie ?? ''}`;
}

export function serveStream(app: FastifyInstance, hub: StreamHub, auth: Auth): void {
  app.route({
    method: streamContract.method,
    url: streamContract.path,
    onRequest: guard(streamContract, auth),
    handler(request, reply) {
      if (request.method === 'HEAD') return reply.type('text/event-stream; charset=utf-8').send('');
      const scope = scopeOf(principalOf(request));
      hub.follow(reply, { id: credentialId(request), scope, recheck: () => auth.recheck(request) });
      return reply;
    },
  });
}
