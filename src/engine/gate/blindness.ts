/**
 * The times in which nothing could be reached. While one lasts every failure is in doubt at once, and a look that was
 * under way in it stays in doubt when it is over. One each for the ways out of here, as IPv6 alone may be broken.
 */
import { type Scope, scopeOf } from './network.ts';
import type { Pool } from './passes.ts';
import type { Asker } from './witnesses.ts';

export interface Blindness {
  begin(pool: Pool, asker: Asker, nowMs: number): void;
  /** Call about once a second. Returns for whom others should be asked now. */
  goesOn(nowMs: number): Asker[];
  /** Whether a look that began then was, at least in part, within one of these times. */
  covers(pool: Pool, begunMs: number): boolean;
  /** Somebody in that network was reached. True when with it the last of these times is over. */
  seen(network: number | null, atMs: number): boolean;
  /** References showed that all is well. */
  proven(atMs: number): void;
  isAny(): boolean;
  /** For so long that the word of others is better than none. */
  isLasting(nowMs: number): boolean;
}

const ASK_EVERY_MS = 5_000;
const LASTING_MS = 60_000;

type Blind = { pool: Pool; asker: Asker; sinceMs: number; askedMs: number };

export function createBlindness(): Blindness {
  const now = new Map<string, Blind>();
  /** When the last of each was still going on, and what it was about. */
  const until = new Map<string, { scopes: readonly Scope[]; ms: number }>();

  function wentOn({ key, scopes }: Pool, untilMs: number): void {
    until.set(key, { scopes, ms: untilMs });
  }

  function end({ pool }: Blind, atMs: number): void {
    now.delete(pool.key);
    wentOn(pool, atMs);
  }

  /** Where neither IPv4 nor IPv6 leads anywhere, each of them leads nowhere. */
  const isWithin = (scopes: readonly Scope[], some: Pool) => some.scopes.every((scope) => scopes.includes(scope));

  return {
    begin(pool, asker, nowMs) {
      wentOn(pool, nowMs);
      if (!now.has(pool.key)) now.set(pool.key, { pool, asker, sinceMs: nowMs, askedMs: nowMs });
    },
    goesOn(nowMs) {
      const askers: Asker[] = [];
      for (const blind of now.values()) {
        wentOn(blind.pool, nowMs);
        if (nowMs - blind.askedMs < ASK_EVERY_MS) continue;
        blind.askedMs = nowMs;
        askers.push(blind.asker);
      }
      return askers;
    },
    covers(pool, begunMs) {
      for (const blind of now.values()) if (isWithin(blind.pool.scopes, pool)) return true;
      for (const { scopes, ms } of until.values()) if (begunMs <= ms && isWithin(scopes, pool)) return true;
      return false;
    },
    seen(network, atMs) {
      if (network === null) return false;
      for (const blind of now.values()) if (blind.pool.scopes.includes(scopeOf(network))) end(blind, atMs);
      return now.size === 0;
    },
    proven(atMs) {
      for (const blind of now.values()) end(blind, atMs);
    },
    isAny: () => now.size > 0,
    isLasting(nowMs) {
      for (const { sinceMs } of now.values()) if (nowMs - sinceMs >= LASTING_MS) return true;
      return false;
    },
  };
}
