/** What the importers share: sites in the words of the API, and what of each monitor does not fit into them. */
import { AppError } from '../../domain/errors.ts';

export type Carried = {
  /** Sites as a file for `apply` says them, not checked yet. */
  rows: unknown[];
  /** One sentence for each monitor of which something is left behind, or which is left behind whole. */
  notes: string[];
};

export type Monitor = Readonly<Record<string, unknown>>;

/** One monitor on its way: what it becomes, and what is left behind. */
export type Passage = {
  row: Record<string, unknown>;
  /** Parts that are not carried over, in a few words each. */
  behind: string[];
};

/** Thrown for a monitor that cannot be watched, with the reason in words. */
export class NotCarried extends Error {}

/** Carries each monitor over with `carry`; one that throws NotCarried is left behind whole. */
export function carryAll(
  monitors: readonly unknown[],
  nameOf: (monitor: Monitor) => string,
  carry: (monitor: Monitor) => Passage,
): Carried {
  const carried: Carried = { rows: [], notes: [] };
  for (const [index, monitor] of monitors.entries()) {
    const isObject = typeof monitor === 'object' && monitor !== null && !Array.isArray(monitor);
    const name = (isObject ? nameOf(monitor as Monitor) : '') || `monitor ${index + 1}`;
    try {
      if (!isObject) throw new NotCarried('it is not an object');
      const { row, behind } = carry(monitor as Monitor);
      addRow(carried, row);
      if (behind.length > 0) carried.notes.push(`${name}: not carried over: ${behind.join(', ')}`);
    } catch (error) {
      if (!(error instanceof NotCarried)) throw error;
      carried.notes.push(`${name}: left out: ${error.message}`);
    }
  }
  return carried;
}

/** One URL is one site here: of several monitors on it the first is taken. */
function addRow(carried: Carried, row: Record<string, unknown>): void {
  const key = keyOf(row['monitor_url']);
  const isTaken = carried.rows.some((other) => keyOf((other as Monitor)['monitor_url']) === key);
  if (isTaken) throw new NotCarried(`its URL is that of another monitor of the file: ${String(row['monitor_url'])}`);
  carried.rows.push(row);
}

function keyOf(url: unknown): string {
  return URL.parse(String(url))?.href ?? String(url);
}

/** Names of members that hold something and were neither used nor are mere numbers and defaults of the other program. */
export function leftOver(monitor: Monitor, used: readonly string[], meaningless: readonly string[]): string[] {
  return Object.entries(monitor)
    .filter(([name, value]) => !used.includes(name) && !meaningless.includes(name) && !isEmpty(value))
    .map(([name]) => name);
}

function isEmpty(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0;
  return value === null || value === undefined || value === '' || value === false || value === 0 || value === '0';
}

/** The list under one of these names, or the document where it is a list itself. Throws `invalid_arguments`. */
export function listIn(document: unknown, names: readonly string[], source: string): unknown[] {
  if (Array.isArray(document)) return document;
  const object = (typeof document === 'object' && document !== null ? document : {}) as Record<string, unknown>;
  for (const name of names) {
    const list = object[name];
    if (Array.isArray(list)) return list;
    if (typeof list === 'object' && list !== null) return Object.values(list);
  }
  throw new AppError('invalid_arguments', `this is not an export of ${source}: it has no list ${names.join(' or ')}`, {
    fix: 'see `jetmon2 sites import --help` for what is read',
  });
}
