/**
 * The head of an HTTP/1 reply, byte by byte as it comes (RFC 9112): status line, fields, interim replies in front. As
 * tolerant as browsers where it does no harm, because a site that visitors can read is not down.
 */
import type { HttpCode } from './exchange.ts';

export type ReplyHead = {
  status: number;
  /** Names in lower case, values bounded; in order of arrival. */
  headers: [name: string, value: string][];
};

export interface HeadParser {
  /** Takes bytes and returns how many belong to the head. All of them, unless the head is complete. */
  push(bytes: Buffer): number;
  /** The final head, once its empty line has arrived. */
  head(): ReplyHead | null;
  /** Set when the bytes can no longer become a head; nothing may be pushed then. */
  failure(): { code: HttpCode; detail: string } | null;
}

const MAX_HEAD_BYTES = 32_768;
const MAX_FIELDS = 200;
const MAX_VALUE_LENGTH = 2_048;
/**
 * A redirect must be followed to where it points: sign-on pages send several KiB of it. A longer one is kept with one
 * character more than this, so that it can be told from one that fits.
 */
export const MAX_LOCATION_LENGTH = 8_192;
const MAX_INTERIM_REPLIES = 5;

const LF = 10;
const HTTP_NAME = 'HTTP/';
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: |$)/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

export function createHeadParser(): HeadParser {
  let partialLine = '';
  let blockBytes = 0;
  let fieldCount = 0;
  let interimReplies = 0;
  let current: ReplyHead | null = null;
  let complete: ReplyHead | null = null;
  let failure: { code: HttpCode; detail: string } | null = null;

  function refuse(code: HttpCode, detail: string): void {
    failure = { code, detail };
  }

  /** RFC 9112 section 2.2: a bare LF ends a line too. */
  function takeLine(line: string): void {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (current === null) takeStatusLine(text);
    else if (text !== '') takeField(current, text);
    else endBlock(current);
  }

  function takeStatusLine(line: string): void {
    const status = STATUS_LINE.exec(line)?.[1];
    if (status === undefined) refuse('NOT_HTTP', `the reply starts with ${quoted(line)}`);
    else current = { status: Number(status), headers: [] };
  }

  function takeField(head: ReplyHead, line: string): void {
    fieldCount += 1;
    if (fieldCount > MAX_FIELDS) refuse('HEADERS_TOO_LARGE', `more than ${MAX_FIELDS} header fields`);
    else addField(head.headers, line);
  }

  /** 101 is the last reply of HTTP on a connection; every other 1xx announces one (RFC 9110 section 15.2). */
  function endBlock(head: ReplyHead): void {
    if (head.status >= 200 || head.status === 101) {
      complete = head;
      return;
    }
    interimReplies += 1;
    if (interimReplies > MAX_INTERIM_REPLIES) {
      refuse('TOO_MANY_INTERIM', `more than ${MAX_INTERIM_REPLIES} interim replies`);
    }
    current = null;
    blockBytes = 0;
    fieldCount = 0;
  }

  function takePartialLine(text: string): void {
    partialLine += text;
    if (current !== null) return;
    // A server of another protocol may wait for us to speak on; its first bytes say enough.
    if (!HTTP_NAME.startsWith(partialLine.slice(0, HTTP_NAME.length))) {
      refuse('NOT_HTTP', `the reply starts with ${quoted(partialLine)}`);
    }
  }

  return {
    push(bytes) {
      let at = 0;
      while (at < bytes.length && complete === null && failure === null) {
        const lineEnd = bytes.indexOf(LF, at);
        const next = lineEnd === -1 ? bytes.length : lineEnd + 1;
        blockBytes += next - at;
        if (blockBytes > MAX_HEAD_BYTES) {
          refuse('HEADERS_TOO_LARGE', `more than ${MAX_HEAD_BYTES} header bytes`);
          break;
        }
        if (lineEnd === -1) {
          takePartialLine(bytes.toString('latin1', at, next));
        } else {
          const line = partialLine + bytes.toString('latin1', at, lineEnd);
          partialLine = '';
          takeLine(line);
        }
        at = next;
      }
      return at;
    },
    head: () => complete,
    failure: () => failure,
  };
}

/** Lines that are no field are passed over, as browsers do; a folded line continues the value before it. */
function addField(headers: ReplyHead['headers'], line: string): void {
  const last = headers[headers.length - 1];
  if (line.startsWith(' ') || line.startsWith('\t')) {
    if (last !== undefined) last[1] = cleanValue(last[0], `${last[1]} ${line.trim()}`);
    return;
  }
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon)).trimEnd().toLowerCase();
  if (TOKEN.test(name)) headers.push([name, cleanValue(name, line.slice(colon + 1))]);
}

/** RFC 9110 section 5.5: CR and NUL inside a value are replaced before anyone uses it. */
function cleanValue(name: string, text: string): string {
  const value = text.replaceAll('\r', ' ').replaceAll('\0', ' ').trim();
  if (name !== 'location') return value.slice(0, MAX_VALUE_LENGTH);
  // Raw bytes in a Location are UTF-8 to every browser.
  const location = /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
  return location.slice(0, MAX_LOCATION_LENGTH + 1);
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
