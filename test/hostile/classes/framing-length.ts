/** Replies that say wrongly, twice or not at all where their body ends (RFC 9112 section 6). */
import { gzipSync } from 'node:zlib';
import { at, down, type HostileClass, unknown, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';
import { answering, chunk, LAST_CHUNK, okPage } from './reply.ts';

const badLength = down('http_malformed', at('http', 'BAD_FRAMING'));
const truncated = down('body_truncated', at('body', 'TRUNCATED'), { httpCode: 200 });
const fine = up({ httpCode: 200 });
const OK = 'HTTP/1.1 200 OK\r\n';

const REFUSED: [id: string, what: string, fields: (random: Random) => string][] = [
  [
    'length-conflict',
    'gives two different lengths',
    (random) => `Content-Length: 5${random.pick(['\r\nContent-Length: ', ', '])}${random.int(6, 99)}`,
  ],
  [
    'length-no-number',
    'gives a length that is no decimal number',
    (random) =>
      `Content-Length:${random.pick([` -${random.int(1, 99)}`, ' +5', ' 0x5', ' 5.0', ' five', ' 5 5', ' 5e0', ''])}`,
  ],
  [
    'length-overflow',
    'gives a length beyond every integer',
    (random) => `Content-Length: ${random.int(1, 9)}${'0'.repeat(random.int(19, 300))}`,
  ],
];

const READABLE: [id: string, what: string, bytes: (random: Random) => string | Buffer][] = [
  [
    'length-repeated',
    'gives the same length twice',
    (random) => `${OK}Content-Length: 5${random.pick(['\r\nContent-Length: ', ', '])}5\r\n\r\nhello`,
  ],
  [
    'length-leading-zeros',
    'writes its length with many leading zeros',
    (random) => `${OK}Content-Length: ${'0'.repeat(random.int(1, 9))}5\r\n\r\nhello`,
  ],
  [
    'length-and-chunked',
    'gives a length and chunks',
    (random) =>
      `${OK}Content-Length: ${random.int(1, 99)}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n${LAST_CHUNK}`,
  ],
  [
    'coding-without-chunked',
    'ends an unknown transfer coding with the connection',
    (random) => `${OK}Transfer-Encoding: ${random.pick(['gzip', 'x-strange'])}\r\n\r\nhello`,
  ],
  [
    'coding-identity',
    'names the transfer coding identity beside a length',
    () => `${OK}Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello`,
  ],
  [
    'coding-chunked-twice',
    'names the chunked coding twice',
    () => `${OK}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n${LAST_CHUNK}`,
  ],
  [
    'coding-in-http-1-0',
    'sends chunks as HTTP/1.0',
    () => `HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n${LAST_CHUNK}`,
  ],
  [
    'no-length',
    'ends its body with the connection',
    (random) => `HTTP/1.0 200 OK\r\n\r\n${random.word(random.int(1, 2_000))}`,
  ],
  [
    'more-than-length',
    'sends more than it announced',
    (random) => `${OK}Content-Length: 5\r\n\r\nhello${random.word(random.int(1, 5_000))}`,
  ],
];

export const LENGTH_CLASSES: HostileClass[] = [
  ...REFUSED.map(([id, what, fields]) =>
    answering('framing', id, what, badLength, (random) => `${OK}${fields(random)}\r\n\r\nhello`),
  ),
  ...READABLE.map(([id, what, bytes]) => answering('framing', id, what, fine, bytes)),
  answering('framing', 'length-too-long', 'announces more than it sends', truncated, (random) => {
    const body = random.word(random.int(0, 3_000));
    const missing = random.pick([random.int(1, 5_000), 10_000_000_000]);
    return `${OK}Content-Length: ${body.length + missing}\r\n\r\n${body}`;
  }),
  {
    ...answering(
      'framing',
      'coding-gzip-chunked',
      'compresses the transfer and not the content',
      unknown('keyword_unreadable'),
      () =>
        Buffer.concat([
          Buffer.from(`${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`),
          chunk(gzipSync('the needle is here')),
          Buffer.from(LAST_CHUNK),
        ]),
    ),
    plan: { keyword: 'needle' },
  },
  {
    id: 'connection-kept-open',
    family: 'framing',
    what: 'keeps the connection open after a whole reply',
    expected: up({ httpCode: 200, body: { complete: true } }),
    serve: ({ page }) => page((talk) => talk.send(okPage('hello', ['Connection: keep-alive']))),
  },
];
