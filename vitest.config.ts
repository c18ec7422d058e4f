import { defineConfig } from 'vitest/config';

/** Random walks against a model, and processes that are killed: too long for every commit. */
const LONG = ['src/**/*.model.test.ts', 'test/api/*.model.test.ts', 'src/**/*.crash.test.ts', 'test/crash/*.test.ts'];

/** Files that cost the processor most, or wait longest for real time: two fifths of what these and all of `fast` cost. */
const SLOW = [
  'src/api/stream/stream.test.ts',
  'src/api/tenancy.matrix.test.ts',
  'src/app/verifiers.test.ts',
  'src/cli/api.test.ts',
  'src/cli/apply.test.ts',
  'src/cli/audit.test.ts',
  'src/cli/maintenance.test.ts',
  'src/cli/sites*.test.ts',
  'src/engine/engine.guarantee.test.ts',
  'src/engine/engine.test.ts',
  'src/engine/judge/verification-news.test.ts',
  'src/prober/pause.test.ts',
  'src/prober/pool.test.ts',
  'src/store/dialect/sqlite-thread.test.ts',
  'src/verifier/{client,surfaces,tls}.test.ts',
  'src/wire/body-gzip.test.ts',
  'src/wire/dns-{process,question}.test.ts',
  'src/wire/http2-session.test.ts',
  'src/wire/run-exchange.own-trouble.test.ts',
  'test/api/generated-requests.test.ts',
  'prove/prober/programs.test.ts',
];

/** Tests that are about MariaDB itself, or about the program on it. */
const MARIADB_ONLY = ['**/*.mariadb.test.ts'];

/** What asks the store, and holds on every database. */
const ON_EVERY_DATABASE = ['src/store', 'src/services', 'src/api/routes'];

/** Tests of what only a database in a file has. */
const ABOUT_FILES = [
  'src/store/dialect/sqlite*.test.ts',
  'src/store/data-dir.test.ts',
  'src/store/backup.test.ts',
  'src/store/copy-aside.test.ts',
];

/** Tests in the folders of the store that ask no database at all. */
const ABOUT_NONE = [
  'src/store/append/append-plan*.test.ts',
  'src/store/append/group-commit.test.ts',
  'src/store/append/retry-counts.test.ts',
  'src/store/history/*codec*.test.ts',
];

// Nothing here keeps state in modules, so files may share a process: half the time.
const TOGETHER = { isolate: false, testTimeout: 20_000 };

/** `fast` needs no services and no minutes: it runs in `npm run verify`. `npm test` runs all projects. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: [
            'src/**/*.test.ts',
            'web/**/*.test.ts',
            'test/structure/**/*.test.ts',
            'test/kit/**/*.test.ts',
            'test/api/**/*.test.ts',
            'prove/**/*.test.ts',
          ],
          exclude: [...LONG, ...SLOW, ...MARIADB_ONLY],
          ...TOGETHER,
        },
      },
      { test: { name: 'slow', include: SLOW, ...TOGETHER } },
      { test: { name: 'long', include: LONG, testTimeout: 60_000 } },
      { test: { name: 'hostile', include: ['test/hostile/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: MARIADB_ONLY,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'mariadb',
          include: [...ON_EVERY_DATABASE.map((folder) => `${folder}/**/*.test.ts`), ...MARIADB_ONLY],
          exclude: [...ABOUT_FILES, ...ABOUT_NONE, '**/*.crash.test.ts', '**/node_modules/**'],
          globalSetup: 'test/kit/mariadb-run.ts',
          setupFiles: 'test/kit/mariadb-each.ts',
          isolate: false,
          testTimeout: 60_000,
        },
      },
    ],
    pool: 'forks',
    // More than cores: most tests wait for sockets and clocks.
    maxWorkers: 3,
  },
});
