/**
 * The head of an HTTP/1 reply: its status and fields (RFC 9112 section 5). As tolerant as browsers where it does no harm,
 * because a site that visitors can read is not down. Fields are read only when asked for, in a class: every check makes
 * one, and few look at more than the framing.
 */
import { type BodyHead, isEventStreamType } from './body-mode.ts';
import type { Reply } from './exchange.ts';
import { type FramingHead, isTransferCoded } from './http1-framing.ts';

const MAX_VALUE_LENGTH = 2_048;
/**
 * A redirect must be followed to where it points: sign-on pages send several KiB of it. A longer one is kept with one
 * character more than this, so that it can be told from one that fits.
 */
export const MAX_LOCATION_LENGTH = 8_192;

const CR = 13;
const SPACE = 32;
const TAB = 9;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

export class ReplyHead implements BodyHead, FramingHead {
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  readonly status: number;
  contentLength: string | null = null;
  transferEncoding: string | null = null;
  contentEncoding: string | null = null;
  isEventStream = false;

  #text = '';
  #fieldsAt = 0;
  #headers: Reply['headers'] | null = null;

  constructor(protocol: 'HTTP/1.0' | 'HTTP/1.1', status: number) {
    this.protocol = protocol;
    this.status = status;
  }

  /** Names in lower case, values bounded, in order of arrival. */
  get headers(): Reply['headers'] {
    this.#headers ??= parseFields(this.#text, this.#fieldsAt);
    return this.#headers;
  }

  get isTransferCoded(): boolean {
    return isTransferCoded(this.transferEncoding);
  }

  /** The text the fields are in; it holds the empty line after them. */
  keepFields(text: string, at: number): void {
    this.#text = text;
    this.#fieldsAt = at;
  }

  noteField(name: string, value: string): void {
    if (name === 'content-length') this.contentLength = joined(this.contentLength, value);
    else if (name === 'transfer-encoding') this.transferEncoding = joined(this.transferEncoding, value);
    else if (name === 'content-encoding') this.contentEncoding = joined(this.contentEncoding, value);
    else if (name === 'content-type') this.isEventStream ||= isEventStreamType(value);
  }

  /** Folded lines change the values that were noted line by line. */
  noteFieldsAgain(): void {
    this.contentLength = null;
    this.transferEncoding = null;
    this.contentEncoding = null;
    this.isEventStream = false;
    for (const [name, value] of this.headers) this.noteField(name, value);
  }
}

function joined(before: string | null, value: string): string {
  return before === null ? value : `${before},${value}`;
}

/** Reads field lines from `at` up to the empty line; the text holds one. Names in lower case, values bounded. */
function parseFields(text: string, at: number): [name: string, value: string][] {
  const fields: [name: string, value: string][] = [];
  for (let start = at; ; ) {
    const lineFeed = text.indexOf('\n', start);
    const end = endOfLine(text, start, lineFeed);
    if (end === start) return fields;
    addField(fields, text, start, end);
    start = lineFeed + 1;
  }
}

/** Where a line's own text ends: RFC 9112 section 2.2 lets a bare LF end a line too. */
export function endOfLine(text: string, start: number, lineFeed: number): number {
  return lineFeed > start && text.charCodeAt(lineFeed - 1) === CR ? lineFeed - 1 : lineFeed;
}

/** A folded line continues the value before it. */
export function isFolded(text: string, start: number): boolean {
  const first = text.charCodeAt(start);
  return first === SPACE || first === TAB;
}

/** The name of the field on a line, in lower case; empty where the line has none. */
export function nameOf(text: string, start: number, colon: number): string {
  return text.slice(start, Math.max(start, colon)).trimEnd().toLowerCase();
}

/** Lines that are no field are passed over, as browsers do. */
function addField(fields: [name: string, value: string][], text: string, start: number, end: number): void {
  if (isFolded(text, start)) {
    const last = fields[fields.length - 1];
    if (last !== undefined) last[1] = cleanValue(last[0], `${last[1]} ${text.slice(start, end).trim()}`);
    return;
  }
  const colon = text.indexOf(':', start);
  const name = colon < end ? nameOf(text, start, colon) : '';
  if (TOKEN.test(name)) fields.push([name, cleanValue(name, text.slice(colon + 1, end))]);
}

/** RFC 9110 section 5.5: CR and NUL inside a value are replaced before anyone uses it. */
export function cleanValue(name: string, text: string): string {
  const isClean = text.indexOf('\r') === -1 && text.indexOf('\0') === -1;
  const value = (isClean ? text : text.replaceAll('\r', ' ').replaceAll('\0', ' ')).trim();
  if (name !== 'location') return value.length > MAX_VALUE_LENGTH ? value.slice(0, MAX_VALUE_LENGTH) : value;
  // Raw bytes in a Location are UTF-8 to every browser.
  const location = /[\x80-\xff]/.test(value) ? Buffer.from(value, 'latin1').toString('utf8') : value;
  return location.slice(0, MAX_LOCATION_LENGTH + 1);
}
