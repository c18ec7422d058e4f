/**
 * Finds the head of an HTTP/1 reply in bytes as they come (RFC 9112): status line, fields, interim replies in front. A
 * class and text positions instead of lines, because every check runs this.
 */
import type { HttpCode } from './exchange.ts';
import { cleanValue, endOfLine, isFolded, nameOf, ReplyHead } from './http1-head.ts';

const MAX_HEAD_BYTES = 32_768;
const MAX_FIELDS = 200;
const MAX_INTERIM_REPLIES = 5;

/** Most heads fit; more of a read is not turned into text before it is known to be head. */
const WINDOW_BYTES = 2_048;
const PROTOCOL = 'HTTP/';
const DASH = 45;
const SPACE = 32;
const TO_LOWER_CASE = 32;
const DIGIT_0 = 48;

export class HeadParser {
  /** The final head, once its empty line has arrived. */
  head: ReplyHead | null = null;
  /** Set when the bytes can no longer become a head; nothing may be pushed then. */
  failure: { code: HttpCode; detail: string } | null = null;

  #current: ReplyHead | null = null;
  /** What came of this block in earlier windows, and of the line it stopped in. */
  #blockText = '';
  #partialLine = '';
  #fieldsAt = 0;
  #fieldCount = 0;
  #isFolded = false;
  #interimReplies = 0;

  /** Takes bytes and returns how many belong to the head. All of them, unless the head is complete. */
  push(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.head === null && this.failure === null) at = this.#takeWindow(bytes, at);
    return at;
  }

  /** Returns where the next window starts: behind this one, or behind the block that ended in it. */
  #takeWindow(bytes: Buffer, from: number): number {
    const text = bytes.toString('latin1', from, Math.min(bytes.length, from + WINDOW_BYTES));
    const before = this.#blockText.length;
    for (let start = 0; ; ) {
      const lineFeed = text.indexOf('\n', start);
      if (lineFeed === -1) {
        this.#takePartialLine(text, start);
        return from + text.length;
      }
      const isBlockOver = this.#takeLine(text, start, lineFeed, before);
      start = lineFeed + 1;
      if (isBlockOver || this.failure !== null) return from + start;
    }
  }

  #takePartialLine(text: string, start: number): void {
    this.#partialLine += start === 0 ? text : text.slice(start);
    this.#blockText += text;
    // A server of another protocol may wait for us to speak on; its first bytes say enough.
    if (this.#current === null && !PROTOCOL.startsWith(this.#partialLine.slice(0, PROTOCOL.length))) {
      this.#refuse('NOT_HTTP', `the reply starts with ${quoted(this.#partialLine)}`);
    } else this.#checkSize(this.#blockText.length);
  }

  /** True when the line is the empty one that ends a block. */
  #takeLine(text: string, start: number, lineFeed: number, before: number): boolean {
    if (!this.#checkSize(before + lineFeed + 1)) return false;
    if (this.#partialLine !== '') {
      const line = this.#partialLine + text.slice(start, lineFeed);
      this.#partialLine = '';
      return this.#takeText(line, 0, line.length, text, before + lineFeed + 1);
    }
    return this.#takeText(text, start, lineFeed, text, before + lineFeed + 1);
  }

  /** `next` is where the line after this one starts in the block. */
  #takeText(line: string, start: number, lineFeed: number, window: string, next: number): boolean {
    const end = endOfLine(line, start, lineFeed);
    if (this.#current === null) {
      this.#takeStatusLine(line, start, end);
      this.#fieldsAt = next;
      return false;
    }
    if (end > start) {
      this.#takeField(this.#current, line, start, end);
      return false;
    }
    this.#endBlock(this.#current, window);
    return true;
  }

  /** RFC 9112 section 4; section 2.3 has a higher minor version read as the highest we know. */
  #takeStatusLine(line: string, start: number, end: number): void {
    const status = statusOf(line, start, end);
    const isMinorDigit = digitAt(line, start + 7) >= 0;
    if (status < 100 || !isMinorDigit || !line.startsWith('HTTP/1.', start)) {
      this.#refuse('NOT_HTTP', `the reply starts with ${quoted(line.slice(start, end))}`);
      return;
    }
    this.#current = new ReplyHead(digitAt(line, start + 7) === 0 ? 'HTTP/1.0' : 'HTTP/1.1', status);
  }

  #takeField(head: ReplyHead, line: string, start: number, end: number): void {
    this.#fieldCount += 1;
    if (this.#fieldCount > MAX_FIELDS) this.#refuse('HEADERS_TOO_LARGE', `more than ${MAX_FIELDS} header fields`);
    else if (isFolded(line, start)) this.#isFolded = true;
    else if (mayFrame(line, start)) {
      const colon = line.indexOf(':', start);
      if (colon === -1 || colon >= end) return;
      const name = nameOf(line, start, colon);
      head.noteField(name, cleanValue(name, line.slice(colon + 1, end)));
    }
  }

  /** 101 is the last reply of HTTP on a connection; every other 1xx announces one (RFC 9110 section 15.2). */
  #endBlock(head: ReplyHead, window: string): void {
    if (head.status >= 200 || head.status === 101) {
      head.keepFields(this.#blockText + window, this.#fieldsAt);
      if (this.#isFolded) head.noteFieldsAgain();
      this.head = head;
      return;
    }
    this.#interimReplies += 1;
    if (this.#interimReplies > MAX_INTERIM_REPLIES) {
      this.#refuse('TOO_MANY_INTERIM', `more than ${MAX_INTERIM_REPLIES} interim replies`);
    }
    this.#current = null;
    this.#blockText = '';
    this.#fieldCount = 0;
    this.#isFolded = false;
  }

  #checkSize(blockBytes: number): boolean {
    if (blockBytes <= MAX_HEAD_BYTES) return true;
    this.#refuse('HEADERS_TOO_LARGE', `more than ${MAX_HEAD_BYTES} header bytes`);
    return false;
  }

  #refuse(code: HttpCode, detail: string): void {
    this.failure = { code, detail };
  }
}

/** Three digits behind the version that end the line or stand before a space; 0 for anything else. */
function statusOf(line: string, start: number, end: number): number {
  if (end < start + 12 || (end > start + 12 && line.charCodeAt(start + 12) !== SPACE)) return 0;
  if (line.charCodeAt(start + 8) !== SPACE) return 0;
  const hundreds = digitAt(line, start + 9);
  const tens = digitAt(line, start + 10);
  const ones = digitAt(line, start + 11);
  return hundreds < 0 || tens < 0 || ones < 0 ? 0 : hundreds * 100 + tens * 10 + ones;
}

/** -1 for what is no digit. */
function digitAt(text: string, at: number): number {
  const digit = text.charCodeAt(at) - DIGIT_0;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

/** Whether the line looks like `content-…:` or `transfer-…:`: a cheap sieve before names are cut out. */
function mayFrame(line: string, start: number): boolean {
  const first = line.charCodeAt(start) | TO_LOWER_CASE;
  if (first === 99) return line.charCodeAt(start + 7) === DASH;
  return first === 116 && line.charCodeAt(start + 8) === DASH;
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
