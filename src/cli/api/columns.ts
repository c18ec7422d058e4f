/** Which members of rows become columns: what tells most first, and as many as the terminal is wide. */

/** What people look for first, whatever the rows are of. */
const FIRST: readonly string[] = [
  'id',
  'index',
  'site_id',
  'endpoint_id',
  'check_type',
  'name',
  'title',
  'monitor_url',
  'url',
  'current_state',
  'state',
  'verification',
  'status',
  'result',
  'enabled',
  'monitor_active',
  'reason',
  'start',
  'started_at',
  'changed_at',
  'checked_at',
  'ended_at',
  'last_checked_at',
];

const GAP = 2;

type Row = Readonly<Record<string, unknown>>;

/** At least one, where a row has any member. Those that say nothing in all rows are left out, as are nested ones. */
export function columnsFor(rows: readonly Row[], cell: (value: unknown) => string, width: number): string[] {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const telling = names.filter((name) => rows.some((row) => isPlain(row[name])));
  const ranked = (telling.length === 0 ? names : telling).sort((one, other) => rank(one) - rank(other));
  const columns: string[] = [];
  let used = 0;
  for (const name of ranked) {
    const needed = Math.max(name.length, ...rows.map((row) => cell(row[name]).length));
    if (columns.length > 0 && used + GAP + needed > width) continue;
    used += (columns.length === 0 ? 0 : GAP) + needed;
    columns.push(name);
  }
  return columns;
}

function isPlain(value: unknown): boolean {
  return value !== null && value !== undefined && typeof value !== 'object';
}

function rank(name: string): number {
  const at = FIRST.indexOf(name);
  return at === -1 ? FIRST.length : at;
}
