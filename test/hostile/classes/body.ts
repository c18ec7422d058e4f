/** Bodies that are too much, too little or never end, where nothing is looked for in them. */
import { gzipSync } from 'node:zlib';
import { down, type HostileClass, unknown, up } from '../hostile-class.ts';
import { answering, CHUNKED_HEAD, chunk, okPage, whole } from './reply.ts';

/** Which budget comes first is up to the machine. */
const stopsAtBudget = up({
  httpCode: 200,
  body: { mode: 'success_budgeted', stopped_by: ['byte_budget', 'time_budget'], complete: false },
});

export const BODY_CLASSES: HostileClass[] = [
  {
    id: 'ten-gigabytes',
    family: 'body',
    what: 'announces 10 GB and sends as fast as it can',
    expected: { ...stopsAtBudget, body: { ...stopsAtBudget.body, expected_bytes: 10_000_000_000 } },
    serve: ({ page, random }) =>
      page((talk) => {
        const piece = random.bytes(1_024).toString('latin1').repeat(64);
        talk.send('HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n');
        talk.flood(() => piece);
      }),
  },
  {
    id: 'endless-chunks',
    family: 'body',
    what: 'sends chunks without end',
    expected: stopsAtBudget,
    serve: ({ page, random }) =>
      page((talk) => {
        const piece = chunk('x'.repeat(random.int(500, 60_000)));
        talk.send(CHUNKED_HEAD);
        talk.flood(() => piece);
      }),
  },
  {
    id: 'endless-until-close',
    family: 'body',
    what: 'sends a body of no announced length without end',
    expected: stopsAtBudget,
    serve: ({ page, random }) =>
      page((talk) => {
        const piece = 'x'.repeat(random.int(1_000, 60_000));
        talk.send('HTTP/1.0 200 OK\r\n\r\n');
        talk.flood(() => piece);
      }),
  },
  {
    id: 'endless-multipart',
    family: 'body',
    what: 'sends picture after picture as multipart/x-mixed-replace',
    expected: stopsAtBudget,
    serve: ({ page, random }) =>
      page((talk) => {
        const part = `--b\r\nContent-Type: image/jpeg\r\n\r\n${'\xff\xd8'.repeat(random.int(500, 9_000))}\r\n`;
        talk.send('HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n');
        talk.flood(() => part);
      }),
  },
  {
    id: 'endless-event-stream',
    family: 'body',
    what: 'sends events without end',
    expected: up({ httpCode: 200, body: { mode: 'skipped' } }),
    serve: ({ page, random }) =>
      page((talk) => {
        talk.send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n');
        talk.flood(() => `data: ${random.word(500)}\n\n`.repeat(20));
      }),
  },
  {
    id: 'endless-error-page',
    family: 'body',
    what: 'answers an error with a page without end',
    expected: down('http_server_error', null, { httpCode: 500, body: { mode: 'error_excerpt' } }),
    budget: { bodyBytes: 65_536 },
    serve: ({ page, random }) =>
      page((talk) => {
        const piece = random.word(1_000).repeat(16);
        talk.send('HTTP/1.1 500 Internal Server Error\r\n\r\n');
        talk.flood(() => piece);
      }),
  },
  answering(
    'body',
    'compressed-unasked',
    'compresses although identity was asked for',
    up({ httpCode: 200 }),
    (random) => okPage(gzipSync(random.word(500)), ['Content-Encoding: gzip']),
  ),
  answering(
    'body',
    'brotli-unasked',
    'names an encoding nobody asked for',
    up({ httpCode: 200, body: { encoding: 'br' } }),
    (random) => okPage(random.bytes(300), ['Content-Encoding: br']),
  ),
  answering(
    'body',
    'truncated-error-page',
    'cuts the page of an error',
    down('http_server_error', null, { httpCode: 502 }),
    (random) => `HTTP/1.1 502 Bad Gateway\r\nContent-Length: 5000\r\n\r\n${random.word(random.int(0, 4_000))}`,
  ),
  answering(
    'body',
    'broken-chunks-of-error',
    'breaks the chunks of an error page',
    down('http_client_error', null, { httpCode: 404 }),
    (random) =>
      `HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n${random.pick(['zz', '', '5\r\nhel'])}\r\n`,
  ),
  answering(
    'body',
    'rate-limited',
    'says that it is asked too often, until the year 9999',
    unknown('http_rate_limited', null, { httpCode: 429 }),
    (random) =>
      whole('HTTP/1.1 429 Too Many Requests', random.word(20), [
        `Retry-After: ${random.pick(['99999999999', 'Fri, 31 Dec 9999 23:59:59 GMT', '-1'])}`,
      ]),
  ),
  answering('body', 'blocked', 'lets no monitor in', down('http_forbidden', null, { httpCode: 403 }), (random) =>
    whole('HTTP/1.1 403 Forbidden', `<title>Attention Required!</title>${random.word(200)}`),
  ),
  {
    ...answering(
      'body',
      'status-not-expected',
      'answers well, but not with the status that is expected',
      down('unexpected_status', null),
      (random) => whole(`HTTP/1.1 ${random.pick(['200 OK', '206 Partial', '201 Created'])}`, random.word(20)),
    ),
    plan: { expectedStatus: [[204, 204]] },
  },
];
