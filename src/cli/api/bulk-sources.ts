/** Where `bulk-add` takes its URLs from: a list of its own, a file, or standard input. */
import { readFileSync, statSync } from 'node:fs';
import { AppError } from '../../domain/errors.ts';
import { parseCsv } from '../../lib/csv.ts';
import { describeJsonFailure, parseJson } from '../../lib/json.ts';
import { parseTypedUrl } from '../../services/site-url.ts';

export const SOURCES = ['fixture', 'file', 'stdin'] as const;
export type Source = (typeof SOURCES)[number];

const MAX_BYTES = 4 * 1024 * 1024;
const MAX_URLS = 10_000;
const URL_MEMBERS: readonly string[] = ['url', 'monitor_url'];

const FIXTURE_PATHS = ['/ok', '/health', '/keyword', '/headers', '/status/204', '/status/404', '/status/500'];
const MORE_FIXTURE_PATHS = ['/slow?delay=2s', '/redirect'];

/** Pages of public hosts that are well, fail, are slow, redirect, or show a certificate that is not to be trusted. */
const PUBLIC_URLS = [
  'https://example.com/',
  'https://httpbin.org/status/204',
  'https://httpbin.org/status/404',
  'https://httpbin.org/status/500',
  'https://httpbin.org/delay/2',
  'https://httpbin.org/redirect/1',
  'https://httpbin.org/headers',
  'https://expired.badssl.com/',
  'https://wrong.host.badssl.com/',
  'https://example.org/',
];

/** Ten of the test site, or of public hosts where there is none. */
export function fixtureUrls({ http, https }: { http: string | null; https: string | null }): string[] {
  if (http === null) return PUBLIC_URLS;
  const secure = https === null ? `${http}/redirect?hops=2` : `${https}/tls`;
  return [...[...FIXTURE_PATHS, ...MORE_FIXTURE_PATHS].map((path) => http + path), secure];
}

/** Throws `invalid_arguments`. */
export function textOfFile(file: string): string {
  try {
    if (statSync(file).size > MAX_BYTES) throw refused(`${file} is larger than 4 MiB`, 'split it');
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw refused(`${file} cannot be read (${code})`, 'check its name and whether it may be read');
  }
}

/** Throws `invalid_arguments` beyond what is taken. */
export async function textOfInput(input: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BYTES) throw refused('standard input is larger than 4 MiB', 'split it');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * The URLs in a text: JSON (a list, an object or one string), CSV with `url` or `monitor_url` in its first line, or one URL
 * a line. Throws `invalid_arguments` or `invalid_url`, naming the entry.
 */
export function urlsIn(text: string, what: string): string[] {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  const words = /^[[{"]/.test(trimmed) && !isCsv(trimmed) ? wordsOfJson(trimmed, what) : wordsOfLines(trimmed, what);
  if (words.length === 0) throw refused(`${what} holds no URL`, 'write one a line');
  if (words.length > MAX_URLS) throw refused(`${what} holds more than ${MAX_URLS} URLs`, 'split it');
  return words.map((word, index) => {
    try {
      return parseTypedUrl(word.trim());
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      throw new AppError(error.code, `entry ${index + 1} of ${what}: ${error.message}`, {
        ...(error.fix === null ? {} : { fix: error.fix }),
      });
    }
  });
}

/** A list may have its names in quotes. */
function isCsv(text: string): boolean {
  return columnOf(headerOf(text)) !== -1;
}

function headerOf(text: string): readonly string[] {
  return parseCsv(text.split(/\r?\n/, 1)[0] ?? '')?.[0] ?? [];
}

function columnOf(header: readonly string[]): number {
  return header.findIndex((name) => URL_MEMBERS.includes(name.trim().toLowerCase()));
}

function wordsOfLines(text: string, what: string): string[] {
  const column = columnOf(headerOf(text));
  if (column === -1) {
    const lines = text.split(/\r?\n/).map((line) => line.trim());
    return lines.filter((line) => line !== '' && !line.startsWith('#'));
  }
  const rows = parseCsv(text);
  if (rows === null) throw refused(`${what} is not CSV`, 'close its quotes');
  return rows.slice(1).map((row) => row[column] ?? '');
}

function wordsOfJson(text: string, what: string): string[] {
  const parsed = parseJson(text);
  if (!parsed.ok) throw refused(`${what} ${describeJsonFailure(parsed)}`, 'mend it; nothing was added');
  const { value } = parsed;
  const list = Array.isArray(value) ? value : (listIn(value) ?? [value]);
  return list.map((entry, index) => {
    const word = typeof entry === 'object' && entry !== null ? memberOf(entry) : entry;
    if (typeof word === 'string') return word;
    throw refused(`entry ${index + 1} of ${what} is neither a URL nor an object with url or monitor_url`, 'mend it');
  });
}

function listIn(value: unknown): unknown[] | null {
  const list = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)['sites'] : null;
  return Array.isArray(list) ? list : null;
}

function memberOf(entry: object): unknown {
  return Object.entries(entry).find(([name]) => URL_MEMBERS.includes(name))?.[1];
}

function refused(message: string, fix: string): AppError {
  return new AppError('invalid_arguments', message, { fix });
}
