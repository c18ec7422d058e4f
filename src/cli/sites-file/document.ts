/** Files of sites: JSON and CSV, read and written. */
import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { AppError } from '../../domain/errors.ts';
import { parseCsv, writeCsv } from '../../lib/csv.ts';
import { describeJsonFailure, parseJson, stringifyJson } from '../../lib/json.ts';
import { ENTRY_MEMBERS, type Entry, STRUCTURED } from './entry.ts';

export type Format = 'json' | 'csv';

const MAX_BYTES = 32 * 1024 * 1024;

/** Throws `invalid_arguments`. */
export function readText(file: string): string {
  try {
    if (statSync(file).size > MAX_BYTES) throw refused(file, 'is larger than 32 MiB', 'split it');
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw refused(file, `cannot be read (${code ?? 'unknown'})`, 'check its name and whether it may be read');
  }
}

/** The rows of a file that `apply` takes: `{"sites": [...]}`, a list, or CSV with the names of members in its first line. */
export function readRows(file: string): unknown[] {
  const text = readText(file);
  if (extname(file).toLowerCase() === '.csv') return rowsOfCsv(file, text).map(structured);
  const document = readJson(file, text);
  const sites = Array.isArray(document) ? document : (document as { sites?: unknown } | null)?.sites;
  if (!Array.isArray(sites)) throw refused(file, 'has no list `sites`', 'see what `jetmon2 sites export` writes');
  const more = Array.isArray(document) ? [] : Object.keys(document as object).filter((name) => name !== 'sites');
  if (more.length > 0) throw refused(file, `has a member ${JSON.stringify(more[0])} that is not known`, 'remove it');
  return sites;
}

/** Throws `invalid_arguments`. A file of YAML that is JSON, which YAML holds, is read. */
export function readJson(file: string, text: string): unknown {
  const parsed = parseJson(text.replace(/^\uFEFF/, ''), { maxDepth: 32 });
  if (parsed.ok) return parsed.value;
  if (/\.ya?ml$/i.test(file)) {
    throw refused(file, 'is YAML, which this version does not read', 'convert it, as in `yq -o=json`');
  }
  throw refused(file, describeJsonFailure(parsed), 'mend it; nothing was changed');
}

/** One object a line, by the names in the first. Empty cells are absent. */
export function rowsOfCsv(file: string, text: string): Record<string, string>[] {
  const [header, ...rows] = parseCsv(text) ?? [];
  if (header === undefined) throw refused(file, 'is not CSV with names in its first line', 'mend it');
  return rows.map((row, index) => {
    if (row.length > header.length) throw refused(file, `has too many fields in line ${index + 2}`, 'mend it');
    const named = row.map((cell, column): [string, string] => [header[column]?.trim() ?? '', cell]);
    return Object.fromEntries(named.filter(([, cell]) => cell !== ''));
  });
}

export function writeDocument(entries: readonly Entry[], format: Format): string {
  if (format === 'json') {
    const lines = entries.map((entry) => `  ${stringifyJson(entry)}`);
    return lines.length === 0 ? '{"sites": []}\n' : `{"sites": [\n${lines.join(',\n')}\n]}\n`;
  }
  const used = ENTRY_MEMBERS.filter(
    (name) => name === 'monitor_url' || entries.some((entry) => entry[name] !== undefined),
  );
  return writeCsv([used, ...entries.map((entry) => used.map((name) => cellOf(entry[name])))]);
}

function cellOf(value: Entry[keyof Entry]): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}

const NUMBERS: readonly string[] = ['check_interval_seconds', 'timeout_seconds', 'blog_id'];
const BOOLEANS: readonly string[] = ['monitor_active', 'http2'];

/** Cells as the values they stand for; what they are not stays text, and is refused as such. */
function structured(row: Record<string, string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, parsedCell(name, cell)]));
}

function parsedCell(name: string, cell: string): unknown {
  const isNumber = NUMBERS.includes(name) && /^\d{1,19}$/.test(cell);
  const isBoolean = BOOLEANS.includes(name) && /^(?:true|false)$/.test(cell);
  if (!isNumber && !isBoolean && !(STRUCTURED as readonly string[]).includes(name)) return cell;
  const parsed = parseJson(cell);
  return parsed.ok ? parsed.value : cell;
}

function refused(file: string, what: string, fix: string): AppError {
  return new AppError('invalid_arguments', `${file} ${what}`, { fix });
}
