/** A plain table for the terminal: columns padded to their widest cell, two spaces between. Cells may be coloured. */
import { stripVTControlCharacters } from 'node:util';

export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const width = (cell: string | undefined) => stripVTControlCharacters(cell ?? '').length;
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => width(row[column]))));
  const pad = (cell: string, column: number) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - width(cell)));
  return `${[header, ...rows].map((cells) => cells.map(pad).join('  ').trimEnd()).join('\n')}\n`;
}
