/** Files of sites, written as `document.ts` reads them. */
import { writeCsv } from '../../lib/csv.ts';
import { stringifyJson } from '../../lib/json.ts';
import { ENTRY_MEMBERS, type Entry } from './entry.ts';

export const FORMATS = ['json', 'yaml', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

export function writeDocument(entries: readonly Entry[], format: Format): string {
  switch (format) {
    case 'json':
      return jsonOf(entries);
    case 'yaml':
      return yamlOf(entries);
    case 'csv':
      return csvOf(entries);
  }
}

function jsonOf(entries: readonly Entry[]): string {
  const lines = entries.map((entry) => `  ${stringifyJson(entry)}`);
  return lines.length === 0 ? '{"sites": []}\n' : `{"sites": [\n${lines.join(',\n')}\n]}\n`;
}

/** A line for each member, its value as in JSON: texts in double quotes are taken for nothing else by any reader of YAML. */
function yamlOf(entries: readonly Entry[]): string {
  if (entries.length === 0) return 'sites: []\n';
  const lines = entries.flatMap((entry) =>
    Object.entries(entry)
      .filter(([, value]) => value !== undefined)
      .flatMap(([name, value], index) => memberLines(`${index === 0 ? '  - ' : '    '}${name}:`, name, value)),
  );
  return `sites:\n${lines.join('\n')}\n`;
}

/** Each endpoint has lines of its own, so that one that changes is seen. */
function memberLines(start: string, name: string, value: unknown): string[] {
  if (name !== 'endpoints' || !Array.isArray(value)) return [`${start} ${escaped(stringifyJson(value))}`];
  const endpoints: object[] = value;
  const lines = endpoints.flatMap((endpoint) =>
    Object.entries(endpoint).map(
      ([member, of], index) => `${index === 0 ? '      - ' : '        '}${member}: ${escaped(stringifyJson(of))}`,
    ),
  );
  return [start, ...lines];
}

/** Readers of YAML 1.1 take these for the end of a line, or refuse them. JSON leaves them as they are. */
function escaped(json: string): string {
  return json.replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

function csvOf(entries: readonly Entry[]): string {
  const used = ENTRY_MEMBERS.filter(
    (name) => name === 'monitor_url' || entries.some((entry) => entry[name] !== undefined),
  );
  return writeCsv([used, ...entries.map((entry) => used.map((name) => cellOf(entry[name])))]);
}

function cellOf(value: Entry[keyof Entry]): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? stringifyJson(value) : String(value);
}
