/** A query as it stands behind a path, with its question mark; members without a value are left out. */
export function queryText(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  return given.length === 0 ? '' : `?${search}`;
}
