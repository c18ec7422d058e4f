/** Compressed pages that lie, break or explode. A page is asked for compressed only where text is looked for in it. */
import { deflateSync, gzipSync } from 'node:zlib';
import { at, down, type Expected, type HostileClass, unknown, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';
import { answering, okPage } from './reply.ts';

const KEYWORD = 'needle';
const found = up({ httpCode: 200, body: { mode: 'keyword' } });
const missing = down('keyword_missing', null, { httpCode: 200 });
const unreadable = unknown('keyword_unreadable', null, { httpCode: 200 });
const notReached = unknown('keyword_not_reached', null, { httpCode: 200 });
const GZIP = ['Content-Encoding: gzip'];

function page(id: string, what: string, expected: Expected, bytes: (random: Random) => Buffer): HostileClass {
  return { ...answering('encoding', id, what, expected, bytes), plan: { keyword: KEYWORD } };
}

/** Megabytes of zeros in a kilobyte each: about a thousand to one. */
const BOMB = gzipSync(Buffer.alloc(64 * 1_048_576));
const TRAILER_BYTES = 8;

export const ENCODING_CLASSES: HostileClass[] = [
  page(
    'gzip-bomb',
    'sends a thousand times more than it shows',
    { ...notReached, body: { stopped_by: 'ratio' } },
    (random) => okPage(Buffer.concat(Array.from({ length: random.int(1, 9) }, () => BOMB)), GZIP),
  ),
  {
    ...page(
      'gzip-large',
      'sends more text than is searched, honestly compressed',
      { ...notReached, body: { stopped_by: 'byte_budget' } },
      (random) => okPage(gzipSync(random.bytes(1_500).toString('hex').repeat(800), { level: 1 }), GZIP),
    ),
    // Decoding takes many turns of the loop, which are long on a busy machine.
    timeoutMs: 30_000,
  },
  page('gzip-nested', 'compresses twice and says so once', missing, (random) =>
    okPage(gzipSync(gzipSync(`${random.word(50)} needle ${random.word(50)}`)), GZIP),
  ),
  page('encoding-twice', 'compresses twice and says so twice', unreadable, (random) =>
    okPage(gzipSync(gzipSync(`needle ${random.word(50)}`)), [
      random.pick(['Content-Encoding: gzip, gzip', 'Content-Encoding: gzip\r\nContent-Encoding: gzip']),
    ]),
  ),
  page('encoding-not-asked', 'compresses in a way that was not asked for', unreadable, (random) => {
    const page = deflateSync(`needle ${random.word(50)}`);
    return okPage(page, [`Content-Encoding: ${random.pick(['deflate', 'br', 'zstd', 'dcb', `x-${random.word(9)}`])}`]);
  }),
  page('encoding-x-gzip', 'calls gzip by its old name', found, (random) =>
    okPage(gzipSync(`needle ${random.word(50)}`), ['Content-Encoding: x-gzip']),
  ),
  page('encoding-identity', 'says that it does not compress', found, (random) =>
    okPage(`needle ${random.word(50)}`, ['Content-Encoding: identity']),
  ),
  page('gzip-unlabelled', 'compresses and does not say so', missing, (random) =>
    okPage(gzipSync(`needle ${random.word(50)}`)),
  ),
  page('gzip-label-alone', 'says that it compresses and does not', unreadable, (random) =>
    okPage(`needle ${random.word(50)}`, GZIP),
  ),
  page(
    'gzip-cut',
    'cuts its compressed page, with a length that fits',
    down('body_truncated', at('body', 'TRUNCATED'), { httpCode: 200 }),
    (random) => {
      const packed = gzipSync(random.bytes(2_000));
      return okPage(packed.subarray(0, random.pick([10, random.int(11, packed.length - TRAILER_BYTES - 1)])), GZIP);
    },
  ),
  page('gzip-empty', 'sends a compressed page of no bytes at all', missing, () => okPage('', GZIP)),
  page('gzip-wrong-sum', 'sends a compressed page with a wrong checksum', unreadable, (random) => {
    const packed = gzipSync(random.word(500));
    packed.writeUInt32LE((packed.readUInt32LE(packed.length - TRAILER_BYTES) ^ 1) >>> 0, packed.length - TRAILER_BYTES);
    return okPage(packed, GZIP);
  }),
  page('gzip-broken-inside', 'breaks its compressed page in the middle', unreadable, (random) => {
    const packed = gzipSync(random.bytes(4_000));
    // A block type that does not exist (RFC 1951 section 3.2.3).
    packed.writeUInt8(0x07, 10);
    return okPage(packed, GZIP);
  }),
  page('gzip-members', 'cuts the keyword between two compressed members', found, (random) =>
    okPage(Buffer.concat([gzipSync(`${random.word(50)} nee`), gzipSync(`dle ${random.word(50)}`)]), GZIP),
  ),
  page('gzip-trailing-garbage', 'sends garbage after its compressed page', found, (random) =>
    okPage(Buffer.concat([gzipSync('needle'), Buffer.alloc(random.int(1, 500))]), GZIP),
  ),
  {
    ...page(
      'gzip-endless-name',
      'never ends the file name in the header of its compressed page',
      { ...notReached, body: { stopped_by: 'byte_budget' } },
      () => okPage(''),
    ),
    serve: (draw) =>
      draw.page((talk) => {
        // FLG with FNAME alone: a text that ends with NUL follows (RFC 1952 section 2.3.1).
        talk.send(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08${'\0'.repeat(5)}\x03`);
        const piece = draw.random.word(1_000).repeat(16);
        talk.flood(() => piece);
      }),
  },
  {
    ...page(
      'gzip-endless-empty-blocks',
      'sends compressed blocks without any text in them, without end',
      { ...notReached, body: { stopped_by: 'byte_budget' } },
      () => okPage(''),
    ),
    serve: (draw) =>
      draw.page((talk) => {
        // Stored blocks of length 0 (RFC 1951 section 3.2.4).
        const piece = '\x00\x00\x00\xff\xff'.repeat(draw.random.int(500, 5_000));
        talk.send(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08${'\0'.repeat(6)}\x03`);
        talk.flood(() => piece);
      }),
  },
];
