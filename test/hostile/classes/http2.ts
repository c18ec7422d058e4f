/** Servers that agree to HTTP/2, where it is asked for, and then break it. */
import { gzipSync } from 'node:zlib';
import {
  data,
  ERROR,
  type Field,
  FRAME,
  frame,
  GREETING,
  goaway,
  head,
  longHead,
  onHttp2Request,
  reset,
  SETTINGS,
  trailers,
  uint32,
} from '../../kit/raw-http2.ts';
import type { Talk } from '../../kit/talk.ts';
import type { Draw } from '../draw.ts';
import { at, down, type Expected, type HostileClass, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';

const fine = up({ httpCode: 200, tls: { alpn: 'h2' } });
const malformed = down('http_malformed', at('http', 'H2_PROTOCOL'));
const tooLarge = down('http_malformed', at('http', 'HEADERS_TOO_LARGE'));
const refused = down('http_no_reply', at('http', 'H2_REFUSED_STREAM'));
const away = down('http_no_reply', at('http', 'H2_GOAWAY'));
const truncated = down('body_truncated', at('body', 'TRUNCATED'), { httpCode: 200 });
const badBody = down('body_malformed', at('body', 'H2_PROTOCOL'), { httpCode: 200 });
const TLS_SCRIPT = { ALPNProtocols: ['h2'] };
const PLAN = { http2: true };

/** A class that plays once the stream of the request is open; the settings of both sides are said then. */
function playing(
  id: string,
  what: string,
  expected: Expected,
  play: (talk: Talk, random: Random) => void,
  more: Partial<HostileClass> = {},
): HostileClass {
  const greet = (talk: Talk, random: Random): void => {
    talk.send(GREETING);
    play(talk, random);
  };
  return { ...ungreeted(id, what, expected, greet), ...more };
}

function ungreeted(
  id: string,
  what: string,
  expected: Expected,
  play: (talk: Talk, random: Random) => void,
): HostileClass {
  const serve = (draw: Draw): Promise<string> => {
    const answer = (talk: Talk): void => onHttp2Request(talk.stream, () => play(talk, draw.random));
    return draw.secure('good', answer, TLS_SCRIPT);
  };
  return { id: `h2-${id}`, family: 'http2', what, plan: PLAN, expected, serve };
}

/** A class that answers with these frames, cut anywhere, and keeps the connection. */
function answering(id: string, what: string, expected: Expected, frames: (random: Random) => Buffer[]): HostileClass {
  return playing(id, what, expected, (talk, random) => {
    talk.drip(random.cut(Buffer.concat(frames(random)), 4), 1);
  });
}

/** A class that sends one piece again and again, as fast as it is taken. */
function flooding(
  id: string,
  what: string,
  expected: Expected,
  piece: (random: Random) => Buffer,
  first: Buffer[] = [],
): HostileClass {
  return playing(id, what, expected, (talk, random) => {
    const pieces = Buffer.concat(Array<Buffer>(random.int(20, 200)).fill(piece(random)));
    talk.send(Buffer.concat(first));
    talk.flood(() => pieces);
  });
}

function page(random: Random, fields: Field[] = []): Buffer[] {
  return [head(200, fields), data(random.word(random.int(1, 900)), { end: true })];
}

function fields(count: number, length: number): Field[] {
  return Array.from({ length: count }, (_, index) => [`x-${index}`, 'y'.repeat(length)]);
}

/** A field of 3,900 bytes enters the table, and each byte after it means that field again (RFC 7541 section 6.1). */
function packedFields(times: number): Buffer {
  const literal = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]), Buffer.alloc(3_900, 0x79)]);
  return Buffer.concat([Buffer.from([0x88]), literal, Buffer.alloc(times, 0xbe)]);
}

const FINE: HostileClass[] = [
  answering('plain', 'answers over HTTP/2 as it should', fine, (random) => page(random)),
  answering('trailers-and-gaps', 'sends empty frames, strange frames and trailers', fine, (random) => [
    frame(random.int(20, 255), random.int(0, 255), 0, random.bytes(random.int(0, 99))),
    head(200),
    data(''),
    data(random.word(99)),
    frame(FRAME.priority, 0, 1, Buffer.from([0, 0, 0, 3, 0])),
    data(''),
    trailers([['x-sum', random.word(9)]]),
  ]),
  answering('farewell-before-reply', 'says farewell and answers all the same', fine, (random) => [
    goaway(ERROR.none),
    ...page(random),
  ]),
  answering('farewell-after-reply', 'answers whole and breaks the connection after it', fine, (random) => [
    ...page(random),
    random.pick([goaway(ERROR.internal), reset(ERROR.internal), random.bytes(99)]),
  ]),
  answering('length-without-end', 'sends as much as it announced and never ends the stream', fine, (random) => {
    const body = random.word(random.int(1, 900));
    return [head(200, [['content-length', String(body.length)]]), data(body)];
  }),
  {
    ...answering(
      'keyword-over-frames',
      'cuts a compressed page and its keyword into frames of a byte or two',
      up({ httpCode: 200, body: { mode: 'keyword', encoding: 'gzip' } }),
      (random) => [
        head(200, [['content-encoding', 'gzip']]),
        ...random.cut(gzipSync(`${random.word(40)} needle ${random.word(40)}`), 30).map((part) => data(part)),
        data('', { end: true }),
      ],
    ),
    plan: { ...PLAN, keyword: 'needle' },
  },
  playing(
    'endless-body',
    'sends a page without end over HTTP/2',
    up({ httpCode: 200, body: { mode: 'success_budgeted', complete: false } }),
    (talk, random) => {
      const piece = data(random.word(100).repeat(random.int(10, 160)));
      talk.send(head(200));
      talk.flood(() => piece);
    },
  ),
  {
    ...playing(
      'error-cut',
      'hangs up in the page of an error',
      down('http_server_error', null, { httpCode: 502 }),
      (talk, random) => talk.end(Buffer.concat([head(502), data(random.word(99))])),
    ),
  },
  {
    id: 'h2-not-chosen',
    family: 'http2',
    what: 'is offered HTTP/2 and speaks HTTP/1.1',
    plan: PLAN,
    expected: up({ httpCode: 200, tls: { alpn: 'http/1.1' } }),
    serve: ({ securePage, random }) =>
      securePage('good', (talk) => talk.end(`HTTP/1.1 200 OK\r\n\r\n${random.word(99)}`), {
        ALPNProtocols: ['http/1.1'],
      }),
  },
];

const NO_REPLY: HostileClass[] = [
  answering('refused', 'refuses the stream', refused, (random) => [
    reset(random.pick([ERROR.refusedStream, ERROR.internal, ERROR.cancel, ERROR.calm, ERROR.http11, ERROR.none])),
  ]),
  answering('away-with-error', 'goes away with an error', away, (random) => [
    goaway(random.pick([ERROR.internal, ERROR.calm]), random.int(0, 1)),
  ]),
  answering('away-before-stream', 'goes away and has not seen the stream', away, () => [goaway(ERROR.none, 0)]),
  playing(
    'closed',
    'ends the connection before a reply',
    down('http_no_reply', at('http', 'CLOSED_BEFORE_REPLY')),
    (talk) => talk.end(),
  ),
  playing('reset', 'resets the connection before a reply', down('http_no_reply', at('http', 'ECONNRESET')), (talk) =>
    talk.reset(frame(FRAME.windowUpdate, 0, 0, uint32(9))),
  ),
  playing('silent', 'agrees to HTTP/2 and says no more', down('http_timeout', at('http', 'DEADLINE')), () => {}, {
    timeoutMs: 500,
  }),
];

const NOT_HTTP2: HostileClass[] = [
  ungreeted('not-spoken', 'agrees to HTTP/2 and answers in HTTP/1.1', malformed, (talk, random) =>
    talk.send(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${random.word(5)}`),
  ),
  ungreeted('no-settings', 'answers without any settings', malformed, (talk, random) =>
    talk.send(Buffer.concat(page(random))),
  ),
  ungreeted('bad-settings', 'sets what no client can take', malformed, (talk, random) =>
    talk.send(frame(FRAME.settings, 0, 0, random.pick([Buffer.from([0, 2, 0, 0, 0, 9]), Buffer.alloc(5)]))),
  ),
  answering('bad-field-block', 'sends fields that cannot be unpacked', malformed, (random) => [
    frame(FRAME.headers, 4, 1, Buffer.concat([Buffer.from([0xff]), Buffer.alloc(random.int(5, 50), 0xff)])),
  ]),
  answering('bad-field', 'sends a field that HTTP/2 forbids', malformed, (random) => {
    const field = random.pick<Field>([
      ['connection', 'close'],
      ['X-Upper', 'a'],
      ['transfer-encoding', 'chunked'],
      [':path', '/'],
      ['te', 'gzip'],
    ]);
    return page(random, [field]);
  }),
  answering('bad-status', 'sends a status that is none', malformed, (random) => [
    head(random.pick(['abc', '', '20', '2000', '101']), [], { end: true }),
  ]),
  answering('two-lengths', 'gives two different lengths', malformed, (random) =>
    page(random, [
      ['content-length', String(random.int(1, 9))],
      ['content-length', String(random.int(10, 99))],
    ]),
  ),
  answering('content-first', 'sends content before a head', malformed, (random) => [
    data(random.word(9)),
    ...page(random),
  ]),
  answering('push', 'pushes what it was told not to', malformed, (random) => [
    frame(FRAME.pushPromise, 4, 1, Buffer.concat([uint32(2), Buffer.from([0x82, 0x87, 0x84])])),
    ...page(random),
  ]),
  answering('stream-of-its-own', 'answers on a stream that nobody opened', malformed, (random) => [
    frame(FRAME.headers, 4, random.pick([2, 3, 99]), Buffer.from([0x88])),
  ]),
  answering('frame-too-large', 'sends a frame larger than it may', malformed, (random) => [
    frame(random.pick([FRAME.headers, FRAME.data]), 4, 1, Buffer.alloc(random.int(16_385, 40_000))),
  ]),
];

const TOO_MUCH: HostileClass[] = [
  answering('too-many-fields', 'sends hundreds of fields', tooLarge, (random) => [
    longHead([[':status', '200'], ...fields(random.int(201, 900), 1)]),
  ]),
  answering('fields-too-large', 'sends fields that are too large together', tooLarge, (random) => [
    longHead([[':status', '200'], ...fields(random.int(40, 110), 1_000)]),
  ]),
  answering('packed-fields', 'packs fields that grow a thousandfold', tooLarge, (random) => [
    frame(FRAME.headers, 5, 1, packedFields(random.int(20, 9_000))),
  ]),
  flooding('endless-head', 'never ends its head', malformed, () => frame(FRAME.continuation, 0, 1), [
    frame(FRAME.headers, 0, 1, Buffer.from([0x88])),
  ]),
  answering(
    'interim-flood',
    'announces a reply again and again',
    down('http_malformed', at('http', 'TOO_MANY_INTERIM')),
    (random) => [...Array<Buffer>(random.int(6, 500)).fill(head(103, [['link', '</a>']])), ...page(random)],
  ),
  flooding('ping-flood', 'pings without end', malformed, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))),
  flooding('settings-flood', 'changes its settings without end', malformed, () => SETTINGS),
  flooding('strange-flood', 'sends frames of no known type without end', malformed, (random) =>
    frame(random.int(20, 255), 0, 0, random.bytes(random.int(0, 200))),
  ),
  flooding('empty-content-flood', 'sends content without any content, without end', badBody, () => data(''), [
    head(200),
  ]),
  flooding(
    'padding-flood',
    'pads its content, and sends nothing but padding',
    badBody,
    () => frame(FRAME.data, 8, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)])),
    [head(200)],
  ),
];

const BODIES: HostileClass[] = [
  answering('reset-in-body', 'resets the stream in its body, for no reason', truncated, (random) => [
    head(200),
    data(random.word(random.int(1, 900))),
    reset(random.pick([ERROR.none, ERROR.cancel, ERROR.internal])),
  ]),
  answering('away-in-body', 'goes away in the middle of the body', truncated, (random) => [
    head(200),
    data(random.word(random.int(1, 900))),
    goaway(ERROR.internal),
  ]),
  playing('closed-in-body', 'ends the connection in the middle of the body', truncated, (talk, random) =>
    talk.end(Buffer.concat([head(200), data(random.word(random.int(1, 900)))])),
  ),
  answering('length-too-long', 'announces more than it sends over HTTP/2', truncated, (random) => [
    head(200, [['content-length', '1000']]),
    data(random.word(random.int(0, 900)), { end: true }),
  ]),
  answering('broken-in-body', 'breaks the protocol in the middle of the body', badBody, (random) => [
    head(200),
    data(random.word(random.int(1, 900))),
    random.pick([data(random.word(9)).fill(0, 5, 9), frame(FRAME.data, 8, 1, Buffer.from([200, 0])), head(103)]),
  ]),
  playing(
    'hangs-in-body',
    'announces a body over HTTP/2 and stops in the middle',
    down('body_timeout', at('body', 'DEADLINE'), { httpCode: 200 }),
    (talk, random) => talk.send(Buffer.concat([head(200, [['content-length', '1000']]), data(random.word(99))])),
    { timeoutMs: 500 },
  ),
];

export const HTTP2_CLASSES: HostileClass[] = [...FINE, ...NO_REPLY, ...NOT_HTTP2, ...TOO_MUCH, ...BODIES];
