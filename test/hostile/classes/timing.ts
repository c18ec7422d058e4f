/** Servers that are slow, or silent in the middle: what a deadline and the time budgets of bodies are for. */
import type { Talk } from '../../kit/talk.ts';
import type { Draw } from '../draw.ts';
import { at, down, type Expected, type HostileClass, up } from '../hostile-class.ts';
import { CHUNKED_HEAD, chunk, okPage } from './reply.ts';

/** Short, because these classes wait for it; long enough that what comes before the silence has arrived. */
const TIMEOUT_MS = 600;
/** For those where the silence must not matter: far more than they need. */
const PATIENT_MS = 10_000;

const noReply = down('http_timeout', at('http', 'DEADLINE'));
const noBody = down('body_timeout', at('body', 'DEADLINE'), { httpCode: 200 });
const stopsInTime = up({
  httpCode: 200,
  body: { mode: 'success_budgeted', complete: false, stopped_by: 'time_budget' },
});

function silent(id: string, what: string, expected: Expected, play: (talk: Talk, draw: Draw) => void): HostileClass {
  const timeoutMs = expected.state === 'Up' ? PATIENT_MS : TIMEOUT_MS;
  return { id, family: 'timing', what, timeoutMs, expected, serve: (draw) => draw.page((talk) => play(talk, draw)) };
}

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000\r\n\r\n';

export const TIMING_CLASSES: HostileClass[] = [
  silent(
    'silent-in-head',
    'takes the request and falls silent before its head has ended',
    noReply,
    (talk, { random }) => talk.send(HEAD.slice(0, random.pick([0, random.int(1, HEAD.length - 1)]))),
  ),
  silent('silent-after-interim', 'sends a few interim replies and falls silent', noReply, (talk, { random }) =>
    talk.send('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(random.int(1, 5))),
  ),
  silent('silent-in-body', 'falls silent before a body of known length has ended', noBody, (talk, { random }) =>
    talk.send(HEAD + 'x'.repeat(random.pick([0, random.int(1, 999)]))),
  ),
  {
    ...silent(
      'silent-before-keyword',
      'falls silent in a chunked body before the keyword came',
      noBody,
      (talk, { random }) => talk.send(CHUNKED_HEAD + chunk(random.word(90)).toString('latin1')),
    ),
    plan: { keyword: 'NEEDLE' },
  },
  silent('drip-head', 'sends its head byte by byte, too slowly', noReply, (talk, { timeoutMs, random }) =>
    talk.drip(HEAD, (timeoutMs * random.int(2, 4)) / HEAD.length),
  ),
  silent(
    'drip-body',
    'sends a body of known length byte by byte, too slowly',
    noBody,
    (talk, { timeoutMs, random }) => {
      talk.send(HEAD);
      talk.drip('x'.repeat(1_000), (timeoutMs * random.int(2, 4)) / 1_000);
    },
  ),
  silent('drip-interim', 'sends interim replies with pauses between, too slowly', noReply, (talk, { timeoutMs }) =>
    talk.drip(
      Array.from({ length: 5 }, () => 'HTTP/1.1 102 Processing\r\n\r\n'),
      timeoutMs / 3,
    ),
  ),
  silent('slow-but-whole', 'sends a whole reply byte by byte, in time', up({ httpCode: 200 }), (talk, { random }) =>
    talk.drip(okPage(random.word(random.int(1, 20))).toString('latin1'), random.int(1, 4), () => talk.end()),
  ),
  silent('late-but-in-time', 'thinks for a while and then answers', up({ httpCode: 200 }), (talk, { random }) =>
    talk.later(random.int(100, 900), () => talk.end(okPage())),
  ),
  {
    ...silent(
      'answers-at-deadline',
      'answers a few milliseconds before or after the deadline',
      { reason: ['ok', 'http_timeout'], state: ['Up', 'Seems Down'], error: null },
      (talk, { timeoutMs, random }) => talk.later(timeoutMs + random.int(-12, 3), () => talk.end(okPage())),
    ),
    timeoutMs: TIMEOUT_MS,
  },
  silent('silent-in-chunks', 'falls silent before its chunks have ended', stopsInTime, (talk, { random }) => {
    const rest = random.pick(['', '1', 'a;x', '0\r\n', '0\r\nX-Trailer: ']);
    talk.send(CHUNKED_HEAD + chunk(random.word(random.int(1, 90))).toString('latin1') + rest);
  }),
  silent(
    'silent-until-close',
    'falls silent in a body that the end of the connection would end',
    stopsInTime,
    (talk, { random }) => talk.send(`HTTP/1.0 200 OK\r\n\r\n${random.word(random.int(0, 99))}`),
  ),
  silent(
    'drip-without-end',
    'sends a body of unknown length byte by byte without end',
    stopsInTime,
    (talk, { random }) => {
      talk.send('HTTP/1.0 200 OK\r\n\r\n');
      talk.drip(forever('x'), random.int(1, 20));
    },
  ),
  silent('drip-chunks-without-end', 'sends chunks of one byte without end', stopsInTime, (talk, { random }) => {
    talk.send(CHUNKED_HEAD);
    talk.drip(forever('1\r\nx\r\n'), random.int(1, 20));
  }),
  silent(
    'silent-error-page',
    'answers an error whose page never comes',
    down('http_server_error', null, { httpCode: 503 }),
    (talk) => talk.send('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000\r\n\r\n'),
  ),
  silent(
    'drip-error-page',
    'sends the page of an error byte by byte without end',
    down('http_client_error', null, { httpCode: 404 }),
    (talk, { random }) => {
      talk.send('HTTP/1.1 404 Not Found\r\n\r\n');
      talk.drip(forever('x'), random.int(1, 20));
    },
  ),
  {
    id: 'slow-hops',
    family: 'timing',
    what: 'redirects again and again, each time a little later, until the one deadline of all hops',
    timeoutMs: TIMEOUT_MS,
    expected: noReply,
    budget: { connections: 11 },
    serve: ({ page, timeoutMs, random }) => {
      let hop = 0;
      const delayMs = (timeoutMs * random.int(26, 45)) / 100;
      return page((talk) => {
        hop += 1;
        const location = `/${hop}`;
        talk.later(delayMs, () => talk.end(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`));
      });
    },
  },
];

function* forever(piece: string): Generator<string> {
  for (;;) yield piece;
}
