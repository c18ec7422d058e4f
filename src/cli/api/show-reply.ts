/** What the API answered, for people as tables, for programs as JSON. What a stranger wrote is escaped in both. */
import { escapeControl } from '../../lib/escape.ts';
import { stringifyJson } from '../../lib/json.ts';
import type { Terminal } from '../command.ts';
import { jsonLine } from '../json-line.ts';
import { renderTable } from '../table.ts';
import { columnsFor } from './columns.ts';
import type { ConnectionOptions } from './connection-options.ts';

const LONGEST_CELL = 60;

export type ReplyForm = 'json' | 'pretty' | 'table';

export function formIn(output: 'json' | 'table', { pretty }: ConnectionOptions): ReplyForm {
  if (output === 'table') return 'table';
  return pretty === true ? 'pretty' : 'json';
}

export function documentText(value: unknown, form: ReplyForm): string {
  if (form !== 'pretty') return jsonLine(value);
  const lines = stringifyJson(value, 2).split('\n');
  return `${lines.map(escapeControl).join('\n')}\n`;
}

/** A list as its rows; an object as its members, lists of objects in it as tables of their own. */
export function replyText(reply: unknown, form: ReplyForm, width: number): string {
  if (form !== 'table') return reply === undefined ? '' : documentText(reply, form);
  if (reply === undefined) return 'done\n';
  if (!isObject(reply)) return `${cell(reply)}\n`;
  const { data, page: _, ...others } = reply;
  if (!isRows(data)) return membersText(reply, width);
  return Object.keys(others).length === 0
    ? rowsText(data, width)
    : `${rowsText(data, width)}\n${membersText(others, width)}`;
}

export function rowsText(found: Rows, width: number): string {
  if (found.length === 0) return 'There are none.\n';
  const rows = found.map(shortened);
  return tableOf(rows, columnsFor(rows, cell, width));
}

/** A row of a table, where one word stands for what verifiers said of an event: the rest of it fits no cell. */
export function shortened(row: Row): Row {
  const { verification } = row;
  return isObject(verification) && 'outcome' in verification ? { ...row, verification: verification.outcome } : row;
}

export function tableOf(rows: readonly Record<string, unknown>[], columns: readonly string[]): string {
  return renderTable(
    columns.map((name) => escapeControl(name).toUpperCase().replaceAll('_', ' ')),
    rows.map((row) => columns.map((name) => cell(row[name]))),
  );
}

/** One value on one line, cut where it is long. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return '-';
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null);
  const text = isPlainList ? value.join(', ') : typeof value === 'object' ? stringifyJson(value) : String(value);
  const shown = text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 3).toWellFormed()}...` : text;
  return shown === '' ? '-' : escapeControl(shown);
}

function membersText(members: Record<string, unknown>, width: number): string {
  const tables = Object.entries(members).filter(([, value]) => isRows(value) && value.length > 0);
  const named = new Set(tables.map(([name]) => name));
  const plain = Object.entries(members)
    .filter(([name]) => !named.has(name))
    .flatMap(([name, value]) => spread(name, value, DEEPEST));
  const longest = Math.max(0, ...plain.map(([name]) => name.length));
  const lines = plain.map(([name, value]) => `${escapeControl(name).padEnd(longest)}  ${long(value)}`.trimEnd());
  const parts = tables.map(([name, rows]) => `\n${escapeControl(name)}:\n${rowsText(rows as Rows, width)}`);
  return `${lines.join('\n')}${lines.length === 0 ? '' : '\n'}${parts.join('')}`;
}

const LONGEST_MEMBER = 500;
const DEEPEST = 3;
const MOST_MEMBERS = 40;

/** The members of an object within, as `name.member`; as one where there are none, or very many. */
function spread(name: string, value: unknown, depth: number): [name: string, value: unknown][] {
  const members = isObject(value) ? Object.entries(value) : [];
  if (members.length === 0 || members.length > MOST_MEMBERS || depth === 0) return [[name, value]];
  return members.flatMap(([member, inner]) => spread(`${name}.${member}`, inner, depth - 1));
}

/** A member of one object has a line for itself, so more of it is shown. */
function long(value: unknown): string {
  if (typeof value === 'string' && value.length > LONGEST_CELL) {
    return escapeControl(value.slice(0, LONGEST_MEMBER).toWellFormed());
  }
  if (isObject(value)) return escapeControl(stringifyJson(value).slice(0, LONGEST_MEMBER).toWellFormed());
  return cell(value);
}

type Row = Record<string, unknown>;
type Rows = readonly Row[];

function isRows(value: unknown): value is Rows {
  return Array.isArray(value) && value.every(isObject);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Columns of the terminal; what goes elsewhere is as wide as a common one. */
export function widthOf({ out }: Pick<Terminal, 'out'>): number {
  return out.columns ?? 120;
}
