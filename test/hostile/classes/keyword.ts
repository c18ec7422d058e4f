/** Pages in which text is looked for, made so that it is missed, or found where it is not. */
import { at, down, type Expected, type HostileClass, unknown, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';
import { answering, CHUNKED_HEAD, chunk, LAST_CHUNK, okPage } from './reply.ts';

const KEYWORD = 'nèedle-☃';
const BYTES = Buffer.from(KEYWORD).toString('latin1');
const LIMIT = 1_048_576;

const found = up({ httpCode: 200, body: { mode: 'keyword' } });
const missing = down('keyword_missing', null, { httpCode: 200, body: { mode: 'keyword' } });
const forbidden = down('keyword_forbidden', null, { httpCode: 200 });
const notReached = unknown('keyword_not_reached', null, { httpCode: 200, body: { stopped_by: 'byte_budget' } });

function page(id: string, what: string, expected: Expected, bytes: (random: Random) => string | Buffer): HostileClass {
  return { ...answering('keyword', id, what, expected, bytes), plan: { keyword: KEYWORD } };
}

export const KEYWORD_CLASSES: HostileClass[] = [
  page('keyword-over-chunks', 'cuts the keyword into chunks of a byte or two', found, (random) => {
    const chunks = random.cut(Buffer.from(`${random.word(50)}${BYTES}${random.word(50)}`, 'latin1'), 20);
    return Buffer.concat([
      Buffer.from(CHUNKED_HEAD),
      ...chunks.filter(({ length }) => length > 0).map(chunk),
      Buffer.from(LAST_CHUNK),
    ]);
  }),
  page('keyword-almost', 'repeats the start of the keyword before the keyword', found, (random) =>
    okPage(Buffer.from(BYTES.slice(0, -1).repeat(random.int(1, 400)) + BYTES, 'latin1')),
  ),
  page('keyword-never-whole', 'repeats all of the keyword but its last byte', missing, (random) =>
    okPage(Buffer.from(BYTES.slice(0, -1).repeat(random.int(1, 400)), 'latin1')),
  ),
  page(
    'keyword-in-chunk-size',
    'writes the keyword where no page text is',
    missing,
    () => `${CHUNKED_HEAD}5;${BYTES}\r\nhello\r\n0\r\nX-Trailer: ${BYTES}\r\n\r\n`,
  ),
  page('keyword-in-header', 'writes the keyword into its header alone', missing, (random) =>
    okPage(random.word(50), [`X-Keyword: ${BYTES}`]),
  ),
  page('keyword-in-invalid-utf8', 'surrounds the keyword with bytes that are no UTF-8', found, (random) =>
    okPage(Buffer.from(`${'\xff\xc0\x80\xe2'.repeat(random.int(1, 99))}${BYTES}\xf0\x28`, 'latin1')),
  ),
  page('keyword-utf16', 'writes the keyword as UTF-16', missing, () =>
    okPage(Buffer.from(KEYWORD, 'utf16le'), ['Content-Type: text/html; charset=utf-16']),
  ),
  page('keyword-other-case', 'writes the keyword in upper case', missing, () =>
    okPage(Buffer.from(KEYWORD.toUpperCase())),
  ),
  page('keyword-at-limit', 'writes the keyword as the last bytes that are searched', found, () =>
    okPage(Buffer.from('x'.repeat(LIMIT - BYTES.length) + BYTES + 'x'.repeat(9_000), 'latin1')),
  ),
  page('keyword-past-limit', 'writes the keyword just beyond the bytes that are searched', notReached, (random) =>
    okPage(Buffer.from('x'.repeat(LIMIT - BYTES.length + random.int(1, 99)) + BYTES + 'x'.repeat(9_000), 'latin1')),
  ),
  {
    ...page('keyword-in-endless-page', 'sends a page without end and without the keyword', notReached, () => ''),
    serve: (draw) =>
      draw.page((talk) => {
        const piece = draw.random.word(999).repeat(16);
        talk.send('HTTP/1.0 200 OK\r\n\r\n');
        talk.flood(() => piece);
      }),
  },
  {
    ...page('keyword-in-event-stream', 'sends the keyword in a stream of events that never ends', found, () => ''),
    timeoutMs: 600,
    serve: (draw) =>
      draw.page((talk) => {
        talk.send(
          `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: ${draw.random.word(99)}\n\ndata: ${BYTES}\n\n`,
        );
      }),
  },
  page('keyword-in-empty-page', 'sends an empty page', missing, () => okPage('')),
  page(
    'keyword-of-error-page',
    'writes the keyword on an error page',
    down('http_server_error', null, { httpCode: 500 }),
    () => `HTTP/1.1 500 Internal Server Error\r\n\r\n${BYTES}`,
  ),
  page(
    'keyword-before-truncation',
    'cuts its page after the keyword',
    down('body_truncated', at('body', 'TRUNCATED'), { httpCode: 200 }),
    (random) => `HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${BYTES}${random.word(random.int(0, 900))}`,
  ),
  {
    ...page('forbidden-word', 'writes a forbidden word', forbidden, (random) =>
      okPage(`${random.word(random.int(1, 900))} hacked by ${random.word(5)}`),
    ),
    plan: { forbiddenKeywords: ['Fatal error', 'hacked by'] },
  },
  {
    ...page('forbidden-and-missing', 'writes a forbidden word and not the required one', missing, () =>
      okPage('hacked by'),
    ),
    plan: { keyword: KEYWORD, forbiddenKeywords: ['hacked by'] },
  },
  {
    ...page('forbidden-after-keyword', 'writes a forbidden word long after the required one', forbidden, (random) =>
      okPage(Buffer.from(`${BYTES + 'x'.repeat(random.int(1, 900_000))}hacked by`, 'latin1')),
    ),
    plan: { keyword: KEYWORD, forbiddenKeywords: ['hacked by'] },
  },
  {
    ...page(
      'forbidden-past-limit',
      'writes a forbidden word beyond the bytes that are searched',
      up({ httpCode: 200, body: { stopped_by: 'byte_budget' } }),
      () => okPage(`${'x'.repeat(LIMIT)}hacked by`),
    ),
    plan: { forbiddenKeywords: ['hacked by'] },
  },
];
