/**
 * The page's session: a cookie whose expiry is signed with a key derived from the local admin key. It stands for "a
 * browser on this machine that opened our page", so it is honoured only where local-request.ts says so.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';

const SESSION_COOKIE = 'jetmon_session';
const LIFETIME_MS = 7 * 24 * 60 * 60_000;

export type Sessions = {
  /** A Set-Cookie value. No `__Host-` prefix and no Secure: the page is plain http on loopback. */
  issue(): string;
  /** Whether a Cookie header carries a session of ours that has not expired. */
  verify(cookieHeader: string | undefined): boolean;
};

export function createSessions(localKey: string, clock: Clock): Sessions {
  const key = createHmac('sha256', localKey).update('jetmon session cookie v1').digest();
  const sign = (expiry: string) => createHmac('sha256', key).update(expiry).digest();

  return {
    issue() {
      const expiry = String(clock.nowMs() + LIFETIME_MS);
      const value = `${expiry}.${sign(expiry).toString('hex')}`;
      return `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${LIFETIME_MS / 1000}; HttpOnly; SameSite=Strict`;
    },
    verify(cookieHeader) {
      const match = /^(\d{1,15})\.([0-9a-f]{64})$/.exec(cookieValue(cookieHeader) ?? '');
      const [, expiry, signature] = match ?? [];
      if (expiry === undefined || signature === undefined) return false;
      return timingSafeEqual(Buffer.from(signature, 'hex'), sign(expiry)) && clock.nowMs() < Number(expiry);
    },
  };
}

function cookieValue(header: string | undefined): string | undefined {
  const pairs = (header ?? '').slice(0, 8_192).split(';');
  const prefix = `${SESSION_COOKIE}=`;
  return pairs
    .map((pair) => pair.trim())
    .find((pair) => pair.startsWith(prefix))
    ?.slice(prefix.length);
}
