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
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length);
  if (bytes.length < HEAD_BYTES || bytes[0] !== VERSION) throw new RangeError('not of a version that is known');
  const payload = bytes.subarray(HEAD_BYTES);
  if (bytes.readUInt32LE(1) !== crc32(payload)) throw new RangeError('the checksum is not that of the bytes');
  return payload;
}
