/** Chunked bodies that are broken, endless or odd (RFC 9112 section 7.1). */
import { at, down, type HostileClass, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';
import { answering, CHUNKED_HEAD, chunk, LAST_CHUNK } from './reply.ts';

const bad = down('body_malformed', at('body', 'BAD_CHUNKING'), { httpCode: 200 });
const truncated = down('body_truncated', at('body', 'TRUNCATED'), { httpCode: 200 });
const fine = up({ httpCode: 200, body: { complete: true } });

const BROKEN: [id: string, what: string, body: (random: Random) => string][] = [
  [
    'size-no-number',
    'gives a chunk size that is no number',
    (random) => `${random.pick(['zz', '-5', '0x5', '+5', '5.0', ''])}\r\nhello\r\n${LAST_CHUNK}`,
  ],
  [
    'size-overflow',
    'gives a chunk size beyond every integer',
    (random) => `${'f'.repeat(random.int(16, 900))}\r\nhello`,
  ],
  [
    'size-wrong',
    'ends a chunk elsewhere than its size says',
    (random) => `${random.pick([`3\r\nhello${random.word(4)}\r\n`, '5\r\nhello5\r\nhello\r\n'])}${LAST_CHUNK}`,
  ],
  [
    'page-instead-of-chunks',
    'says it chunks and sends the page as it is',
    (random) => `<html>${random.word(80)}</html>\r\n`,
  ],
];

export const CHUNKING_CLASSES: HostileClass[] = [
  ...BROKEN.map(([id, what, body]) => answering('chunking', id, what, bad, (random) => CHUNKED_HEAD + body(random))),
  answering('chunking', 'chunks-cut', 'hangs up before its chunks have ended', truncated, (random) => {
    const chunks = chunk(random.word(random.int(1, 900)))
      .toString('latin1')
      .repeat(random.int(1, 9));
    const cutSize = random.pick(['', '1', '1f', '1f;a=b', '1f\r', '0\r\n', '0\r\nX-Trailer: 1']);
    return CHUNKED_HEAD + random.pick([chunks.slice(0, random.int(1, chunks.length - 1)), chunks + cutSize]);
  }),
  answering(
    'chunking',
    'spaces-after-size',
    'pads its chunk sizes with spaces',
    fine,
    (random) => `${CHUNKED_HEAD}5${random.pick([' ', '  ', '\t'])}\r\nhello\r\n0  \r\n\r\n`,
  ),
  answering(
    'chunking',
    'chunks-with-lf',
    'ends chunk lines with LF alone',
    fine,
    () => `${CHUNKED_HEAD}5\nhello\n0\n\n`,
  ),
  answering(
    'chunking',
    'zeros-before-size',
    'writes chunk sizes with leading zeros and in upper case',
    fine,
    (random) => `${CHUNKED_HEAD}${'0'.repeat(random.int(1, 8))}A\r\n0123456789\r\n000\r\n\r\n`,
  ),
  answering(
    'chunking',
    'extensions',
    'sends a few chunk extensions and trailers',
    fine,
    (random) =>
      `${CHUNKED_HEAD}5;${random.word(5)}="${random.word(9)};"\r\nhello\r\n0\r\nContent-Length: 99\r\nX-Trailer: ${random.word(5)}\r\n\r\n`,
  ),
  answering(
    'chunking',
    'one-byte-chunks',
    'sends thousands of chunks of one byte',
    fine,
    (random) => CHUNKED_HEAD + `1\r\n${random.word(1)}\r\n`.repeat(random.int(5_000, 20_000)) + LAST_CHUNK,
  ),
  {
    id: 'endless-extension',
    family: 'chunking',
    what: 'sends one chunk extension without end',
    expected: bad,
    serve: ({ page, random }) =>
      page((talk) => {
        talk.send(`${CHUNKED_HEAD}5;x=`);
        talk.flood(() => random.word(1).repeat(8_192));
      }),
  },
  {
    id: 'extension-flood',
    family: 'chunking',
    what: 'sends more chunk extensions than content, without end',
    expected: bad,
    serve: ({ page, random }) =>
      page((talk) => {
        talk.send(CHUNKED_HEAD);
        talk.flood(() => `1;${random.word(1).repeat(200)}\r\nx\r\n`.repeat(20));
      }),
  },
  {
    id: 'endless-trailers',
    family: 'chunking',
    what: 'sends trailers without end',
    expected: bad,
    serve: ({ page, random }) =>
      page((talk) => {
        talk.send(`${CHUNKED_HEAD}5\r\nhello\r\n0\r\n`);
        talk.flood(() => `X-${random.word(5)}: ${random.word(20)}\r\n`.repeat(50));
      }),
  },
];
