/** What the targets answer: a page like any other, its bytes made once. */

/** What a check with a keyword looks for: at the end of the page, so that all of it is searched. */
export const KEYWORD = 'closing time';

/** Name of the field in which a slow target says how long it really took, in microseconds. */
export const DELAY_HEADER = 'x-delay-us';

const WORDS = 'Opening hours, directions and the menu of the day stand on this page. ';
const END = `${KEYWORD}</p></body></html>\n`;

/** A page of exactly so many bytes, all ASCII. */
export function pageOf(bytes: number): string {
  const start = '<!doctype html><html><head><title>A site</title></head><body><p>';
  const room = bytes - start.length - END.length;
  if (room < 0) throw new RangeError(`a page has at least ${start.length + END.length} bytes`);
  return start + WORDS.repeat(Math.ceil(room / WORDS.length)).slice(0, room) + END;
}

/** The reply up to where a slow target puts its delay, and the rest. */
export function replyOf(page: string): { head: string; rest: string } {
  const fields = [
    'HTTP/1.1 200 OK',
    'Server: prove',
    'Date: Mon, 02 Feb 2026 10:00:00 GMT',
    'Content-Type: text/html; charset=utf-8',
    `Content-Length: ${page.length}`,
    'Last-Modified: Sun, 01 Feb 2026 08:00:00 GMT',
    'ETag: "6597a3c0-400"',
    'Accept-Ranges: bytes',
    'Cache-Control: max-age=600',
    'Connection: close',
  ];
  return { head: `${fields.join('\r\n')}\r\n`, rest: `\r\n${page}` };
}

/** The number in `GET /123 HTTP/1.1`; -1 where there is none. */
export function numberOf(request: Buffer): number {
  let at = request.indexOf(0x2f) + 1;
  if (at === 0) return -1;
  let number = -1;
  for (let digit = (request[at] ?? 0) - 0x30; digit >= 0 && digit <= 9; digit = (request[at] ?? 0) - 0x30) {
    number = Math.max(0, number) * 10 + digit;
    at += 1;
  }
  return number;
}
