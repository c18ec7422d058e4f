import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGzipDecoder, type GzipEnd } from './body-gzip.ts';

type Decoded = { text: string; how: GzipEnd };

/** What comes of the pieces, whether they are decoded as they come or at their end. */
async function decode(pieces: readonly Buffer[], { pauses = false } = {}): Promise<Decoded> {
  const early = await decodeSo(pieces, pauses, true);
  expect(await decodeSo(pieces, pauses, false)).toEqual(early);
  return early;
}

/** The pieces are wiped after each push as the shared read buffer would be. */
async function decodeSo(pieces: readonly Buffer[], pauses: boolean, eager: boolean): Promise<Decoded> {
  const { promise, resolve } = Promise.withResolvers<Decoded>();
  let text = '';
  let ends = 0;
  const decoder = createGzipDecoder(
    {
      onText: (bytes) => {
        text += bytes.toString('latin1');
      },
      onEnd: (how) => {
        ends += 1;
        resolve({ text, how });
      },
    },
    { eager },
  );
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    decoder.push(bytes);
    bytes.fill(0);
    if (pauses) await delay(1);
  }
  decoder.end();
  const decoded = await promise;
  await delay(1);
  expect(ends).toBe(1);
  return decoded;
}

const TEXT = `${'a text that is said again and again, '.repeat(2_000)}and then the end`;
const PACKED = gzipSync(TEXT);
const TRAILER_BYTES = 8;

function header({ flags = 0, method = 8, magic = 0x8b } = {}): Buffer {
  return Buffer.from([0x1f, magic, method, flags, 0, 0, 0, 0, 0, 3]);
}

/** The packed text behind another header. */
function withHeader(...parts: Buffer[]): Buffer {
  return Buffer.concat([...parts, PACKED.subarray(10)]);
}

describe('a compressed text', () => {
  it('is decoded whole, and without any text when it is empty', async () => {
    expect(await decode([PACKED])).toEqual({ text: TEXT, how: 'whole' });
    expect(await decode([gzipSync('')])).toEqual({ text: '', how: 'whole' });
    expect(await decode([])).toEqual({ text: '', how: 'whole' });
  });

  it('is the same wherever its bytes are cut', async () => {
    const small = gzipSync('a small text, a small text');
    const wanted = { text: 'a small text, a small text', how: 'whole' };
    for (let cut = 1; cut < small.length; cut += 1) {
      const pieces = [small.subarray(0, cut), small.subarray(cut)];
      expect(await decode(pieces)).toEqual(wanted);
      expect(await decode(pieces, { pauses: true })).toEqual(wanted);
    }
    expect(
      await decode(
        Array.from(small, (byte) => Buffer.from([byte])),
        { pauses: true },
      ),
    ).toEqual(wanted);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: PACKED.length }), { maxLength: 9 }), async (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), PACKED.length];
        const pieces = borders.slice(1).map((end, index) => PACKED.subarray(borders[index], end));
        expect((await decode(pieces)).text).toBe(TEXT);
      }),
      { numRuns: 20 },
    );
  });

  it('may have a header with everything in it', async () => {
    const extra = Buffer.concat([Buffer.from([3, 0]), Buffer.from('abc')]);
    const names = Buffer.from('name\0a comment\0');
    const all = withHeader(header({ flags: 2 + 4 + 8 + 16 }), extra, names, Buffer.from([1, 2]));
    const wanted = { text: TEXT, how: 'whole' };
    expect(await decode([all])).toEqual(wanted);
    expect(await decode([withHeader(header({ flags: 4 }), Buffer.from([0, 0]))])).toEqual(wanted);
    expect(await decode([withHeader(header({ flags: 1 }))])).toEqual(wanted);
    expect(await decode([withHeader(header({ flags: 8 }), Buffer.alloc(9_000, 'x'), Buffer.from([0]))])).toEqual(
      wanted,
    );
    for (let cut = 1; cut < 40; cut += 1) {
      expect(await decode([all.subarray(0, cut), all.subarray(cut)])).toEqual(wanted);
    }
  });

  it('is cut where it ends before its end', async () => {
    for (let length = 1; length < PACKED.length - TRAILER_BYTES; length += 1) {
      const { text, how } = await decode([PACKED.subarray(0, length)]);
      expect(how).toBe('cut');
      expect(TEXT.startsWith(text)).toBe(true);
    }
  });

  it('is whole though its checksum is missing', async () => {
    for (let missing = 1; missing <= TRAILER_BYTES; missing += 1) {
      expect(await decode([PACKED.subarray(0, PACKED.length - missing)])).toEqual({ text: TEXT, how: 'whole' });
    }
  });

  it('is broken by a wrong checksum, a wrong length, or wrong bytes', async () => {
    const last = PACKED.length - 1;
    for (const [at, byte] of [
      [last, 0x7f],
      [last - 4, (PACKED[last - 4] ?? 0) ^ 1],
      [10, 0x07],
    ] as const) {
      const broken = Buffer.from(PACKED);
      broken.writeUInt8(byte, at);
      expect((await decode([broken])).how).toBe('broken');
    }
  });

  it.each([
    ['plain text', Buffer.from('plain text')],
    ['a byte', Buffer.from('x')],
    ['another method', withHeader(header({ method: 7 }))],
    ['another magic', withHeader(header({ magic: 0x8c }))],
    ['reserved flags', withHeader(header({ flags: 0x20 }))],
  ])('is broken from its start when it is %s', async (_, bytes) => {
    expect(await decode([bytes])).toEqual({ text: '', how: 'broken' });
  });
});

describe('what follows the text', () => {
  it('is another text when it begins like one', async () => {
    const three = Buffer.concat([gzipSync('one '), gzipSync(''), gzipSync('two'), PACKED]);
    const wanted = { text: `one two${TEXT}`, how: 'whole' };
    expect(await decode([three])).toEqual(wanted);
    for (let cut = 1; cut < 80; cut += 1) {
      expect(await decode([three.subarray(0, cut), three.subarray(cut)])).toEqual(wanted);
    }
    expect(await decode([gzipSync('one '), PACKED.subarray(0, 60)])).toMatchObject({ how: 'cut' });
    expect(await decode([gzipSync('one '), PACKED.subarray(0, 5)])).toEqual({ text: 'one ', how: 'cut' });
  });

  it('is ignored when it does not', async () => {
    for (const rest of [Buffer.alloc(500), Buffer.from('garbage'), Buffer.from([0x1f, 0x8b, 1]), Buffer.from('\n')]) {
      expect(await decode([PACKED, rest])).toEqual({ text: TEXT, how: 'whole' });
      expect(await decode([Buffer.concat([PACKED, rest])])).toEqual({ text: TEXT, how: 'whole' });
    }
  });

  it('is not followed through a thousand texts', async () => {
    const empty = gzipSync('');
    expect((await decode(Array<Buffer>(256).fill(empty))).how).toBe('whole');
    expect((await decodeSo(Array<Buffer>(1_000).fill(empty), false, true)).how).toBe('broken');
    expect((await decode(Array<Buffer>(2_000).fill(empty))).how).toBe('broken');
  });
});

describe('the decoder', () => {
  it('counts what it has taken, over several texts', async () => {
    const decoder = createGzipDecoder({ onText: () => {}, onEnd: () => {} }, { eager: true });
    expect(decoder.bytesDecoded()).toBe(0);
    decoder.push(Buffer.concat([PACKED, PACKED]));
    const overhead = 10 + TRAILER_BYTES;
    await expect.poll(() => decoder.bytesDecoded()).toBe(2 * (PACKED.length - overhead));
    decoder.destroy();
  });

  it('decodes a large text before its end, and a small one where the end may never come', async () => {
    const large = gzipSync(randomBytes(40_000));
    for (const [bytes, eager] of [
      [large, false],
      [PACKED, true],
    ] as const) {
      let heard = 0;
      const onText = (text: Buffer): void => {
        heard += text.length;
      };
      const decoder = createGzipDecoder({ onText, onEnd: () => {} }, { eager });
      decoder.push(bytes);
      await expect.poll(() => heard).toBeGreaterThan(30_000);
      decoder.destroy();
    }
  });

  it.each([true, false])('is silent once it is destroyed, also from inside (eager: %s)', async (eager) => {
    const heard: string[] = [];
    const listener = {
      onText: () => {
        heard.push('text');
        decoder.destroy();
      },
      onEnd: () => void heard.push('end'),
    };
    const decoder = createGzipDecoder(listener, { eager });
    decoder.push(gzipSync(Buffer.alloc(eager ? 500_000 : 100_000)));
    decoder.end();
    await expect.poll(() => heard).toEqual(['text']);
    await delay(20);
    decoder.push(PACKED);
    decoder.end();
    expect(heard).toEqual(['text']);
  });
});
