/** Replies whose head is no HTTP, is more than HTTP allows, or bends it as real servers do. */
import { at, down, type HostileClass, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';
import { answering, repeat, whole } from './reply.ts';

const notHttp = down('http_malformed', at('http', 'NOT_HTTP'));
const tooLarge = down('http_malformed', at('http', 'HEADERS_TOO_LARGE'));
const fine = up({ httpCode: 200 });

const OK = 'HTTP/1.1 200 OK\r\n';
const BODY = 'Content-Length: 2\r\n\r\nok';

/** Replies that end as a browser would see no page. */
const NO_HTTP: [id: string, what: string, bytes: (random: Random) => string | Buffer][] = [
  ['no-status-line', 'sends header fields without a status line', () => `Content-Type: text/html\r\n${BODY}`],
  ['http-0-9', 'sends a page without any head', (random) => `<html>${random.word(40)}</html>\n`],
  [
    'http2-preface',
    'sends HTTP/2 frames in clear text',
    // An empty SETTINGS frame, then GOAWAY (RFC 9113 section 4.1).
    () => Buffer.from('000000040000000000' + '0000080700000000000000000000000001', 'hex'),
  ],
  [
    'protocol-unknown',
    'names a protocol that is not HTTP/1',
    (random) =>
      `${random.pick(['HTTP/3.0', 'HTTP/0.9', 'HTTP/9.1', 'ICY', 'RTSP/1.0', 'SIP/2.0', 'http/1.1'])} 200 OK\r\n${BODY}`,
  ],
  [
    'status-no-status',
    'answers with a status that is none',
    (random) =>
      `HTTP/1.1 ${random.pick([`0${random.int(10, 99)}`, '000', '99', '20', '2000', '99999', '2xx', 'OK', '20O', '-200'])} OK\r\n${BODY}`,
  ],
  [
    'space-in-status-line',
    'puts white space where the status line has none',
    (random) => random.pick([` ${OK}`, `\t${OK}`, `  ${OK}`, 'HTTP/1.1\t200\tOK\r\n']) + BODY,
  ],
  [
    'interim-with-body',
    'sends a body after an interim reply',
    () => `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello${OK}${BODY}`,
  ],
  [
    'garbage',
    'sends random bytes',
    (random) => Buffer.concat([Buffer.from([0xff]), random.bytes(random.int(20, 400))]),
  ],
];

/** Replies that are against the grammar or at its edge, and readable all the same (RFC 9112 sections 2.2, 5.1 and 5.2). */
const READABLE: [id: string, what: string, bytes: (random: Random) => string][] = [
  ['bare-lf', 'ends lines with LF alone', () => 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['no-reason-phrase', 'leaves the reason phrase and its space out', () => `HTTP/1.1 200\r\n${BODY}`],
  [
    'newer-minor-version',
    'says a minor version that does not exist yet',
    (random) => `HTTP/1.${random.int(2, 9)} 200 OK\r\n${BODY}`,
  ],
  [
    'obsolete-fold',
    'folds a header value over lines',
    (random) => `${OK}X-Folded: ${random.word(5)}\r\n\t${random.word(5)}\r\n  ${random.word(5)}\r\n${BODY}`,
  ],
  [
    'fold-before-fields',
    'starts the header fields with a folded line',
    (random) => `${OK} ${random.word(8)}: x\r\n${BODY}`,
  ],
  [
    'control-in-value',
    'sends NUL or a bare CR inside a header value',
    (random) => `${OK}X-Odd: ${random.word(3)}${random.pick(['\0', '\rSet-Cookie: '])}${random.word(3)}\r\n${BODY}`,
  ],
  [
    'line-no-field',
    'sends a line that is no header field among those that are',
    (random) =>
      `${OK}${random.pick(['X\0Y: 1', 'X\xffY: 1', 'X\x1bY: 1', 'X(Y: 1', 'X Y: 1', 'X-Spaced : 1', ': 1', random.word(12)])}\r\n${BODY}`,
  ],
  [
    'early-hints',
    'sends interim replies before the reply',
    (random) => `${'HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n'.repeat(random.int(1, 4))}${OK}${BODY}`,
  ],
  [
    'two-replies',
    'sends a second reply that nobody asked for',
    () => `${OK}${BODY}HTTP/1.1 500 Never Asked\r\n${BODY}`,
  ],
  ['fields-at-limit', 'sends as many header fields as are allowed', () => `${OK}${'X-A: 1\r\n'.repeat(199)}${BODY}`],
];

export const HEAD_CLASSES: HostileClass[] = [
  ...NO_HTTP.map(([id, what, bytes]) => answering('framing', id, what, notHttp, bytes)),
  ...READABLE.map(([id, what, bytes]) => answering('framing', id, what, fine, bytes)),
  answering('framing', 'status-999', 'answers with a status above 599', down('http_server_error', null), (random) =>
    whole(`HTTP/1.1 ${random.int(600, 999)} Request denied`, 'go away'),
  ),
  answering(
    'framing',
    'switching-protocols',
    'switches protocols unasked',
    up({ httpCode: 101, body: { mode: 'skipped' } }),
    () => 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x05hello',
  ),
  answering(
    'framing',
    'endless-interim',
    'sends interim replies without end',
    down('http_malformed', at('http', 'TOO_MANY_INTERIM')),
    (random) => `HTTP/1.1 ${random.pick([100, 102, 103])} Wait\r\n\r\n`.repeat(random.int(20, 500)),
  ),
  answering(
    'framing',
    'interim-then-end',
    'sends an interim reply and hangs up',
    down('http_no_reply', at('http', 'CLOSED_BEFORE_REPLY')),
    () => 'HTTP/1.1 100 Continue\r\n\r\n',
  ),
  answering(
    'framing',
    'bare-cr',
    'ends lines with CR alone and hangs up',
    down('http_no_reply', at('http', 'CLOSED_BEFORE_REPLY')),
    () => 'HTTP/1.1 200 OK\rContent-Length: 2\r\rok',
  ),
  answering(
    'framing',
    'no-empty-line',
    'never ends its header fields and hangs up',
    down('http_no_reply', at('http', 'CLOSED_BEFORE_REPLY')),
    (random) => `${OK}Server: ${random.word(8)}\r\n<html>hello</html>\r\n`,
  ),
  answering(
    'framing',
    'bodyless-status-with-body',
    'sends a body with a status that has none',
    up(),
    (random) => `HTTP/1.1 ${random.pick(['204 No Content', '304 Not Modified'])}\r\nContent-Length: 5\r\n\r\nhello`,
  ),
  {
    ...answering(
      'framing',
      'body-for-head',
      'sends a body to a HEAD request',
      up({ httpCode: 200, body: { mode: 'skipped' } }),
      () => whole('HTTP/1.1 200 OK', 'x'.repeat(5_000)),
    ),
    plan: { method: 'HEAD' },
  },
  {
    id: 'giant-header',
    family: 'framing',
    what: 'sends a header value of 10 MB',
    expected: tooLarge,
    serve: ({ page, random }) =>
      page((talk) => {
        talk.send(`${OK}X-Giant: `);
        repeat(talk, random.word(1).repeat(65_536), 160, () => talk.end(`\r\n${BODY}`));
      }),
  },
  {
    id: 'header-flood',
    family: 'framing',
    what: 'sends 100,000 small header fields',
    expected: tooLarge,
    serve: ({ page, random }) =>
      page((talk) => {
        talk.send(OK);
        repeat(talk, `${random.word(3)}: 1\r\n`.repeat(1_000), 100, () => talk.end(BODY));
      }),
  },
  {
    id: 'endless-status-line',
    family: 'framing',
    what: 'never ends its reason phrase',
    expected: tooLarge,
    serve: ({ page, random }) =>
      page((talk) => {
        talk.send('HTTP/1.1 200 ');
        talk.flood(() => random.word(1).repeat(16_384));
      }),
  },
  {
    id: 'endless-fold',
    family: 'framing',
    what: 'folds one header value without end',
    expected: tooLarge,
    serve: ({ page, random }) =>
      page((talk) => {
        talk.send(`${OK}X-Fold: 1\r\n`);
        talk.flood(() => ` ${random.word(1).repeat(98)}\r\n`.repeat(100));
      }),
  },
];
