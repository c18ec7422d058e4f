import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BodyHash } from './body-hash.ts';

function hashOf(pieces: readonly Buffer[]): string {
  const hash = new BodyHash();
  for (const [index, piece] of pieces.entries()) {
    const bytes = Buffer.from(piece);
    hash.push(bytes);
    // Several pieces may come with one read.
    if (index % 3 !== 0) continue;
    hash.keep();
    bytes.fill(0);
  }
  return hash.hex();
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

it('is the SHA-256 of all that was pushed, however long and in however many pieces', () => {
  const sizes = fc.array(fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 40_000 })), { maxLength: 100 });
  fc.assert(
    fc.property(sizes, (lengths) => {
      const pieces = lengths.map((length, index) => Buffer.alloc(length, index + 129));
      expect(hashOf(pieces)).toBe(sha256(Buffer.concat(pieces)));
    }),
    { numRuns: 50 },
  );
});

it('keeps every byte as it is', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  expect(hashOf([all])).toBe(sha256(all));
});

it('says the same when it is asked twice', () => {
  const hash = new BodyHash();
  hash.push(Buffer.from('text'));
  expect(hash.hex()).toBe(hash.hex());
  expect(new BodyHash().hex()).toBe(sha256(Buffer.alloc(0)));
});
