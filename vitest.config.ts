import { defineConfig } from 'vitest/config';

/** Random walks against a model, and processes that are killed: too long for every commit. */
const LONG = ['src/**/*.model.test.ts', 'src/**/*.crash.test.ts'];

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
            'prove/**/*.test.ts',
          ],
          exclude: LONG,
          // Nothing here keeps state in modules, so files may share a process: half the time.
          isolate: false,
          testTimeout: 20_000,
        },
      },
      { test: { name: 'long', include: LONG, testTimeout: 60_000 } },
      { test: { name: 'hostile', include: ['test/hostile/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 60_000 } },
    ],
    pool: 'forks',
    // More than cores: most tests wait for sockets and clocks.
    maxWorkers: 3,
  },
});
