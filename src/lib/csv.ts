/** Comma-separated values (RFC 4180): quoted fields may hold commas, quotes and line breaks. */

/** Rows of fields; blank lines are passed over. null where a quote is never closed, or text follows a closing one. */
export function parseCsv(text: string): string[][] | null {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  while (at < text.length) {
    const field = text[at] === '"' ? quoted(text, at) : plain(text, at);
    if (field === null) return null;
    row.push(field.value);
    at = field.end;
    if (text[at] === ',') {
      at += 1;
      // A comma at the end of the text has an empty field after it.
      if (at < text.length) continue;
      row.push('');
    }
    const isLineEnd = at >= text.length || text[at] === '\n' || text[at] === '\r';
    if (!isLineEnd) return null;
    at += text.startsWith('\r\n', at) ? 2 : 1;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

export function writeCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(written).join(',')}\n`).join('');
}

function written(field: string): string {
  return /[",\r\n]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

type Field = { value: string; end: number };

function plain(text: string, start: number): Field {
  let end = start;
  while (end < text.length && text[end] !== ',' && text[end] !== '\n' && text[end] !== '\r') end += 1;
  return { value: text.slice(start, end), end };
}

function quoted(text: string, start: number): Field | null {
  let value = '';
  let at = start + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close === -1) return null;
    value += text.slice(at, close);
    if (text[close + 1] !== '"') return { value, end: close + 1 };
    value += '"';
    at = close + 2;
  }
}
