/** Short ways to say what a server of the corpus answers. */

import type { Talk } from '../../kit/talk.ts';
import type { Draw } from '../draw.ts';
import type { Expected, Family, HostileClass } from '../hostile-class.ts';
import type { Random } from '../random.ts';

/** A class that answers any request with fixed bytes, cut anywhere into pieces, and ends the connection. */
export function answering(
  family: Family,
  id: string,
  what: string,
  expected: Expected,
  bytes: (random: Random) => string | Buffer,
): HostileClass {
  return { id, family, what, expected, serve: (draw: Draw) => draw.answer(bytes(draw.random)) };
}

/** A reply with its length; fields as lines without their ends. */
export function whole(statusLine: string, body: string | Buffer, fields: readonly string[] = []): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  const head = [statusLine, ...fields, `Content-Length: ${bytes.length}`, '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes]);
}

export function okPage(body: string | Buffer = 'all is well\n', fields: readonly string[] = []): Buffer {
  return whole('HTTP/1.1 200 OK', body, fields);
}

/** One piece again and again as fast as it is taken, `times` in all. */
export function repeat(talk: Talk, piece: string | Buffer, times: number, done: () => void): void {
  let left = times;
  talk.flood(() => (left-- > 0 ? piece : null), done);
}

export function chunk(bytes: string | Buffer): Buffer {
  const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
}

export const LAST_CHUNK = '0\r\n\r\n';
export const CHUNKED_HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
