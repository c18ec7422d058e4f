/** Counts the rows that statements changed, committed or not: what a database is asked to do for each look. */
import type { KyselyPlugin } from 'kysely';

export function createRowCounter(): { plugin: KyselyPlugin; rowsWritten(): number } {
  let rows = 0;
  return {
    plugin: {
      transformQuery: ({ node }) => node,
      transformResult({ result }) {
        rows += Number(result.numAffectedRows ?? 0);
        return Promise.resolve(result);
      },
    },
    rowsWritten: () => rows,
  };
}
