/** A version and a checksum around stored bytes, so that damage is noticed before anything is made of it. */
import { crc32 } from 'node:zlib';

const VERSION = 1;
const HEAD_BYTES = 5;

export function seal(payload: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(HEAD_BYTES + payload.length);
  sealed[0] = VERSION;
  sealed.writeUInt32LE(crc32(payload), 1);
  sealed.set(payload, HEAD_BYTES);
  return sealed;
}

/** Throws RangeError for bytes that are damaged or of a newer program. */
export function unseal(sealed: Uint8Array): Uint8Array {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) throw new RangeError('not of a version that is known');
  const payload = sealed.subarray(HEAD_BYTES);
  if (checksumIn(sealed) !== crc32(payload)) throw new RangeError('the checksum is not that of the bytes');
  return payload;
}

/** As `readUInt32LE` reads it, without a buffer around each of a thousand blocks. */
function checksumIn(sealed: Uint8Array): number {
  let checksum = 0;
  for (let at = HEAD_BYTES - 1; at > 0; at -= 1) checksum = ((checksum << 8) | (sealed[at] ?? 0)) >>> 0;
  return checksum;
}
