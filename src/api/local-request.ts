/**
 * Whether a request comes from our own page in a browser on this machine. Host is checked against DNS rebinding,
 * Origin and Sec-Fetch-Site against other sites, forwarding headers against a proxy that publishes loopback.
 */
import type { FastifyRequest } from 'fastify';

type Headers = FastifyRequest['headers'];

const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'] as const;

/** Whether listening on `host` can be reached from this machine alone. */
export function isLoopbackBind(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether the page itself may be handed a session: any navigation to it by a loopback name. */
export function mayOpenSession(headers: Headers): boolean {
  if (!LOOPBACK_HOST.test(headers.host ?? '')) return false;
  if (FORWARDED.some((name) => headers[name] !== undefined)) return false;
  return headers.origin === undefined || headers.origin.toLowerCase() === `http://${headers.host?.toLowerCase()}`;
}

/** Whether a session cookie on this request may be honoured. A change needs positive proof of the same origin. */
export function mayUseSession(method: string, headers: Headers): boolean {
  if (!mayOpenSession(headers)) return false;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  const safe = method === 'GET' || method === 'HEAD';
  return safe || headers.origin !== undefined || site === 'same-origin';
}
