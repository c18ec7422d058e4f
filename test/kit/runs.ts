/** How often a property is tried. */

/** A tenth of the `full` count in `npm run verify`, which sets `JETMON_TEST_QUICK`; all of it wherever else tests run. */
export function runs(full: number): number {
  return process.env['JETMON_TEST_QUICK'] === '1' ? Math.ceil(full / 10) : full;
}
