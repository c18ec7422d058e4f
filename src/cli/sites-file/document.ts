/** Files of sites and exports of other monitors, read by what their names end in: JSON, YAML and CSV. */
import { readFileSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { AppError } from '../../domain/errors.ts';
import { parseCsv } from '../../lib/csv.ts';
import { describeJsonFailure, parseJson } from '../../lib/json.ts';
import { STRUCTURED } from './entry.ts';

const MIB = 1024 * 1024;
export const MAX_MIB = 32;
/** Its reader needs far more memory for each byte. */
export const MAX_YAML_MIB = 8;
const MAX_DEPTH = 32;

/**
 * The rows of a file that `apply` takes: `sites`, a list, or CSV with the names of members in its first line. Rejects with
 * `invalid_arguments`.
 */
export async function readRows(file: string): Promise<unknown[]> {
  if (isCsv(file)) return readCsv(file).map(structured);
  const document = await readDocument(file);
  const sites = Array.isArray(document) ? document : (document as { sites?: unknown } | null)?.sites;
  if (!Array.isArray(sites)) throw refused(file, 'has no list `sites`', 'see what `jetmon2 sites export` writes');
  const more = Array.isArray(document) ? [] : Object.keys(document as object).filter((name) => name !== 'sites');
  if (more.length > 0) throw refused(file, `has a member ${JSON.stringify(more[0])} that is not known`, 'remove it');
  return sites;
}

/** What a file of JSON or YAML holds. Rejects with `invalid_arguments`. */
export async function readDocument(file: string): Promise<unknown> {
  if (/\.ya?ml$/i.test(file)) return readYaml(file);
  const parsed = parseJson(readText(file, MAX_MIB), { maxDepth: MAX_DEPTH });
  if (parsed.ok) return parsed.value;
  const isNamed = extname(file).toLowerCase() === '.json';
  const fix = isNamed ? 'mend it' : 'mend it, or let its name end in what it is: .json, .yaml or .csv';
  throw refused(file, describeJsonFailure(parsed), `${fix}; nothing was changed`);
}

async function readYaml(file: string): Promise<unknown> {
  const { parseYaml } = await import('../../lib/yaml.ts');
  const parsed = parseYaml(readText(file, MAX_YAML_MIB), { maxDepth: MAX_DEPTH });
  if (parsed.ok) return parsed.value;
  const { line, column, what, fix } = parsed;
  throw refused(file, `${what} (line ${line}, column ${column})`, `${fix}; nothing was changed`);
}

export function isCsv(file: string): boolean {
  return /\.csv$/i.test(file);
}

/** One object a line, by the names in the first. Empty cells are absent. Throws `invalid_arguments`. */
export function readCsv(file: string): Record<string, string>[] {
  const [header, ...rows] = parseCsv(readText(file, MAX_MIB)) ?? [];
  if (header === undefined) throw refused(file, 'is not CSV with names in its first line', 'mend it');
  return rows.map((row, index) => {
    if (row.length > header.length) throw refused(file, `has too many fields in line ${index + 2}`, 'mend it');
    const named = row.map((cell, column): [string, string] => [header[column]?.trim() ?? '', cell]);
    return Object.fromEntries(named.filter(([, cell]) => cell !== ''));
  });
}

/** Without a byte order mark. */
function readText(file: string, mostMib: number): string {
  try {
    if (statSync(file).size > mostMib * MIB) throw refused(file, `is larger than ${mostMib} MiB`, 'split it');
    return readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    if (error instanceof AppError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw refused(file, `cannot be read (${code ?? 'unknown'})`, 'check its name and whether it may be read');
  }
}

const NUMBERS: readonly string[] = [
  'check_interval_seconds',
  'timeout_seconds',
  'blog_id',
  'bucket_no',
  'alert_cooldown_minutes',
];
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
