/** Text that would do harm wherever it is shown: in a terminal, a page, a log. */
import { HOSTILE_TEXT } from '../../kit/hostile-certificates.ts';
import { at, down, type HostileClass, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';
import { answering, okPage, whole } from './reply.ts';

/** As bytes of UTF-8, without line ends, which would end a header. */
function hostile(random: Random): string {
  const texts = [
    HOSTILE_TEXT,
    '<script>alert(1)</script>',
    '\x1b[31mred\x1b[0m\x07\x08',
    '\u202eevil\u2066\u200f',
    '{{7*7}}',
    '\ud83d\udca9'.repeat(9),
  ];
  return Buffer.from(`${random.word(3)}${random.pick(texts)}${random.word(3)}`).toString('latin1');
}

export const TEXT_CLASSES: HostileClass[] = [
  answering(
    'text',
    'text-in-reason-phrase',
    'writes markup and escape sequences for a reason',
    down('http_server_error', null, { httpCode: 500 }),
    (random) => whole(`HTTP/1.1 500 ${hostile(random)}`, ''),
  ),
  answering(
    'text',
    'text-in-headers',
    'writes markup and escape sequences into headers',
    up({ httpCode: 200 }),
    (random) =>
      okPage(
        'hello',
        Array.from({ length: 20 }, () => `X-${random.word(4)}: ${hostile(random)}`),
      ),
  ),
  answering(
    'text',
    'text-in-error-page',
    'writes markup and escape sequences onto its error page',
    down('http_client_error', null, { httpCode: 404 }),
    (random) => whole('HTTP/1.1 404 Not Found', Array.from({ length: 60 }, () => `${hostile(random)}\r\n`).join('')),
  ),
  answering(
    'text',
    'text-in-location',
    'redirects to markup and escape sequences',
    down('redirect_bad_location', at('redirect', 'BAD_LOCATION')),
    (random) => `HTTP/1.1 302 Found\r\nLocation: javascript:${hostile(random)}\r\nContent-Length: 0\r\n\r\n`,
  ),
  answering(
    'text',
    'text-in-status-line',
    'starts with markup and escape sequences',
    down('http_malformed', at('http', 'NOT_HTTP')),
    (random) => `HTTP/1.1 ${hostile(random)}\r\n\r\n`,
  ),
  answering(
    'text',
    'text-in-length',
    'gives markup and escape sequences for a length',
    down('http_malformed', at('http', 'BAD_FRAMING')),
    (random) => `HTTP/1.1 200 OK\r\nContent-Length: ${hostile(random)}\r\n\r\n`,
  ),
  answering(
    'text',
    'text-in-chunk-size',
    'gives markup and escape sequences for a chunk size',
    down('body_malformed', at('body', 'BAD_CHUNKING'), { httpCode: 200 }),
    (random) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n<${hostile(random)}\r\n`,
  ),
  answering(
    'text',
    'text-in-encoding',
    'gives markup and escape sequences for an encoding',
    up({ httpCode: 200 }),
    (random) => okPage('hello', [`Content-Encoding: ${hostile(random)}`]),
  ),
];
