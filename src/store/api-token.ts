/** The secret of an API key: how it is made, and the only form in which it is stored (spec/04 section 3). */
import { createHash } from 'node:crypto';
import type { Random } from '../lib/random.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** `jm_` and 52 characters of RFC 4648 base32 without padding: 256 random bits. */
export function newToken(random: Random): string {
  return `jm_${base32(random.bytes(32))}`;
}

/** SHA-256 of the whole token in lower-case hex. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** RFC 4648, upper case, without padding. */
export function base32(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += ALPHABET[(held >>> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
}
