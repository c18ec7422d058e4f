/** Who follows the live stream, and the writing of one message to all of them who may and want to know it. */
import type { StreamMessages } from '../../contracts/utility.ts';
import type { SiteId } from '../../domain/ids.ts';
import type { SiteScope } from '../../domain/site-scope.ts';
import { stringifyJson } from '../../lib/json.ts';
import type { Executor } from '../../store/schema.ts';
import { sitesOfTenants } from '../../store/site-scope.ts';
import type { StreamClient } from './client.ts';
import { keyOf, type Wanted } from './wanted.ts';

/** What lets a follower in. */
export type Credential = {
  /** The same for all streams that it opens. */
  id: string;
  /** Rejects once it lets nobody in any more. */
  recheck(): Promise<unknown>;
};

export type Follower = {
  credential: Credential;
  client: StreamClient;
  scope: SiteScope;
  wanted: Wanted;
  /** Told of what happens; until then of what has happened. */
  isLive: boolean;
  /** Transitions it was told of lately as of the past: commits that are told live may be among them. */
  replayed: Set<bigint>;
};

/** A transition, and up to which one all has been told with it. */
export type Place = { transitionId: bigint; position: bigint | null };

export type Audience = {
  followers: Set<Follower>;
  /** Followers are told of their own sites alone; whose those are is asked for all tenants at once. */
  visible(siteIds: readonly SiteId[]): Promise<(scope: SiteScope, siteId: SiteId) => boolean>;
  /** `choose` picks what a live follower is told; null: nothing. It is written once for all who are told the same. */
  tell<Name extends keyof StreamMessages>(
    name: Name,
    choose: (scope: SiteScope, wanted: Wanted) => StreamMessages[Name] | null,
    at?: Place,
  ): void;
  dismissAll(): void;
};

export function createAudience(db: Executor): Audience {
  const followers = new Set<Follower>();
  return {
    followers,
    async visible(siteIds) {
      const scopes = [...followers].map(({ scope }) => scope);
      const tenants = new Set(scopes.flatMap((scope) => (scope.kind === 'tenant' ? [scope.tenantId] : [])));
      const own = await sitesOfTenants(db, [...tenants], siteIds);
      // Who came while this was asked is told from the next message on.
      return (scope, siteId) => scope.kind === 'all' || own.get(scope.tenantId)?.has(siteId) === true;
    },
    tell(name, choose, at) {
      const texts = new Map<unknown, string>();
      const chosen = new Map<string, ReturnType<typeof choose>>();
      for (const { client, scope, wanted, isLive, replayed } of [...followers]) {
        if (!isLive || (at !== undefined && replayed.delete(at.transitionId))) continue;
        const alike = `${scope.kind === 'all' ? '' : `tenant ${scope.tenantId}`}/${keyOf(wanted)}`;
        const known = chosen.get(alike);
        const data = known === undefined ? choose(scope, wanted) : known;
        chosen.set(alike, data);
        if (data === null) continue;
        const text = texts.get(data) ?? textOf(name, data, at?.position ?? null);
        texts.set(data, text);
        client.send(text);
      }
    },
    dismissAll() {
      for (const { client } of [...followers]) client.end();
    },
  };
}

/** `id`: from where a follower can go on once it has this message. */
export function textOf<Name extends keyof StreamMessages>(
  name: Name,
  data: StreamMessages[Name],
  id: bigint | null,
): string {
  return `${id === null ? '' : `id: ${id}\n`}event: ${name}\ndata: ${stringifyJson(data)}\n\n`;
}
