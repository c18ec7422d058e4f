/** Whether a webhook was signed by who knows the secret: `t=<unix seconds>,v1=<hex>`, over the bytes that came. */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** A message that is older, or from the future, may be one that somebody else kept. */
const MAX_AGE_S = 300;
const MAX_SIGNATURES = 8;

export function isSigned(header: string | null, body: Buffer, secret: string, nowMs: number): boolean {
  const parts = (header ?? '').split(',').map((part) => part.trim().split('='));
  const sentS = Number(parts.find(([scheme]) => scheme === 't')?.[1] ?? Number.NaN);
  if (!(Math.abs(nowMs / 1_000 - sentS) <= MAX_AGE_S)) return false;
  const wanted = createHmac('sha256', secret).update(`${sentS}.`).update(body).digest();
  return parts
    .filter(([scheme, value]) => scheme === 'v1' && /^[0-9a-f]{64}$/.test(value ?? ''))
    .slice(0, MAX_SIGNATURES)
    .some(([, value = '']) => timingSafeEqual(Buffer.from(value, 'hex'), wanted));
}
